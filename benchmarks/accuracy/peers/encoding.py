"""Encode texts with a text encoder in a process of its own, and time it."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

BATCH: Final = 32


def write_vectors(encode: Callable[[list[str]], Any], texts: Sequence[str], out: Path) -> None:
    """Write the vectors of texts, and the median milliseconds per text after a first batch.

    Args:
        encode: Maps up to ``BATCH`` texts to their vectors.
        texts: N texts, one or more.
        out: The file, with ``vectors`` (N, width) and ``ms``.
    """
    batches = [list(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
    encode(batches[0])
    parts, times_ms = [], []
    for batch in batches:
        began = time.perf_counter()
        parts.append(encode(batch))
        times_ms.append(1000 * (time.perf_counter() - began) / len(batch))
    np.savez(out, vectors=np.concatenate(parts), ms=np.median(times_ms))
