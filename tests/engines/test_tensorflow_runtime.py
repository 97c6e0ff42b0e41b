"""TensorFlow computes on the card that was leased for it, or refuses."""

import functools
import importlib.metadata
import subprocess

import pytest

from tests.test_gpus import cards_of_this_host
from tests.test_model_process import ignore
from thumbnail_tasks.engines.tensorflow_runtime import load_tensorflow
from thumbnail_tasks.gpus import Card, GpuError, leased_card
from thumbnail_tasks.model_process import ModelProcess
from thumbnail_tasks.terminal import Progress


def list_devices(progress: Progress) -> list[str]:
    return [device.name for device in load_tensorflow().config.list_logical_devices()]


def measure_memory(card: Card, progress: Progress) -> float:
    """The share of the card's memory that is in use once a product was computed there."""
    tf = load_tensorflow()
    tf.linalg.matmul(tf.ones((256, 256)), tf.ones((256, 256))).numpy()
    query = ["--query-gpu=memory.used,memory.total", "--format=csv,noheader,nounits"]
    told = subprocess.check_output(["nvidia-smi", "-i", card.id, *query], text=True)
    used, total = map(float, told.split(","))
    return used / total


@pytest.mark.model
def test_without_a_card_it_computes_on_the_processor() -> None:
    assert ModelProcess().compute(list_devices, ignore) == ["/device:CPU:0"]


@pytest.mark.model
def test_a_build_that_cannot_see_the_card_is_refused() -> None:
    process = ModelProcess()
    version = importlib.metadata.version("tensorflow")
    expected = (
        rf"GPU 99 \(NVIDIA H100\): expected .*; found: TensorFlow {version}, built .*missing. "
        r"Install the driver and CUDA's packages .*, or .*\[gpus\] cards = none"
    )
    with (
        process.on(Card("99", "GPU 99 (NVIDIA H100)")),
        pytest.raises(GpuError, match=expected),
    ):
        process.compute(list_devices, ignore)


@pytest.mark.gpu
@pytest.mark.model
def test_on_a_card_it_sees_that_one_and_takes_memory_as_it_needs_it() -> None:
    cards = cards_of_this_host()
    process = ModelProcess()
    with leased_card(cards, lambda: None) as card, process.on(card):
        assert card is not None
        assert process.compute(list_devices, ignore) == ["/device:CPU:0", "/device:GPU:0"]
        assert process.compute(functools.partial(measure_memory, card), ignore) < 0.5
