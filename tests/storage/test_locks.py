"""Of several processes that need a file, one makes it."""

import multiprocessing
import os
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage.locks import hold_lock

FORK = multiprocessing.get_context("fork")


def hold(data_dir: Path, name: str, pipe: Connection) -> None:
    with hold_lock(str(data_dir), name, lambda: pipe.send("waits")):
        pipe.send("holds")
        pipe.recv()
    pipe.send("released")
    pipe.recv()


class Holder:
    """Another process that holds the lock of a name."""

    def __init__(self, data_dir: Path, name: str) -> None:
        self.pipe, theirs = FORK.Pipe()
        self.process = FORK.Process(target=hold, args=(data_dir, name, theirs), daemon=True)
        self.process.start()

    def message(self) -> str:
        assert self.pipe.poll(10)
        return str(self.pipe.recv())


def test_another_process_waits_until_release_and_other_names_are_free(tmp_path: Path) -> None:
    first = Holder(tmp_path, "words/a")
    assert first.message() == "holds"
    second, other = Holder(tmp_path, "words/a"), Holder(tmp_path, "words/b")
    assert second.message() == "waits"
    assert other.message() == "holds"
    assert not second.pipe.poll(0.2)
    first.pipe.send("release")
    assert first.message() == "released"
    assert second.message() == "holds"


def test_a_killed_holder_holds_nothing_even_while_its_child_lives(tmp_path: Path) -> None:
    pipe, theirs = FORK.Pipe()

    def hold_and_fork() -> None:
        with hold_lock(str(tmp_path), "words/a", lambda: None):
            child = os.fork()
            if child:
                theirs.send(child)
            time.sleep(60)

    holder = FORK.Process(target=hold_and_fork, daemon=True)
    holder.start()
    grandchild = pipe.recv()
    try:
        holder.kill()
        holder.join()
        waited = []
        with hold_lock(str(tmp_path), "words/a", lambda: waited.append(True)):
            assert waited == []
    finally:
        os.kill(grandchild, signal.SIGKILL)


def test_a_second_lock_can_be_held_within_a_lock(tmp_path: Path) -> None:
    with hold_lock(str(tmp_path), "words/a", lambda: None):
        with hold_lock(str(tmp_path), "thumbnails/a", lambda: None):
            pass
        assert Holder(tmp_path, "words/a").message() == "waits"


def test_a_lock_is_released_when_the_block_raises(tmp_path: Path) -> None:
    with pytest.raises(KeyError), hold_lock(str(tmp_path), "words/a", lambda: None):
        raise KeyError
    assert Holder(tmp_path, "words/a").message() == "holds"
    assert [path.name for path in tmp_path.iterdir()] == [".claims"]


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    lock = hold_lock(str(tmp_path / "data"), "words/a", lambda: None)
    with pytest.raises(StorageError, match="cannot be written"), lock:
        pass
