"""The record of a run: its columns, and the same as a dataclass that becomes JSON."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, Self

import pyarrow as pa

from thumbnail_tasks.schemas import column

State = Literal["running", "succeeded", "failed", "stopped", "interrupted", "died"]
"""As explained in ``RUN_STATES``."""

RUN_STATES = {
    "running": "it has started; if its process no longer exists, the next run marks it as died",
    "succeeded": "exit code 0",
    "failed": "another exit code",
    "stopped": "it was told to start no more tasks (SIGUSR1), for example because a host is down",
    "interrupted": "Ctrl-C",
    "died": "its process was killed, or its machine went down",
}
"""The states of a run, and what they mean."""

_BY_STATUS = pa.map_(pa.string(), pa.int64())

RUNS = pa.schema(
    [
        column("run_id", pa.string(), "Start time (UTC) and random digits; names the files"),
        column("state", pa.string(), f"One of {', '.join(RUN_STATES)}"),
        column("task", pa.string(), "The task on the command line"),
        column("command", pa.string(), "The command; flags that may hold secrets are left out"),
        column("folder", pa.string(), "Working directory of the command"),
        column("host", pa.string(), "Machine that scheduled the tasks"),
        column("started_at", pa.timestamp("s", "UTC"), "When the run began"),
        column("updated_at", pa.timestamp("s", "UTC"), "Last heartbeat"),
        column("ended_at", pa.timestamp("s", "UTC"), "When it ended; null if it died"),
        column("exit_code", pa.int32(), "Exit code of the command; null if it died"),
        column("package_version", pa.string(), "Version of thumbnail-tasks"),
        column("luigi_version", pa.string(), "Version of Luigi"),
        column(
            "settings",
            pa.map_(pa.string(), pa.string()),
            "Settings in effect; not [messages]",
        ),
        column("videos", pa.string(), "The input, as --videos has it"),
        column("videos_digest", pa.string(), "Digest of its content; null if it cannot be read"),
        column("images_dir", pa.string(), "Folder of the pictures; empty: the network"),
        column("source", pa.string(), "Source of the pictures: a folder of thumbnails/"),
        column("attempt", pa.int32(), "1 for the first plan of this table, 2 for the next, …"),
        column("n_rows", pa.int64(), "Rows of the input; null if they were not read"),
        column("n_thumbnails", pa.int64(), "Distinct thumbnails; null if there is no plan"),
        column("n_new", pa.int64(), "Thumbnails that this run requested"),
        column("n_reused", pa.int64(), "Thumbnails that earlier runs had requested"),
        column("statuses", _BY_STATUS, "Thumbnails by status, new and reused"),
        column(
            "stages",
            pa.list_(
                pa.struct(
                    [
                        column("stage", pa.string(), "Name of its task"),
                        column("engine", pa.string(), "Engine tag: its results' folder"),
                        column("n_shards", pa.int64(), "Shards made by this run"),
                        column("n_shards_left", pa.int64(), "Shards still to be made"),
                        column("n_thumbnails", pa.int64(), "Thumbnails of the shards made"),
                        column("statuses", _BY_STATUS, "The same by status"),
                        column(
                            "n_found",
                            pa.int64(),
                            "With text, with faces; else null",
                        ),
                        column("seconds", pa.float64(), "Time for the shards made", "s"),
                        column("thumbnails_per_second", pa.float64(), "Null without any", "1/s"),
                    ]
                )
            ),
            "What each stage did in this run",
        ),
        column(
            "nodes",
            pa.list_(
                pa.struct(
                    [
                        column("node", pa.string(), "IP address"),
                        column("n_actors", pa.int64(), "Processes that made shards"),
                        column("n_shards", pa.int64(), "Shards made, counted once per stage"),
                        column("n_retried", pa.int64(), "Those of a second pool, or later"),
                        column("n_thumbnails", pa.int64(), "Thumbnails, counted once per stage"),
                        column("seconds", pa.float64(), "Time of its actors", "s"),
                    ]
                )
            ),
            "What each node of a cluster did in this run; empty without a cluster",
        ),
        column("peak_memory_bytes", pa.int64(), "Peak memory of one of its processes", "B"),
        column(
            "gpus",
            pa.list_(
                pa.struct(
                    [
                        column("index", pa.string(), "Its number in nvidia-smi"),
                        column("name", pa.string(), "Its name"),
                        column("busy_share", pa.float64(), "Share of the run's time, 0 to 1"),
                    ]
                )
            ),
            "All GPUs of the host, also if others used them; null without nvidia-smi",
        ),
        column(
            "failures",
            pa.list_(
                pa.struct(
                    [
                        column("task", pa.string(), "Kind of task"),
                        column("count", pa.int64(), "Failures, retried ones included"),
                    ]
                )
            ),
            "Which tasks failed, and how often",
        ),
        column("first_error", pa.string(), "The first failure, in one line"),
        column("first_trace", pa.string(), "Its stack trace; null for this package's own errors"),
        column("warnings", pa.list_(pa.string()), "Anomalies of a run that succeeded"),
    ]
)

_MOMENTS: Final = ("started_at", "updated_at", "ended_at")


class Counts(NamedTuple):
    """Counts of a run's table; null if the run did not get that far."""

    n_rows: int | None = None
    n_thumbnails: int | None = None
    n_reused: int | None = None
    statuses: Mapping[str, int] | None = None
    """Thumbnails by status, new and reused."""


@dataclass(frozen=True, kw_only=True)
class StageRecord:
    """What one stage did in one run, as a row of ``stages`` in ``RUNS``."""

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
class NodeRecord:
    """What one node of a cluster did in one run, as a row of ``nodes`` in ``RUNS``."""

    node: str
    n_actors: int
    n_shards: int
    n_retried: int
    n_thumbnails: int
    seconds: float


@dataclass(frozen=True, kw_only=True)
class GpuRecord:
    """A GPU of the run's host."""

    index: str
    name: str
    busy_share: float | None
    """Mean over the run, 0 to 1; None if the GPU does not report it."""


@dataclass(frozen=True, kw_only=True)
class FailureRecord:
    """How often a kind of task failed, failures that were retried successfully included."""

    task: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Record:
    """One run, as a row of ``RUNS``."""

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
    nodes: Sequence[NodeRecord] = ()
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
        """The record as indented JSON."""
        moments = {name: _iso(getattr(self, name)) for name in _MOMENTS}
        return json.dumps(dataclasses.asdict(self) | moments, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The record in a file of this version or another one.

        Raises:
            ValueError: It is not a record.
        """
        try:
            found = _known(cls, json.loads(text))
            for name in _MOMENTS:
                found[name] = found.get(name) and datetime.fromisoformat(found[name])
            for name, kind in (
                ("stages", StageRecord),
                ("nodes", NodeRecord),
                ("gpus", GpuRecord),
                ("failures", FailureRecord),
            ):
                if found.get(name):
                    found[name] = [kind(**_known(kind, each)) for each in found[name]]
            return cls(**found)
        except (TypeError, AttributeError) as error:
            raise ValueError(f"not a run's record: {error}") from error


def _known(kind: type, found: Mapping[str, Any]) -> dict[str, Any]:
    """The values for which this version has a field."""
    names = {each.name for each in dataclasses.fields(kind)}
    return {name: value for name, value in found.items() if name in names}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
