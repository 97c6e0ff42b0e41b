"""FER2013's faces: load a split, and augment it for training."""

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional


def load_split(path: Path, split: str) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Load one split.

    Returns:
        Faces (N, 1, 48, 48) uint8; labels (N,) int64, indices into the alphabetical emotions;
        the number of emotions.
    """
    with np.load(path) as data:
        images: NDArray[np.uint8] = data[f"{split}_images"]
        labels: NDArray[np.uint8] = data[f"{split}_labels"]
        class_count = len(data["classes"])
    return torch.from_numpy(images)[:, None], torch.from_numpy(labels).long(), class_count


def augment(faces: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    """Augment each face: flip, rotate, scale, shift, contrast and brightness, a rectangle erased.

    Args:
        faces: (N, 1, 48, 48) float32 in -1..1.
        random: The source of all randomness.

    Returns:
        The same shape and dtype; beyond the picture its border is repeated.
    """
    count, _, height, width = faces.shape

    def uniform(low: float, high: float) -> torch.Tensor:
        return torch.rand(count, generator=random) * (high - low) + low

    angle = uniform(-12, 12) * math.pi / 180
    zoom = uniform(0.88, 1.12)
    mirror = (torch.rand(count, generator=random) < 0.5).float() * 2 - 1
    cosine, sine = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    rows = [
        torch.stack([cosine * mirror, -sine, uniform(-0.16, 0.16)], dim=1),
        torch.stack([sine * mirror, cosine, uniform(-0.16, 0.16)], dim=1),
    ]
    grid = functional.affine_grid(torch.stack(rows, dim=1), list(faces.shape), align_corners=False)
    moved = functional.grid_sample(faces, grid, padding_mode="border", align_corners=False)

    contrast, brightness = uniform(0.7, 1.3), uniform(-0.25, 0.25)
    lit = (moved * contrast[:, None, None, None] + brightness[:, None, None, None]).clamp(-1, 1)

    # A rectangle of 12 to 40 % of each side is blanked in a third of the faces.
    tall, wide = uniform(0.12, 0.4) * height, uniform(0.12, 0.4) * width
    top, left = uniform(0, 1) * (height - tall), uniform(0, 1) * (width - wide)
    y, x = torch.arange(height)[None, :, None], torch.arange(width)[None, None, :]
    top, left, tall, wide = (v[:, None, None] for v in (top, left, tall, wide))
    erased = (y >= top) & (y < top + tall) & (x >= left) & (x < left + wide)
    erased &= (torch.rand(count, generator=random) < 1 / 3)[:, None, None]
    return lit.masked_fill(erased[:, None], 0.0)
