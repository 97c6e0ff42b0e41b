"""Each process of a host has a GPU to itself while it computes."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import luigi
import psutil
import pytest

from thumbnail_tasks.errors import SettingsError, StorageError
from thumbnail_tasks.execution import gpus
from thumbnail_tasks.execution.child_process import ChildProcess
from thumbnail_tasks.execution.gpus import Gpu, GpuError, find_gpus, lease_gpu, show_only

FORK = multiprocessing.get_context("fork")

LISTED = "0, GPU-aa11, NVIDIA H100 80GB HBM3\n1, GPU-bb22, NVIDIA L4\n"
FIRST = Gpu("GPU-aa11", "GPU 0 (NVIDIA H100 80GB HBM3)")
SECOND = Gpu("GPU-bb22", "GPU 1 (NVIDIA L4)")

UseGpus = Callable[..., None]
PutNvidiaSmi = Callable[[str], None]


@pytest.fixture
def use_gpus(tmp_path: Path) -> Iterator[UseGpus]:
    """Set ``[gpus]``; lock files are in the test's folder."""
    config = luigi.configuration.get_config()

    def use(**options: str) -> None:
        for name, value in options.items():
            config.set("gpus", name, value)

    use(lock_dir=str(tmp_path), devices="auto")
    yield use
    config.remove_section("gpus")


