"""The engines of a run are checked before its first download."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from thumbnail_tasks.commands import engine_checks
from thumbnail_tasks.commands.engine_checks import check_engines
from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.errors import ThumbnailTasksError, WeightsError
from thumbnail_tasks.execution.child_process import model_process
from thumbnail_tasks.execution.gpus import Gpu, GpuError, lease_gpu
from thumbnail_tasks.stages import faces, texts
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.texts import CorrectText
from thumbnail_tasks.tasks.shard_task import ShardTask

GPU = Gpu("GPU-aa11", "GPU 0 (NVIDIA Fake)")


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[Gpu]]:
    """The GPUs of this host, to be changed."""
    found: list[Gpu] = []
    monkeypatch.setattr(engine_checks, "find_gpus", lambda: found)
    monkeypatch.setattr(
        "thumbnail_tasks.execution.gpus.settings.gpus",
        lambda: type("Gpus", (), {"lock_dir": str(tmp_path)}),
    )
    model_process().close()  # one that an earlier test has started has other engines
    yield found
    model_process().close()


def install(monkeypatch: pytest.MonkeyPatch, check: Callable[[], None]) -> list[type[ShardTask]]:
    """A stage on the GPU and one on the CPU, whose engines have this check."""
    engine = Engine(load=pytest.fail, name=lambda: "broken-1", about=dict, check=check)
    monkeypatch.setattr(faces, "DETECTORS", {"dlib-cnn": engine})
    monkeypatch.setattr(texts, "CORRECTORS", {"pyspellchecker": engine})
    return [DetectFaces, CorrectText]


def fail() -> None:
    raise WeightsError(f"on GPU {os.environ['CUDA_VISIBLE_DEVICES'] or 'none'}")


def crash_on_gpu() -> None:
    if os.environ["CUDA_VISIBLE_DEVICES"]:
        os.kill(os.getpid(), signal.SIGSEGV)


@pytest.mark.parametrize(
    ("found", "check", "error", "said"),
    [
        ([], fail, WeightsError, "on GPU none"),
        ([GPU], fail, WeightsError, "on GPU GPU-aa11"),
        ([GPU], crash_on_gpu, GpuError, r"GPU 0 \(NVIDIA Fake\): expected a framework .*SIGSEGV"),
    ],
)
def test_an_engine_is_checked_where_its_stage_would_run_it(
    monkeypatch: pytest.MonkeyPatch,
    gpus: list[Gpu],
    found: list[Gpu],
    check: Callable[[], None],
    error: type[ThumbnailTasksError],
    said: str,
) -> None:
    gpus += found
    with pytest.raises(error, match=said):
        check_engines(install(monkeypatch, check))


def test_engines_that_work_load_no_model(monkeypatch: pytest.MonkeyPatch, gpus: list[Gpu]) -> None:
    check_engines(install(monkeypatch, lambda: None))
    check_engines([])


def test_a_gpu_that_another_task_has_leased_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, gpus: list[Gpu]
) -> None:
    gpus.append(GPU)
    on_gpu, _ = install(monkeypatch, fail)
    with lease_gpu([GPU], pytest.fail):
        check_engines([on_gpu])
