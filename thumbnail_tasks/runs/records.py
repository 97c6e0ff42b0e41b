"""What a run came to: a JSON file for people, and a row of a table of runs."""

import contextlib
import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, Self

import pyarrow as pa

from thumbnail_tasks import schemas
from thumbnail_tasks.storage.parquet_target import ParquetTarget, written_whole

State = Literal["running", "succeeded", "failed", "stopped", "interrupted", "died"]
"""As ``schemas.RUN_STATES`` explains them."""

_MOMENTS: Final = ("started_at", "updated_at", "ended_at")
_ROOM_BYTES: Final = 65_536
"""Twice what a record and its row take."""


class Counts(NamedTuple):
    """What is known of a run's table; null where the run did not come so far."""

    n_rows: int | None = None
    n_thumbnails: int | None = None
    n_reused: int | None = None
    statuses: Mapping[str, int] | None = None
    """Thumbnails by status, new and reused."""


@dataclass(frozen=True, kw_only=True)
class StageRecord:
    """What one stage did in one run, as a row of ``stages`` in ``schemas.RUNS``."""

    stage: str
    engine: str | None
    n_shards: int = 0
    n_shards_left: int = 0
    n_thumbnails: int = 0
    statuses: Mapping[str, int] = field(default_factory=dict)
    n_found: int | None = None
    seconds: float = 0.0
    thumbnails_per_second: float | None = None

    @property
    def n_pictures(self) -> int:
        """The thumbnails that had a picture."""
        return self.statuses.get("ok", 0)


@dataclass(frozen=True, kw_only=True)
class GpuRecord:
    """A graphics card of the run's host."""

    index: str
    name: str
    busy_share: float | None
    """Mean over the run, 0 to 1; None where the card does not tell."""


@dataclass(frozen=True, kw_only=True)
class FailureRecord:
    """How often a kind of task failed; tries that succeeded later count, too."""

    task: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Record:
    """One run, as a row of ``schemas.RUNS``."""

    run_id: str
    state: State
    task: str
    command: str
    folder: str
    host: str
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None
    exit_code: int | None = None
    package_version: str = ""
    luigi_version: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    videos: str = ""
    videos_digest: str | None = None
    images_dir: str = ""
    source: str | None = None
    attempt: int = 0
    n_rows: int | None = None
    n_thumbnails: int | None = None
    n_new: int | None = None
    n_reused: int | None = None
    statuses: Mapping[str, int] | None = None
    stages: Sequence[StageRecord] = ()
    peak_memory_bytes: int | None = None
    gpus: Sequence[GpuRecord] | None = None
    failures: Sequence[FailureRecord] = ()
    first_error: str | None = None
    first_trace: str | None = None
    warnings: Sequence[str] = ()

    def stage(self, name: str) -> StageRecord | None:
        """What the stage of that name did."""
        return next((stage for stage in self.stages if stage.stage == name), None)

    def to_json(self) -> str:
        """The record as a person reads it."""
        moments = {name: _iso(getattr(self, name)) for name in _MOMENTS}
        return json.dumps(dataclasses.asdict(self) | moments, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The record in a file, of this version or another one.

        Raises:
            ValueError: It is none.
        """
        try:
            found = _known(cls, json.loads(text))
            for name in _MOMENTS:
                found[name] = found.get(name) and datetime.fromisoformat(found[name])
            for name, kind in (
                ("stages", StageRecord),
                ("gpus", GpuRecord),
                ("failures", FailureRecord),
            ):
                if found.get(name):
                    found[name] = [kind(**_known(kind, each)) for each in found[name]]
            return cls(**found)
        except (TypeError, AttributeError) as error:
            raise ValueError(f"not a run's record: {error}") from error


def _known(kind: type, found: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that this version has a field for."""
    names = {each.name for each in dataclasses.fields(kind)}
    return {name: value for name, value in found.items() if name in names}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def records_dir(data_dir: str) -> Path:
    """Where the records of a data directory are."""
    return Path(data_dir, "runs")


def record_path(data_dir: str, run_id: str) -> Path:
    """The JSON file of a run."""
    return records_dir(data_dir) / f"{run_id}.json"


def write_json(data_dir: str, record: Record) -> None:
    """Place a record's JSON file, or replace it.

    Raises:
        StorageError: It cannot be written.
    """
    with written_whole(record_path(data_dir, record.run_id)) as temporary:
        temporary.write_text(record.to_json(), encoding="utf-8")


def reserve_room(data_dir: str, run_id: str) -> None:
    """Keep room for ``write_record``: a run that a full disk ends is to say so.

    Raises:
        StorageError: There is none.
    """
    with written_whole(_room_path(data_dir, run_id)) as temporary:
        temporary.write_bytes(os.urandom(_ROOM_BYTES))  # no file system makes less of it


def _room_path(data_dir: str, run_id: str) -> Path:
    return records_dir(data_dir) / f".writing-room-{run_id}"


def write_record(data_dir: str, record: Record) -> None:
    """Place what is left of a run that has ended: its JSON file, then its row.

    The row is a file of its own: the folder is the table, and nothing is ever rewritten.

    Raises:
        StorageError: It cannot be written.
    """
    row = pa.Table.from_pylist([dataclasses.asdict(record)], schemas.RUNS)
    with contextlib.suppress(OSError):
        _room_path(data_dir, record.run_id).unlink()
    write_json(data_dir, record)  # first: it is small, and the disk may be all but full
    ParquetTarget(str(record_path(data_dir, record.run_id).with_suffix(".parquet"))).write(row)


def read_records(data_dir: str, n_last: int) -> list[Record]:
    """The last so many records, the oldest first; what is no record is left out."""
    records = []
    for path in sorted(records_dir(data_dir).glob("*.json"))[-n_last:]:
        try:
            records.append(Record.from_json(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            continue
    return records
