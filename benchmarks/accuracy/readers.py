"""Run our reader and its peers on pictures of many scripts, and score what they report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.accuracy.intervals import bootstrap, ratio, total
from benchmarks.accuracy.labels import MissingError
from benchmarks.accuracy.ours import our_texts
from benchmarks.accuracy.peers.plain_rapidocr import plain_rapidocr
from benchmarks.accuracy.peers.plain_tesseract import PEER, missing_models, read_with_tesseract
from benchmarks.accuracy.scripts import BY_CHARACTERS, SCRIPTS, Label, Reading
from benchmarks.accuracy.table import Row, Target, skipped
from benchmarks.accuracy.timing import run_contest

RECALL: Final = "word recall"
PRECISION: Final = "word precision"
_ERRORS: Final = "character error rate"
_FALSE: Final = "false text (share of words)"
_UNREAD: Final = "unread lines"
_TOLD: Final = "script told right"
_MEASURED: Final = (RECALL, PRECISION, _ERRORS, _FALSE, _UNREAD, _TOLD)
"""In the order of the table."""


class Reader(NamedTuple):
    """An engine and what it reports."""

    name: str
    readings: Sequence[Reading | None]
    """One for each picture; None for those that it cannot read."""
    is_ours: bool = False
    note: str = ""


def run_readers(part: str, labels: Sequence[Label], cache: Path) -> tuple[list[Reader], list[Row]]:
    """Read all pictures with our engine, RapidOCR plainly, and Tesseract plainly.

    Returns:
        The readers, and rows with the reasons why a peer is absent or has left out pictures.
    """
    ours, plain = our_texts(), plain_rapidocr()
    by_us, by_plain = run_contest([ours, plain], [label.picture for label in labels], cache, part)
    readers = [
        Reader(ours.name, [Reading(**result) for result in by_us.results], is_ours=True),
        Reader(plain.name, [Reading(text) for text in by_plain.results]),
    ]
    try:
        name, texts = read_with_tesseract(labels)
    except MissingError as reason:
        return readers, [skipped(part, "all", PEER, reason)]
    readings = [None if text is None else Reading(text) for text in texts]
    readers.append(Reader(name, readings, note="told the language"))
    missing = missing_models(labels)
    left_out = skipped(part, f"{readings.count(None)} pictures", name, missing)
    return readers, [left_out] if missing else []


def score_readers(
    part: str,
    labels: Sequence[Label],
    readers: Sequence[Reader],
    groups: Mapping[str, Sequence[Label]],
    targets: Mapping[str, Mapping[str, Target]],
) -> list[Row]:
    """Score each reader on each group of pictures.

    Args:
        part: The part of the table.
        labels: All pictures.
        readers: What was reported of them.
        groups: The pictures of each script or language.
        targets: Ours, by group and measurement.
    """
    rows = []
    for group, members in groups.items():
        for reader in readers:
            pairs = [
                (label, reading)
                for label, reading in zip(labels, reader.readings, strict=True)
                if label in members and reading is not None
            ]
            for measured, cases in _measure(pairs).items():
                is_count = measured == _UNREAD
                target = targets.get(group, {}).get(measured) if reader.is_ours else None
                rows.append(
                    Row(
                        *(part, measured, reader.name, len(cases), "pictures"),
                        *(bootstrap(cases, total if is_count else ratio), 0 if is_count else 3),
                        target=target,
                        note=reader.note,
                        group=group,
                    )
                )
    return sorted(rows, key=lambda row: _MEASURED.index(row.measured))


def _measure(pairs: Sequence[tuple[Label, Reading]]) -> dict[str, list[tuple[float, ...]]]:
    """Sums of each picture for each thing measured, as ``bootstrap`` takes them."""
    if not pairs:
        return {}
    counts = [label.count_words(reading.text) for label, reading in pairs]
    cases: dict[str, list[tuple[float, ...]]] = {
        RECALL: [(count.n_hits, count.n_wanted) for count in counts],
        PRECISION: [(count.n_hits, count.n_reported) for count in counts],
        _FALSE: [(count.n_false_script, count.n_reported) for count in counts],
    }
    if all(label.language in BY_CHARACTERS for label, _ in pairs):
        cases[_ERRORS] = [label.count_edits(reading.text) for label, reading in pairs]
    if all(reading.n_unread_lines is not None for _, reading in pairs):
        cases[_UNREAD] = [(reading.n_unread_lines or 0,) for _, reading in pairs]
        cases[_TOLD] = [
            (reading.script == SCRIPTS.get(label.script), 1) for label, reading in pairs
        ]
    return cases
