"""Record the run whose tasks this process schedules.

A run is recorded from ``start_recording`` until the process ends (``atexit``), because Luigi offers
no other moment: see ``runs.outcome``.
"""

import atexit
import contextlib
import dataclasses
import logging
import multiprocessing
import os
import resource
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import luigi
from luigi.worker import fork_lock

from thumbnail_tasks import luigi_patches, settings
from thumbnail_tasks.errors import ThumbnailTasksError
from thumbnail_tasks.runs import anomalies, metrics, notifications
from thumbnail_tasks.runs.dead_runs import lock_name, mark_dead_runs
from thumbnail_tasks.runs.failures import FailureLog
from thumbnail_tasks.runs.gpu_usage import GpuUsage
from thumbnail_tasks.runs.outcome import Outcome, OutcomeObserver
from thumbnail_tasks.runs.record_files import (
    N_RECENT,
    read_records,
    record_path,
    reserve_space,
    write_json,
    write_record,
)
from thumbnail_tasks.runs.records import Counts, FailureRecord, Record
from thumbnail_tasks.runs.scheduler import reset_failures
from thumbnail_tasks.runs.start import RunInput, describe_start, now
from thumbnail_tasks.runs.tally import RunTally
from thumbnail_tasks.runs.total import TotalLine
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.atomic import atomic_write
from thumbnail_tasks.storage.backend import Entry
from thumbnail_tasks.storage.locks import hold_lock
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.blocks import is_block
from thumbnail_tasks.tasks.interrupts import link_tasks_to
from thumbnail_tasks.tasks.shard_task import ShardTask

logger = logging.getLogger(__name__)

_MIN_INTERVAL_S = 0.1


Planned = Callable[[Callable[[ParquetTarget], bool]], Mapping[ShardTask, int] | None]
"""Returns the stages of the shards of a run's plan whose files fulfil a condition, with the number
of thumbnails of each shard; None until there is a plan."""
Count = Callable[[frozenset[str]], Counts]
"""Counts a run's thumbnails, given the names of the shards that it has downloaded."""


class RunRecorder:
    """Records one run, from its start to the end of its process."""

    def __init__(self, run: RunInput, planned: Planned, count: Count) -> None:
        self._run, self._planned, self._count = run, planned, count
        self._pid = os.getpid()
        self.tally = RunTally(run.data_dir, run.engines)
        self._is_planned = False
        self.failures = FailureLog()
        self._gpus = GpuUsage()
        self._total = TotalLine(run.data_dir, list(run.engines))
        self._observer = OutcomeObserver(
            lambda error: self.failures.add_unless_known("luigi", error)
        )
        self._lock = contextlib.ExitStack()
        self._stopping = threading.Event()
        self._start_record = describe_start(run)
        self._has_space = False
        self._metrics_file = ""
        self._thread = threading.Thread(target=self._update_regularly, daemon=True)

    def start(self) -> None:
        """Write that the run is running; report earlier runs that have died.

        Raises:
            SettingsError: A setting of [runs] is wrong; the run is recorded all the same.
        """
        run_id, data_dir = self._start_record.run_id, self._run.data_dir
        with _log_failures():
            mark_dead_runs(data_dir)
            lock = hold_lock(data_dir, lock_name(run_id), lambda: None)
            self._lock.enter_context(lock)
            reserve_space(data_dir, run_id)
            write_json(data_dir, self._start_record)
            self._has_space = True
        atexit.register(self._end)
        options = settings.runs()
        with _log_failures():
            if options.metrics_address:
                metrics.serve_metrics(options.metrics_address, self._page)
        if options.link:
            link_tasks_to(f"{options.link.rstrip('/')}/{run_id}.json")
        self._metrics_file = options.metrics_file
        self._interval_s = max(options.update_interval_s, _MIN_INTERVAL_S)
        self._thread.start()

    def _update_regularly(self) -> None:
        while not self._stopping.wait(self._interval_s):
            # A process forked now would inherit locks that nothing releases there.
            with fork_lock, contextlib.suppress(ThumbnailTasksError, OSError):
                self._gpus.sample()
                self._update_tally()
                self._total.show(self.tally)
                record = self._so_far()
                self._write_metrics(record)
                if self._has_space:  # else, if its end could not be written, it would look dead
                    write_json(self._run.data_dir, record)

    def _update_tally(self) -> None:
        if not self._is_planned:
            planned = self._planned(self.tally.is_to_be_made)
            self.tally.expect_planned(planned or {})
            self._is_planned = planned is not None
        self.tally.update()

    def _so_far(self) -> Record:
        failures = self.failures.read()
        first = failures[0] if failures else None
        counts = Counter(each.task for each in failures)
        stages = self.tally.stages()
        return dataclasses.replace(
            self._start_record,
            updated_at=now(),
            stages=stages,
            nodes=self.tally.nodes(),
            n_new=sum(each.n_thumbnails for each in stages if each.stage == "DownloadThumbnails"),
            peak_memory_bytes=_peak_memory_bytes(),
            gpus=self._gpus.gpus(),
            failures=[FailureRecord(task=task, count=n) for task, n in counts.items()],
            first_error=first and f"{first.task}: {first.error}",
            first_trace=first and first.trace,
        )

    def _page(self) -> str:
        return metrics.exposition(self._so_far(), self._gpus.latest())

    def _write_metrics(self, record: Record) -> None:
        if self._metrics_file:
            with atomic_write(Path(self._metrics_file)) as temporary:
                temporary.write_text(
                    metrics.exposition(record, self._gpus.latest()), encoding="utf-8"
                )

    def _end(self) -> None:
        if os.getpid() != self._pid:
            return
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C must not cut the record short
        self._stopping.set()
        if self._thread.ident is not None:  # it has started
            self._thread.join()
        self._total.erase()
        outcome = self._observer.outcome()
        data_dir = self._run.data_dir
        if outcome is None:  # Luigi refused to start: another process runs the same command
            files.remove([record_path(data_dir, self._start_record.run_id)])
            return
        self._log_failures_elsewhere(outcome)
        for child in multiprocessing.active_children():  # their peak memory is known at their end
            child.terminate()
            child.join()
        if outcome.state == "interrupted":
            self._observer.release_tasks()
        counts = Counts()
        with _log_failures():
            self._update_tally()
            counts = self._count(self.tally.shards_made("DownloadThumbnails"))
        ended_at = now()
        record = dataclasses.replace(
            self._so_far(),
            **counts._asdict(),
            **outcome._asdict(),
            updated_at=ended_at,
            ended_at=ended_at,
        )
        if record.state == "succeeded":
            warnings = anomalies.find_anomalies(record, read_records(data_dir, N_RECENT))
            record = dataclasses.replace(record, warnings=warnings)
        is_written = False
        with _log_failures():
            write_record(data_dir, record)
            is_written = True
        with _log_failures():
            self._write_metrics(record)
        self._lock.close()
        notifications.send_if_needed(data_dir, record, is_written)
        for warning in record.warnings:
            logger.warning(warning)

    def _log_failures_elsewhere(self, outcome: Outcome) -> None:
        """Log why the run failed if no task of this process did."""
        if outcome.exit_code and not self.failures.read():
            for task, error in self._observer.failures_elsewhere():
                self.failures.add(task, error)
                logger.error("%s, in another process: %s", task, error)
        if (reason := outcome.explain()) and not self.failures.read():
            self.failures.add("luigid", reason)
            logger.error(reason)