@pytest.fixture
def put_nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PutNvidiaSmi:
    """Replace nvidia-smi on the PATH by a script of the test."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (tmp_path / "bin").mkdir()

    def put(script: str) -> None:
        path = tmp_path / "bin" / "nvidia-smi"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return put


def gpus_of_this_host() -> list[Gpu]:
    """The real GPUs."""
    config = luigi.configuration.get_config()
    config.set("gpus", "devices", "auto")
    try:
        return find_gpus()
    finally:
        config.remove_section("gpus")


needs_gpu = pytest.mark.skipif(not gpus_of_this_host(), reason="no GPU")


def list_gpus(listed: str = LISTED) -> str:
    return f"printf '%s' '{listed}'"


def test_auto_selects_all_gpus_of_nvidia_smi(
    use_gpus: UseGpus, put_nvidia_smi: PutNvidiaSmi
) -> None:
    put_nvidia_smi(list_gpus())
    assert find_gpus() == [FIRST, SECOND]


def test_a_gpu_is_used_only_if_the_settings_ask_for_it(put_nvidia_smi: PutNvidiaSmi) -> None:
    put_nvidia_smi(list_gpus())
    assert find_gpus() == []


def test_a_host_without_nvidia_smi_has_no_gpus(
    use_gpus: UseGpus, put_nvidia_smi: PutNvidiaSmi
) -> None:
    assert find_gpus() == []


@pytest.mark.parametrize("wanted", ["1", "GPU-bb22", " 1 , GPU-bb22,1"])
def test_a_gpu_is_selected_by_number_or_uuid(
    use_gpus: UseGpus, put_nvidia_smi: PutNvidiaSmi, wanted: str
) -> None:
    put_nvidia_smi(list_gpus())
    use_gpus(devices=wanted)
    assert find_gpus() == [SECOND]


def test_without_nvidia_smi_the_selected_gpus_are_accepted_if_there_is_a_driver(
    use_gpus: UseGpus,
    put_nvidia_smi: PutNvidiaSmi,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    use_gpus(devices="0,3")
    monkeypatch.setattr(gpus, "_DRIVERS", (tmp_path / "driver",))
    with pytest.raises(GpuError, match=r"devices = 0,3: expected NVIDIA's driver; found neither"):
        find_gpus()
    (tmp_path / "driver").touch()
    assert find_gpus() == [Gpu("0", "GPU 0"), Gpu("3", "GPU 3")]


@pytest.mark.parametrize(("visible", "found"), [("1", [SECOND]), ("", []), ("-1", [])])
def test_auto_obeys_cuda_visible_devices(
    use_gpus: UseGpus,
    put_nvidia_smi: PutNvidiaSmi,
    monkeypatch: pytest.MonkeyPatch,
    visible: str,
    found: list[Gpu],
) -> None:
    put_nvidia_smi(list_gpus())
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert find_gpus() == found
    use_gpus(devices="0")
    assert find_gpus() == [FIRST]


def test_with_none_nvidia_smi_is_not_called(
    use_gpus: UseGpus, put_nvidia_smi: PutNvidiaSmi
) -> None:
    put_nvidia_smi("exit 9")
    use_gpus(devices="none")
    assert find_gpus() == []


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("2", r"\[gpus\] devices: expected GPUs that nvidia-smi lists \(0, 1, .*\); found: 2"),
        ("first", r"\[gpus\] devices: expected auto, none, or .*; found: 'first'"),
        ("", r"\[gpus\] devices: expected auto, none, or .*; found: ''"),
    ],
)
def test_a_missing_gpu_is_reported(
    use_gpus: UseGpus, put_nvidia_smi: PutNvidiaSmi, wanted: str, message: str
) -> None:
    put_nvidia_smi(list_gpus())
    use_gpus(devices=wanted)
    with pytest.raises(SettingsError, match=message):
        find_gpus()


def test_a_failing_driver_is_an_error(use_gpus: UseGpus, put_nvidia_smi: PutNvidiaSmi) -> None:
    put_nvidia_smi("echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18")
    with pytest.raises(GpuError, match=r"found: exit code 18 Failed to initialize NVML.*none"):
        find_gpus()


def test_a_required_gpu_that_is_missing_is_an_error(
    use_gpus: UseGpus, put_nvidia_smi: PutNvidiaSmi
) -> None:
    use_gpus(required="true")
    with pytest.raises(GpuError, match=r"expected a GPU; found: none.*smi not on the PATH"):
        find_gpus()
    put_nvidia_smi(list_gpus(""))
    with pytest.raises(GpuError, match="not set and nvidia-smi on the PATH"):
        find_gpus()
    put_nvidia_smi(list_gpus())
    assert find_gpus() == [FIRST, SECOND]


def hold(pipe: Connection, n_gpus: int) -> None:
    with lease_gpu([FIRST, SECOND][:n_gpus], lambda: pipe.send("waits")) as gpu:
        assert gpu is not None
        pipe.send(gpu.id)
        pipe.recv()


class Holder:
    """Another process that leases a GPU."""

    def __init__(self, n_gpus: int = 2) -> None:
        self.pipe, theirs = FORK.Pipe()
        self.process = FORK.Process(target=hold, args=(theirs, n_gpus), daemon=True)
        self.process.start()

    def message(self) -> str:
        assert self.pipe.poll(10)
        return str(self.pipe.recv())


def test_each_process_has_its_own_gpu_and_an_extra_one_waits(use_gpus: UseGpus) -> None:
    first = Holder()
    assert first.message() == "GPU-aa11"
    second = Holder()
    assert second.message() == "GPU-bb22"
    third = Holder()
    assert third.message() == "waits"
    assert not third.pipe.poll(1)
    second.pipe.send("release")
    assert third.message() == "GPU-bb22"


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_process_frees_its_gpu(use_gpus: UseGpus, sign: signal.Signals) -> None:
    first = Holder(n_gpus=1)
    assert first.message() == "GPU-aa11"
    second = Holder(n_gpus=1)
    assert second.message() == "waits"
    assert first.process.pid is not None
    os.kill(first.process.pid, sign)
    assert second.message() == "GPU-aa11"


def test_a_gpu_on_which_models_still_run_is_not_free(use_gpus: UseGpus) -> None:
    pipe, theirs = FORK.Pipe()

    def compute() -> None:
        process = ChildProcess()
        with lease_gpu([FIRST], lambda: None) as gpu, process.on(gpu):
            theirs.send(process.call(name_process, ignore))
            theirs.recv()

    parent = FORK.Process(target=compute)
    parent.start()
    try:
        assert pipe.poll(10)
        models = psutil.Process(pipe.recv())
        models.suspend()  # like one in a native library, which does not notice its parent's end
    finally:
        parent.kill()
        parent.join()
    other = Holder(n_gpus=1)
    try:
        assert other.message() == "waits"
        assert not other.pipe.poll(1)
    finally:
        models.kill()
    assert other.message() == "GPU-aa11"


def name_process(progress: object) -> int:
    return os.getpid()


def ignore(_: int) -> None:
    pass


def test_a_lease_is_released_when_the_block_raises(use_gpus: UseGpus, tmp_path: Path) -> None:
    with pytest.raises(KeyError), lease_gpu([FIRST], lambda: None):
        raise KeyError
    assert Holder(n_gpus=1).message() == "GPU-aa11"


def test_without_gpus_nothing_is_leased(use_gpus: UseGpus, tmp_path: Path) -> None:
    with lease_gpu([], lambda: None) as gpu:
        assert gpu is None
    assert list(tmp_path.iterdir()) == []


def test_a_missing_lock_folder_is_reported(use_gpus: UseGpus, tmp_path: Path) -> None:
    use_gpus(lock_dir=str(tmp_path / "missing"))
    lease = lease_gpu([FIRST], lambda: None)
    with pytest.raises(StorageError, match=r"No such file.*\[gpus\] lock_dir"), lease:
        pass


def test_frameworks_see_one_gpu_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "FASTEST_FIRST")
    show_only(SECOND)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-bb22"
    assert os.environ["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    show_only(None)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
