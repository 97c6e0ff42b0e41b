"""The line on the whole run: what is done, how fast, and when it ends."""

from datetime import UTC, datetime

import pytest

from thumbnail_tasks.runs.total import StageProgress, describe_total, format_duration

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def progress(**about: object) -> StageProgress:
    values = {
        **{"n_shards": 0, "n_shards_left": 0, "n_thumbnails": 0},
        **{"n_thumbnails_left": 0, "seconds": 0.0, "usual_rate": None},
        **about,
    }
    return StageProgress(**values)  # type: ignore[arg-type]


DONE = progress(n_shards=4, n_thumbnails=400, seconds=10.0)
HALF = progress(n_shards=2, n_shards_left=2, n_thumbnails=200, n_thumbnails_left=200, seconds=90.0)
WAITING = progress(n_shards_left=4, n_thumbnails_left=400)


def test_the_time_left_is_the_work_left_at_the_measured_rates() -> None:
    line = describe_total([DONE, HALF], 100.0, NOW)
    assert line == "6/8 shard stages, 3.0 thumbnails/s, 2 min left (12:01)"


def test_processes_share_the_rest_as_they_have_shared_the_work() -> None:
    line = describe_total([DONE, HALF], 50.0, NOW)  # 100 s of work in 50 s
    assert line.endswith("45 s left (12:00)")


def test_a_stage_that_has_not_started_counts_at_the_rate_of_an_earlier_run() -> None:
    line = describe_total([DONE, WAITING._replace(usual_rate=0.1)], 10.0, NOW)
    assert line.endswith("67 min left (13:06)")


def test_without_any_rate_of_a_stage_only_a_minimum_is_given() -> None:
    assert describe_total([DONE, HALF, WAITING], 100.0, NOW).endswith(", more than 2 min left")
    assert describe_total([WAITING, WAITING], 1.0, NOW) == "0/8 shard stages"


def test_a_run_of_days_names_the_day_of_its_end() -> None:
    line = describe_total([DONE, WAITING._replace(usual_rate=0.001)], 10.0, NOW)
    assert line.endswith("5 days left (2026-02-05 03:06)")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (89, "89 s"), (90, "2 min"), (5340, "89 min"), (5400, "1 h 30 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
