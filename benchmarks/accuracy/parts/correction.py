"""What spelling correction repairs and breaks on labelled pictures."""

from collections.abc import Mapping, Sequence

from benchmarks.accuracy.intervals import bootstrap, ratio, total
from benchmarks.accuracy.labels import Thumbnail
from benchmarks.accuracy.table import Bar, Row
from benchmarks.accuracy.words import count_corrections
from thumbnail_tasks.stages.texts import CorrectText

_MAX_BROKEN = Bar("<", 0.01)
_MORE_REPAIRED = Bar(">", 0)


def score_correction(
    part: str,
    labels: Sequence[Thumbnail],
    raw: Mapping[str, str],
    corrected: Mapping[str, str],
) -> list[Row]:
    """The rows of the corrector.

    Args:
        part: The part of the table.
        labels: The pictures.
        raw: Video id to the text as read.
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
    note = f"of {sum(picture.n_right for picture in counts)} right as read, optional ones included"
    return [
        Row(part, "words repaired by correction", *about, repaired, 0),
        Row(part, "right words broken", *about, broken, 0),
        Row(part, "right words broken, share", *about, share, bar=_MAX_BROKEN, note=note),
        Row(part, "words repaired less words broken", *about, balance, 0, bar=_MORE_REPAIRED),
    ]
