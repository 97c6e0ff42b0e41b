"""The base class of the commands about all thumbnails of a table."""

from collections.abc import Mapping
from typing import Any

import luigi
from luigi.parameter import ParameterVisibility

from thumbnail_tasks import settings
from thumbnail_tasks.commands.run_start import start_run
from thumbnail_tasks.luigi_parsing import PathParameter
from thumbnail_tasks.stages.videos import VideosTask


class RunTask(VideosTask):
    """A task about all thumbnails of a table, as planned by one run."""

    images_dir: str = PathParameter(
        default="", description="Read thumbnails from this folder instead of the network"
    )
    plan_number: int = luigi.IntParameter(
        default=0,
        description="Plan to follow (default 0: continue the last one, or make the next if needed)",
    )
    attempt: int | None = luigi.OptionalIntParameter(
        default=None,
        significant=False,
        visibility=ParameterVisibility.PRIVATE,
        description="Old name of --plan-number",
    )

    @classmethod
    def get_param_values(
        cls, params: Any, args: Any, kwargs: Mapping[str, Any]
    ) -> list[tuple[str, Any]]:
        """Start the run, and fix the plan number, so that all processes agree on it."""
        task = dict(super().get_param_values(params, args, kwargs))
        task = settings.replace_old_names(task, {"attempt": "plan_number"}, "--")
        if not task["plan_number"]:
            task |= cls.choose_input(task)
            task["plan_number"] = start_run(task)
        return list(task.items())

    @classmethod
    def choose_input(cls, task: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters to replace before the run starts; none unless a subclass chooses some."""
        return {}
