"""NanoDet-g as an ONNX graph for pictures of any size.

The network is that of ``config/legacy_v0.x_configs/nanodet-g.yml`` of
https://github.com/RangiLyu/nanodet (Apache-2.0): ``CustomCspNet``, ``PAN`` and ``NanoDetHead``. Its
batch norms are already part of the convolutions in the file that the weights are read from.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from tfjs import Convolution

OPSET, IR_VERSION = 18, 9  # onnxruntime 1.18 reads them
N_CLASSES, N_BINS = 80, 11
STRIDES = (8, 16, 32)
STAGES = ((64, 2), (128, 2), (256, 3))
"""Channels of the stages after the first, and the depth of their blocks."""
NECK_CHANNELS = 128
SLOPE = 0.1
MEAN_BGR, DEVIATION_BGR = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)


def build_graph(convolutions: Sequence[Convolution]) -> ModelProto:
    """Build the network: a picture (1, H, W, 3) of uint8 RGB to what is at each of N places.

    H and W are multiples of 32, and N is HW/64 + HW/256 + HW/1024. Outputs are ``scores``
    (1, N, 80), 0 to 1, and ``edges`` (1, N, 4), the distances in pixels from a place to the left,
    upper, right and lower edge of its object. The places are the centres of squares of 8, then 16,
    then 32 pixels, row by row.

    Args:
        convolutions: In the order in which the network computes them.

    Raises:
        ValueError: The convolutions are not those of NanoDet-g.
    """
    graph = _Graph(convolutions)
    features = _extract(graph)
    scores, edges = _detect(graph, _fuse(graph, features))
    graph.add("Transpose", scores, output="scores", perm=[0, 2, 1])
    graph.add("Transpose", edges, output="edges", perm=[0, 2, 1])
    return graph.finish()


class _Graph:
    """Nodes and constants in the making."""

    def __init__(self, convolutions: Sequence[Convolution]) -> None:
        self._convolutions: Iterator[Convolution] = iter(convolutions)
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []

    def constant(self, values: NDArray[Any]) -> str:
        """A constant; float16 is stored as it is, and becomes float32 when the file is loaded."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return self.add("Cast", name, to=TensorProto.FLOAT) if values.dtype == np.float16 else name

    def add(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def convolve(
        self, values: str, channels: int, side: int = 3, stride: int = 1, is_last: bool = False
    ) -> str:
        """The next convolution, and the activation unless it is the last of its branch."""
        convolution = next(self._convolutions)
        kernel = convolution.kernel.transpose(3, 2, 0, 1)
        found = (kernel.shape[0], *kernel.shape[2:], convolution.stride)
        if found != (channels, side, side, stride):
            raise ValueError(
                f"expected {channels} of {side}×{side}, stride {stride}; found {found}"
            )
        weights = self.constant(kernel), self.constant(convolution.bias)
        pads = [side // 2] * 4
        convolved = self.add("Conv", values, *weights, strides=[stride] * 2, pads=pads)
        return convolved if is_last else self.add("LeakyRelu", convolved, alpha=SLOPE)

    def split(self, values: str, sizes: str, outputs: Sequence[str]) -> None:
        self._nodes.append(helper.make_node("Split", [values, sizes], outputs, axis=1))

    def resize(self, values: str, factor: float) -> str:
        scales = self.constant(np.array([1, 1, factor, factor], np.float32))
        how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        return self.add("Resize", values, "", scales, **how)

    def finish(self) -> ModelProto:
        if next(self._convolutions, None) is not None:
            raise ValueError("expected no further convolution; found one")
        shapes = {"picture": (1, "height", "width", 3), "scores": (1, "places", N_CLASSES)}
        shapes["edges"] = (1, "places", 4)
        dtypes = {"picture": TensorProto.UINT8}
        picture, *outputs = (
            helper.make_tensor_value_info(name, dtypes.get(name, TensorProto.FLOAT), shape)
            for name, shape in shapes.items()
        )
        graph = helper.make_graph(self._nodes, "nanodet_g", [picture], outputs, self._constants)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        return model


def _extract(graph: _Graph) -> list[str]:
    """The features of the last three stages, projected to the neck's channels as they are made."""
    values = graph.add("Cast", "picture", to=TensorProto.FLOAT)
    values = graph.add("Transpose", values, perm=[0, 3, 1, 2])
    bgr = graph.constant(np.array([2, 1, 0]))
    values = graph.add("Gather", values, bgr, axis=1)
    mean, deviation = (
        graph.constant(np.array(each, np.float32)[:, None, None])
        for each in (MEAN_BGR, DEVIATION_BGR)
    )
    values = graph.add("Div", graph.add("Sub", values, mean), deviation)
    values = graph.convolve(values, 32, stride=2)
    values = graph.add("MaxPool", values, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    values = _block(graph, values, 32, depth=1, stride=1)
    features = []
    for channels, depth in STAGES:
        values = _block(graph, values, channels, depth, stride=2)
        features.append(graph.convolve(values, NECK_CHANNELS, side=1, is_last=True))
    return features


def _block(graph: _Graph, values: str, channels: int, depth: int, stride: int) -> str:
    """A ``CspBlock``: a branch of ``TinyResBlock`` is concatenated with its own input."""
    first = graph.convolve(values, channels, stride=stride)
    branch = first
    for _ in range(depth):
        kept = graph.convolve(branch, channels // 2)
        branch = graph.add("Concat", graph.convolve(kept, channels // 2), kept, axis=1)
    return graph.add("Concat", graph.convolve(branch, channels), first, axis=1)


def _fuse(graph: _Graph, features: Sequence[str]) -> list[str]:
    """A ``PAN`` of sums: coarse features are added to finer ones, then these to the coarser."""
    fine, middle, coarse = features
    middle = graph.add("Add", middle, graph.resize(coarse, 2))
    fine = graph.add("Add", fine, graph.resize(middle, 2))
    middle = graph.add("Add", middle, graph.resize(fine, 0.5))
    return [fine, middle, graph.add("Add", coarse, graph.resize(middle, 0.5))]


def _detect(graph: _Graph, features: Sequence[str]) -> tuple[str, str]:
    """``NanoDetHead``: (1, 80, N) scores, and (1, 4, N) distances to the edges in pixels.

    A distance is the mean of a distribution over 0, 1, …, 10 strides (generalized focal loss).
    """
    scores, edges = [], []
    bins = np.arange(N_BINS, dtype=np.float32)[None, None, :, None]
    parts = graph.constant(np.array([N_CLASSES, 4 * N_BINS]))
    by_class, by_edge = (
        graph.constant(np.array(shape)) for shape in ([1, N_CLASSES, -1], [1, 4, N_BINS, -1])
    )
    axis = graph.constant(np.array([2]))
    for stride, values in zip(STRIDES, features, strict=True):
        values = graph.convolve(values, NECK_CHANNELS)
        values = graph.convolve(values, N_CLASSES + 4 * N_BINS, side=1, is_last=True)
        own = [f"scores_{stride}", f"bins_{stride}"]
        graph.split(values, parts, own)
        scores.append(graph.add("Reshape", graph.add("Sigmoid", own[0]), by_class))
        shares = graph.add("Softmax", graph.add("Reshape", own[1], by_edge), axis=2)
        distances = graph.add("Mul", shares, graph.constant(bins * stride))
        edges.append(graph.add("ReduceSum", distances, axis, keepdims=0))
    return graph.add("Concat", *scores, axis=2), graph.add("Concat", *edges, axis=2)
