"""A child process whose crash does not end the task: for models and decoders, and for Ray."""

import contextlib
import functools
import multiprocessing
import os
import pickle
import signal
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from luigi.worker import fork_lock

from thumbnail_tasks.errors import ThumbnailTasksError
from thumbnail_tasks.execution.crashes import (
    OUT_OF_MEMORY,
    CrashError,
    count_oom_kills,
    is_out_of_memory,
    name_crash,
)
from thumbnail_tasks.execution.forks import end_with_parent, hold_interrupts
from thumbnail_tasks.execution.gpus import Gpu, show_only

Report = Callable[[Any], None]
"""Takes what a function sends while it works; mostly a ``Progress``."""
Work = Callable[[Report], Any]
"""A function to call in the child process."""


class ChildProcess:
    """A child process that calls functions sent to it; it is restarted after a crash.

    It is forked from a process that loads no model itself: so it starts within milliseconds, has
    the run's settings, and keeps its models loaded between calls. It sees no GPU except the one
    assigned to it.
    """

    def __init__(self) -> None:
        self._gpu: Gpu | None = None
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection
        self._oom_kills = 0

    @contextlib.contextmanager
    def on(self, gpu: Gpu | None) -> Iterator[None]:
        """Compute on this GPU while the block runs; None changes nothing.

        A framework selects its GPU once and keeps memory there, so the process starts in the
        block and ends with it.
        """
        if gpu is None:
            yield
            return
        self.close()
        self._gpu = gpu
        try:
            yield
        finally:
            self.close()
            self._gpu = None

    def call(self, work: Work, report: Report) -> Any:
        """Call ``work`` in the child process; it, its result and its reports are pickled.

        An exception of ``report`` ends the child process.

        Raises:
            CrashError: It killed the process, or ran out of memory.
            Exception: What ``work`` raises.
        """
        if self._process is None:
            self._start()
        try:
            self._send(work)
            while not isinstance(reply := self._receive(), _Reply):
                report(reply)
        except BaseException:  # also Ctrl-C: a reply may still be on its way
            self.close()
            raise
        result, error = reply
        if error is not None:
            raise error
        return result

    def _start(self) -> None:
        fork = multiprocessing.get_context("fork")
        self._oom_kills = count_oom_kills()
        self._pipe, theirs = fork.Pipe()
        self._process = fork.Process(
            target=_serve, args=(theirs, self._pipe, self._gpu), daemon=True
        )
        # A fork inherits locks held by other threads, and nothing releases them there. Threads of
        # the run's first process take fork_lock while they hold any; the only other thread of its
        # forks (end_with_parent) holds none.
        is_first = multiprocessing.parent_process() is None
        with hold_interrupts(), fork_lock if is_first else contextlib.nullcontext():
            self._process.start()
        theirs.close()

    def close(self) -> None:
        """End the process; the next call starts another."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = None

    def _send(self, work: Work) -> None:
        with contextlib.suppress(ConnectionError):  # it died; _receive finds out why
            self._pipe.send(work)

    def _receive(self) -> Any:
        try:
            return self._pipe.recv()
        except (EOFError, OSError):
            raise self._describe_death() from None

    def _describe_death(self) -> ThumbnailTasksError:
        process, self._process = self._process, None
        assert process is not None
        process.join()
        self._pipe.close()
        assert process.exitcode is not None
        return name_crash(process.exitcode, count_oom_kills() - self._oom_kills)


def model_process() -> ChildProcess:
    """The model process of this process; each fork has its own."""
    return _model_process_of(os.getpid())


@functools.cache
def _model_process_of(pid: int) -> ChildProcess:
    return ChildProcess()


def _serve(pipe: Connection, parents_end: Connection, gpu: Gpu | None) -> None:
    parents_end.close()
    show_only(gpu)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # not the parent's, which releases locks
    end_with_parent()
    with contextlib.suppress(EOFError, ConnectionError):  # the parent has ended
        while True:
            pipe.send(_reply(pipe.recv(), pipe.send))


class _Reply(NamedTuple):
    """What a function has returned or raised."""

    result: Any
    error: Exception | None


def _reply(work: Work, report: Report) -> _Reply:
    try:
        return _Reply(work(report), None)
    except Exception as error:
        if is_out_of_memory(error):
            message = " ".join(f"{type(error).__name__}: {error}".split())
            return _Reply(None, CrashError(OUT_OF_MEMORY, f"memory ran out: {message[:300]}"))
        return _Reply(None, portable(error))


def portable(error: Exception) -> Exception:
    """The error in a form that can be pickled, with its traceback as a note."""
    trace = traceback.format_exc()
    try:
        sent: Exception = pickle.loads(pickle.dumps(error))
    except Exception:  # exceptions of libraries fail in many ways
        sent = RuntimeError(str(error))
    sent.add_note(trace)
    return sent
