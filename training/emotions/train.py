"""Train the emotion network on FER2013.

    torchrun --standalone --nproc-per-node 2 train.py --data fer2013.npz \
        --soft-labels soft_labels.npy --out run/

One process per core, one thread in each: with two threads in one process, a core that is
shared with other work stalls both (measured: 50 images/s; one process alone: 300).

Writes ``checkpoint.pt`` and ``log.jsonl`` (one JSON object per epoch) into ``--out``. Run the
same command again after an interruption: it resumes with the interrupted epoch. Every epoch
draws its random numbers from (seed, epoch, process) only, so a resumed run sees the same batches.
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from checkpoint import resume, save
from faces import augment, load_split
from network import WIDTHS, build_network, scale_grey
from torch import nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

EMA_DECAY = 0.999
LABEL_SMOOTHING = 0.05
# FER2013's labels are noisy (people agree with them in about 65 %), so part of each target is
# the output of earlier networks for the same face (Furlanello et al. 2018, "Born-again networks").
SOFT_SHARE = 0.3
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4
# Loss weight = (mean count / class count) ** power: disgust (436 faces) counts about twice as
# much as happy (7,215). The full inverse (power 1) would cost accuracy on the frequent ones.
BALANCING_POWER = 0.3


def main() -> None:
    """Train, or resume training, until the last epoch."""
    args = parse_arguments()
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    is_first = dist.get_rank() == 0
    args.out.mkdir(parents=True, exist_ok=True)
    faces, labels, class_count = load_split(args.data, "training")
    targets = soften(labels, class_count, args.soft_labels)
    test_faces, test_labels, _ = load_split(args.data, "publictest")

    torch.manual_seed(args.seed)
    network = build_network(args.network, class_count).to(memory_format=torch.channels_last)
    if args.initial_weights:
        network.load_state_dict(torch.load(args.initial_weights, weights_only=True))
    averaged = build_network(args.network, class_count).to(memory_format=torch.channels_last).eval()
    averaged.load_state_dict(network.state_dict())
    optimizer = torch.optim.SGD(
        parameter_groups(network), lr=args.rate, momentum=MOMENTUM, nesterov=True
    )
    class_weights = balancing_weights(labels, class_count)

    checkpoint = args.out / "checkpoint.pt"
    first_epoch = resume(checkpoint, recipe(args), network, averaged, optimizer)
    parallel = DistributedDataParallel(network)
    for epoch in range(first_epoch, args.epochs):
        started = time.monotonic()
        loss = train_epoch(
            parallel, averaged, optimizer, faces, targets, class_weights, epoch, args
        )
        train_s = time.monotonic() - started
        if not is_first:
            continue
        line = {
            "epoch": epoch + 1,
            "rate": round(optimizer.param_groups[0]["lr"], 6),
            "training_loss": round(loss, 4),
            "publictest_accuracy": round(accuracy(averaged, test_faces, test_labels), 4),
            "images_per_s": round(len(faces) / train_s),
            "train_s": round(train_s, 1),
        }
        save(checkpoint, recipe(args), network, averaged, optimizer, epoch + 1)
        with (args.out / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(line) + "\n")
        print(line, flush=True)
    dist.destroy_process_group()


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Train the emotion network on FER2013.")
    parser.add_argument("--data", type=Path, required=True, help="FER2013 as .npz (see README)")
    parser.add_argument("--network", choices=WIDTHS, default="fine")
    parser.add_argument("--initial-weights", type=Path, help="from warm_start.py; default: random")
    parser.add_argument(
        "--soft-labels",
        type=Path,
        help="(28709, 7) probabilities of earlier networks as .npy (written by soft_labels.py)",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint and log")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--batch", type=int, default=128, help="faces per step, all processes")
    parser.add_argument("--rate", type=float, default=0.08, help="peak learning rate")
    parser.add_argument(
        "--bfloat16",
        action="store_true",
        help="16-bit arithmetic: twice as fast on CPUs with AMX, slower on those without",
    )
    parser.add_argument("--warm-up", type=float, default=0.2, help="share of the run, 0 to 1")
    parser.add_argument("--seed", type=int, default=7)
    return parser.parse_args()


def recipe(args: argparse.Namespace) -> dict[str, float | str]:
    """The settings that a checkpoint must have for a run to resume from it."""
    return {
        "epochs": args.epochs,
        "batch": args.batch,
        "rate": args.rate,
        "warm_up": args.warm_up,
        "network": args.network,
        "seed": args.seed,
        "processes": dist.get_world_size(),
        "soft_share": SOFT_SHARE if args.soft_labels else 0.0,
    }


def parameter_groups(network: nn.Module) -> list[dict[str, object]]:
    """Apply weight decay to the weights, not to batch norm and biases."""
    decayed = [p for p in network.parameters() if p.ndim > 1]
    free = [p for p in network.parameters() if p.ndim <= 1]
    return [
        {"params": decayed, "weight_decay": WEIGHT_DECAY},
        {"params": free, "weight_decay": 0.0},
    ]


def soften(labels: torch.Tensor, class_count: int, soft_labels: Path | None) -> torch.Tensor:
    """Turn labels (N,) into target probabilities (N, C) float32."""
    targets = functional.one_hot(labels, class_count).float()
    targets = targets * (1 - LABEL_SMOOTHING) + LABEL_SMOOTHING / class_count
    if soft_labels is None:
        return targets
    soft = torch.from_numpy(np.load(soft_labels)).float()
    if soft.shape != targets.shape:
        raise SystemExit(f"{soft_labels}: expected {targets.shape}; found {soft.shape}")
    return torch.lerp(targets, soft, SOFT_SHARE)


def balancing_weights(labels: torch.Tensor, class_count: int) -> torch.Tensor:
    """Weights of the emotions: larger for rare ones, with a mean of 1 over all faces."""
    counts = torch.bincount(labels, minlength=class_count).float()
    weights = (counts.mean() / counts) ** BALANCING_POWER
    return weights * counts.sum() / (weights * counts).sum()


def one_cycle_rate(step: int, steps: int, peak: float, warm_up: float) -> float:
    """Learning rate: up along a cosine to ``peak`` for a share of the run, then down to 0."""
    done = (step + 1) / steps
    if done < warm_up:
        low, share = peak / 25, 1 - done / warm_up
    else:
        low, share = peak / 10_000, (done - warm_up) / (1 - warm_up)
    return low + (peak - low) * (1 + math.cos(math.pi * share)) / 2


def train_epoch(
    network: DistributedDataParallel,
    averaged: nn.Module,
    optimizer: torch.optim.Optimizer,
    faces: torch.Tensor,
    targets: torch.Tensor,
    class_weights: torch.Tensor,
    epoch: int,
    args: argparse.Namespace,
) -> float:
    """Train one epoch; return the mean loss of this process's share."""
    epoch_seed = args.seed * 100_003 + epoch
    steps = len(faces) // args.batch
    order = torch.randperm(len(faces), generator=torch.Generator().manual_seed(epoch_seed))
    order = order[: steps * args.batch]
    rank, processes = dist.get_rank(), dist.get_world_size()
    random = torch.Generator().manual_seed(epoch_seed * 1_009 + rank)
    torch.manual_seed(epoch_seed * 1_009 + rank)  # dropout has no generator of its own
    total = 0.0
    network.train()
    for i, together in enumerate(order.split(args.batch)):
        chosen = together[rank::processes]
        step = epoch * steps + i
        for group in optimizer.param_groups:
            group["lr"] = one_cycle_rate(step, args.epochs * steps, args.rate, args.warm_up)
        batch = augment(scale_grey(faces[chosen].float()), random)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bfloat16):
            logits = network(batch.contiguous(memory_format=torch.channels_last))
        loss = functional.cross_entropy(logits.float(), targets[chosen], class_weights)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average_into(averaged, network.module, min(EMA_DECAY, (1 + step) / (10 + step)))
        total += loss.item()
    return total / steps


@torch.no_grad()
def average_into(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    """Move the averaged network towards ``network``: weights and batch-norm statistics."""
    old = [v for v in averaged.state_dict().values() if v.is_floating_point()]
    new = [v for v in network.state_dict().values() if v.is_floating_point()]
    torch._foreach_lerp_(old, new, 1 - decay)


@torch.inference_mode()
def accuracy(network: nn.Module, faces: torch.Tensor, labels: torch.Tensor) -> float:
    """Share of faces whose most probable emotion is the labelled one, without mirroring."""
    network.eval()
    hits = 0
    for some, truth in zip(faces.split(256), labels.split(256), strict=True):
        logits = network(scale_grey(some.float()).contiguous(memory_format=torch.channels_last))
        hits += int((logits.argmax(dim=1) == truth).sum())
    return hits / len(labels)


if __name__ == "__main__":
    main()
