"""ONNX Runtime computes on the leased GPU, or raises."""

import functools
import importlib.metadata
from typing import Any

import numpy as np
import pytest

from tests.execution.test_child_process import ignore
from tests.execution.test_gpus import gpus_of_this_host, needs_gpu
from thumbnail_tasks.console import Progress
from thumbnail_tasks.engines.emotions.fer2013 import INPUT_PX, WEIGHTS_PATH, load_emotion_classifier
from thumbnail_tasks.engines.runtimes.onnx import open_session
from thumbnail_tasks.execution.child_process import ChildProcess
from thumbnail_tasks.execution.gpus import Gpu, GpuError, lease_gpu


def open_network(progress: Progress) -> list[str]:
    return list(open_session(str(WEIGHTS_PATH)).get_providers())


def open_network_on_the_cpu(progress: Progress) -> list[str]:
    return list(open_session(str(WEIGHTS_PATH), is_on_cpu=True).get_providers())


def classify(faces_rgb: list[Any], progress: Progress) -> Any:
    return load_emotion_classifier()(faces_rgb)


@pytest.mark.model
def test_without_a_gpu_it_runs_on_the_cpu() -> None:
    assert ChildProcess().call(open_network, ignore) == ["CPUExecutionProvider"]


@pytest.mark.model
def test_a_model_that_is_kept_on_the_cpu_does_not_ask_for_the_gpu() -> None:
    process = ChildProcess()
    with process.on(Gpu("7", "GPU 7 (NVIDIA H100)")):
        assert process.call(open_network_on_the_cpu, ignore) == ["CPUExecutionProvider"]


@pytest.mark.model
def test_a_build_that_cannot_see_the_gpu_is_refused() -> None:
    process = ChildProcess()
    expected = r"GPU 7 \(NVIDIA H100\): expected .*; found: onnxruntime .*Install onnxruntime-gpu"
    with (
        process.on(Gpu("7", "GPU 7 (NVIDIA H100)")),
        pytest.raises(GpuError, match=expected),
    ):
        process.call(open_network, ignore)


@pytest.mark.gpu
@pytest.mark.model
@needs_gpu
@pytest.mark.skipif(
    not any(importlib.metadata.distributions(name="onnxruntime-gpu")),
    reason="this ONNX Runtime is built without CUDA",
)
def test_results_on_the_gpu_equal_those_on_the_cpu() -> None:
    process = ChildProcess()
    gpus = gpus_of_this_host()
    random = np.random.default_rng(7)
    faces_rgb = list(random.integers(0, 256, (40, INPUT_PX, INPUT_PX, 3), np.uint8))
    work = functools.partial(classify, faces_rgb)
    on_cpu = process.call(work, ignore)
    with lease_gpu(gpus, lambda: None) as gpu, process.on(gpu):
        assert process.call(open_network, ignore)[0] == "CUDAExecutionProvider"
        on_gpu = process.call(work, ignore)
        assert np.array_equal(on_gpu, process.call(work, ignore))
    np.testing.assert_allclose(on_gpu, on_cpu, atol=1e-4)
