"""The emotion networks: two plain convolutional networks for 48 by 48 grey faces."""

from collections.abc import Sequence

import torch
from torch import nn

WIDTHS = {"fine": (32, 64, 128, 256), "coarse": (64, 128, 256)}
"""Channels of each block, by network."""

HIDDEN_UNITS = 256
# With only some fifty epochs, more dropout than this underfits: with 0.1
# after every block and 0.5 before the last layer, the accuracy on the training faces was 74 %.
BLOCK_DROPOUT = 0.05
HIDDEN_DROPOUT = 0.4


def build_network(name: str, class_count: int) -> nn.Sequential:
    """Build an untrained network (1.7 million parameters).

    Blocks of two 3x3 convolutions, each with batch norm and ReLU, halve the picture down to 3
    pixels; one hidden layer follows. ``fine`` starts with the full 48x48 pixels; ``coarse`` first
    turns each 2x2 pixels into 4 channels at 24x24 (space to depth), in two thirds of the time.

    Args:
        name: ``fine`` or ``coarse``.
        class_count: Number of emotions, C.

    Returns:
        A module that maps (N, 1, 48, 48) float32, grey in -1..1, to (N, C) logits.
    """
    layers: list[nn.Module] = [nn.PixelUnshuffle(2)] if name == "coarse" else []
    channels = 4 if name == "coarse" else 1
    for width in WIDTHS[name]:
        for _ in range(2):
            layers += [
                nn.Conv2d(channels, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            ]
            channels = width
        layers += [nn.MaxPool2d(2), nn.Dropout(BLOCK_DROPOUT)]
    layers += [
        nn.Flatten(),
        nn.Linear(channels * 3 * 3, HIDDEN_UNITS, bias=False),
        nn.BatchNorm1d(HIDDEN_UNITS),
        nn.ReLU(inplace=True),
        nn.Dropout(HIDDEN_DROPOUT),
        nn.Linear(HIDDEN_UNITS, class_count),
    ]
    return nn.Sequential(*layers)


class PairClassifier(nn.Module):
    """Raw grey pixels to probabilities, averaged over two networks.

    One gets the face, the other its mirror image: this has the gain of mirroring and of the second
    network in the time of two runs instead of four. This is the shipped graph:
    scaling, mirroring, the bias of the classes and softmax are part of it.
    """

    def __init__(self, fine: nn.Module, coarse: nn.Module, class_bias: Sequence[float]) -> None:
        super().__init__()
        self.fine, self.coarse = fine, coarse
        self.register_buffer("class_bias", torch.tensor(class_bias))

    def forward(self, grey: torch.Tensor) -> torch.Tensor:
        """Map (N, 1, 48, 48) float32, grey in 0..255, to (N, C) probabilities."""
        scaled = scale_grey(grey)
        plain = torch.softmax(self.fine(scaled) + self.class_bias, dim=1)
        mirrored = self.coarse(torch.flip(scaled, dims=(3,)))
        return (plain + torch.softmax(mirrored + self.class_bias, dim=1)) / 2


def scale_grey(grey: torch.Tensor) -> torch.Tensor:
    """Scale grey from 0..255 to -1..1, the range the network is trained on."""
    return grey / 127.5 - 1.0
