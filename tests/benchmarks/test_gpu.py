"""The benchmark of networks on a GPU, on the CPU."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.speed import gpu
from benchmarks.speed.gpu import Network, measure_network, repeat
from tests.conftest import ROOT


class _Session:
    """Takes batches of up to two, and counts its runs."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def run(self, names: None, inputs: Mapping[str, NDArray[Any]]) -> None:
        n = len(inputs["x"])
        if n > 2:
            raise ValueError("the first dimension is at most 2")
        self.batches.append(n)


def test_the_first_item_of_a_batch_is_repeated() -> None:
    inputs = {"x": np.arange(6).reshape(2, 3)}
    assert repeat(inputs, 3)["x"].tolist() == [[0, 1, 2]] * 3


def test_batches_are_measured_as_far_as_a_network_takes_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gpu, "_SECONDS_PER_BATCH", 0.01)
    small, large = ({"x": np.zeros((1, 3, n, n), np.float32)} for n in (2, 4))
    network = Network("network", b"", [large, small, small])
    assert network.takes_batches
    assert network.typical_input() is small
    session = _Session()
    rates = measure_network(network, lambda model: session, [1, 2, 4])
    assert list(rates) == [1, 2]
    assert session.batches.count(2) > 3
    assert all(rate.minimum > 0 for rate in rates.values())


def test_a_network_that_was_not_used_or_that_is_given_numbers_has_no_batches() -> None:
    assert not Network("unused", b"").takes_batches
    assert not Network("resizes", b"", [{"shape": np.array([1, 3, 4, 4])}]).takes_batches


def test_without_a_gpu_the_command_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.speed.gpu", "--out", str(tmp_path)]
    ran = subprocess.run(
        command, cwd=ROOT, env={"PATH": "/nowhere"}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr == "ERROR: expected a GPU; found: none. --on-cpu measures the CPU only\n"
    assert not list(tmp_path.iterdir())
