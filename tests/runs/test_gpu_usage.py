"""GPU utilisation as nvidia-smi reports it, or none."""

import os
import stat
from pathlib import Path

import pytest

from thumbnail_tasks.runs.gpu_usage import GpuUsage


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fake nvidia-smi, first on the PATH."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nexit 9\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return program


def test_each_gpu_has_its_mean_and_last_value(nvidia_smi: Path) -> None:
    usage = GpuUsage()
    for busy in (0, 100, 50):
        nvidia_smi.write_text(f"#!/bin/sh\necho '0, {busy}, NVIDIA X, big'\necho '1, [N/A], Y'\n")
        usage.sample()
    first, second = usage.gpus() or []
    assert (first.index, first.name, first.busy_share) == ("0", "NVIDIA X, big", 0.5)
    assert (second.name, second.busy_share) == ("Y", None)
    assert usage.latest() == {"0": 0.5}


def test_without_nvidia_smi_nothing_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    usage = GpuUsage()
    usage.sample()
    assert (usage.gpus(), usage.latest()) == (None, {})


def test_after_three_failures_nvidia_smi_is_not_called_again(
    nvidia_smi: Path, tmp_path: Path
) -> None:
    nvidia_smi.write_text(f"#!/bin/sh\necho x >> {tmp_path}/calls\nexit 9\n")
    usage = GpuUsage()
    for _ in range(9):
        usage.sample()
    assert usage.gpus() is None
    assert (tmp_path / "calls").read_text() == "x\n" * 3
