"""The fields and states of a run's record."""

import dataclasses

import pytest

from thumbnail_tasks.runs import records
from thumbnail_tasks.runs.records import Record, StageRecord


def test_every_field_of_a_record_is_a_column() -> None:
    assert [each.name for each in dataclasses.fields(Record)] == records.RUNS.names
    stages = records.RUNS.field("stages").type.value_type
    assert [each.name for each in dataclasses.fields(StageRecord)] == [f.name for f in stages]


@pytest.mark.parametrize("state", records.RUN_STATES)
def test_every_state_is_explained(state: str) -> None:
    about = records.RUNS.field("state").metadata
    assert state.encode() in about[b"description"]
