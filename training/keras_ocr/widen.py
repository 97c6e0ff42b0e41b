"""Put the narrow networks into keras-ocr's wide ones, and write their weights as keras-ocr's files.

    python widen.py --detector detector.pt --recognizer recognizer.pt --out tests/weights

A narrow layer's channels become the first channels of the wide layer; the others are zero and
stay zero through every layer. Weights are rounded to 16 bits and stored as 32, compressed.
"""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy as np
import torch
from networks import ROWS, Detector, NamedLayers, Recognizer, source_layers
from numpy.typing import NDArray
from train_detector import THRESHOLD

from thumbnail_tasks.engines.text.keras_ocr_networks import import_keras_ocr

SPREAD = 1.5
"""Scores are spread by this factor around keras-ocr's threshold for letters: its threshold for
words then needs a probability of 79 % instead of 88 %. On the sample word recall was 0.62 instead
of 0.54."""
MAX_DIFFERENCE = 0.02
"""Between the outputs of the narrow and the wide network: mostly rounding."""


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--detector", type=Path, required=True, help="from train_detector.py")
    parser.add_argument("--recognizer", type=Path, required=True, help="from train_recognizer.py")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    args = parser.parse_args()
    keras_ocr = import_keras_ocr()
    torch.manual_seed(0)

    detector = read(Detector(), args.detector)
    spread_scores(detector)
    wide = keras_ocr.detection.build_keras_model()
    for layer in wide.layers:
        if layer.get_weights():
            layer.set_weights(widen_detector_layer(layer, wide, detector))
    pictures = torch.randn(1, 3, 96, 160)
    compare(detector(pictures).permute(0, 2, 3, 1), wide.predict(to_last(pictures), verbose=0))
    save(wide, args.out / "craft_drawn.h5")

    recognizer = read(Recognizer(), args.recognizer)
    recognition = keras_ocr.recognition
    _, wide, _, _ = recognition.build_model(
        alphabet=recognition.DEFAULT_ALPHABET, **recognition.DEFAULT_BUILD_PARAMS
    )
    for layer in wide.layers:
        if layer.get_weights():
            layer.set_weights(widen_recognizer_layer(layer, recognizer))
    crops = torch.rand(2, 1, 31, 200)
    compare(recognizer(crops).softmax(dim=2), wide.predict(to_last(crops), verbose=0))
    save(wide, args.out / "crnn_drawn.h5")


def read(network: NamedLayers, path: Path) -> NamedLayers:
    """The trained network, rounded to 16 bits."""
    network.load_state_dict(torch.load(path, weights_only=True))
    for values in network.state_dict().values():
        if values.is_floating_point():
            values.copy_(values.half().float())
    return network.eval()


def spread_scores(detector: NamedLayers) -> None:
    """Spread the detector's scores around ``THRESHOLD``."""
    last = detector.layer("conv_cls.8")
    last.weight.data *= SPREAD
    last.bias.data = THRESHOLD + SPREAD * (last.bias.data - THRESHOLD)


def to_last(values: torch.Tensor) -> NDArray[np.float32]:
    """Channels last."""
    return np.asarray(values.permute(0, 2, 3, 1).numpy())


def widen_detector_layer(layer: Any, wide: Any, narrow: NamedLayers) -> list[NDArray[np.float32]]:
    """The weights of a convolution or batch norm of CRAFT."""
    if "BatchNormalization" in type(layer).__name__:
        return widen_norm(layer, narrow.layer(layer.name))
    sources = [(wide.get_layer(name), narrow.layer(name)) for name in source_layers(layer.name)]
    inputs, start = [], 0
    for wide_source, narrow_source in sources:
        inputs += range(start, start + narrow_source.out_channels)
        start += wide_source.filters
    convolution = narrow.layer(layer.name)
    kernel = convolution.weight.detach().permute(2, 3, 1, 0).numpy()
    return widen_arrays(layer, inputs or [0, 1, 2], kernel, convolution.bias)


