"""Keeps the record of the run that this process hands out the tasks of.

A run begins where its attempt is settled: once, in that process, before Luigi does anything. It
ends with the process (``atexit``), for Luigi leaves no other moment: see ``run_outcome``.
"""

import atexit
import contextlib
import dataclasses
import importlib.metadata
import multiprocessing
import os
import resource
import shlex
import signal
import socket
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import luigi
from luigi.worker import fork_lock

from thumbnail_tasks import settings
from thumbnail_tasks.errors import ThumbnailTasksError
from thumbnail_tasks.runs import anomalies, metrics, notifications, scheduler
from thumbnail_tasks.runs.failures import FailureLog
from thumbnail_tasks.runs.gpu_usage import GpuUse
from thumbnail_tasks.runs.outcome import OutcomeWatch, is_command, root_task
from thumbnail_tasks.runs.records import (
    Counts,
    FailureRecord,
    Record,
    read_records,
    record_path,
    reserve_room,
    write_json,
    write_record,
)
from thumbnail_tasks.runs.tally import RunTally
from thumbnail_tasks.storage.locks import claimed
from thumbnail_tasks.storage.parquet_target import written_whole
from thumbnail_tasks.tasks.progress import link_tasks_to, say
from thumbnail_tasks.tasks.shard_task import ShardTask

_MIN_INTERVAL_S = 0.1
_LOOKED_BACK = 50
"""Records among which those of dead runs, and the usual, are looked for."""

_SECRET_FLAGS = ("--messages-", "--smtp-", "--sendgrid-")


class RunInput(NamedTuple):
    """What a run is about."""

    data_dir: str
    videos: str
    videos_digest: str | None
    images_dir: str
    source: str | None
    attempt: int
    engines: Mapping[str, str | None]
    """The engine tag of each stage; None if the settings name none."""


Planned = Callable[[], Sequence[ShardTask]]
"""Gives all stages of all shards of a run's plan; none as long as there is no plan."""
Count = Callable[[frozenset[str]], Counts]
"""Counts a run's thumbnails; is given the names of the shards that the run has downloaded."""


class RunWatch:
    """One run, from its beginning to the end of its process."""

    def __init__(self, run: RunInput, planned: Planned, count: Count) -> None:
        self._run, self._planned, self._count = run, planned, count
        self._pid = os.getpid()
        self.tally = RunTally(run.data_dir, run.engines)
        self._is_planned = False
        self.failures = FailureLog()
        self._gpus = GpuUse()
        self._outcome = OutcomeWatch(lambda error: self.failures.add_unless_known("luigi", error))
        self._claim = contextlib.ExitStack()
        self._stopping = threading.Event()
        self._begun = _describe_run(run)
        self._has_room = False
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def begin(self) -> None:
        """Write that the run is on; tell of those before it that have died."""
        run_id = self._begun.run_id
        with _told_if_it_fails():
            _bury_the_dead(self._run.data_dir)
            name = _claim_of(run_id)
            self._claim.enter_context(claimed(Path(self._run.data_dir), name, lambda: None))
            reserve_room(self._run.data_dir, run_id)
            write_json(self._run.data_dir, self._begun)
            self._has_room = True
        with _told_if_it_fails():
            if address := settings.runs().metrics_address:
                metrics.answer_at(address, self._page)
        if link := settings.runs().link:
            link_tasks_to(f"{link.rstrip('/')}/{run_id}.json")
        atexit.register(self._end)
        self._metrics_file = str(settings.runs().metrics_file)
        self._interval_s = max(settings.runs().update_interval_s, _MIN_INTERVAL_S)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stopping.wait(self._interval_s):
            # No process is forked meanwhile: it would inherit locks that are held here for ever.
            with fork_lock, contextlib.suppress(ThumbnailTasksError, OSError):
                self._gpus.sample()
                self._update_tally()
                record = self._so_far()
                self._write_metrics(record)
                if self._has_room:  # else it would be taken for dead, if it could not say its end
                    write_json(self._run.data_dir, record)

    def _update_tally(self) -> None:
        if not self._is_planned:
            planned = self._planned()
            self.tally.expect_planned(planned)
            self._is_planned = bool(planned)
        self.tally.update()

    def _so_far(self) -> Record:
        failures = self.failures.read()
        first = failures[0] if failures else None
        counts = Counter(each.task for each in failures)
        stages = self.tally.stages()
        return dataclasses.replace(
            self._begun,
            updated_at=_now(),
            stages=stages,
            n_new=sum(each.n_thumbnails for each in stages if each.stage == "DownloadThumbnails"),
            peak_memory_bytes=_peak_memory_bytes(),
            gpus=self._gpus.cards(),
            failures=[FailureRecord(task=task, count=n) for task, n in counts.items()],
            first_error=first and f"{first.task}: {first.error}",
            first_trace=first and first.trace,
        )

    def _page(self) -> str:
        return metrics.exposition(self._so_far(), self._gpus.latest())

    def _write_metrics(self, record: Record) -> None:
        if self._metrics_file:
            with written_whole(Path(self._metrics_file)) as temporary:
                temporary.write_text(
                    metrics.exposition(record, self._gpus.latest()), encoding="utf-8"
                )

    def _end(self) -> None:
        if os.getpid() != self._pid:
            return
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # this takes a moment, and is wanted
        self._stopping.set()
        self._thread.join()
        outcome = self._outcome.tell()
        data_dir = self._run.data_dir
        if outcome is None:  # Luigi would not have it: another process runs the same command
            record_path(data_dir, self._begun.run_id).unlink(missing_ok=True)
            return
        if outcome.exit_code and not self.failures.read():
            for task, error in self._outcome.failures_elsewhere():
                self.failures.add(task, error)
                say(f"ERROR: {task}, in another process: {error}")
        if (reason := outcome.explain()) and not self.failures.read():
            self.failures.add("luigid", reason)
            say(f"ERROR: {reason}")
        for child in multiprocessing.active_children():  # their peak of memory is told at their end
            child.terminate()
            child.join()
        if outcome.state == "interrupted":
            self._outcome.give_back()
        counts = Counts()
        with _told_if_it_fails():
            self._update_tally()
            counts = self._count(self.tally.shards_made("DownloadThumbnails"))
        now = _now()
        record = dataclasses.replace(
            self._so_far(),
            **counts._asdict(),
            **outcome._asdict(),
            updated_at=now,
            ended_at=now,
        )
        if record.state == "succeeded":
            earlier = read_records(data_dir, _LOOKED_BACK)
            record = dataclasses.replace(record, warnings=anomalies.find_oddities(record, earlier))
        is_kept = False
        with _told_if_it_fails():
            write_record(data_dir, record)
            is_kept = True
        with _told_if_it_fails():
            self._write_metrics(record)
        self._claim.close()
        _send_if_needed(data_dir, record, is_kept)
        for warning in record.warnings:
            say(f"WARNING: {warning}")


