"""Recovery within a run: files found missing or damaged by a task are regenerated."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import luigi
from luigi.task import flatten

from thumbnail_tasks.storage.parquet_target import LostFileError


def recover_lost_inputs(run: Callable[[Any], Any]) -> Callable[[Any], Iterator[Any]]:
    """Let Luigi regenerate files of earlier tasks that ``run`` finds missing or damaged.

    All earlier tasks become dynamic dependencies: Luigi runs those whose files are missing, and
    then this task again. Neither the task nor the run fails.

    Raises:
        LostFileError: The file is not the output of an earlier task.
    """

    @functools.wraps(run)
    def run_until_complete(task: luigi.Task) -> Iterator[Any]:
        last_lost = ""
        while True:
            try:
                yield from run(task) or ()
                return
            except LostFileError as lost:
                if str(lost) == last_lost:
                    raise
                last_lost = str(lost)
            yield list(dict.fromkeys(_earlier_tasks(task)))

    return run_until_complete


def _earlier_tasks(task: luigi.Task) -> Iterator[luigi.Task]:
    for earlier in flatten(task.requires()):
        yield earlier
        yield from _earlier_tasks(earlier)
