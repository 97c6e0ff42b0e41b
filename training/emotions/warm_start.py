"""Weights to begin a training run with, from the network that was shipped first.

    python warm_start.py --data fer2013.npz --network emotions.onnx --out start.pt

That file (revision 1d324c4; SHA-256 6b384f460f2b) holds a ``fine`` network after 40 epochs, batch
norm folded into the layers. Here batch norm is unfolded again: its scale and shift are the spread
and mean that each layer has on 2,000 training faces, so the network computes what it did.
"""

import argparse
from pathlib import Path

import onnx
import torch
from faces import load_split
from network import build_network, scale_grey
from onnx import numpy_helper
from torch import nn

FACES = 2000


def main() -> None:
    """Write the weights."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="FER2013 as .npz (see README)")
    parser.add_argument("--network", type=Path, required=True, help="the first ONNX file")
    parser.add_argument("--out", type=Path, required=True, help="the .pt file to write")
    args = parser.parse_args()
    faces, _, class_count = load_split(args.data, "training")
    network = build_network("fine", class_count).eval()
    unfold(network, onnx.load(args.network).graph, scale_grey(faces[:FACES].float()))
    torch.save(network.state_dict(), args.out)


@torch.no_grad()
def unfold(network: nn.Sequential, graph: onnx.GraphProto, values: torch.Tensor) -> None:
    """Set the weights layer by layer, on the way of the faces ``values`` through them."""
    stored = [torch.tensor(numpy_helper.to_array(i)).float() for i in graph.initializer]
    weights = iter([value for value in stored if value.ndim > 1])
    biases = iter([value for value in stored if value.ndim == 1 and value.is_floating_point()])
    for i, layer in enumerate(network):
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.weight.copy_(next(weights))
            bias = next(biases)
            if layer.bias is not None:
                layer.bias.copy_(bias)
        values = layer(values)
        after = network[i + 1] if i + 1 < len(network) else None
        if isinstance(after, nn.BatchNorm1d | nn.BatchNorm2d):
            all_but_channels = [axis for axis in range(values.ndim) if axis != 1]
            mean = values.mean(all_but_channels)
            variance = values.var(all_but_channels, unbiased=False)
            after.running_mean.copy_(mean)
            after.running_var.copy_(variance)
            after.weight.copy_((variance + after.eps).sqrt())
            after.bias.copy_(mean + bias)


if __name__ == "__main__":
    main()
