"""Read the convolutions of a TensorFlow.js graph model."""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_TYPES = {"float16": "<f2", "float32": "<f4", "int32": "<i4"}


class Convolution(NamedTuple):
    """A convolution and the bias added to it, as stored."""

    kernel: NDArray[Any]
    """(height, width, inputs, outputs)."""
    bias: NDArray[Any]
    """(outputs,)."""
    stride: int


def read_model(path: Path) -> dict[str, Any]:
    """Read ``model.json``; its weights are in files beside it."""
    model: dict[str, Any] = json.loads(path.read_bytes())
    return model


def read_weights(path: Path, model: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Read the weights of ``model.json`` at this path, by name, in the type as stored.

    Raises:
        ValueError: The files do not have the length that the model states.
    """
    weights: dict[str, NDArray[Any]] = {}
    for group in model["weightsManifest"]:
        content = b"".join((path.parent / name).read_bytes() for name in group["paths"])
        at = 0
        for about in group["weights"]:
            dtype = np.dtype(_TYPES[about.get("quantization", about)["dtype"]])
            count = int(np.prod(about["shape"], dtype=np.int64))
            values = np.frombuffer(content, dtype, count, at)
            weights[about["name"]] = values.reshape(about["shape"])
            at += count * dtype.itemsize
        if at != len(content):
            raise ValueError(f"{path}: expected {at} bytes of weights; found {len(content)}")
    return weights


def list_convolutions(
    model: Mapping[str, Any], weights: Mapping[str, NDArray[Any]], outputs: list[str]
) -> list[Convolution]:
    """The convolutions that some outputs need, each after those that it needs itself."""
    nodes = {node["name"]: node for node in model["modelTopology"]["node"]}
    biases = {
        node["input"][0]: weights[node["input"][1]]
        for node in nodes.values()
        if node["op"] == "Add" and nodes[node["input"][1]]["op"] == "Const"
    }
    return [
        Convolution(weights[node["input"][1]], biases[node["name"]], _stride(node))
        for node in _in_order(nodes, outputs)
        if node["op"] == "Conv2D"
    ]


def _in_order(nodes: Mapping[str, Any], outputs: list[str]) -> Iterator[dict[str, Any]]:
    """The nodes that some outputs need, the inputs of each before it."""
    done: set[str] = set()
    waiting = [(name, False) for name in reversed(outputs)]
    while waiting:
        name, has_inputs = waiting.pop()
        name = name.split(":")[0]
        if has_inputs:
            yield nodes[name]
        elif name not in done:
            done.add(name)
            waiting.append((name, True))
            waiting += [(each, False) for each in reversed(nodes[name].get("input", []))]


def _stride(node: Mapping[str, Any]) -> int:
    attributes = node["attr"]
    layout = base64.b64decode(attributes["data_format"]["s"]).decode()
    padding = base64.b64decode(attributes["padding"]["s"]).decode()
    _, vertical, horizontal, _ = map(int, attributes["strides"]["list"]["i"])
    if (layout, padding) != ("NHWC", "VALID") or vertical != horizontal:
        raise ValueError(f"{node['name']}: expected NHWC, VALID and equal strides")
    return horizontal
