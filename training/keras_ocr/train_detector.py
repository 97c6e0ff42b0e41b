"""Train the narrow detector on drawn pictures.

python train_detector.py --fonts /usr/share/fonts --out detector.pt
"""

import argparse
import random
import time
from pathlib import Path

import numpy as np
import torch
from drawing import draw_picture
from lettering import find_fonts
from networks import Detector
from torch.nn import functional as F
from words import Vocabulary

SIZE = (384, 224)
"""Of the drawn pictures: a sixth of a thumbnail of 480×270 doubled."""
SEED = 1
PICTURES = 2600
EPOCHS = 6
BATCH = 4
RATE = 3e-3
TEXT_WEIGHT = 6.0
"""Additional weight of errors near text; without it the gaps between words close."""
NEAR = 25
"""Points of the map, side of a square around text."""

THRESHOLD = 0.4
"""keras-ocr's threshold for letters and links; a point only has to be on the right side of it."""
SCORE_PER_LOGIT = 0.15
"""A point that is text with a probability of 88 % has keras-ocr's detection threshold, 0.7."""

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
SPREAD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def main() -> None:
    """Write the weights."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--fonts", type=Path, default=Path("/usr/share/fonts"))
    parser.add_argument("--out", type=Path, required=True, help="the .pt file to write")
    args = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    rng, fonts, words = random.Random(SEED), find_fonts(args.fonts), Vocabulary()
    drawn = [draw_picture(SIZE, fonts, words, rng) for _ in range(PICTURES)]
    images = torch.from_numpy(np.stack([picture.image_rgb for picture in drawn]))
    maps = torch.from_numpy(np.stack([picture.maps for picture in drawn]))
    print(f"{PICTURES} pictures drawn in {time.process_time():.0f} s", flush=True)

    network = Detector().to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-4)
    steps = EPOCHS * (PICTURES // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps, pct_start=0.2)
    for epoch in range(EPOCHS):
        losses = []
        for batch in torch.randperm(PICTURES).split(BATCH)[: PICTURES // BATCH]:
            values = normalise(vary(images[batch].permute(0, 3, 1, 2).float() / 255))
            wanted = (maps[batch].float() / 255 > THRESHOLD).float()
            with torch.autocast("cpu", torch.bfloat16):
                found = network(values.contiguous(memory_format=torch.channels_last))
            text = wanted.amax(dim=1, keepdim=True)
            importance = 1 + TEXT_WEIGHT * F.max_pool2d(text, NEAR, stride=1, padding=NEAR // 2)
            logits = (found.float() - THRESHOLD) / SCORE_PER_LOGIT
            loss = F.binary_cross_entropy_with_logits(logits, wanted, importance.expand_as(wanted))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        print(
            f"epoch {epoch + 1}: loss {np.mean(losses):.5f}, {time.process_time():.0f} s",
            flush=True,
        )
    torch.save(network.state_dict(), args.out)


def vary(images: torch.Tensor) -> torch.Tensor:
    """Swap and invert colours, and change the light; (B, 3, H, W) in 0..1."""
    images = images[:, torch.randperm(3)]
    if torch.rand(()) < 0.5:
        images = 1 - images
    light = torch.empty(len(images), 1, 1, 1).uniform_(0.6, 1.6)
    return images**light


def normalise(images: torch.Tensor) -> torch.Tensor:
    """As ``keras_ocr.detection.compute_input``."""
    return (images - MEAN) / SPREAD


if __name__ == "__main__":
    main()
