"""Several pictures at a time, one on a GPU."""

import threading

import pytest

from thumbnail_tasks.engines.runtimes import threads
from thumbnail_tasks.engines.runtimes.threads import count_threads, map_pictures
from thumbnail_tasks.execution.gpus import Gpu

WAIT_S = 20


@pytest.fixture
def three_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")


def test_pictures_are_computed_at_the_same_time_and_stay_in_order(three_threads: None) -> None:
    all_started = threading.Barrier(3)

    def compute(number: int, factor: int) -> int:
        all_started.wait(WAIT_S)  # raises if fewer than three run
        return number * factor

    assert map_pictures(compute, range(6), [10] * 6) == [0, 10, 20, 30, 40, 50]


def test_on_a_gpu_there_is_one_picture_at_a_time(
    three_threads: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "leased_gpu", lambda: Gpu("0", "GPU 0 (NVIDIA H100)"))
    of_each = map_pictures(lambda _: threading.current_thread(), range(4))
    assert of_each == [threading.current_thread()] * 4


def test_the_first_error_in_order_is_raised_and_no_picture_is_begun_after_it(
    three_threads: None,
) -> None:
    begun = []
    has_failed = threading.Event()

    def compute(number: int) -> None:
        begun.append(number)
        if number == 0:
            has_failed.set()
            raise ValueError("first")
        has_failed.wait(WAIT_S)
        if number == 1:
            raise ValueError("second")
        threading.Event().wait(0.2)

    with pytest.raises(ValueError, match="first"):
        map_pictures(compute, range(1000))
    assert len(begun) < 100


def test_each_picture_needs_all_arguments(three_threads: None) -> None:
    with pytest.raises(ValueError, match="shorter"):
        map_pictures(max, [1, 2], [3])


def test_without_pictures_nothing_is_called(three_threads: None) -> None:
    assert map_pictures(len, []) == []


@pytest.mark.parametrize(("configured", "expected"), [("5", 5), ("1", 1)])
def test_the_number_of_threads_can_be_set(
    monkeypatch: pytest.MonkeyPatch, configured: str, expected: int
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", configured)
    assert count_threads() == expected


@pytest.mark.parametrize("configured", ["", "0"])
def test_otherwise_there_are_as_many_as_cores(
    monkeypatch: pytest.MonkeyPatch, configured: str
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", configured)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {2, 5, 7}, raising=False)
    assert count_threads() == 3
