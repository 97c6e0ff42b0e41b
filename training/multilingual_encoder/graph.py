"""The network of the Universal Sentence Encoder multilingual v3 as an ONNX graph."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 18, 9  # onnxruntime 1.18 reads them
WIDTH = 512
N_CHUNKS, CHUNK_ROWS = 17, 7530
"""The table of pieces: piece ``id`` is row ``id // 17`` of chunk ``id % 17``."""
ORDERS = {2: 0, 3: 1, 5: 2}
"""Tokens that a convolution sees, and how many of them are to the left."""
CHANNELS = 256

Arrays = Mapping[str, NDArray[Any]]


def build_graph(weights: Arrays) -> ModelProto:
    """Build the network: token ids (B, T) int64 to unit vectors (B, 512) float32.

    Args:
        weights: The arrays of the package's ``weights.npz``; see its ``backends/numpy.py``, which
            computes the same.
    """
    graph = _Graph()
    tokens = _look_up_tokens(graph, weights)
    features = graph.add("Concat", tokens, _convolve(graph, weights, tokens), axis=2)
    scaled = _normalize_layer(graph, weights, features, weights["ln_g"], weights["ln_b"])
    pooled = _pool(graph, weights, scaled)
    hidden = _deep_layers(graph, weights, pooled)
    graph.add("LpNormalization", hidden, output="embeddings", axis=-1, p=2)
    return graph.finish()


class _Graph:
    """Nodes and constants in the making."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, values: NDArray[Any]) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def multiply(self, values: str, matrix: NDArray[Any]) -> str:
        return self.add("MatMul", values, self.constant(matrix))

    def finish(self) -> ModelProto:
        ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "tokens"])
        vectors = helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["batch", WIDTH])
        graph = helper.make_graph(self.nodes, "encoder", [ids], [vectors], self.constants)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)
        onnx.checker.check_model(model)
        return model


def _look_up_tokens(graph: _Graph, weights: Arrays) -> str:
    """(B, T, 512): the table's codes, 0 to 63 in 8 bits, times the scale of their chunk.

    The chunks stay one after another, as in the package: gzip packs them 10 % smaller than in the
    order of the ids.
    """
    n_chunks = graph.constant(np.int64(N_CHUNKS))
    chunk = graph.add("Mod", "ids", n_chunks)
    start = graph.add("Mul", chunk, graph.constant(np.int64(CHUNK_ROWS)))
    row = graph.add("Add", start, graph.add("Div", "ids", n_chunks))
    table = np.concatenate([weights[f"q{number + 1}"] for number in range(N_CHUNKS)])
    codes = graph.add("Gather", graph.constant(table), row)
    numbers = graph.add("Cast", codes, to=TensorProto.FLOAT)
    scale = graph.add("Gather", graph.constant(weights["scale"][:, None]), chunk)
    lowest = graph.add("Gather", graph.constant(weights["lo"][:, None]), chunk)
    return graph.add("Add", graph.add("Mul", numbers, scale), lowest)


def _convolve(graph: _Graph, weights: Arrays, tokens: str) -> str:
    """(B, T, 768): each order projects the tokens and convolves them twice."""
    joined = {
        name: np.concatenate([weights[f"{name}{order}"] for order in ORDERS], axis=-1)
        for name in ("proj", "proj_b", "ln_g", "ln_b")
    }
    projected = graph.add(
        "Add", graph.multiply(tokens, joined["proj"]), graph.constant(joined["proj_b"])
    )
    scaled = _normalize_layer(graph, weights, projected, joined["ln_g"], joined["ln_b"])
    by_channel = graph.add("Transpose", scaled, perm=[0, 2, 1])
    parts = []
    for number, (order, n_left) in enumerate(ORDERS.items()):
        limits = [np.array([CHANNELS * edge]) for edge in (number, number + 1)]
        axis = graph.constant(np.array([1]))
        values = graph.add("Slice", by_channel, *map(graph.constant, limits), axis)
        for layer in (1, 2):
            kernel = weights[f"w{layer}_{order}"].reshape(order, CHANNELS, CHANNELS)
            convolved = graph.add(
                "Conv",
                values,
                graph.constant(kernel.transpose(2, 1, 0)),
                graph.constant(weights[f"b{layer}_{order}"]),
                pads=[n_left, order - 1 - n_left],
            )
            values = graph.add("Add", graph.add("Relu", convolved), values)
        parts.append(values)
    return graph.add("Transpose", graph.add("Concat", *parts, axis=1), perm=[0, 2, 1])


def _normalize_layer(
    graph: _Graph, weights: Arrays, values: str, scale: NDArray[Any], shift: NDArray[Any]
) -> str:
    return graph.add(
        "LayerNormalization",
        values,
        graph.constant(scale),
        graph.constant(shift),
        axis=-1,
        epsilon=float(weights["eps"]),
    )


def _pool(graph: _Graph, weights: Arrays, features: str) -> str:
    """(B, 512): the sum of the projected tokens over the root of their number."""
    total = graph.add("ReduceSum", features, graph.constant(np.array([1])), keepdims=0)
    length = graph.add("Cast", graph.add("Shape", "ids", start=1, end=2), to=TensorProto.FLOAT)
    shift = graph.add("Mul", length, graph.constant(weights["cnn_b"]))
    projected = graph.add("Add", graph.multiply(total, weights["cnn_W"]), shift)
    return graph.add("Div", projected, graph.add("Sqrt", length))


def _deep_layers(graph: _Graph, weights: Arrays, pooled: str) -> str:
    """(B, 512): four layers, of which every second adds a projection of an earlier one."""
    first = graph.add("Relu", graph.multiply(pooled, weights["d0"]))
    added = graph.add(
        "Add", graph.multiply(pooled, weights["p1"]), graph.multiply(first, weights["d1"])
    )
    second = graph.add("Relu", added)
    third = graph.add("Relu", graph.multiply(second, weights["d2"]))
    last = graph.add(
        "Add", graph.multiply(second, weights["p3"]), graph.multiply(third, weights["d3"])
    )
    return graph.add("Tanh", last)
