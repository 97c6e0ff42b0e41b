"""Words: ours as the main job makes them, and RapidOCR called plainly."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.accuracy.intervals import bootstrap, difference_of_ratios, ratio
from benchmarks.accuracy.labels import LARGEST, QUALITY, MissingError, Thumbnail, find_picture
from benchmarks.accuracy.ours import our_text, time_correction
from benchmarks.accuracy.parts import Measured, Setting
from benchmarks.accuracy.parts.correction import score_correction
from benchmarks.accuracy.parts.word_cards import draw_words
from benchmarks.accuracy.peers.plain_rapidocr import plain_rapidocr
from benchmarks.accuracy.table import Bar, Cost, Row, skipped
from benchmarks.accuracy.timing import Outcome, run_contest
from benchmarks.accuracy.words import WordCounts, count_words

PART = "text"
_RECALL, _PRECISION, _FALSE = "word recall", "word precision", "false text on wordless pictures"
_BARS = {_RECALL: Bar("≥", 0.85), _PRECISION: Bar("≥", 0.82), _FALSE: Bar("≤", 0.125)}


def measure_text(setting: Setting) -> Measured:
    """Score the words of the labelled thumbnails.

    Raises:
        MissingError: There are no labelled thumbnails.
    """
    labels = setting.thumbnails
    if not any(label.words for label in labels):
        raise MissingError(f"no words in {setting.data / 'thumbnails' / 'labels.csv'}")
    results = setting.results
    raw, corrected = (
        {name: row[column] or "" for name, row in results.attributes.items()}
        for column in ("thumbnail_ocr_raw", "thumbnail_ocr")
    )
    ours, plain = our_text(), plain_rapidocr()
    by_us, plainly = run_contest(
        [ours, plain], [label.picture for label in labels], setting.cache, f"text at {QUALITY}"
    )
    reading_ms = by_us.cost.median_ms
    words_of = [results.words.get(label.video_id, []) for label in labels]
    cost = Cost(reading_ms + time_correction(words_of, results.vocabulary))
    said_plainly = _texts(labels, plainly)
    rows = [
        *score_texts(PART, f"{ours.name}, corrected", labels, corrected, cost, _BARS),
        *score_texts(PART, f"{ours.name}, as read", labels, raw, by_us.cost),
        *score_texts(PART, f"{plain.name}, {QUALITY}", labels, said_plainly, plainly.cost),
        *_measure_largest(setting, labels),
    ]
    rows.sort(key=lambda row: list(_BARS).index(row.measured))
    rows += _compare(labels, corrected, said_plainly)
    rows += setting.tell_left_out(PART)
    rows += score_correction(PART, labels, raw, corrected)
    return Measured(rows, {"Words": draw_words(labels, results)})


def score_texts(
    part: str,
    engine: str,
    labels: Sequence[Thumbnail],
    said: Mapping[str, str],
    cost: Cost | None = None,
    bars: Mapping[str, Bar] | None = None,
) -> list[Row]:
    """The rows of one engine: word recall, word precision, false text.

    Args:
        part: The part of the table.
        engine: Its name in the table.
        labels: The pictures.
        said: Video id to the text that was read.
        cost: What a picture took.
        bars: What is asked of it, by what is measured.
    """
    counts = _count(labels, said)
    wordless = [picture for picture in counts if picture.is_wordless]
    n_wanted = sum(picture.n_wanted for picture in counts)
    n_reported = sum(picture.n_reported for picture in counts)
    n_invented = sum(picture.is_invented for picture in wordless)
    scores: list[tuple[str, list[tuple[float, float]], str]] = [
        (_RECALL, [(c.n_hits, c.n_wanted) for c in counts], f"{n_wanted} words"),
        (_PRECISION, [(c.n_hits, c.n_reported) for c in counts], f"{n_reported} words said"),
        (_FALSE, [(c.is_invented, 1) for c in wordless], f"on {n_invented}"),
    ]
    rows = []
    for measured, cases, note in scores:
        if not cases:
            rows.append(skipped(part, measured, engine, "no picture without words"))
            continue
        score = bootstrap(cases, ratio)
        bar = (bars or {}).get(measured)
        about = (len(cases), "pictures")
        rows.append(Row(part, measured, engine, *about, score, cost=cost, bar=bar, note=note))
    return rows


def _count(labels: Sequence[Thumbnail], said: Mapping[str, str]) -> list[WordCounts]:
    return [
        count_words(label.words, label.optional_words, said[label.video_id]) for label in labels
    ]


def _measure_largest(setting: Setting, labels: Sequence[Thumbnail]) -> list[Row]:
    """RapidOCR on the originals, where they are there."""
    plain = plain_rapidocr(is_cached=True)
    engine = f"{plain.name}, {LARGEST}"
    found = [find_picture(setting.data, LARGEST, label.video_id) for label in labels]
    there: dict[Thumbnail, Path] = {
        label: path for label, path in zip(labels, found, strict=True) if path
    }
    if not there:
        return [skipped(PART, _RECALL, engine, f"no {LARGEST} of a labelled picture")]
    pictures = list(there.values())
    (outcome,) = run_contest([plain], pictures, setting.cache, f"text at {LARGEST}")
    return score_texts(PART, engine, list(there), _texts(list(there), outcome), outcome.cost)


def _texts(labels: Sequence[Thumbnail], outcome: Outcome) -> dict[str, str]:
    return {label.video_id: text for label, text in zip(labels, outcome.results, strict=True)}


def _compare(
    labels: Sequence[Thumbnail], ours: Mapping[str, str], theirs: Mapping[str, str]
) -> list[Row]:
    """The same pictures in each draw: chance that meets both alike falls out."""
    pairs = list(zip(_count(labels, ours), _count(labels, theirs), strict=True))
    cases = {
        _RECALL: [(a.n_hits, a.n_wanted, b.n_hits, b.n_wanted) for a, b in pairs],
        _PRECISION: [(a.n_hits, a.n_reported, b.n_hits, b.n_reported) for a, b in pairs],
    }
    return [
        Row(
            *(PART, f"{measured}, difference", "ours, corrected, less plain RapidOCR"),
            *(len(pairs), "pictures", bootstrap(both, difference_of_ratios)),
            note=f"paired, at {QUALITY}",
        )
        for measured, both in cases.items()
    ]
