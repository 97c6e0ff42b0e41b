"""What is known about a run when it starts: its input, its settings, its machine."""

import contextlib
import importlib.metadata
import shlex
import socket
import sys
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from luigi.interface import core

from thumbnail_tasks import luigi_patches, settings
from thumbnail_tasks.console import command_name
from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.runs.command_line import without_secrets
from thumbnail_tasks.runs.records import Record


class RunInput(NamedTuple):
    """The input of a run, and the engines that it uses."""

    data_dir: str
    videos: str
    videos_digest: str | None
    images_dir: str
    source: str | None
    plan_number: int
    engines: Mapping[str, str | None]
    """The engine tag of each stage; None if the settings are wrong."""


def describe_start(run: RunInput) -> Record:
    """The record of a run that starts now."""
    started_at = now()
    return Record(
        run_id=f"{started_at:%Y-%m-%dT%H-%M-%S}-{uuid.uuid4().hex[:6]}",
        state="running",
        task=luigi_patches.root_task_name(),
        command=shlex.join([command_name(), *without_secrets(sys.argv[1:])]),
        folder=str(Path.cwd()),
        host=socket.gethostname(),
        started_at=started_at,
        updated_at=started_at,
        package_version=importlib.metadata.version("thumbnail-tasks"),
        luigi_version=importlib.metadata.version("luigi"),
        settings=_readable_settings(),
        videos=run.videos,
        videos_digest=run.videos_digest,
        images_dir=run.images_dir,
        source=run.source,
        attempt=run.plan_number,
    )


def _readable_settings() -> dict[str, str]:
    """The settings; none if one of them is wrong, which is reported when all are read."""
    with contextlib.suppress(SettingsError):
        return settings.effective_settings() | {"core.workers": str(core().workers)}
    return {}


def now() -> datetime:
    """The time in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)
