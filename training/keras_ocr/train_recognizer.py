"""Train the narrow recogniser on drawn words.

python train_recognizer.py --fonts /usr/share/fonts --out recognizer.pt
"""

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from drawing import draw_crop
from lettering import find_fonts
from networks import Recognizer
from torch.nn import functional as F
from words import ALPHABET, Vocabulary, spell

SEED = 2
CROPS = 30_000
HELD_BACK = 1000
EPOCHS = 13
BATCH = 32
RATE = 3e-3
BLANK = len(ALPHABET)


def main() -> None:
    """Write the weights."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--fonts", type=Path, default=Path("/usr/share/fonts"))
    parser.add_argument("--out", type=Path, required=True, help="the .pt file to write")
    args = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    rng, fonts, words = random.Random(SEED), find_fonts(args.fonts), Vocabulary()
    crops, widths, texts = [], [], []
    while len(crops) < CROPS + HELD_BACK:
        word = words.pick(rng)
        crop, width = draw_crop(word, rng.choice(fonts), rng)
        if spell(word) and 3 * len(spell(word)) <= width // 4:
            crops.append(crop)
            widths.append(width)
            texts.append(spell(word))
    images = torch.from_numpy(np.stack(crops))[:, None]
    print(f"{len(crops)} crops drawn in {time.process_time():.0f} s", flush=True)

    network = Recognizer().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-4)
    steps = EPOCHS * -(-CROPS // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.2)
    for epoch in range(EPOCHS):
        losses = []
        network.train()
        for batch in batches_of_a_width(widths[:CROPS], rng):
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(vary(cut(images, widths, batch)))
            loss = measure_loss(logits.float(), [texts[i] for i in batch])
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        network.eval()
        right = count_right(network, images[CROPS:].float() / 255, texts[CROPS:])
        print(
            f"epoch {epoch + 1}: loss {np.mean(losses):.3f}, "
            f"{right / HELD_BACK:.3f} of words right, {time.process_time():.0f} s",
            flush=True,
        )
    torch.save(network.state_dict(), args.out)


def batches_of_a_width(widths: list[int], rng: random.Random) -> Iterator[list[int]]:
    """Indices of crops in batches of similar width, in random order."""
    order = sorted(range(len(widths)), key=lambda i: widths[i] + rng.uniform(-8, 8))
    batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
    rng.shuffle(batches)
    yield from batches


def cut(images: torch.Tensor, widths: list[int], batch: list[int]) -> torch.Tensor:
    """The crops of a batch, most of the black to their right removed: (B, 1, 31, W) in 0..1."""
    width = min(max(widths[i] for i in batch) + 16, images.shape[3]) // 4 * 4
    return images[batch][..., :width].float() / 255


def vary(crops: torch.Tensor) -> torch.Tensor:
    """Invert some words (not the black around them), change the light and add noise."""
    is_word = (crops > 0).float()
    inverted = torch.rand(len(crops), 1, 1, 1) < 0.5
    crops = torch.where(inverted, (1 - crops) * is_word, crops)
    light = torch.empty(len(crops), 1, 1, 1).uniform_(0.6, 1.6)
    return crops**light + 0.02 * torch.randn_like(crops) * is_word


def measure_loss(logits: torch.Tensor, texts: list[str]) -> torch.Tensor:
    """CTC, per word; (B, T, 37) logits."""
    labels = torch.tensor([ALPHABET.index(letter) for text in texts for letter in text])
    lengths = torch.tensor([len(text) for text in texts])
    steps = torch.full((len(texts),), logits.shape[1])
    log_probabilities = logits.log_softmax(dim=2).transpose(0, 1)
    return F.ctc_loss(log_probabilities, labels, steps, lengths, blank=BLANK, zero_infinity=True)


@torch.no_grad()
def count_right(network: Recognizer, crops: torch.Tensor, texts: list[str]) -> int:
    """The number of words read without an error."""
    logits = torch.cat([network(some) for some in crops.split(100)])
    right = 0
    for best, text in zip(logits.argmax(dim=2), texts, strict=True):
        letters = torch.unique_consecutive(best).tolist()
        right += "".join(ALPHABET[i] for i in letters if i != BLANK) == text
    return right


if __name__ == "__main__":
    main()
