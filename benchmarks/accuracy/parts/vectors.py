"""Vectors of texts: ours, and those of the original if its package is installed."""

import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.intervals import Estimate, bootstrap, ratio
from benchmarks.accuracy.job import run_quietly
from benchmarks.accuracy.labels import MissingError, read_titles
from benchmarks.accuracy.parts import Measured, Setting
from benchmarks.accuracy.peers import original_minilm, original_use
from benchmarks.accuracy.table import Cost, Row, Target, skipped
from benchmarks.accuracy.text_vectors import measure_misspelling, measure_speed
from benchmarks.progress import say
from thumbnail_tasks import settings
from thumbnail_tasks.engines.interface import TextEncoder
from thumbnail_tasks.stages.embeddings import EmbedText

PART = "vectors"
N_NEIGHBOURS = 10
_N_MISSPELT = 1000
_MIN_TITLES = 50
_BATCH = 32

_COSINE, _NEIGHBOURS = "cosine to the original, mean", "ten nearest titles in common with it"
_MISSPELT = "title with one wrong letter stays nearest to itself"
_SPEED = "three-word texts per second of CPU time, one core"
_TARGETS = {
    _COSINE: Target("≥", 0.98),
    _NEIGHBOURS: Target("≥", 0.85),
    _MISSPELT: Target("≥", 0.98),
    _SPEED: Target("≥", 500),
}

_ORIGINALS: Mapping[str, ModuleType] = {"use-multilingual": original_use, "minilm": original_minilm}
"""Engine to the package whose vectors it should have."""

Vectors = NDArray[np.float32]


def measure_vectors(setting: Setting) -> Measured:
    """Score the encoder on real titles.

    Raises:
        MissingError: There are no titles, or too few.
    """
    table, titles = read_titles(setting.data)
    long_titles = [title for title in titles if _has_long_word(title)]
    if len(long_titles) < _MIN_TITLES:
        raise MissingError(f"{len(titles)} titles in {setting.data / 'videos'}: too few")
    engine = f"ours: {EmbedText.selected_engine().name()}"
    encode = EmbedText.selected_engine().load()
    say(f"vectors of {len(titles)} titles")
    vectors, cost = encode_in_batches(encode, titles)
    n_misspelt = min(_N_MISSPELT, len(long_titles))
    share = measure_misspelling(encode, titles, n_misspelt)
    n_same = round(share * n_misspelt)
    stays = [(1, 1)] * n_same + [(0, 1)] * (n_misspelt - n_same)
    speed = Estimate(measure_speed(encode, titles), float("nan"), float("nan"))
    note = f"titles of {table}; ms per title, in batches of {_BATCH}"
    about = (n_misspelt, "titles", bootstrap(stays, ratio), 3, cost, _TARGETS[_MISSPELT], note)
    return Measured(
        [
            *_compare(engine, titles, vectors, cost, note),
            Row(PART, _MISSPELT, engine, *about),
            Row(
                PART,
                _SPEED,
                engine,
                1000,
                "texts",
                speed,
                0,
                target=_TARGETS[_SPEED],
                note="best of 3",
            ),
        ]
    )


def _compare(engine: str, titles: list[str], vectors: Vectors, cost: Cost, note: str) -> list[Row]:
    """Compare ours with the original, or give the reason why that is not possible."""
    peer = _ORIGINALS.get(settings.engine_name("embedding"))
    if peer is None or not peer.is_installed():
        reason = f"the package {peer.PACKAGE} is not installed" if peer else "no original"
        return [skipped(PART, measured, engine, reason) for measured in (_COSINE, _NEIGHBOURS)]
    say("vectors of the original")
    original, original_cost = _run_original(peer, titles)
    scores = {
        _COSINE: (vectors * original).sum(axis=1),
        _NEIGHBOURS: share_neighbours(vectors, original),
    }
    note += f"; the original takes {original_cost.median_ms:.3g} ms"
    rows = []
    for measured, values in scores.items():
        score = bootstrap(np.stack([values, np.ones(len(values))], axis=1), ratio)
        about = (len(titles), "titles", score, 4, cost, _TARGETS[measured], note)
        rows.append(Row(PART, measured, engine, *about))
    return rows


def share_neighbours(vectors: Vectors, original: Vectors) -> NDArray[np.float64]:
    """Share of the ten nearest neighbours that two encoders have in common, for each text.

    Args:
        vectors: (N, D) of length 1.
        original: (N, E) of length 1, of the same texts.

    Returns:
        (N,), 0 to 1.
    """
    pairs = zip(_nearest(vectors), _nearest(original), strict=True)
    return np.array([np.isin(ours, theirs).mean() for ours, theirs in pairs])


def _nearest(vectors: Vectors) -> NDArray[np.intp]:
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -2)
    return np.argpartition(-similarities, N_NEIGHBOURS, axis=1)[:, :N_NEIGHBOURS]


def _has_long_word(title: str) -> bool:
    """Whether ``measure_misspelling`` can misspell a word of the title."""
    runs = "".join(char if char.isascii() and char.isalpha() else " " for char in title).split()
    return any(len(run) >= 6 for run in runs)


def encode_in_batches(encode: TextEncoder, titles: list[str]) -> tuple[Vectors, Cost]:
    """Vectors of the titles, and the median time per title in batches of 32."""
    encode(titles[:_BATCH])
    parts, times_ms = [], []
    for start in range(0, len(titles), _BATCH):
        batch = titles[start : start + _BATCH]
        began = time.perf_counter()
        parts.append(encode(batch))
        times_ms.append(1000 * (time.perf_counter() - began) / len(batch))
    return np.concatenate(parts), Cost(float(np.median(times_ms)))


def _run_original(peer: ModuleType, titles: list[str]) -> tuple[Vectors, Cost]:
    with tempfile.TemporaryDirectory(prefix="accuracy-") as folder:
        texts_path, out_path = Path(folder, "texts.json"), Path(folder, "out.npz")
        texts_path.write_text(json.dumps(titles), encoding="utf-8")
        command = [sys.executable, "-m", peer.__name__, str(texts_path), str(out_path)]
        run_quietly(command)
        with np.load(out_path) as arrays:
            return arrays["vectors"], Cost(float(arrays["ms"]))
