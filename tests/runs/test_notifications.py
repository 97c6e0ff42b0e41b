"""The message about a run says what to do."""

import dataclasses

import pytest

from tests.run_records import a_record, a_stage
from thumbnail_tasks.runs.notifications import compose, needs_attention
from thumbnail_tasks.runs.records import FailureRecord

FAILED = a_record(
    a_stage("DetectFaces", n_shards_left=3),
    state="failed",
    exit_code=30,
    n_thumbnails=1500,
    n_new=1000,
    failures=[FailureRecord(task="DetectFaces", count=2), FailureRecord(task="X", count=1)],
    first_error="DetectFaces: out of luck",
)


def test_the_message_of_a_failed_run_has_its_failures_and_what_to_do() -> None:
    assert compose(FAILED, "data/runs/a.json").splitlines() == [
        "ExportAttributes on box FAILED (exit code 30) after 1:00:00",
        "Input: my videos.csv: 1500 thumbnails, 1000 of them new; 3 shards not made",
        "Failures: DetectFaces 2 times, X once",
        "First error: DetectFaces: out of luck",
        "Finished work is kept; run the same command again to resume. To see more:",
        "  cd '/srv/my nights' && luigi --module thumbnail_tasks ExportAttributes "
        "--videos 'my videos.csv' --log-level INFO --workers 1",
        "Record: data/runs/a.json",
    ]


def test_a_run_that_succeeded_with_warnings_lists_them() -> None:
    record = a_record(warnings=["DetectFaces: found none"])
    assert compose(record, "r.json").splitlines() == [
        "ExportAttributes on box succeeded with warnings (exit code 0) after 1:00:00",
        "Input: my videos.csv",
        "DetectFaces: found none",
        "Record: r.json",
    ]


def test_a_message_without_failed_tasks_says_so() -> None:
    text = compose(a_record(state="failed", exit_code=40), "r.json")
    assert "No task of this process failed" in text


def test_a_long_error_is_cut() -> None:
    text = compose(dataclasses.replace(FAILED, first_error="x" * 9999), "r.json")
    assert len(text) < 1500


@pytest.mark.parametrize(
    ("state", "warnings", "is_needed"),
    [
        ("failed", [], True),
        ("stopped", [], True),
        ("died", [], True),
        ("succeeded", ["a warning"], True),
        ("succeeded", [], False),
        ("interrupted", [], False),
        ("running", [], False),
    ],
)
def test_a_message_is_sent_if_a_run_needs_attention(
    state: str, warnings: list[str], is_needed: bool
) -> None:
    assert needs_attention(a_record(state=state, warnings=warnings)) is is_needed
