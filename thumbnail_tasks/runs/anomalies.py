"""Anomalies of a run that succeeded."""

import statistics
from collections.abc import Iterable, Iterator, Sequence

from thumbnail_tasks.runs.records import Record, StageRecord

N_EARLIER = 10
"""Number of earlier runs to compare with; only comparable ones of some size count."""

_MIN_EARLIER = 3
_MIN_THUMBNAILS = 50
"""Fewer thumbnails are not judged, because chance may explain them."""

_MIN_FAILED, _MIN_FAILED_SHARE = 10, 0.02
_TIMES_AS_MANY_FAIL = 2
_TIMES_SLOWER = 10


def find_anomalies(record: Record, earlier: Sequence[Record]) -> list[str]:
    """What should be looked at although the run succeeded, one line each.

    Args:
        record: A run that succeeded.
        earlier: The runs before it, the oldest first.
    """
    return [
        *_nothing_found(record.stage("CorrectText"), "text"),
        *_nothing_found(record.stage("DetectFaces"), "faces"),
        *_nothing_found(record.stage("DetectObjects"), "objects"),
        *_many_failures(record, earlier),
        *_slow_stages(record, earlier),
    ]


def _nothing_found(stage: StageRecord | None, what: str) -> Iterator[str]:
    if stage and stage.n_found == 0 and stage.n_pictures >= _MIN_THUMBNAILS:
        yield (
            f"{stage.stage}: expected {what} on some of {stage.n_pictures} new pictures; "
            f"found none, with {stage.engine}"
        )


def _many_failures(record: Record, earlier: Sequence[Record]) -> Iterator[str]:
    share = _failed_share(record)
    usual = _median(_failed_share(each) for each in _last(earlier) if each.source == record.source)
    stage = record.stage("DownloadThumbnails")
    if share is None or usual is None or stage is None:
        return
    n_failed = stage.n_thumbnails - stage.n_pictures
    if n_failed < _MIN_FAILED or share < _MIN_FAILED_SHARE:
        return
    if share >= _TIMES_AS_MANY_FAIL * usual:
        yield (
            f"DownloadThumbnails: expected about {usual:.1%} of new thumbnails to fail, as in the "
            f"last runs; found {share:.1%} ({n_failed} of {stage.n_thumbnails}: "
            f"{_listed_failures(stage)})"
        )


def _slow_stages(record: Record, earlier: Sequence[Record]) -> Iterator[str]:
    for stage in record.stages:
        seconds = _seconds_each(stage)
        usual = _median(
            _seconds_each(before)
            for each in _last(earlier)
            if (before := each.stage(stage.stage)) and before.engine == stage.engine
        )
        if seconds and usual and seconds >= _TIMES_SLOWER * usual:
            yield (
                f"{stage.stage}: expected about {1 / usual:.3g} thumbnails per second, as in the "
                f"last runs with {stage.engine}; found {1 / seconds:.3g}"
            )


def _last(earlier: Sequence[Record]) -> Sequence[Record]:
    return [each for each in earlier if each.state == "succeeded"][-N_EARLIER:]


def _failed_share(record: Record) -> float | None:
    stage = record.stage("DownloadThumbnails")
    if not stage or stage.n_thumbnails < _MIN_THUMBNAILS:
        return None
    return (stage.n_thumbnails - stage.n_pictures) / stage.n_thumbnails


def _seconds_each(stage: StageRecord) -> float | None:
    return stage.seconds / stage.n_thumbnails if stage.n_thumbnails >= _MIN_THUMBNAILS else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if len(known) >= _MIN_EARLIER else None


def _listed_failures(stage: StageRecord) -> str:
    failed = sorted(stage.statuses.items(), key=lambda each: -each[1])
    return ", ".join(f"{count} {status}" for status, count in failed if status != "ok")
