"""What a task of shards is told: its folder, and for people on Luigi's page which shard it has."""

import pytest
from luigi.cmdline_parser import CmdlineParser

from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.pipeline import STAGES
from thumbnail_tasks.stages.texts import CorrectText
from thumbnail_tasks.tasks.shard_task import ShardTask


def numbered(number: str) -> CorrectText:
    return CorrectText.on("table-one", "web", "data", number)


def test_a_number_makes_no_other_task() -> None:
    assert numbered("1 of 3") == numbered("2 of 5") == numbered("")
    assert numbered("1 of 3").output()[0].path == numbered("").output()[0].path


@pytest.mark.parametrize("stage", STAGES)
def test_a_number_is_the_first_that_luigis_page_shows(stage: type[ShardTask]) -> None:
    task = stage.on("table-one", "web", "data", "2 of 3")
    assert next(iter(task.to_str_params(only_public=True).items())) == ("shard_numbers", "2 of 3")


def test_a_task_of_two_runs_has_the_folder_in_its_name() -> None:
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
def test_the_folder_is_the_tasks_own_or_that_of_the_settings(flags: list[str], folder: str) -> None:
    about = ("--source", "web", "--DetectFaces-engine", "any", "--shards", "table-one")
    with CmdlineParser.global_instance(["DetectFaces", *about, *flags]) as parser:
        assert parser.get_task_obj().data_dir == folder


@pytest.mark.parametrize(
    "first", ["1 of 3", None]
)  # None: luigid has it from before there were any
def test_a_batch_has_the_numbers_of_its_tasks_and_so_has_what_comes_before(
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
