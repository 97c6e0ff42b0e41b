"""``thumbnail-tasks doctor``: check that engines and messages work on this machine."""

import contextlib
import functools
import importlib.metadata
import platform
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from thumbnail_tasks import settings
from thumbnail_tasks.commands.node_checks import check_settings, examine_nodes
from thumbnail_tasks.console import Progress
from thumbnail_tasks.errors import StorageError, ThumbnailTasksError
from thumbnail_tasks.execution.child_process import ChildProcess
from thumbnail_tasks.execution.executors import is_on_cluster
from thumbnail_tasks.execution.gpus import CPU, Gpu, find_gpus
from thumbnail_tasks.runs.channels import describe_channels
from thumbnail_tasks.stages.embeddings import ENCODERS, EmbedText
from thumbnail_tasks.stages.emotions import CLASSIFIERS, ClassifyEmotions
from thumbnail_tasks.stages.faces import DETECTORS, DetectFaces
from thumbnail_tasks.stages.objects import DETECTORS as OBJECT_DETECTORS
from thumbnail_tasks.stages.objects import DetectObjects
from thumbnail_tasks.stages.pipeline import selected_stages
from thumbnail_tasks.stages.texts import CORRECTORS, CorrectText
from thumbnail_tasks.stages.words import RECOGNIZERS, RecognizeText
from thumbnail_tasks.storage import files
from thumbnail_tasks.tasks.shard_task import ShardTask
from thumbnail_tasks.weights.cache import is_cached

_ENGINES: Final[tuple[tuple[str, type[ShardTask], Sequence[str]], ...]] = (
    ("text", RecognizeText, list(RECOGNIZERS)),
    ("correction", CorrectText, list(CORRECTORS)),
    ("embedding", EmbedText, list(ENCODERS)),
    ("faces", DetectFaces, list(DETECTORS)),
    ("emotions", ClassifyEmotions, list(CLASSIFIERS)),
    ("objects", DetectObjects, list(OBJECT_DETECTORS)),
)
"""Setting, its stage, and the names of its engines."""

_PACKAGES: Final = ("thumbnail-tasks", "luigi", "pyarrow", "onnxruntime", "tensorflow")


def examine() -> int:
    """Print one line for each check, under this process's settings.

    Returns:
        The exit code: 1 if a check failed, else 0.
    """
    is_well = True
    for name, find in _checks():
        try:
            line = f"ok      {name:<11} {find()}"
        except (ThumbnailTasksError, OSError, ImportError) as error:
            is_well = False
            line = f"FAILED  {name:<11} {' '.join(str(error).split())}"
        print(line, flush=True)
    return 0 if is_well else 1


def _checks() -> Iterator[tuple[str, Callable[[], str]]]:
    """Name of each check, and a function that returns what it found, or raises."""
    yield "versions", _list_versions
    yield "settings", _read_settings
    yield "picture", settings.wanted_quality
    yield "GPUs", lambda: ", ".join(gpu.label for gpu in _gpus()) or "none chosen, none needed"
    selected = selected_stages()
    for setting, stage, names in _ENGINES:
        if stage in selected:
            yield setting, functools.partial(_load_on_each_device, setting, stage, names)
    if is_on_cluster():
        yield "cluster", _examine_cluster
    yield "messages", describe_channels
    yield "results", functools.partial(_describe_room, settings.storage().data_dir)
    if _gpus():
        yield "GPU locks", functools.partial(_describe_room, settings.gpus().lock_dir)


def _read_settings() -> str:
    """Read all settings, which a run does first.

    Raises:
        SettingsError: A value cannot be parsed, or is out of range.
    """
    settings.check_all()
    misspelled = settings.describe_misspelled()
    others = "All others" if misspelled else "all"
    return " ".join([*misspelled, f"{others} can be read; thumbnail-tasks settings lists them"])


def _examine_cluster() -> str:
    """What the cluster has, whose nodes have the same versions and engines as this machine.

    Raises:
        SettingsError: The settings of the cluster are wrong.
        ClusterError: There is no such cluster, or a node cannot work.
    """
    check_settings()
    return examine_nodes([stage for _, stage, _ in _ENGINES], "", "")


def _list_versions() -> str:
    versions = [f"Python {platform.python_version()}"]
    for package in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{package} {importlib.metadata.version(package)}")
    return ", ".join(versions)


def _gpus() -> list[Gpu]:
    try:
        return find_gpus()
    except ThumbnailTasksError:  # reported by the check of that name
        return []


def _load_on_each_device(setting: str, stage: type[ShardTask], names: Sequence[str]) -> str:
    """Load the chosen engine where its stage would run it.

    Raises:
        ThumbnailTasksError: It cannot be loaded: settings, packages, weights, GPU, a crash.
    """
    engine = stage.selected_engine()
    for weights in engine.weights():
        if not is_cached(weights):
            raise StorageError(
                f"{engine.name()}: {weights.name} is missing; the first run downloads it "
                f"to {weights.path}, or now: thumbnail-tasks fetch-weights --weights {weights.name}"
            )
    gpus: Sequence[Gpu | None] = [None]
    if stage.needs().get("gpu"):
        gpus = find_gpus() or gpus
    with contextlib.closing(ChildProcess()) as process:
        for gpu in gpus:
            with process.on(gpu):
                process.call(functools.partial(_load, stage), lambda n: None)
    devices = ", ".join(gpu.label if gpu else CPU for gpu in gpus)
    chosen = settings.engine_name(setting)
    others = ", ".join(name for name in names if name != chosen)
    limits = f"; {engine.limits()}" if engine.limits() else ""
    others = f"; others: {others}" if others else ""
    return f"{chosen} ({engine.name()}) on {devices}{limits}{others}"


def _load(stage: type[ShardTask], advance: Progress) -> None:
    stage.load_engine()


def _describe_room(folder: str) -> str:
    """The room in a folder or bucket in which files can be written.

    Raises:
        StorageError: None can be written.
    """
    return files.backend_of(folder).describe_room(folder)
