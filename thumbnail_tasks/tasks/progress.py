"""Progress of a task, on the terminal and on Luigi's page."""

import contextlib
import html
import logging
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import luigi
from luigi.rpc import RPCError

from thumbnail_tasks.console import (
    SECONDS_BETWEEN_LINES,
    TASK_LINE,
    Progress,
    format_count,
    format_duration,
)
from thumbnail_tasks.execution.executors import Done

logger = logging.getLogger(__name__)


def report_progress(task: luigi.Task, message: str, share: float) -> None:
    """Report the progress of a running task on the terminal and on Luigi's page.

    Args:
        task: The task that is running.
        message: What is done.
        share: How much of the task is done, 0 to 1.
    """
    logger.info(TASK_LINE, type(task).__name__, message)
    show_on_page(task, message, share)


def show_on_page(task: luigi.Task, message: str, share: float) -> None:
    """As ``report_progress``, on Luigi's page only; an unreachable luigid is ignored."""
    running: Any = task  # Luigi adds the two methods below while the task runs
    if running.set_status_message:
        with contextlib.suppress(RPCError):
            # The page renders HTML.
            running.set_status_message(html.escape(message, quote=False))
            running.set_progress_percentage(round(100 * share))


class Throughput:
    """Thumbnails and seconds of each stage, in memory that forked processes share.

    Two processes of one stage may overwrite each other's last addition, which is only shown.
    """

    def __init__(self, stages: Sequence[str]) -> None:
        self._index = {stage: 2 * number for number, stage in enumerate(stages)}
        self._numbers = multiprocessing.RawArray("d", 2 * len(stages))

    def add(self, stage: str, n_thumbnails: int, seconds: float) -> None:
        """A process has done ``n_thumbnails`` more in so many more seconds."""
        if stage in self._index:
            self._numbers[self._index[stage]] += n_thumbnails
            self._numbers[self._index[stage] + 1] += seconds

    def of(self, stage: str) -> tuple[int, float]:
        """Thumbnails and seconds of a stage."""
        start = self._index[stage]
        return round(self._numbers[start]), self._numbers[start + 1]


_throughput = Throughput(())


def measure_throughput(stages: Sequence[str]) -> Throughput:
    """Measure these stages from now on, in this process and its forks."""
    global _throughput
    _throughput = Throughput(stages)
    return _throughput


class ProgressLines:
    """Reports the progress of a task that consists of several shards."""

    def __init__(self, task: luigi.Task, n_parts: int = 1, device: str = "") -> None:
        """``device`` is shown in each line, as in ``GPU 1 (NVIDIA H100)``; empty: not shown."""
        self._task, self._n_parts, self._part = task, n_parts, 0
        self._device = f" on {device}" if device else ""
        self._number = ""
        self._n_items = self._n_before = self._done = self._n_finished = 0
        self._started = self._last_line = self._measured = 0.0

    def begin(self, n_items: int, number: str, n_before: int = 0) -> None:
        """Start a shard.

        Args:
            n_items: Number of its thumbnails.
            number: Its number, as in ``2 of 3``; empty if unknown.
            n_before: Number of thumbnails that an earlier run has done.
        """
        self._part += 1
        self._n_items, self._n_before, self._done = n_items, n_before, n_before
        self._number = number
        self._started = self._last_line = self._measured = time.monotonic()
        shard = f" of shard {number}" if number else ""
        thumbnails = format_count(n_items, "thumbnail")
        show_on_page(self._task, f"{thumbnails}{shard}{self._device}", self._share())
        if n_before:
            self._report(f"continued at {n_before}/{thumbnails}")

    def __call__(self, n: int) -> None:
        """``n`` more items are done."""
        self._done += n
        self._measure(n)
        if time.monotonic() - self._last_line > SECONDS_BETWEEN_LINES:
            self._report(f"{self._done}/{format_count(self._n_items, 'thumbnail')}")

    @contextlib.contextmanager
    def rollback_on_failure(self) -> Iterator[Progress]:
        """Undo the progress reported in the block if it raises."""
        before = self._done
        try:
            yield self
        except BaseException:
            self._measure(before - self._done)
            self._done = before
            raise

    def finish(self) -> float:
        """End the shard; returns the seconds it took."""
        self._measure(self._n_items - self._done)
        seconds = self._measured - self._started
        self._done = self._n_items
        self._n_finished += self._n_items
        done_here = f"{self._n_items - self._n_before} of " if self._n_before else ""
        self._report(f"{done_here}{format_count(self._n_items, 'thumbnail')} in {seconds:.1f} s")
        if self._part == self._n_parts > 1:
            message = f"{format_count(self._n_finished, 'thumbnail')} in {self._n_parts} shards"
            show_on_page(self._task, message, 1)
        return seconds

    def _measure(self, n: int) -> None:
        before, self._measured = self._measured, time.monotonic()
        _throughput.add(self._task.task_family, n, self._measured - before)

    def _report(self, message: str) -> None:
        self._last_line = time.monotonic()
        n_new = self._done - self._n_before
        rate = f"{n_new / max(self._last_line - self._started, 1e-9):.1f}/s" if n_new else ""
        shard = f"shard {self._number}" if self._number else ""
        about = ", ".join(part for part in (rate, shard) if part)
        about = f" ({about})" if about else ""
        report_progress(self._task, f"{message}{self._device}{about}", self._share())

    def _share(self) -> float:
        """How much of the task is done, 0 to 1; every shard counts the same."""
        return (self._part - 1 + self._done / max(self._n_items, 1)) / self._n_parts


class BlockLines:
    """Reports the progress of a task whose shards are made by other processes."""

    def __init__(self, task: luigi.Task, n_shards: int, number: str) -> None:
        """``number`` is that of the block, as in ``block 3 of 38``."""
        self._task, self._n_shards, self._number = task, n_shards, number or "block"
        self._n_thumbnails = 0
        self._by_node: Counter[str] = Counter()
        self._started = self._first_done = time.monotonic()
        self._last_line = 0.0

    def add(self, done: Done) -> None:
        """A shard is done."""
        self._by_node[done.node] += 1
        self._n_thumbnails += done.n_thumbnails
        _throughput.add(self._task.task_family, done.n_thumbnails, done.seconds)
        n_done, now = self._by_node.total(), time.monotonic()
        if n_done == 1:  # until then actors have started and loaded their models
            self._first_done = now
        if n_done < self._n_shards and now - self._last_line < SECONDS_BETWEEN_LINES:
            return
        self._last_line = now
        seconds = max(now - self._started, 1e-9)
        nodes = ", ".join(f"{node} {n}" for node, n in sorted(self._by_node.items()))
        left = ""
        if 1 < n_done < self._n_shards:
            per_shard_s = (now - self._first_done) / (n_done - 1)
            left = f", {format_duration(per_shard_s * (self._n_shards - n_done))} left"
        message = (
            f"{self._number}: {n_done}/{format_count(self._n_shards, 'shard')}, "
            f"{format_count(self._n_thumbnails, 'thumbnail')} "
            f"({self._n_thumbnails / seconds:.1f}/s; by node: {nodes}){left}"
        )
        report_progress(self._task, message, n_done / self._n_shards)
