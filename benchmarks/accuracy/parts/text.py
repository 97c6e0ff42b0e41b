"""Words: ours from the main job, and those of RapidOCR with its defaults."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.accuracy.intervals import bootstrap, difference_of_ratios, ratio
from benchmarks.accuracy.labels import LARGEST, QUALITY, MissingError, Thumbnail, find_picture
from benchmarks.accuracy.ours import our_text, time_correction
from benchmarks.accuracy.parts import Measured, Setting
from benchmarks.accuracy.parts.correction import score_correction
from benchmarks.accuracy.parts.word_cards import draw_words
from benchmarks.accuracy.peers.plain_rapidocr import plain_rapidocr
from benchmarks.accuracy.table import Cost, Row, Target, skipped
from benchmarks.accuracy.timing import Outcome, run_contest
from benchmarks.accuracy.words import WordCounts, count_words

PART = "text"
_RECALL, _PRECISION, _FALSE = "word recall", "word precision", "false text on wordless pictures"
_TARGETS = {_RECALL: Target("≥", 0.85), _PRECISION: Target("≥", 0.82), _FALSE: Target("≤", 0.125)}


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
    by_us, by_plain = run_contest(
        [ours, plain], [label.picture for label in labels], setting.cache, f"text at {QUALITY}"
    )
    reading_ms = by_us.cost.median_ms
    words_of = [results.words.get(label.video_id, []) for label in labels]
    cost = Cost(reading_ms + time_correction(words_of, results.vocabulary))
    plain_texts = _texts(labels, by_plain)
    rows = [
        *score_texts(PART, f"{ours.name}, corrected", labels, corrected, cost, _TARGETS),
        *score_texts(PART, f"{ours.name}, uncorrected", labels, raw, by_us.cost),
        *score_texts(PART, f"{plain.name}, {QUALITY}", labels, plain_texts, by_plain.cost),
        *_measure_largest(setting, labels),
    ]
    rows.sort(key=lambda row: list(_TARGETS).index(row.measured))
    rows += _compare(labels, corrected, plain_texts)
    rows += setting.rows_left_out(PART)
    rows += score_correction(PART, labels, raw, corrected)
    return Measured(rows, {"Words": draw_words(labels, results)})


def score_texts(
    part: str,
    engine: str,
    labels: Sequence[Thumbnail],
    texts: Mapping[str, str],
    cost: Cost | None = None,
    targets: Mapping[str, Target] | None = None,
) -> list[Row]:
    """Score one engine: word recall, word precision, false text.

    Args:
        part: The part of the table.
        engine: Its name in the table.
        labels: The pictures.
        texts: Video id to the recognised text.
        cost: Time per picture.
        targets: The engine's targets, by measurement.
    """
    counts = _count(labels, texts)
    wordless = [picture for picture in counts if picture.is_wordless]
    n_wanted = sum(picture.n_wanted for picture in counts)
    n_reported = sum(picture.n_reported for picture in counts)
    n_invented = sum(picture.is_invented for picture in wordless)
    scores: list[tuple[str, list[tuple[float, float]], str]] = [
        (_RECALL, [(c.n_hits, c.n_wanted) for c in counts], f"{n_wanted} words"),
        (_PRECISION, [(c.n_hits, c.n_reported) for c in counts], f"{n_reported} words reported"),
        (_FALSE, [(c.is_invented, 1) for c in wordless], f"on {n_invented}"),
    ]
    rows = []
    for measured, cases, note in scores:
        if not cases:
            rows.append(skipped(part, measured, engine, "no picture without words"))
            continue
        score = bootstrap(cases, ratio)
        target = (targets or {}).get(measured)
        about = (len(cases), "pictures")
        rows.append(Row(part, measured, engine, *about, score, cost=cost, target=target, note=note))
    return rows


def _count(labels: Sequence[Thumbnail], texts: Mapping[str, str]) -> list[WordCounts]:
    return [
        count_words(label.words, label.optional_words, texts[label.video_id]) for label in labels
    ]


def _measure_largest(setting: Setting, labels: Sequence[Thumbnail]) -> list[Row]:
    """Score RapidOCR on the originals, if there are any."""
    plain = plain_rapidocr(is_cached=True)
    engine = f"{plain.name}, {LARGEST}"
    found = [find_picture(setting.data, LARGEST, label.video_id) for label in labels]
    originals: dict[Thumbnail, Path] = {
        label: path for label, path in zip(labels, found, strict=True) if path
    }
    if not originals:
        return [skipped(PART, _RECALL, engine, f"no {LARGEST} of a labelled picture")]
    pictures = list(originals.values())
    (outcome,) = run_contest([plain], pictures, setting.cache, f"text at {LARGEST}")
    return score_texts(
        PART, engine, list(originals), _texts(list(originals), outcome), outcome.cost
    )


def _texts(labels: Sequence[Thumbnail], outcome: Outcome) -> dict[str, str]:
    return {label.video_id: text for label, text in zip(labels, outcome.results, strict=True)}


def _compare(
    labels: Sequence[Thumbnail], ours: Mapping[str, str], theirs: Mapping[str, str]
) -> list[Row]:
    """Compare on the same pictures in each draw, which removes variation common to both."""
    pairs = list(zip(_count(labels, ours), _count(labels, theirs), strict=True))
    cases = {
        _RECALL: [(a.n_hits, a.n_wanted, b.n_hits, b.n_wanted) for a, b in pairs],
        _PRECISION: [(a.n_hits, a.n_reported, b.n_hits, b.n_reported) for a, b in pairs],
    }
    return [
        Row(
            *(PART, f"{measured}, difference", "ours, corrected, minus RapidOCR's defaults"),
            *(len(pairs), "pictures", bootstrap(both, difference_of_ratios)),
            note=f"paired, at {QUALITY}",
        )
        for measured, both in cases.items()
    ]
