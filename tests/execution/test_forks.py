import multiprocessing
import os
import signal
import threading

import pytest

from thumbnail_tasks.console import EXIT_INTERRUPTED
from thumbnail_tasks.execution.forks import hold_interrupts


def test_control_c_waits_for_the_end_of_the_block() -> None:
    reached = []

    def interrupt() -> None:
        with hold_interrupts():
            os.kill(os.getpid(), signal.SIGINT)
            reached.append("the end")

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert reached == ["the end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_control_c_ends_a_fork_that_has_just_begun(capfd: pytest.CaptureFixture[str]) -> None:
    def interrupt_itself() -> None:
        os.kill(os.getpid(), signal.SIGINT)

    process = multiprocessing.get_context("fork").Process(target=interrupt_itself)
    with hold_interrupts():
        process.start()
    process.join()
    assert process.exitcode == EXIT_INTERRUPTED
    assert capfd.readouterr().err == ""


def test_a_signal_that_ends_tasks_waits_too() -> None:
    reached = []

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    def terminate() -> None:
        with hold_interrupts():
            os.kill(os.getpid(), signal.SIGTERM)
            reached.append("the end")

    before = signal.signal(signal.SIGTERM, end)
    try:
        with pytest.raises(KeyboardInterrupt):
            terminate()
        assert reached == ["the end"]
        assert signal.getsignal(signal.SIGTERM) is end
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_thread_can_fork_too() -> None:
    handlers = []

    def enter() -> None:
        with hold_interrupts():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert handlers == [signal.default_int_handler]
