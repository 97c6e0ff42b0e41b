"""keras-ocr's two networks, a twelfth to a half as wide: same layers, same order, same names.

Their channels become the first channels of the wide layers (``widen.py``).
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

DETECTOR_WIDTHS = {
    "basenet.slice1.0": 8,
    "basenet.slice1.3": 8,
    "basenet.slice1.7": 16,
    "basenet.slice1.10": 16,
    "basenet.slice2.14": 32,
    "basenet.slice2.17": 32,
    "basenet.slice3.20": 32,
    "basenet.slice3.24": 48,
    "basenet.slice3.27": 48,
    "basenet.slice4.30": 64,
    "basenet.slice4.34": 64,
    "basenet.slice4.37": 64,
    "basenet.slice5.1": 96,
    "basenet.slice5.2": 96,
    "upconv1.conv.0": 64,
    "upconv1.conv.3": 48,
    "upconv2.conv.0": 48,
    "upconv2.conv.3": 32,
    "upconv3.conv.0": 32,
    "upconv3.conv.3": 16,
    "upconv4.conv.0": 16,
    "upconv4.conv.3": 16,
    "conv_cls.0": 16,
    "conv_cls.2": 16,
    "conv_cls.4": 8,
    "conv_cls.6": 8,
    "conv_cls.8": 2,
}
"""Channels of each convolution of ``keras_ocr.detection.build_keras_model``."""

RECOGNIZER_WIDTHS = {
    "conv_1": 8,
    "conv_2": 8,
    "conv_3": 16,
    "conv_4": 32,
    "conv_5": 48,
    "conv_6": 64,
    "conv_7": 64,
    "fc_9": 64,
    "lstm_10": 64,
    "lstm_11": 64,
    "fc_12": 37,
}
"""Channels of the layers of ``keras_ocr.recognition.build_model``."""

JOINED = {
    "upconv1.conv.0": ["basenet.slice5.2", "basenet.slice4.37"],
    "upconv2.conv.0": ["upconv1.conv.3", "basenet.slice3.27"],
    "upconv3.conv.0": ["upconv2.conv.3", "basenet.slice2.17"],
    "upconv4.conv.0": ["upconv3.conv.3", "basenet.slice1.10"],
}
BATCH_NORM_AFTER = {"conv_3": "bn_3", "conv_5": "bn_5", "conv_7": "bn_7"}
STEPS = 50
ROWS = 7
DISCARDED_STEPS = 2


class NamedLayers(nn.Module):
    """Layers under keras-ocr's names, which contain dots."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleDict()

    def add(self, name: str, layer: nn.Module) -> None:
        """Add a layer."""
        self.layers[name.replace(".", "/")] = layer

    def layer(self, name: str) -> nn.Module:
        """The layer of that name."""
        return self.layers[name.replace(".", "/")]


def norm_after(name: str) -> str | None:
    """The batch norm that follows a convolution, if any: ``upconv1.conv.1`` on ``….0``."""
    if name.startswith("conv_") or name in ("basenet.slice5.1", "basenet.slice5.2"):
        return BATCH_NORM_AFTER.get(name)
    start, number = name.rsplit(".", 1)
    return f"{start}.{int(number) + 1}"


def source_layers(name: str) -> list[str]:
    """The convolutions whose channels are the input of a convolution of the detector, in order."""
    if name in JOINED:
        return JOINED[name]
    names = list(DETECTOR_WIDTHS)
    return names[names.index(name) - 1 : names.index(name)]


