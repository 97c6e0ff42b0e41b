"""The emotion network: a plain convolutional network for 48 by 48 grey faces."""

import torch
from torch import nn

WIDTHS = (32, 64, 128, 256)
HIDDEN_UNITS = 256
DROPOUT = 0.5


def build_network(class_count: int) -> nn.Sequential:
    """Build the untrained network (1.77 million parameters).

    Four blocks of two 3x3 convolutions, each with batch norm and ReLU, halve the picture
    from 48 to 3 pixels; one hidden layer follows.

    Args:
        class_count: Number of emotions, C.

    Returns:
        A module that maps (N, 1, 48, 48) float32, grey in -1..1, to (N, C) logits.
    """
    layers: list[nn.Module] = []
    channels = 1
    for width in WIDTHS:
        for _ in range(2):
            layers += [
                nn.Conv2d(channels, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            ]
            channels = width
        layers += [nn.MaxPool2d(2), nn.Dropout(0.1)]
    layers += [
        nn.Flatten(),
        nn.Linear(channels * 3 * 3, HIDDEN_UNITS, bias=False),
        nn.BatchNorm1d(HIDDEN_UNITS),
        nn.ReLU(inplace=True),
        nn.Dropout(DROPOUT),
        nn.Linear(HIDDEN_UNITS, class_count),
    ]
    return nn.Sequential(*layers)


class MirroredClassifier(nn.Module):
    """Raw grey pixels to probabilities, averaged over the face and its mirror image.

    This is the graph that is shipped: scaling, mirroring and softmax are inside it.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, grey: torch.Tensor) -> torch.Tensor:
        """Map (N, 1, 48, 48) float32, grey in 0..255, to (N, C) probabilities."""
        scaled = scale_grey(grey)
        plain = torch.softmax(self.network(scaled), dim=1)
        mirrored = torch.softmax(self.network(torch.flip(scaled, dims=(3,))), dim=1)
        return (plain + mirrored) / 2


def scale_grey(grey: torch.Tensor) -> torch.Tensor:
    """Scale grey from 0..255 to -1..1, the range the network is trained on."""
    return grey / 127.5 - 1.0