_watch: RunWatch | None = None


def begin_run(describe: Callable[[], RunInput], planned: Planned, count: Count) -> None:
    """Keep the record of a run, if this is a command ``luigi`` and nothing has begun yet.

    A command that names no table, where nothing has ever run, asks how it is used: it makes no
    folder.
    """
    global _watch
    if _watch is None and is_command():
        run = describe()
        if run.videos or Path(run.data_dir).exists():
            _watch = RunWatch(run, planned, count)
            _watch.begin()
            scheduler.forgive(run.data_dir)


def _describe_run(run: RunInput) -> Record:
    now = _now()
    return Record(
        run_id=f"{now:%Y-%m-%dT%H-%M-%S}-{uuid.uuid4().hex[:6]}",
        state="running",
        task=root_task(),
        command=shlex.join(["luigi", *without_secrets(sys.argv[1:])]),
        folder=str(Path.cwd()),
        host=socket.gethostname(),
        started_at=now,
        updated_at=now,
        package_version=importlib.metadata.version("thumbnail-tasks"),
        luigi_version=importlib.metadata.version("luigi"),
        settings=settings.in_force() | {"core.workers": str(luigi.interface.core().workers)},
        videos=run.videos,
        videos_digest=run.videos_digest,
        images_dir=run.images_dir,
        source=run.source,
        attempt=run.attempt,
    )


def without_secrets(flags: Sequence[str]) -> list[str]:
    """A command's flags without those that may hold a secret, and their values."""
    kept: list[str] = []
    is_value = False
    for flag in flags:
        is_secret = flag.startswith(_SECRET_FLAGS)
        if not is_secret and not (is_value and not flag.startswith("--")):
            kept.append(flag)
        is_value = is_secret and "=" not in flag
    return kept


def _bury_the_dead(data_dir: str) -> None:
    """Mark the runs whose process has gone without a word, and tell of each once."""
    for record in read_records(data_dir, _LOOKED_BACK):
        if record.state == "running":
            with contextlib.suppress(_StillRunsError):
                with claimed(Path(data_dir), _claim_of(record.run_id), _refuse):
                    record = dataclasses.replace(record, state="died")
                    write_record(data_dir, record)
                say(f"WARNING: the run of {record.started_at:%Y-%m-%d %H:%M} UTC died")
                _send_if_needed(data_dir, record, is_kept=True)


class _StillRunsError(Exception):
    """A run's process has its claim."""


def _refuse() -> None:
    raise _StillRunsError


def _claim_of(run_id: str) -> str:
    return f"runs/{run_id}"


def _send_if_needed(data_dir: str, record: Record, is_kept: bool) -> None:
    if notifications.needs_a_person(record):
        path = str(record_path(data_dir, record.run_id)) if is_kept else "could not be written"
        notifications.send(notifications.compose(record, path), record)
        say(f"Record of this run: {path}" if record.state != "died" else f"Its record: {path}")


@contextlib.contextmanager
def _told_if_it_fails() -> Iterator[None]:
    """What cannot be kept of a run is no reason for the run to fail."""
    try:
        yield
    except (ThumbnailTasksError, OSError) as error:
        say(f"Record of the run: {error}")


def _peak_memory_bytes() -> int:
    """The most that this process, or one that it has seen end, ever held."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(each).ru_maxrss for each in whose) * 1024


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@ShardTask.event_handler(luigi.Event.DEPENDENCY_DISCOVERED)
def _expect(task: ShardTask, dependency: luigi.Task) -> None:
    if _watch:
        _watch.tally.expect(task)


@luigi.Task.event_handler(luigi.Event.FAILURE)
@luigi.Task.event_handler(luigi.Event.PROCESS_FAILURE)
@luigi.Task.event_handler(luigi.Event.TIMEOUT)
@luigi.Task.event_handler(luigi.Event.BROKEN_TASK)
def _note_failure(task: luigi.Task, error: BaseException | str) -> None:
    if _watch:
        _watch.failures.add(task.task_family, error)


@luigi.Task.event_handler(luigi.Event.DEPENDENCY_MISSING)
def _note_missing(task: luigi.Task) -> None:
    if _watch:
        _watch.failures.add(task.task_family, f"{task}: expected its results; they are not there")
