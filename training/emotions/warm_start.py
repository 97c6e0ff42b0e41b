"""Initial weights for a training run, from the previously shipped file.

    python warm_start.py --data fer2013.npz --network emotions.onnx --part fine --out start.pt

That file holds both networks with batch norm folded into the layers, in 8 bits. Here batch norm is
unfolded again: its scale and shift are the standard deviation and mean of each layer on 2,000
training faces, so the network's output is unchanged.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from faces import load_split
from network import WIDTHS, build_network, scale_grey
from onnx import numpy_helper
from torch import nn

FACES = 2000


def main() -> None:
    """Write the weights."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="FER2013 as .npz (see README)")
    parser.add_argument("--network", type=Path, required=True, help="a file export.py wrote")
    parser.add_argument("--part", choices=WIDTHS, required=True, help="which of its networks")
    parser.add_argument("--out", type=Path, required=True, help="the .pt file to write")
    args = parser.parse_args()
    faces, _, class_count = load_split(args.data, "training")
    network = build_network(args.part, class_count).eval()
    stored = {
        tensor.name: numpy_helper.to_array(tensor).astype(np.float32)
        for tensor in onnx.load(args.network).graph.initializer
    }
    unfold(network, stored, args.part, scale_grey(faces[:FACES].float()))
    torch.save(network.state_dict(), args.out)


@torch.no_grad()
def unfold(
    network: nn.Sequential, stored: dict[str, np.ndarray], part: str, values: torch.Tensor
) -> None:
    """Set the weights layer by layer while the faces ``values`` pass through them."""
    prefix = f"{part}."
    names = [name for name in stored if name.startswith(prefix)]
    weights = iter(sorted((n for n in names if n.endswith("weight_8")), key=position))
    for i, layer in enumerate(network):
        if isinstance(layer, nn.Conv2d | nn.Linear):
            name = next(weights).removesuffix("_8")
            layer.weight.copy_(torch.tensor(stored[f"{name}_8"] * stored[f"{name}_scale"]))
            bias = torch.tensor(stored[name.replace("weight", "bias")])
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


def position(name: str) -> int:
    """The layer's index in its network: 5 for ``fine.5.weight_8``."""
    return int(name.split(".")[1])


if __name__ == "__main__":
    main()
