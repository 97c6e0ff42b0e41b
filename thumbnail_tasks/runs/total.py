"""How much of a run is done, over all stages and shards, and when it will end."""

import functools
import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from thumbnail_tasks.console import (
    TASK_LINE,
    format_duration,
    show_status,
    shows_status_lines,
)
from thumbnail_tasks.runs.record_files import N_RECENT, read_records
from thumbnail_tasks.runs.records import StageRecord
from thumbnail_tasks.runs.tally import RunTally
from thumbnail_tasks.tasks.progress import measure_throughput

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES: Final = 60.0
"""In a log; a terminal shows the line all the time."""


class StageProgress(NamedTuple):
    """What one stage of a run has done, and has left to do."""

    n_shards: int
    """Shards that are done."""
    n_shards_left: int
    n_thumbnails: int
    """Thumbnails that are done, those of shards in progress included."""
    n_thumbnails_left: int
    seconds: float
    """Time that this run's processes have spent on it."""
    usual_rate: float | None
    """Thumbnails per second of an earlier run with this engine, if there was one."""

    def seconds_left(self) -> float | None:
        """Time that one process needs for the rest; None if no rate is known."""
        if not self.n_thumbnails_left:
            return 0.0
        measured = self.n_thumbnails / self.seconds if self.seconds else None
        rate = measured or self.usual_rate
        return self.n_thumbnails_left / rate if rate else None


def describe_total(stages: Sequence[StageProgress], elapsed_s: float, now: datetime) -> str:
    """A line on the whole run; it counts each stage of each shard.

    The time left is the work left at the rates measured so far. Several processes share it as they
    have shared the work until now. If a stage has not started, and never ran here, only a minimum
    is known.

    Args:
        stages: All stages of the run.
        elapsed_s: Seconds since the run started.
        now: The time, in the time zone of the user.
    """
    n_shards = sum(stage.n_shards for stage in stages)
    n_all = n_shards + sum(stage.n_shards_left for stage in stages)
    n_thumbnails = sum(stage.n_thumbnails for stage in stages) / len(stages)
    estimates = [stage.seconds_left() for stage in stages]
    at_once = max(1.0, sum(stage.seconds for stage in stages) / max(elapsed_s, 1e-9))
    left_s = sum(estimate or 0.0 for estimate in estimates) / at_once
    line = f"{n_shards}/{n_all} shard stages"
    if n_thumbnails:
        line += f", {n_thumbnails / max(elapsed_s, 1e-9):.1f} thumbnails/s"
    if None in estimates:
        return line + (f", more than {format_duration(left_s)} left" if left_s else "")
    end = now + timedelta(seconds=left_s)
    clock = f"{end:%H:%M}" if left_s < 20 * 3600 else f"{end:%Y-%m-%d %H:%M}"
    return f"{line}, {format_duration(left_s)} left ({clock})"


class TotalLine:
    """Shows the line on the whole run: in place on a terminal, once a minute in a log."""

    def __init__(self, data_dir: str, stages: Sequence[str]) -> None:
        """Create it when the run starts, before processes are forked."""
        self._throughput = measure_throughput(stages)
        self._data_dir = data_dir
        self._started_s = self._last_line_s = time.monotonic()

    def show(self, tally: RunTally) -> None:
        """Show what is done, once there is a plan and as long as something is left."""
        if not any(stage.n_shards_left for stage in tally.stages()):
            return
        stages = [self._progress_of(stage, tally) for stage in tally.stages()]
        now_s = time.monotonic()
        line = describe_total(stages, now_s - self._started_s, datetime.now().astimezone())
        if shows_status_lines():
            show_status(TASK_LINE % ("Total", line))
        elif now_s - self._last_line_s >= _SECONDS_BETWEEN_LINES:
            self._last_line_s = now_s
            logger.info(TASK_LINE, "Total", line)

    @functools.cached_property
    def _usual_rates(self) -> dict[str | None, float]:
        """Thumbnails per second of each engine in the last run; not read if nothing is to do."""
        return {
            stage.engine: stage.thumbnails_per_second
            for record in read_records(self._data_dir, N_RECENT)
            for stage in record.stages
            if stage.thumbnails_per_second
        }

    def erase(self) -> None:
        """Erase the line from a terminal."""
        if shows_status_lines():
            show_status("")

    def _progress_of(self, stage: StageRecord, tally: RunTally) -> StageProgress:
        n_measured, seconds = self._throughput.of(stage.stage)
        n_in_progress = max(0, n_measured - stage.n_thumbnails)
        return StageProgress(
            n_shards=stage.n_shards,
            n_shards_left=stage.n_shards_left,
            n_thumbnails=stage.n_thumbnails + n_in_progress,
            n_thumbnails_left=max(0, tally.n_thumbnails_left(stage.stage) - n_in_progress),
            seconds=seconds,
            usual_rate=self._usual_rates.get(stage.engine),
        )
