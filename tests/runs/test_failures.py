"""Failures of all processes of a run are in one list."""

import multiprocessing
import os

import pytest

from thumbnail_tasks.errors import InputError
from thumbnail_tasks.runs.failures import FailureLog


def test_entries_of_forked_processes_are_complete() -> None:
    log = FailureLog()

    def add_many(name: str) -> None:
        for _ in range(200):
            log.add(name, name * 500)

    fork = multiprocessing.get_context("fork")
    children = [fork.Process(target=add_many, args=(name,)) for name in "abc"]
    for child in children:
        child.start()
    while any(child.is_alive() for child in children):
        assert all(each.error == each.task * 500 for each in log.read())
    found = [each.task for each in log.read()]
    assert {name: found.count(name) for name in "abc"} == dict.fromkeys("abc", 200)


def test_a_line_that_another_process_is_writing_is_not_read_yet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = FailureLog()
    log.add("A", "first")
    log.add("B", "second")
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda handle, size, at: pread(handle, size - 5, at))
    assert [each.task for each in log.read()] == ["A"]


def test_the_packages_errors_are_one_line_and_others_have_a_traceback() -> None:
    log = FailureLog()
    log.add("A", InputError("a table:\n  no such file"))
    try:
        raise ValueError("what\nnow")
    except ValueError as error:
        log.add("B", error)
        log.add_unless_known("luigi", error)
    own, other = log.read()
    assert (own.error, own.trace) == ("a table: no such file", None)
    assert other.error == "ValueError: what now"
    assert 'raise ValueError("what\\nnow")' in str(other.trace)
