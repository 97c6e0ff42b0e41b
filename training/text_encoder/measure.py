"""How good and how fast an exported text encoder is."""

import random
import re
import time
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
    """How close (N, 384) unit vectors are to the original's: cosines, common neighbours."""
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


def measure_misspelling(embed: Embed, titles: list[str], count: int = 1000) -> float:
    """Share of titles that stay nearest to themselves with one wrong letter in a long word."""
    choice = random.Random(0)
    long_word = re.compile(r"[A-Za-z]{6,}")
    clean = choice.sample([title for title in titles if long_word.search(title)], count)
    misspelt = []
    for title in clean:
        word = choice.choice(list(long_word.finditer(title)))
        at = choice.randrange(*word.span())
        letter = choice.choice([x for x in "abcdefghijklmnopqrstuvwxyz" if x != title[at].lower()])
        letter = letter.upper() if title[at].isupper() else letter
        misspelt.append(title[:at] + letter + title[at + 1 :])
    nearest = (embed(misspelt) @ embed(clean).T).argmax(axis=1)
    return float((nearest == np.arange(count)).mean())


def measure_speed(embed: Embed, titles: list[str], count: int = 1000) -> float:
    """Texts of three words per second of processor time on one core, the best of three runs."""
    choice = random.Random(0)
    words = sorted({word for title in titles for word in title.split() if word.isalpha()})
    texts = [" ".join(choice.sample(words, 3)) for _ in range(count)]
    seconds = []
    for _ in range(3):
        start = time.process_time()
        embed(texts)
        seconds.append(time.process_time() - start)
    return count / min(seconds)
