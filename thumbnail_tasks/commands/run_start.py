"""Where a run starts: its locks, its table, the number of its plan, its record.

Luigi has no event for the start of a run, and hands a task's parameters to other processes. So a
run starts when the first task with a plan number is created, in the process that schedules the
tasks: ``RunTask.get_param_values`` calls ``start_run`` there, and nothing else does. (Luigi's
``worker_scheduler_factory`` comes later, and only with ``luigi.build``.)
"""

import contextlib
import functools
import logging
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import settings
from thumbnail_tasks.commands.node_checks import check_settings
from thumbnail_tasks.errors import InputError, SettingsError, ThumbnailTasksError
from thumbnail_tasks.execution.executors import is_on_cluster
from thumbnail_tasks.export.summary import count_values
from thumbnail_tasks.inputs.thumbnail_sources import source_tag
from thumbnail_tasks.runs import channels
from thumbnail_tasks.runs.recorder import start_recording
from thumbnail_tasks.runs.records import Counts
from thumbnail_tasks.runs.start import RunInput
from thumbnail_tasks.stages.known import find_known, known_thumbnails
from thumbnail_tasks.stages.pipeline import STAGES, selected_stages, stages_of
from thumbnail_tasks.stages.plan import PlanShards, next_plan_number
from thumbnail_tasks.stages.videos import ReadVideos, digest_videos
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.directory_locks import share_data_dir
from thumbnail_tasks.storage.naming import name_table
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.shard_task import ShardTask

logger = logging.getLogger(__name__)


def start_run(task: Mapping[str, Any]) -> int:
    """Start the run of this process, if it has not started, and return the number of its plan.

    1. Share the data directory, so that ``CleanUp`` waits until this process ends.
    2. Read the digest of the table, which fixes the input of the run.
    3. Choose the plan: the last one is continued, or a new one is needed.
    4. Start to record the run, and check where messages about it go.

    The first stages report errors in the folder or the input.

    Args:
        task: The parameters of a ``RunTask``, by name.

    Raises:
        SettingsError: A setting cannot be parsed, also one that only a later stage needs; there is
            no such engine; or no message about the run could ever be sent.
        StorageError: The data directory is in a bucket that cannot be written, or whose storage
            keeps no conditions of writes.
    """
    plan_number = 1
    with contextlib.suppress(ThumbnailTasksError):
        if task["videos"]:  # --help creates no folder
            share_data_dir(task["data_dir"])
        table_name = name_table(digest_videos(task["videos"], task["videos_format"]))
        plan_number = next_plan_number(task["data_dir"], table_name, task["images_dir"])
    run = {**task, "plan_number": plan_number}
    is_begun = start_recording(
        functools.partial(_describe_input, run),
        functools.partial(_list_planned, run),
        functools.partial(count_thumbnails, run),
    )
    settings.check_all()  # now that an error is recorded, and sent
    _check_choices(task)
    if task["videos"]:
        files.check_place(task["data_dir"])
    if is_begun:
        channels.check_at_start()
        for misspelled in settings.describe_misspelled():
            logger.warning("%s", misspelled)
        if settings.engines().objects and not settings.objects().detect:
            logger.warning(
                "[engines] objects is set, but no objects are detected: --objects, or "
                "[objects] detect = true, detects them"
            )
    return plan_number


def _check_choices(task: Mapping[str, Any]) -> None:
    """Refuse an engine, a quality of pictures, or an actor, that there is not.

    Raises:
        SettingsError: The settings name one.
    """
    source = ""
    with contextlib.suppress(InputError):  # the first stages report it
        source = source_tag(task["images_dir"])
    for stage in selected_stages():
        stage.tag(source)
    if is_on_cluster():
        check_settings()


def run_parameters(task: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a task that identify the run it belongs to."""
    names = ("data_dir", "videos", "videos_format", "images_dir", "plan_number")
    return {name: task[name] for name in names}


def _describe_input(task: Mapping[str, Any]) -> RunInput:
    """The input and engines of a run; null where input or settings are wrong."""
    digest, source = None, None
    engines: dict[str, str | None] = dict.fromkeys(stage.get_task_family() for stage in STAGES)
    with contextlib.suppress(ThumbnailTasksError):
        digest = digest_videos(task["videos"], task["videos_format"])
    with contextlib.suppress(ThumbnailTasksError):
        source = source_tag(task["images_dir"])
        for stage in selected_stages():
            engines[stage.get_task_family()] = stage.tag(source)
    about = {name: task[name] for name in ("data_dir", "videos", "images_dir", "plan_number")}
    return RunInput(videos_digest=digest, source=source, engines=engines, **about)


def _list_planned(
    task: Mapping[str, Any], is_missing: Callable[[ParquetTarget], bool]
) -> dict[ShardTask, int] | None:
    """The stages of the shards of a run's plan that it makes, and their numbers of thumbnails."""
    if task.get("as_of"):
        return {}  # it has another plan
    # The stages report errors in the input, the settings or the plan.
    with contextlib.suppress(ThumbnailTasksError):
        target = PlanShards(**run_parameters(task)).output()
        if target.exists():
            plan = target.read()
            sizes = count_values(plan["shard"])
            source = source_tag(task["images_dir"])
            stages = stages_of(plan, source, task["data_dir"], is_missing)
            return {stage: sizes[stage.shards] for stage in stages}
    return None


def count_thumbnails(task: Mapping[str, Any], downloaded: frozenset[str]) -> Counts:
    """Count the thumbnails of a run.

    Args:
        task: The parameters of a ``RunTask``.
        downloaded: The shards that the run itself has downloaded.

    Raises:
        StorageError: Results cannot be read.
    """
    planned = PlanShards(**run_parameters(task))
    n_rows = None
    try:
        table = ReadVideos(**planned.table_parameters()).output()
        n_rows = table.open_reader(()).metadata.num_rows if table.exists() else None
        is_planned = planned.output().exists()
    except (InputError, SettingsError):  # as reported by the first stages
        is_planned = False
    if not is_planned:
        return Counts(n_rows)
    plan = planned.output().read()
    known = known_thumbnails(planned.data_dir, source_tag(planned.images_dir))
    found = find_known(plan["thumbnail_id"], known)["status"].cast(pa.string()).drop_null()
    statuses = count_values(found)
    is_new = pc.is_in(plan["shard"], value_set=pa.array(sorted(downloaded), pa.string()))
    n_new = pc.sum(is_new, min_count=0).as_py()
    return Counts(n_rows, len(plan), statuses.total() - n_new, dict(statuses))
