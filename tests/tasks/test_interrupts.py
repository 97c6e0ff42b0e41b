import contextlib
import multiprocessing
import os
import signal
import time

import pytest
from luigi.worker import TaskProcess

from thumbnail_tasks.console import EXIT_INTERRUPTED
from thumbnail_tasks.tasks import interrupts
from thumbnail_tasks.tasks.interrupts import ReadableFailures


def run_and_interrupt_at_the_end() -> None:
    with ReadableFailures(TaskProcess.__new__(TaskProcess)):
        pass
    os.kill(os.getpid(), signal.SIGINT)


def test_control_c_while_a_task_process_ends_prints_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    process = multiprocessing.get_context("fork").Process(target=run_and_interrupt_at_the_end)
    process.start()
    process.join()
    assert process.exitcode == 0
    assert capfd.readouterr().err == ""


def test_a_task_that_lost_its_interruption_is_ended_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(interrupts, "_MAX_CLEANUP_S", 0.2)
    fork = multiprocessing.get_context("fork")
    has_begun = fork.Event()

    def lose_interruptions() -> None:
        with ReadableFailures(TaskProcess.__new__(TaskProcess)):
            while True:
                with contextlib.suppress(KeyboardInterrupt):
                    has_begun.set()
                    time.sleep(60)

    process = fork.Process(target=lose_interruptions)
    process.start()
    assert has_begun.wait(60)
    process.terminate()
    process.join(60)
    assert process.exitcode == EXIT_INTERRUPTED
