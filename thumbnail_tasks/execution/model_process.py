"""A process of its own for models and decoders: what crashes there ends there."""

import contextlib
import functools
import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from typing import Any

from luigi.worker import fork_lock

from thumbnail_tasks.console import Progress
from thumbnail_tasks.errors import ThumbnailTasksError
from thumbnail_tasks.execution.crashes import (
    OUT_OF_MEMORY,
    CrashError,
    count_oom_kills,
    is_out_of_memory,
    name_crash,
)
from thumbnail_tasks.execution.gpus import Gpu, show_only

Work = Callable[[Progress], Any]
"""What to compute; told how to say how many more are done."""


class ModelProcess:
    """A child process that computes what it is sent, and is begun anew once it has died.

    It is forked, from a process that loads no model itself: so it begins within milliseconds, has
    the run's settings, and its models stay loaded from one work to the next. It sees no graphics
    gpu but the one it is put on.
    """

    def __init__(self) -> None:
        self._gpu: Gpu | None = None
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: Connection
        self._oom_kills = 0

    @contextlib.contextmanager
    def on(self, gpu: Gpu | None) -> Iterator[None]:
        """Compute on this gpu while the block runs; without one, go on as before.

        A framework chooses its gpu once and keeps memory there: so the process of a gpu begins
        in the block and ends with it.
        """
        if gpu is None:
            yield
            return
        self._end()
        self._gpu = gpu
        try:
            yield
        finally:
            self._end()
            self._gpu = None

    def call(self, work: Work, progress: Progress) -> Any:
        """The result of ``work`` (which is pickled, as is the result).

        Raises:
            CrashError: It killed the process, or there was no memory for it.
            Exception: What ``work`` raises.
        """
        if self._process is None:
            self._begin()
        try:
            self._send(work)
            while isinstance(answer := self._receive(), int):
                progress(answer)
        except BaseException:  # Ctrl-C, too: the answer under way is nobody's
            self._end()
            raise
        result, error = answer
        if error is not None:
            raise error
        return result

    def _begin(self) -> None:
        fork = multiprocessing.get_context("fork")
        self._oom_kills = count_oom_kills()
        self._pipe, theirs = fork.Pipe()
        self._process = fork.Process(
            target=_serve, args=(theirs, self._pipe, self._gpu), daemon=True
        )
        # Other threads of the run's first process hold locks now and then, and fork_lock meanwhile;
        # a fork would inherit them for ever. With several workers this is a fork without threads.
        is_first = multiprocessing.parent_process() is None
        with fork_lock if is_first else contextlib.nullcontext():
            self._process.start()
        theirs.close()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = None

    def _send(self, work: Work) -> None:
        with contextlib.suppress(ConnectionError):  # it died; to receive says why
            self._pipe.send(work)

    def _receive(self) -> Any:
        try:
            return self._pipe.recv()
        except (EOFError, OSError):
            raise self._name_death() from None

    def _name_death(self) -> ThumbnailTasksError:
        process, self._process = self._process, None
        assert process is not None
        process.join()
        self._pipe.close()
        assert process.exitcode is not None
        return name_crash(process.exitcode, count_oom_kills() - self._oom_kills)


def model_process() -> ModelProcess:
    """The one of this process; a fork of this process has another."""
    return _model_process_of(os.getpid())


@functools.cache
def _model_process_of(pid: int) -> ModelProcess:
    return ModelProcess()


def _serve(pipe: Connection, parents_end: Connection, gpu: Gpu | None) -> None:
    parents_end.close()
    show_only(gpu)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all: the parent decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, ConnectionError):  # the parent has gone
        while True:
            pipe.send(_answer(pipe.recv(), pipe.send))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _answer(work: Work, progress: Progress) -> tuple[Any, Exception | None]:
    try:
        return work(progress), None
    except Exception as error:
        if is_out_of_memory(error):
            said = " ".join(f"{type(error).__name__}: {error}".split())
            return None, CrashError(OUT_OF_MEMORY, f"memory ran out: {said[:300]}")
        return None, _portable(error)


def _portable(error: Exception) -> Exception:
    """The error as it can be sent, with the place where it was raised."""
    trace = traceback.format_exc()
    try:
        sent: Exception = pickle.loads(pickle.dumps(error))
    except Exception:  # libraries' own: no list of why they cannot be pickled
        sent = RuntimeError(str(error))
    sent.add_note(trace)
    return sent
