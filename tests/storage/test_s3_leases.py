"""Locks in a bucket: renewed while they are held, taken over when their holder is dead."""

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

import pytest

from thumbnail_tasks import settings
from thumbnail_tasks.storage import files, s3_client, s3_leases
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.locks import hold_lock

pytestmark = pytest.mark.dag  # a real server

FORK = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Seconds instead of half a minute; forks inherit it, and end with the test."""
    chosen = settings.s3(lease_s=3.0)
    monkeypatch.setattr(settings, "s3", lambda: chosen)
    monkeypatch.setattr(s3_leases, "POLL_S", 0.1)
    yield
    for process in multiprocessing.active_children():
        process.kill()
        process.join()


def hold(data_dir: str, name: str, shared: bool, pipe: Connection) -> None:
    with hold_lock(data_dir, name, lambda: pipe.send("waits"), shared):
        pipe.send("holds")
        pipe.recv()
    pipe.send("released")
    pipe.recv()


class Holder:
    """Another process that holds a lock."""

    def __init__(self, data_dir: str, name: str = "words/a", shared: bool = False) -> None:
        self.pipe, theirs = FORK.Pipe()
        self.process = FORK.Process(target=hold, args=(data_dir, name, shared, theirs), daemon=True)
        self.process.start()

    def message(self) -> str:
        assert self.pipe.poll(30)
        return str(self.pipe.recv())

    def release(self) -> None:
        self.pipe.send("release")
        assert self.message() == "released"

    def kill(self) -> None:
        os.kill(self.process.pid or 0, signal.SIGKILL)
        self.process.join()


@pytest.mark.thorough
def test_another_process_waits_until_release_and_other_names_are_free(bucket: str) -> None:
    first = Holder(bucket)
    assert first.message() == "holds"
    second, other = Holder(bucket), Holder(bucket, "words/b")
    assert other.message() == "holds"
    assert second.message() == "waits"
    time.sleep(4)  # longer than a lease that is not renewed
    assert not second.pipe.poll()
    first.release()
    assert second.message() == "holds"


def test_the_lock_of_a_killed_process_is_taken_over(bucket: str) -> None:
    first = Holder(bucket)
    assert first.message() == "holds"
    first.kill()
    started = time.monotonic()
    with hold_lock(bucket, "words/a", lambda: pytest.fail("a dead holder")):
        assert time.monotonic() - started > 2
    assert files.list_files(bucket, below=True) == []


@pytest.mark.thorough
def test_of_many_that_wait_for_a_dead_one_only_one_holds_at_a_time(bucket: str) -> None:
    first = Holder(bucket)
    assert first.message() == "holds"
    first.kill()
    n_inside, most, done = (FORK.Value("i", 0) for _ in range(3))

    def work() -> None:
        with hold_lock(bucket, "words/a", lambda: None):
            with n_inside.get_lock():
                n_inside.value += 1
                most.value = max(most.value, n_inside.value)
            time.sleep(0.3)
            with n_inside.get_lock():
                n_inside.value -= 1
                done.value += 1

    processes = [FORK.Process(target=work) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert (most.value, done.value) == (1, 4)


@pytest.mark.thorough
def test_a_stopped_holder_that_was_taken_over_removes_nothing_of_the_next(bucket: str) -> None:
    first = Holder(bucket)
    assert first.message() == "holds"
    os.kill(first.process.pid or 0, signal.SIGSTOP)
    second = Holder(bucket)
    assert second.message() == "holds"
    os.kill(first.process.pid or 0, signal.SIGCONT)
    first.release()
    assert len(files.list_files(bucket, below=True)) == 1
    third = Holder(bucket)
    assert third.message() == "waits"
    second.release()
    assert third.message() == "holds"


@pytest.mark.thorough
def test_those_who_share_exclude_one_who_does_not(bucket: str) -> None:
    one, two = Holder(bucket, shared=True), Holder(bucket, shared=True)
    assert (one.message(), two.message()) == ("holds", "holds")
    alone = Holder(bucket)
    assert alone.message() == "waits"
    one.release()
    two.kill()
    assert alone.message() == "holds"
    late = Holder(bucket, shared=True)
    assert late.message() == "waits"
    alone.release()
    assert late.message() == "holds"


class BusyError(Exception):
    pass


def refuse() -> None:
    raise BusyError


def test_who_refuses_to_wait_leaves_nothing_behind(bucket: str) -> None:
    sharer = Holder(bucket, shared=True)
    assert sharer.message() == "holds"
    with pytest.raises(BusyError), hold_lock(bucket, "words/a", refuse):
        pass
    assert len(files.list_files(bucket, below=True)) == 1
    sharer.release()
    holder = Holder(bucket)
    assert holder.message() == "holds"
    with pytest.raises(BusyError), hold_lock(bucket, "words/a", refuse, shared=True):
        pass
    assert len(files.list_files(bucket, below=True)) == 1


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("request_name", ["put_object", "delete_object"])
@pytest.mark.parametrize("is_answered", [False, True])
def test_control_c_during_a_request_leaves_no_lease(
    bucket: str, monkeypatch: pytest.MonkeyPatch, request_name: str, shared: bool, is_answered: bool
) -> None:
    client = s3_client.client()
    send, presses = getattr(client, request_name), iter([KeyboardInterrupt])

    def press_once(**arguments: Any) -> Any:
        if is_answered:
            answer = send(**arguments)
        for error in presses:
            raise error
        return answer if is_answered else send(**arguments)

    monkeypatch.setattr(client, request_name, press_once)
    with (
        pytest.raises(KeyboardInterrupt),
        hold_lock(bucket, "words/a", lambda: pytest.fail("its own lease"), shared),
    ):
        pass
    assert files.list_files(bucket, below=True) == []


@contextlib.contextmanager
def held(bucket: str) -> Iterator[None]:
    with hold_lock(bucket, "words/a", lambda: None):
        yield


def test_a_fork_of_the_holder_that_ends_releases_nothing(bucket: str) -> None:
    with held(bucket):
        process = FORK.Process(target=time.sleep, args=(0.1,))
        process.start()
        process.join()
        time.sleep(1)
        assert files.exists(join(bucket, ".leases", "words/a"))
    assert files.list_files(bucket, below=True) == []
