"""Which results of a run that succeeded are anomalies."""

from collections.abc import Sequence

import pytest

from tests.run_records import a_record, a_stage
from thumbnail_tasks.runs.anomalies import find_anomalies
from thumbnail_tasks.runs.records import Record


def downloads(n: int = 1000, n_failed: int = 0, **others: object) -> Record:
    return a_record(a_stage("DownloadThumbnails", n, n_ok=n - n_failed), **others)


def texts(n: int, n_found: int | None, n_ok: int | None = None) -> Record:
    return a_record(a_stage("CorrectText", n, n_found=n_found, n_ok=n_ok))


def faces(n: int, n_found: int, seconds: float = 100.0, engine: str = "one-1") -> Record:
    stage = a_stage("DetectFaces", n, seconds, n_found=n_found, engine=engine)
    return a_record(stage)


USUAL = [downloads(n_failed=50)] * 4
BUSY = [faces(1000, 400, seconds=100)] * 4

ANOMALIES: list[tuple[Record, Sequence[Record], str]] = [
    (texts(50, 0), [], "CorrectText: expected text on some of 50 new pictures; found none"),
    (faces(800, 0), [], "DetectFaces: expected faces on some of 800 new pictures; found none"),
    (downloads(n_failed=100), USUAL, "expected about 5.0% of new thumbnails to fail"),
    (downloads(n_failed=100), USUAL, "found 10.0% (100 of 1000: 100 timed_out)"),
    (downloads(n_failed=20), [downloads()] * 3, "found 2.0% (20 of 1000"),
    (faces(1000, 400, seconds=1000), BUSY, "expected about 10 thumbnails per second"),
    (faces(100, 40, seconds=100), BUSY, "with one-1; found 1"),
]

NORMAL: list[tuple[Record, Sequence[Record]]] = [
    (texts(49, 0), []),  # too few to tell
    (texts(800, 0, n_ok=49), []),  # the same: the others had no picture
    (texts(800, 1), []),
    (texts(0, None), []),  # nothing was new
    (faces(800, 1), []),
    (downloads(n_failed=99), USUAL),
    (downloads(49, 49), USUAL),
    (downloads(n_failed=1000), USUAL[:2]),  # two runs are too few to compare with
    (downloads(n_failed=9), [downloads()] * 9),  # too few failures
    (downloads(400, 9), [downloads(n_failed=1)] * 9),
    (downloads(n_failed=100), [downloads(n_failed=50, source="folder-2")] * 4),
    (downloads(n_failed=100), [downloads(n_failed=50, state="failed")] * 4),
    (downloads(n_failed=100), [downloads(49)] * 4),
    # Only the last ten runs are compared with.
    (downloads(n_failed=100), [downloads()] * 20 + [downloads(n_failed=80)] * 10),
    (faces(1000, 400, seconds=999), BUSY),
    (faces(1000, 400, seconds=5000), BUSY[:2]),
    (faces(49, 20, seconds=5000), BUSY),
    (faces(1000, 400, seconds=5000, engine="two-2"), BUSY),  # no run of this engine
    (faces(1000, 400, seconds=1), BUSY),
    (a_record(), [*USUAL, *BUSY]),
]


@pytest.mark.parametrize(("record", "earlier", "message"), ANOMALIES)
def test_an_anomaly_is_one_line(record: Record, earlier: Sequence[Record], message: str) -> None:
    (line,) = find_anomalies(record, earlier)
    assert message in line


@pytest.mark.parametrize(("record", "earlier"), NORMAL)
def test_chance_and_missing_history_give_no_anomaly(
    record: Record, earlier: Sequence[Record]
) -> None:
    assert find_anomalies(record, earlier) == []


def test_one_bad_night_does_not_become_the_norm() -> None:
    earlier = [*USUAL, downloads(n_failed=900)]
    assert len(find_anomalies(downloads(n_failed=100), earlier)) == 1
