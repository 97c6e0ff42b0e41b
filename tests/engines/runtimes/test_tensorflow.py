"""TensorFlow computes on the leased GPU, or raises."""

import functools
import importlib.metadata
import multiprocessing
import subprocess
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import pytest

from tests.conftest import needs
from tests.execution.test_child_process import ignore
from tests.execution.test_gpus import gpus_of_this_host, needs_gpu
from thumbnail_tasks.console import Progress
from thumbnail_tasks.engines.runtimes.tensorflow import load_tensorflow
from thumbnail_tasks.execution.child_process import ChildProcess, Work
from thumbnail_tasks.execution.gpus import Gpu, GpuError, lease_gpu

pytestmark = needs("tensorflow", "tf_keras")


def run_on(gpu: Gpu | None, work: Work) -> Any:
    """Run ``work`` in a new process: this one may have loaded TensorFlow in other tests."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_run_on, gpu, work).result()


def _run_on(gpu: Gpu | None, work: Work) -> Any:
    process = ChildProcess()
    with process.on(gpu):
        return process.call(work, ignore)


def list_devices(progress: Progress) -> list[str]:
    return [device.name for device in load_tensorflow().config.list_logical_devices()]


def measure_memory(gpu: Gpu, progress: Progress) -> float:
    """The share of the GPU's memory in use after one matrix product on it."""
    tf = load_tensorflow()
    tf.linalg.matmul(tf.ones((256, 256)), tf.ones((256, 256))).numpy()
    query = ["--query-gpu=memory.used,memory.total", "--format=csv,noheader,nounits"]
    output = subprocess.check_output(["nvidia-smi", "-i", gpu.id, *query], text=True)
    used, total = map(float, output.split(","))
    return used / total


@pytest.mark.thorough
@pytest.mark.model
def test_without_a_gpu_it_runs_on_the_cpu() -> None:
    assert run_on(None, list_devices) == ["/device:CPU:0"]


@pytest.mark.thorough
@pytest.mark.model
def test_a_build_that_cannot_see_the_gpu_is_refused() -> None:
    version = importlib.metadata.version("tensorflow")
    expected = (
        rf"GPU 99 \(NVIDIA H100\): expected .*; found: TensorFlow {version}, built .*missing. "
        r"Install the driver and CUDA's packages .*, or .*\[gpus\] devices = none"
    )
    with pytest.raises(GpuError, match=expected):
        run_on(Gpu("99", "GPU 99 (NVIDIA H100)"), list_devices)


@pytest.mark.gpu
@needs_gpu
@pytest.mark.model
def test_on_a_gpu_it_sees_only_that_one_and_takes_memory_as_needed() -> None:
    with lease_gpu(gpus_of_this_host(), lambda: None) as gpu:
        assert gpu is not None
        assert run_on(gpu, list_devices) == ["/device:CPU:0", "/device:GPU:0"]
        assert run_on(gpu, functools.partial(measure_memory, gpu)) < 0.5
