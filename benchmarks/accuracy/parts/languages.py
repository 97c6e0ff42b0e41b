"""Vectors across languages: the selected encoder beside the other embedded ones."""

import dataclasses
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.intervals import bootstrap, ratio
from benchmarks.accuracy.languages import (
    N_NEIGHBOURS,
    PHRASES,
    Titles,
    Vectors,
    find_twins,
    read_categories,
    read_phrases,
    share_category,
)
from benchmarks.accuracy.parts import Measured, Setting
from benchmarks.accuracy.parts.vectors import encode_in_batches
from benchmarks.accuracy.table import Cost, Row, Target
from benchmarks.progress import say
from thumbnail_tasks.engines.interface import TextEncoder
from thumbnail_tasks.stages.embeddings import ENCODERS, EmbedText

PART = "languages"
_MAX_KNOWN = 3000
_MIN_OTHERS = 100
_N_OTHER_TITLES = 500
_NOT_LEARNT = ("hi", "vi")
"""Languages that the embedded encoder was not trained on: no target."""
_TWIN_TARGET = Target("≥", 0.9)


class _Texts(NamedTuple):
    phrases: dict[str, list[str]]
    known: Titles
    others: list[Titles]


def measure_languages(setting: Setting) -> Measured:
    """Score the embedded encoders on phrases in several languages and on titles with categories.

    Raises:
        MissingError: There are no titles with categories.
    """
    texts = _read_texts(setting.data)
    selected = EmbedText.selected_engine()
    rows = []
    for engine in (selected, *(each for each in ENCODERS.values() if each is not selected)):
        if engine.modules:
            continue  # a model of the notebook's
        is_ours = engine is selected
        name = f"{'ours: ' if is_ours else ''}{engine.name()}"
        say(f"languages: {name}")
        rows += _measure(texts, engine.load(), name, is_ours)
    return Measured(sorted(rows, key=lambda row: (row.measured, row.group)))


def _read_texts(data: Path) -> _Texts:
    largest, *smaller = read_categories(data)
    known = Titles(largest.table, largest.titles[:_MAX_KNOWN], largest.categories[:_MAX_KNOWN])
    seen = set(largest.titles)
    others = []
    for table in smaller:
        is_new = np.array([title not in seen for title in table.titles], bool)
        seen.update(table.titles)
        if is_new.sum() >= _MIN_OTHERS:
            titles = [title for title, new in zip(table.titles, is_new, strict=True) if new]
            others.append(Titles(table.table, titles, table.categories[is_new]))
    return _Texts(read_phrases(), known, others)


def _measure(texts: _Texts, encode: TextEncoder, name: str, is_ours: bool) -> list[Row]:
    known, cost = encode_in_batches(encode, texts.known.titles)
    scores = share_category(known, texts.known.categories, known, texts.known.categories)
    label = f"{N_NEIGHBOURS} nearest titles of the same category"
    rows = [_row(f"{label}: {texts.known.table}", name, "titles", scores, cost)]
    for other in texts.others:
        scores = share_category(
            encode(other.titles), other.categories, known, texts.known.categories
        )
        measured = f"{label}: {other.table} by {texts.known.table}"
        rows.append(_row(measured, name, "titles", scores))
    english = encode(texts.phrases["en"])
    return rows + _measure_phrases(texts, encode, name, is_ours, english, known)


def _measure_phrases(
    texts: _Texts, encode: TextEncoder, name: str, is_ours: bool, english: Vectors, known: Vectors
) -> list[Row]:
    rows, in_capitals = [], []
    for language, phrases in texts.phrases.items():
        if language == "en":
            continue
        is_found = find_twins(encode(phrases), english, known[:_N_OTHER_TITLES])
        has_target = is_ours and language not in _NOT_LEARNT
        target = _TWIN_TARGET if has_target else None
        row = _row("phrase finds its English twin", name, "phrases", is_found, target=target)
        rows.append(dataclasses.replace(row, group=language))
        if language not in _NOT_LEARNT:
            capitals = [phrase.upper() for phrase in phrases]
            in_capitals.append(find_twins(encode(capitals), english, known[:_N_OTHER_TITLES]))
    measured = "phrase in capitals finds its English twin: all learnt languages"
    target = _TWIN_TARGET if is_ours else None
    rows.append(_row(measured, name, "phrases", np.concatenate(in_capitals), target=target))
    return rows


def _row(
    measured: str,
    name: str,
    cases: str,
    scores: NDArray[np.float64] | NDArray[np.bool_],
    cost: Cost | None = None,
    target: Target | None = None,
) -> Row:
    values = np.stack([scores.astype(float), np.ones(len(scores))], axis=1)
    note = f"{PHRASES.name}, among {_N_OTHER_TITLES} titles" if cases == "phrases" else ""
    estimate = bootstrap(values, ratio)
    return Row(PART, measured, name, len(scores), cases, estimate, 3, cost, target, note)
