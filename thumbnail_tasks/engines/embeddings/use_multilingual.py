"""Universal Sentence Encoder multilingual v3: texts of 16 languages to vectors, on ONNX Runtime.

Source: https://tfhub.dev/google/universal-sentence-encoder-multilingual/3 (Apache-2.0).
``weights/multilingual_encoder/MODEL_CARD.md`` has its languages, measures and limits;
``training/multilingual_encoder`` exports it.
"""

import functools
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.interface import Engine, TextEncoder, read_weights
from thumbnail_tasks.engines.runtimes.onnx import check_gpu, open_session

WIDTH: Final = 512
MAX_TOKENS: Final = 512
"""Text beyond about 400 English words is ignored; the original has no limit."""

WEIGHTS_PATH: Final = (
    Path(__file__).parents[2] / "weights" / "multilingual_encoder" / "encoder.onnx.gz"
)
WEIGHTS_SHA256: Final = "bdea784bfe0fc1522395eb9cb2c267fedf8e22d5f5508c2bcfc870c7631cc49e"
TOKENIZER_PATH: Final = WEIGHTS_PATH.with_name("tokenizer.model")
TOKENIZER_SHA256: Final = "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9"


@functools.cache
def load_text_encoder() -> TextEncoder:
    """Load the shipped model, once per process.

    Returns:
        The encoder, to vectors of length 1. It ignores case. All texts without words (``""``,
        ``" "``) have the same vector; callers must handle them. Equal texts are encoded once. A
        text's vector has the same bits in any batch: texts are encoded one by one, because with
        several in one call the last bits differ.

    Raises:
        WeightsError: A file is missing or is not the one that was shipped.
    """
    graph = gzip.decompress(read_weights(WEIGHTS_PATH, WEIGHTS_SHA256))
    pieces = read_weights(TOKENIZER_PATH, TOKENIZER_SHA256)
    # Not tokenizers: its sums have 64 bits, SentencePiece's 32, so that 8 of 58,261 lines got other
    # tokens, and it takes 125 MB instead of 38.
    from sentencepiece import SentencePieceProcessor

    session = open_session(graph, n_threads=1)
    tokenizer = SentencePieceProcessor(model_proto=pieces)
    start, end = tokenizer.bos_id(), tokenizer.eos_id()

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        row_of = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        vectors = np.empty((len(row_of), WIDTH), np.float32)
        for text, row in row_of.items():
            # Half a surrogate pair is "?".
            ids = tokenizer.encode(fold_case(text).encode(errors="replace"))
            tokens = [start, *ids[: MAX_TOKENS - 2], end]
            (vectors[row],) = session.run(None, {"ids": np.array([tokens], np.int64)})[0]
        return vectors[[row_of[text] for text in texts]]

    return encode


def _check() -> None:
    for path, sha256 in ((WEIGHTS_PATH, WEIGHTS_SHA256), (TOKENIZER_PATH, TOKENIZER_SHA256)):
        read_weights(path, sha256)
    check_gpu()


def fold_case(text: str) -> str:
    """The text in lower case, with a dotted i for the Turkish capital.

    Many thumbnails are written in capitals, of which the original knows little. Measured 2026-11-28
    (``benchmarks/phrases.csv``, 15 languages): a phrase in capitals finds its English twin in 56 %
    without this, in 99.5 % with it; of 1,000 titles in capitals 81 % find the title as it is,
    instead of 99.8 %. Lowering only words or texts in capitals is worse for mixed case (98.9 and
    88 %) and no better for others.
    """
    return text.replace("İ", "i").lower()


ENGINE = Engine(
    load=load_text_encoder,
    name=lambda: f"use-multilingual-3-{WEIGHTS_SHA256[:8]}",
    about=lambda: {
        "weights": WEIGHTS_SHA256,
        "tokenizer": TOKENIZER_SHA256,
        "max_tokens": MAX_TOKENS,
        "case": "lower",
    },
    width=WIDTH,
    own_modules=("onnxruntime", "sentencepiece"),
    check=_check,
)
