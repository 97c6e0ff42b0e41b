"""What every node must have in common with the machine of the run."""

import importlib
import importlib.metadata
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Self

import luigi
from luigi.interface import core

from thumbnail_tasks import settings
from thumbnail_tasks.errors import SettingsError, ThumbnailTasksError

_ONLY_HERE = (settings.execution, settings.messages, settings.runs)
"""Sections that nodes do not need."""


class ClusterError(ThumbnailTasksError):
    """The cluster cannot be reached, lacks something, or does not make the shards."""


class NodeSetup(NamedTuple):
    """The settings of a run, for its nodes."""

    version: str
    folder: str
    """The folder of the command, against which relative paths are read."""
    sections: Mapping[str, Mapping[str, str]]
    environment: Mapping[str, str]
    module: str
    """Luigi's ``--module``, which may add engines."""

    @classmethod
    def of_this_run(cls) -> Self:
        """The settings of this process.

        Raises:
            SettingsError: ``[execution] environment`` names a variable that is not set.
        """
        names = [name.strip() for name in settings.execution().environment.split(",")]
        missing = [name for name in names if name and name not in os.environ]
        if missing:
            raise SettingsError(
                f"[execution] environment: expected variables that are set; {missing[0]} is not"
            )
        sections = {
            section.__name__: _values_of(section)
            for section in settings.sections()
            if section not in _ONLY_HERE
        }
        environment = {name: os.environ[name] for name in names if name}
        module = core().module or "thumbnail_tasks"
        return cls(_version(), str(Path.cwd()), sections, environment, module)

    def apply(self, gpu_ids: list[str] | None, n_threads: int) -> None:
        """Take over the settings, in a process of a node that has not used its own yet.

        Args:
            gpu_ids: Numbers of the GPUs that Ray has given to this process; None: any of the node.
            n_threads: Threads of its models.

        Raises:
            ClusterError: Another version is installed here, or there is no such folder.
        """
        if self.version != _version():
            raise ClusterError(
                f"expected thumbnail-tasks {self.version}, as on the machine of the run; found: "
                f"{_version()}. Install the same version on every node"
            )
        os.environ |= {**self.environment, "OMP_NUM_THREADS": str(n_threads)}
        if not Path(self.folder).is_dir():
            raise ClusterError(
                f"expected the folder {self.folder}, in which the command runs; found none. Mount "
                "it on every node or, if --out is an s3:// address, create it"
            )
        os.chdir(self.folder)
        config = luigi.configuration.get_config()
        for section, values in self.sections.items():
            for name, value in values.items():
                config.set(section, name, value.replace("%", "%%"))
        if gpu_ids:
            config.set("gpus", "devices", ",".join(gpu_ids))
        elif gpu_ids is not None:
            config.set("gpus", "devices", "none")
            config.set("gpus", "required", "false")
        importlib.import_module(self.module)


def _values_of(section: type[luigi.Config]) -> dict[str, str]:
    old = getattr(section, "old_names", ())
    return {name: value for name, value in section().to_str_params().items() if name not in old}


def _version() -> str:
    return importlib.metadata.version("thumbnail-tasks")