_recorder: RunRecorder | None = None


def start_recording(describe: Callable[[], RunInput], planned: Planned, count: Count) -> bool:
    """Record the run of this process, once, if it is a command ``luigi``.

    A command without a table of videos, on a data directory that does not exist, is a request
    for help: no folder is made.

    Returns:
        Whether the recording begins with this call.
    """
    global _recorder
    if _recorder is None and luigi_patches.is_command():
        run = describe()
        if run.videos or files.is_folder(run.data_dir):
            _recorder = RunRecorder(run, planned, count)
            _recorder.start()
            reset_failures(run.data_dir)
            return True
    return False


def is_of_this_run(entry: Entry, planned_at: float) -> bool:
    """Whether a shard's file was made by the run of this process, whichever process wrote it.

    Args:
        entry: The file.
        planned_at: When the run's plan was written: a run that is not recorded (``luigi.build``)
            began then.
    """
    if _recorder is None:
        return entry.written_at >= planned_at
    return _recorder.tally.is_new(entry)


@contextlib.contextmanager
def _log_failures() -> Iterator[None]:
    """Log errors in the block: a record that cannot be written does not fail the run."""
    try:
        yield
    except (ThumbnailTasksError, OSError) as error:
        logger.warning("Record of the run: %s", error)


def _peak_memory_bytes() -> int:
    """The peak memory of this process and of its children that have ended."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(each).ru_maxrss for each in whose) * 1024


@ShardTask.event_handler(luigi.Event.DEPENDENCY_DISCOVERED)
def _expect(task: ShardTask, dependency: luigi.Task) -> None:
    if _recorder and not is_block(task.shards):  # whose shards are those of the plan
        _recorder.tally.expect(task)


@luigi.Task.event_handler(luigi.Event.FAILURE)
@luigi.Task.event_handler(luigi.Event.PROCESS_FAILURE)
@luigi.Task.event_handler(luigi.Event.TIMEOUT)
@luigi.Task.event_handler(luigi.Event.BROKEN_TASK)
def _note_failure(task: luigi.Task, error: BaseException | str) -> None:
    if _recorder:
        _recorder.failures.add(task.task_family, error)


@luigi.Task.event_handler(luigi.Event.DEPENDENCY_MISSING)
def _note_missing(task: luigi.Task) -> None:
    if _recorder:
        _recorder.failures.add(task.task_family, f"{task}: expected its results; found none")
