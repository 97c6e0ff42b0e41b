"""Words that spelling correction repairs and breaks on labelled pictures."""

from collections.abc import Mapping, Sequence

from benchmarks.accuracy.intervals import bootstrap, ratio, total
from benchmarks.accuracy.labels import Thumbnail
from benchmarks.accuracy.table import Row, Target
from benchmarks.accuracy.words import count_corrections
from thumbnail_tasks.stages.texts import CorrectText

_MAX_BROKEN = Target("<", 0.01)
_MORE_REPAIRED = Target(">", 0)


def score_correction(
    part: str,
    labels: Sequence[Thumbnail],
    raw: Mapping[str, str],
    corrected: Mapping[str, str],
) -> list[Row]:
    """Score the corrector.

    Args:
        part: The part of the table.
        labels: The pictures.
        raw: Video id to the text before correction.
        corrected: Video id to the text after correction.
    """
    counts = [
        count_corrections(
            label.words, label.optional_words, raw[label.video_id], corrected[label.video_id]
        )
        for label in labels
    ]
    about = f"ours: {CorrectText.selected_engine().name()}", len(counts), "pictures"
    repaired = bootstrap([[c.n_repaired] for c in counts], total)
    broken = bootstrap([[c.n_broken] for c in counts], total)
    balance = bootstrap([[c.n_repaired - c.n_broken] for c in counts], total)
    share = bootstrap([(c.n_broken, c.n_right) for c in counts], ratio)
    n_right = sum(picture.n_right for picture in counts)
    note = f"of {n_right} right before correction, including optional ones"
    return [
        Row(part, "words repaired by correction", *about, repaired, 0),
        Row(part, "right words broken", *about, broken, 0),
        Row(part, "right words broken, share", *about, share, target=_MAX_BROKEN, note=note),
        Row(part, "words repaired minus words broken", *about, balance, 0, target=_MORE_REPAIRED),
    ]
