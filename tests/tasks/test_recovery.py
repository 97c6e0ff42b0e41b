"""A task requests a lost input again; an input that no task can recompute is an error."""

from collections.abc import Iterator

import luigi
import pytest

from thumbnail_tasks.storage.parquet_target import LostFileError
from thumbnail_tasks.tasks.recovery import recover_lost_inputs


class First(luigi.Task):
    pass


class Second(luigi.Task):
    def requires(self) -> luigi.Task:
        return First()


class Third(luigi.Task):
    losses: list[str] = []
    done: list[str] = []

    def requires(self) -> list[luigi.Task]:
        return [First(), Second()]

    @recover_lost_inputs
    def run(self) -> None:
        if self.losses:
            raise LostFileError(self.losses.pop(0))
        self.done.append("complete")


@pytest.fixture
def task() -> Third:
    Third.losses, Third.done = [], []
    return Third()


def test_without_lost_files_nothing_is_requested(task: Third) -> None:
    assert list(task.run()) == []
    assert task.done == ["complete"]


def test_all_earlier_tasks_are_requested_once_for_each_lost_file(task: Third) -> None:
    task.losses += ["a", "b"]
    assert list(task.run()) == [[First(), Second()]] * 2
    assert task.done == ["complete"]


def test_a_file_still_lost_after_all_earlier_tasks_is_an_error(task: Third) -> None:
    task.losses += ["a", "a"]
    requests = task.run()
    next(requests)
    with pytest.raises(LostFileError, match="a"):
        next(requests)
    assert task.done == []


def test_a_tasks_own_dynamic_requirements_are_passed_on() -> None:
    class Asking(luigi.Task):
        @recover_lost_inputs
        def run(self) -> Iterator[list[luigi.Task]]:
            yield [First()]

    assert list(Asking().run()) == [[First()]]
