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
    use = GpuUsage()
    for busy in (0, 100, 50):
        nvidia_smi.write_text(f"#!/bin/sh\necho '0, {busy}, NVIDIA X, big'\necho '1, [N/A], Y'\n")
        use.sample()
    first, second = use.gpus() or []
    assert (first.index, first.name, first.busy_share) == ("0", "NVIDIA X, big", 0.5)
    assert (second.name, second.busy_share) == ("Y", None)
    assert use.latest() == {"0": 0.5}


def test_without_nvidia_smi_nothing_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    use = GpuUsage()
    use.sample()
    assert (use.gpus(), use.latest()) == (None, {})


def test_a_driver_that_keeps_failing_is_no_longer_asked(nvidia_smi: Path, tmp_path: Path) -> None:
    nvidia_smi.write_text(f"#!/bin/sh\necho x >> {tmp_path}/asked\nexit 9\n")
    use = GpuUsage()
    for _ in range(9):
        use.sample()
    assert use.gpus() is None
    assert (tmp_path / "asked").read_text() == "x\n" * 3
