"""A file that turns out to be lost while a task runs is made anew in the same run."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import luigi
from luigi.task import flatten

from thumbnail_tasks.storage.parquet_target import LostFileError


def mending(run: Callable[[Any], Any]) -> Callable[[Any], Iterator[Any]]:
    """Let Luigi make anew what a task's ``run`` finds lost among the files of earlier tasks.

    Luigi is given all tasks before this one as its dynamic dependencies: it runs those whose files
    are missing now, and then this one again. So the task has not failed, nor has the run.

    Raises:
        LostFileError: The file is not one that an earlier task makes.
    """

    @functools.wraps(run)
    def run_until_whole(task: luigi.Task) -> Iterator[Any]:
        said = ""
        while True:
            try:
                yield from run(task) or ()
                return
            except LostFileError as lost:
                if str(lost) == said:
                    raise
                said = str(lost)
            yield list(dict.fromkeys(_tasks_before(task)))

    return run_until_whole


def _tasks_before(task: luigi.Task) -> Iterator[luigi.Task]:
    for earlier in flatten(task.requires()):
        yield earlier
        yield from _tasks_before(earlier)
