import multiprocessing
import os
import signal

import pytest
from luigi.worker import TaskProcess

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
