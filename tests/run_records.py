"""Records of runs for tests."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from thumbnail_tasks.runs.records import Record, StageRecord

BEGAN = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


def a_stage(
    stage: str, n: int = 1000, seconds: float = 100.0, n_ok: int | None = None, **others: Any
) -> StageRecord:
    """A stage with ``n`` thumbnails, ``n_ok`` (default: all) of them with a picture."""
    n_ok = n if n_ok is None else n_ok
    statuses: Mapping[str, int] = {"ok": n_ok, "timed_out": n - n_ok}
    made: dict[str, Any] = {"engine": "one-1", "n_shards": 2, "n_thumbnails": n}
    return StageRecord(stage=stage, statuses=statuses, seconds=seconds, **(made | others))


def a_record(*stages: StageRecord, **others: Any) -> Record:
    """A run of one hour that succeeded."""
    about: dict[str, Any] = {
        "run_id": "2026-03-01T02-00-00-abc123",
        "state": "succeeded",
        "exit_code": 0,
        "task": "ExportAttributes",
        "command": "luigi --module thumbnail_tasks ExportAttributes --videos 'my videos.csv'",
        "folder": "/srv/my nights",
        "host": "box",
        "started_at": BEGAN,
        "updated_at": BEGAN.replace(hour=3),
        "ended_at": BEGAN.replace(hour=3),
        "videos": "my videos.csv",
        "source": "hqdefault-1",
    }
    return Record(stages=stages, **(about | others))