def widen_recognizer_layer(layer: Any, narrow: NamedLayers) -> list[NDArray[np.float32]]:
    """The weights of a layer of CRNN."""
    name = layer.name
    if name.startswith("bn_"):
        return widen_norm(layer, narrow.layer(name))
    if name.startswith("conv_"):  # keras-ocr transposes pictures: width first, then height
        convolution = narrow.layer(name)
        kernel = convolution.weight.detach().permute(3, 2, 1, 0).numpy()
        return widen_arrays(layer, range(kernel.shape[2]), kernel, convolution.bias)
    if name in ("fc_9", "fc_12"):
        dense = narrow.layer(name)
        n_rows = ROWS if name == "fc_9" else 1
        width, wide_width = dense.in_features // n_rows, layer.get_weights()[0].shape[0] // n_rows
        inputs = [row * wide_width + channel for row in range(n_rows) for channel in range(width)]
        return widen_arrays(layer, inputs, dense.weight.detach().T.numpy(), dense.bias)
    weights = [np.zeros_like(array) for array in layer.get_weights()]
    if name in ("lstm_10", "lstm_11"):
        lstm, units = narrow.layer(name), weights[1].shape[0]
        biases = lstm.bias_ih_l0 + lstm.bias_hh_l0
        # Both libraries order the gates alike: input, forget, cell, output.
        outputs = [gate * units + unit for gate in range(4) for unit in range(lstm.hidden_size)]
        for target, values in zip(weights, (lstm.weight_ih_l0, lstm.weight_hh_l0), strict=False):
            target[: values.shape[1], outputs] = values.detach().T.numpy()
        weights[2][outputs] = biases.detach().numpy()
    elif "back" not in name:  # the spatial transformer: identity
        weights[-1] = layer.get_weights()[-1]
    return weights


def widen_norm(layer: Any, norm: torch.nn.BatchNorm2d) -> list[NDArray[np.float32]]:
    """Channels beyond the narrow ones are multiplied by zero."""
    gamma, beta, mean, variance = (np.zeros_like(array) for array in layer.get_weights())
    variance += 1
    for target, values in (
        (gamma, norm.weight),
        (beta, norm.bias),
        (mean, norm.running_mean),
        (variance, norm.running_var),
    ):
        target[: len(values)] = values.detach().numpy()
    return [gamma, beta, mean, variance]


def widen_arrays(
    layer: Any, inputs: Any, kernel: NDArray[np.float32], bias: torch.Tensor
) -> list[NDArray[np.float32]]:
    """A kernel (…, inputs, outputs) and a bias among zeros."""
    wide_kernel, wide_bias = (np.zeros_like(array) for array in layer.get_weights())
    wide_kernel[..., np.array(inputs)[:, None], np.arange(len(bias))] = kernel
    wide_bias[: len(bias)] = bias.detach().numpy()
    return [wide_kernel, wide_bias]


def compare(narrow: torch.Tensor, wide: NDArray[np.float32]) -> None:
    """Check that both networks give the same output.

    Raises:
        ValueError: They differ by more than rounding.
    """
    difference = float(np.abs(narrow.detach().numpy() - wide).max())
    print(f"narrow and wide differ by {difference:.6f} at most")
    if difference > MAX_DIFFERENCE:
        raise ValueError(f"expected at most {MAX_DIFFERENCE}; found {difference}")


def save(network: Any, path: Path) -> None:
    """Write weights as Keras does, but compressed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        network.save_weights(f"{folder}/plain.h5")
        with h5py.File(f"{folder}/plain.h5") as plain, h5py.File(path, "w") as packed:
            packed.attrs.update(plain.attrs)

            def copy(name: str, item: h5py.Group | h5py.Dataset) -> None:
                if isinstance(item, h5py.Group):
                    packed.require_group(name).attrs.update(item.attrs)
                else:
                    packed.create_dataset(
                        name, data=item[()], compression="gzip", compression_opts=9, shuffle=True
                    )

            plain.visititems(copy)
    print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
