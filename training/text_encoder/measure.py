"""Compare an exported text encoder with the original."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

MAX_TOKENS = 256  # the original's max_seq_length
BATCH_TOKENS = 512

Embed = Callable[[list[str]], NDArray[np.float32]]
"""Maps N texts to (N, 384) float32 unit vectors."""


def load_encoder(model: bytes, tokenizer_json: Path) -> Embed:
    """Run a model as the package's engine does: one thread, texts of equal length together."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(tokenizer_json))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)

    def embed(texts: list[str]) -> NDArray[np.float32]:
        tokens = [tokenizer.encode(text).ids for text in texts]
        rows_by_length = defaultdict(list)
        for row, ids in enumerate(tokens):
            rows_by_length[len(ids)].append(row)
        vectors = np.empty((len(texts), 384), np.float32)
        for length, rows in rows_by_length.items():
            size = BATCH_TOKENS // length
            for batch in (rows[start : start + size] for start in range(0, len(rows), size)):
                input_ids = np.array([tokens[row] for row in batch])
                feed = {"input_ids": input_ids, "attention_mask": np.ones_like(input_ids)}
                (vectors[batch],) = session.run(None, feed)
        return vectors

    return embed


def compare(vectors: NDArray[np.float32], original: NDArray[np.float32]) -> dict[str, float]:
    """Compare (N, 384) unit vectors with the original's: cosines, common neighbours."""
    cosines = (vectors * original).sum(axis=1)
    pairs = zip(_nearest_ten(vectors), _nearest_ten(original), strict=True)
    common = np.mean([np.isin(ours, theirs).mean() for ours, theirs in pairs])
    return {
        "mean_cosine": round(float(cosines.mean()), 5),
        "least_cosine": round(float(cosines.min()), 5),
        "ten_nearest_in_common": round(float(common), 4),
    }


def _nearest_ten(vectors: NDArray[np.float32]) -> NDArray[np.intp]:
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -2)
    return np.argpartition(-similarities, 10, axis=1)[:, :10]
