"""all-MiniLM-L6-v2: short texts to vectors of 384 numbers, on ONNX Runtime.

Source: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0).
``weights/text_encoder/MODEL_CARD.md`` compares the 8-bit file with the original and has its limits;
``training/text_encoder`` exports it.
"""

import functools
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.interface import Engine, TextEncoder, read_weights
from thumbnail_tasks.engines.runtimes.onnx import check_gpu, open_session

WIDTH: Final = 384
MAX_TOKENS: Final = 256
"""As in the original: text beyond about 200 English words is ignored."""

WEIGHTS_PATH: Final = Path(__file__).parents[2] / "weights" / "text_encoder" / "encoder.onnx"
WEIGHTS_SHA256: Final = "a61f152a6d70fca94dfd8dd2574ee9664fefbc63487177f90a56268a80c08f24"
TOKENIZER_PATH: Final = WEIGHTS_PATH.with_name("tokenizer.json")
TOKENIZER_SHA256: Final = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"

_BATCH_TOKENS: Final = 512  # bounds the memory; larger batches are slower


@functools.cache
def load_text_encoder() -> TextEncoder:
    """Load the shipped model, once per process.

    Returns:
        The encoder, to vectors of length 1. It ignores case. All texts without words (``""``,
        ``" "``) have the same vector; callers must handle them. Equal texts are encoded once. A
        text's vector has the same bits in any batch: texts of different length never share a
        batch, so none is padded, and the graph has no operation whose rounding depends on the
        batch size.

    Raises:
        WeightsError: A file is missing or is not the one that was shipped.
    """
    weights, vocabulary = _read_files()
    from tokenizers import Tokenizer

    session = open_session(weights, n_threads=1)  # two threads halved the speed on a busy machine
    tokenizer = Tokenizer.from_buffer(vocabulary)
    tokenizer.no_padding()  # the file always truncates to 128 tokens
    tokenizer.enable_truncation(MAX_TOKENS)

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        row_of = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        # One by one: encode_batch starts threads, which would be missing after a fork.
        tokens = [tokenizer.encode(text).ids for text in row_of]
        vectors = np.empty((len(tokens), WIDTH), np.float32)
        for rows in _batches_of_equal_length(tokens):
            input_ids = np.array([tokens[row] for row in rows], np.int64)
            feed = {"input_ids": input_ids, "attention_mask": np.ones_like(input_ids)}
            (vectors[rows],) = session.run(None, feed)
        return vectors[[row_of[text] for text in texts]]

    return encode


def _read_files() -> tuple[bytes, bytes]:
    """The network and the tokenizer."""
    return (
        read_weights(WEIGHTS_PATH, WEIGHTS_SHA256),
        read_weights(TOKENIZER_PATH, TOKENIZER_SHA256),
    )


def _check() -> None:
    _read_files()
    check_gpu()


def _batches_of_equal_length(tokens: Sequence[Sequence[int]]) -> list[list[int]]:
    """Rows of ``tokens`` in batches of at most ``_BATCH_TOKENS`` tokens."""
    rows_by_length: dict[int, list[int]] = defaultdict(list)
    for row, ids in enumerate(tokens):
        rows_by_length[len(ids)].append(row)
    return [
        rows[start : start + _BATCH_TOKENS // length]
        for length, rows in rows_by_length.items()
        for start in range(0, len(rows), _BATCH_TOKENS // length)
    ]


ENGINE = Engine(
    load=load_text_encoder,
    name=lambda: f"all-minilm-l6-v2-{WEIGHTS_SHA256[:8]}",
    about=lambda: {
        "weights": WEIGHTS_SHA256,
        "tokenizer": TOKENIZER_SHA256,
        "max_tokens": MAX_TOKENS,
    },
    width=WIDTH,
    own_modules=("onnxruntime", "tokenizers"),
    check=_check,
)
