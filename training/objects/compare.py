"""Compare the ONNX file with the TensorFlow.js file that it was made from, run by TensorFlow.

    python compare.py --model package/models/nanodet.json --onnx nanodet.onnx --pictures DIR

The pictures are JPEG files of any size. Prints a JSON object with the largest differences.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import tensorflow as tf
from google.protobuf import json_format
from graph import DEVIATION_BGR, MEAN_BGR, N_BINS, STRIDES
from numpy.typing import NDArray
from PIL import Image, ImageOps
from tfjs import read_model, read_weights

SIDE_PX = 416


def main() -> None:
    """Run both on the same pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="the package's nanodet.json")
    parser.add_argument("--onnx", type=Path, required=True)
    parser.add_argument("--pictures", type=Path, required=True)
    args = parser.parse_args()

    model = read_model(args.model)
    original = load_original(model, read_weights(args.model, model))
    ours = ort.InferenceSession(str(args.onnx), providers=["CPUExecutionProvider"])
    worst = {"scores": 0.0, "edges_px": 0.0}
    paths = sorted(args.pictures.glob("*.jpg"))
    for path in paths:
        image = ImageOps.pad(Image.open(path).convert("RGB"), (SIDE_PX, SIDE_PX))
        picture = np.asarray(image)
        found = ours.run(["scores", "edges"], {"picture": picture[None]})
        for name, expected, values in zip(worst, original(picture), found, strict=True):
            worst[name] = max(worst[name], float(np.abs(values[0] - expected).max()))
    print(json.dumps({"pictures": len(paths), **worst}, indent=2))


def load_original(model: Mapping[str, Any], weights: Mapping[str, NDArray[Any]]) -> Any:
    """The original graph: a picture (416, 416, 3) to (N, 80) scores and (N, 4) edges in pixels."""
    nodes = [{**node} for node in model["modelTopology"]["node"]]
    graph = json_format.ParseDict({"node": nodes}, tf.compat.v1.GraphDef())
    for node in graph.node:
        if node.op == "Const":
            values = weights[node.name]
            values = values.astype(np.float32) if values.dtype == np.float16 else values
            tensor = tf.make_tensor_proto(values)
            node.attr["value"].tensor.CopyFrom(tensor)
            node.attr["dtype"].type = tensor.dtype
        for attribute in node.attr.values():
            if attribute.type == tf.int64.as_datatype_enum:  # which TensorFlow.js does not have
                attribute.type = tf.int32.as_datatype_enum
    imported = tf.compat.v1.wrap_function(lambda: tf.compat.v1.import_graph_def(graph, name=""), [])
    tensors = [f"Identity{suffix}:0" for suffix in ("", "_1", "_2", "_3", "_4", "_5")]
    run = imported.prune("input_1:0", tensors)

    def detect(picture_rgb: NDArray[np.uint8]) -> tuple[NDArray[Any], NDArray[Any]]:
        values = (picture_rgb[..., ::-1] - np.array(MEAN_BGR)) / np.array(DEVIATION_BGR)
        values = values.transpose(2, 0, 1)[None].astype(np.float32)
        outputs = [each.numpy()[0] for each in run(tf.constant(values))]
        edges = []
        for stride, logits in zip(STRIDES, outputs[3:], strict=True):
            shares = np.exp(logits.reshape(-1, 4, N_BINS).astype(np.float64))
            shares /= shares.sum(axis=2, keepdims=True)
            edges.append(shares @ np.arange(N_BINS) * stride)
        return np.concatenate(outputs[:3]), np.concatenate(edges)

    return detect


if __name__ == "__main__":
    main()