class Detector(NamedLayers):
    """CRAFT: (B, 3, H, W) normalised pictures to (B, 2, H/2, W/2) maps."""

    def __init__(self) -> None:
        super().__init__()
        for name, width in DETECTOR_WIDTHS.items():
            before = sum(DETECTOR_WIDTHS[source] for source in source_layers(name)) or 3
            kernel = 1 if name.endswith(("slice5.2", "conv.0", "cls.6", "cls.8")) else 3
            dilation = 6 if name == "basenet.slice5.1" else 1
            self.add(name, nn.Conv2d(before, width, kernel, padding="same", dilation=dilation))
            if norm := norm_after(name):
                self.add(norm, nn.BatchNorm2d(width, eps=1e-5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The maps of some pictures."""

        def run(x: torch.Tensor, *names: str) -> torch.Tensor:
            for name in names:
                x = F.relu(self.layer(norm_after(name))(self.layer(name)(x)))
            return x

        x = F.max_pool2d(run(x, "basenet.slice1.0", "basenet.slice1.3"), 2)
        s1 = run(x, "basenet.slice1.7", "basenet.slice1.10")
        s2 = run(F.max_pool2d(s1, 2), "basenet.slice2.14", "basenet.slice2.17")
        x = F.max_pool2d(run(s2, "basenet.slice3.20"), 2)
        s3 = run(x, "basenet.slice3.24", "basenet.slice3.27")
        x = run(F.max_pool2d(run(s3, "basenet.slice4.30"), 2), "basenet.slice4.34")
        s4 = self.layer("basenet.slice4.38")(self.layer("basenet.slice4.37")(x))
        y = self.layer("basenet.slice5.1")(F.max_pool2d(s4, 3, stride=1, padding=1))
        y = self.layer("basenet.slice5.2")(y)
        y = run(torch.cat([y, s4], dim=1), "upconv1.conv.0", "upconv1.conv.3")
        for n, skip in ((2, s3), (3, s2), (4, s1)):
            y = F.interpolate(y, skip.shape[2:], mode="bilinear", align_corners=False)
            y = run(torch.cat([y, skip], dim=1), f"upconv{n}.conv.0", f"upconv{n}.conv.3")
        for name in ("conv_cls.0", "conv_cls.2", "conv_cls.4", "conv_cls.6"):
            y = F.relu(self.layer(name)(y))
        return self.layer("conv_cls.8")(y)


class Recognizer(NamedLayers):
    """CRNN: (B, 1, 31, W) grey crops, 0 to 1, to (B, W/4 - 2, 37) logits of letters and blank.

    keras-ocr adds the output of its backward LSTMs at the last step to that of the forward ones at
    the first, so they can learn little; here they are left out (all zero). Without them the steps
    of a narrow crop equal those of a wide one, so training uses narrow crops.
    """

    def __init__(self) -> None:
        super().__init__()
        w = RECOGNIZER_WIDTHS
        before = 1
        for name in ("conv_1", "conv_2", "conv_3", "conv_4", "conv_5", "conv_6", "conv_7"):
            self.add(name, nn.Conv2d(before, w[name], 3, padding=1))
            if norm := norm_after(name):
                self.add(norm, nn.BatchNorm2d(w[name], eps=1e-3))
            before = w[name]
        self.add("fc_9", nn.Linear(ROWS * w["conv_7"], w["fc_9"]))
        self.add("lstm_10", nn.LSTM(w["fc_9"], w["lstm_10"], batch_first=True))
        self.add("lstm_11", nn.LSTM(w["lstm_10"], w["lstm_11"], batch_first=True))
        self.add("fc_12", nn.Linear(w["lstm_11"], w["fc_12"]))
        self.register_buffer("columns", resampling(STEPS), persistent=False)
        self.register_buffer("rows", resampling(ROWS), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits of some crops."""
        x = x.flip(2)  # as keras-ocr does
        for name in ("conv_1", "conv_2", "conv_3", "conv_4", "conv_5", "conv_6", "conv_7"):
            x = F.relu(self.layer(name)(x))
            if norm := norm_after(name):
                x = self.layer(norm)(x)
            if name in ("conv_3", "conv_5"):
                x = F.max_pool2d(x, 2)
        steps = x.shape[3]
        columns = self.columns[:steps, :steps].to(x.dtype)
        x = torch.einsum("bchw,Hh,Ww->bWHc", x, self.rows.to(x.dtype), columns).flatten(2)
        x = F.relu(self.layer("fc_9")(x))
        x = F.dropout(self.layer("lstm_10")(x)[0], 0.1, self.training)
        x = F.dropout(self.layer("lstm_11")(x)[0], 0.1, self.training)
        return self.layer("fc_12")(x)[:, DISCARDED_STEPS:]


def resampling(n: int) -> torch.Tensor:
    """(n, n): keras-ocr's spatial transformer over n values with the identity transform.

    It interpolates value ``i`` linearly at ``i * n / (n - 1)`` and sets the last one to zero.
    """
    matrix = torch.zeros(n, n)
    for i in range(n - 1):
        position = i * n / (n - 1)
        low = math.floor(position)
        matrix[i, low] += low + 1 - position
        matrix[i, min(low + 1, n - 1)] += position - low
    return matrix
