"""Parameters of shard tasks: the data directory, and the shard number for Luigi's page."""

import contextlib
import pickle
from collections.abc import Iterator

import pytest
from luigi.cmdline_parser import CmdlineParser

from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.pipeline import ALL_STAGES
from thumbnail_tasks.stages.texts import CorrectText
from thumbnail_tasks.tasks import shard_task
from thumbnail_tasks.tasks.shard_task import ShardTask


def numbered(number: str) -> CorrectText:
    return CorrectText.on("table-one", "web", "data", number)


def test_the_shard_number_does_not_change_the_task_id() -> None:
    assert numbered("1 of 3") == numbered("2 of 5") == numbered("")
    assert numbered("1 of 3").output()[0].path == numbered("").output()[0].path


@pytest.mark.parametrize("stage", ALL_STAGES)
def test_luigis_page_shows_the_shard_number_first(stage: type[ShardTask]) -> None:
    task = stage.on("table-one", "web", "data", "2 of 3")
    assert next(iter(task.to_str_params(only_public=True).items())) == ("shard_numbers", "2 of 3")


def test_tasks_of_two_data_directories_have_different_ids() -> None:
    here, there = (DetectFaces.on("table-one", "web", folder) for folder in ("here", "there"))
    assert here.task_id != there.task_id


@pytest.mark.parametrize(
    ("flags", "folder"),
    [
        (["--storage-data-dir", "all"], "all"),
        (["--storage-data-dir", "all", "--DetectFaces-data-dir", "mine"], "mine"),
        (["--data-dir", "mine"], "mine"),
    ],
)
def test_the_data_directory_is_the_tasks_parameter_or_the_setting(
    flags: list[str], folder: str
) -> None:
    about = ("--source", "web", "--DetectFaces-engine", "any", "--shards", "table-one")
    with CmdlineParser.global_instance(["DetectFaces", *about, *flags]) as parser:
        assert parser.get_task_obj().data_dir == folder


# None: luigid knows the task from a version without shard numbers.
@pytest.mark.parametrize("first", ["1 of 3", None])
def test_a_batch_and_its_requirements_have_the_shard_numbers_of_its_tasks(
    first: str | None,
) -> None:
    batch = CorrectText.from_str_params(
        {
            "shard_numbers": [first, "3 of 3"],
            "data_dir": "data",
            "source": "web",
            "engine": "any",
            "shards": ["table-one", "table-three"],
        }
    )
    assert batch.shard_numbers == f"{first or ''}, 3 of 3"
    earlier = [task for task in batch.requires() if isinstance(task, ShardTask)]
    assert {(task.shards, task.shard_numbers) for task in earlier} == {
        ("table-one", first or ""),
        ("table-three", "3 of 3"),
    }


def test_an_actor_reserves_its_device_once_and_a_task_for_all_its_shards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reserved, made = [], []

    @contextlib.contextmanager
    def reserve(task: ShardTask) -> Iterator[str]:
        reserved.append(task.shards)
        yield "GPU 1"

    def make(task: ShardTask, shards: list[str], device: str) -> int:
        made.append((*shards, device))
        return 1

    monkeypatch.setattr(DetectFaces, "reserve", reserve)
    monkeypatch.setattr(DetectFaces, "make", make)
    work = shard_task._Work(DetectFaces.on("a,b", "web", "data"))
    assert work(["a", "b"]) == 1
    assert (len(reserved), made) == (1, [("a", "b", "GPU 1")])

    actor = pickle.loads(pickle.dumps(work))
    actor.begin()
    actor(["a"])
    actor(["b"])
    assert (len(reserved), made[1:]) == (2, [("a", "GPU 1"), ("b", "GPU 1")])
