"""Ctrl-C while a process is being forked, and forks that end with their parent."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing.connection import wait
from typing import Any

from thumbnail_tasks.console import EXIT_INTERRUPTED


@contextlib.contextmanager
def hold_interrupts() -> Iterator[None]:
    """Delay Ctrl-C until the block, which forks, has ended; it ends a fork that has just begun.

    So is SIGTERM, if it has a handler: Luigi ends its tasks with it after Ctrl-C.

    Python calls hooks before and after a fork, of ``logging`` for example, and ignores exceptions
    raised in them: KeyboardInterrupt there would be printed, and the interrupt lost. A fork sets a
    handler of its own once it can clean up.
    """
    if threading.current_thread() is not threading.main_thread():  # which alone is interrupted
        yield
        return
    owner = os.getpid()
    received: list[tuple[int, Any]] = []

    def hold(sign: int, frame: Any) -> None:
        if os.getpid() != owner:
            os._exit(EXIT_INTERRUPTED)
        received.append((sign, frame))

    handlers = {signal.SIGINT: signal.signal(signal.SIGINT, hold)}
    if callable(handler := signal.getsignal(signal.SIGTERM)):
        handlers[signal.SIGTERM] = handler
        signal.signal(signal.SIGTERM, hold)
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
        for sign, frame in received:  # mostly the first raises
            if callable(handler := handlers[signal.Signals(sign)]):
                handler(sign, frame)


def end_with_parent() -> None:
    """End this fork as soon as its parent has ended, also if that was killed."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()
