"""A crash in the model process does not end its parent."""

import faulthandler
import functools
import os
import resource
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
from luigi.worker import fork_lock

from tests.conftest import ROOT
from thumbnail_tasks.console import Progress
from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.execution.child_process import ChildProcess, model_process
from thumbnail_tasks.execution.crashes import CrashError
from thumbnail_tasks.execution.gpus import Gpu, leased_gpu


def ignore(_: int) -> None:
    pass


def name_process(progress: Progress) -> int:
    progress(2)
    progress(3)
    return os.getpid()


def kill_by(sign: int, progress: Progress) -> None:
    faulthandler.disable()  # pytest's own
    os.kill(os.getpid(), sign)


def raise_error(error: Exception, progress: Progress) -> None:
    raise error


class UnpicklableError(Exception):
    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} and {other}")


def raise_unpicklable(progress: Progress) -> None:
    raise UnpicklableError(1, 2)


def name_gpu(progress: Progress) -> tuple[int, str, Gpu | None]:
    return os.getpid(), os.environ["CUDA_VISIBLE_DEVICES"], leased_gpu()


def sleep(progress: Progress) -> None:
    time.sleep(60)


def exhaust_memory(progress: Progress) -> int:
    in_use = psutil.Process().memory_info().vms
    resource.setrlimit(resource.RLIMIT_AS, (in_use + 2**26, resource.RLIM_INFINITY))
    return len(bytearray(2**30))


def test_it_is_forked_while_no_other_thread_holds_a_lock() -> None:
    found: list[int] = []
    process = ChildProcess()
    with fork_lock:
        thread = threading.Thread(target=lambda: found.append(process.call(name_process, ignore)))
        thread.start()
        thread.join(0.5)
        assert found == []
    thread.join()
    assert found != [os.getpid()]
    assert len(found) == 1


def test_calls_follow_each_other_in_one_other_process_and_report_progress() -> None:
    process = ChildProcess()
    reported: list[int] = []
    first, second = (process.call(name_process, reported.append) for _ in range(2))
    assert first == second != os.getpid()
    assert reported == [2, 3, 2, 3]


@pytest.mark.parametrize("sign", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_a_call_that_kills_its_process_is_reported_and_the_next_one_runs(
    sign: signal.Signals,
) -> None:
    process = ChildProcess()
    with pytest.raises(CrashError, match=sign.name):
        process.call(functools.partial(kill_by, sign), ignore)
    assert process.call(name_process, ignore) != os.getpid()


def test_a_call_without_memory_is_reported() -> None:
    with pytest.raises(CrashError, match="memory ran out: MemoryError") as crash:
        ChildProcess().call(exhaust_memory, ignore)
    assert crash.value.status == "out_of_memory"


def test_an_error_keeps_its_type_and_its_traceback() -> None:
    work = functools.partial(raise_error, StorageError("a.parquet: incomplete"))
    with pytest.raises(StorageError) as error:
        ChildProcess().call(work, ignore)
    assert str(error.value) == "a.parquet: incomplete"
    assert "in raise_error" in error.value.__notes__[0]


def test_an_error_that_cannot_be_pickled_arrives_as_text() -> None:
    with pytest.raises(RuntimeError, match="1 and 2"):
        ChildProcess().call(raise_unpicklable, ignore)


def test_the_reply_to_an_interrupted_call_is_dropped() -> None:
    process = ChildProcess()

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        process.call(name_process, interrupt)
    reported: list[int] = []
    process.call(name_process, reported.append)
    assert reported == [2, 3]


def test_each_fork_has_its_own_process() -> None:
    def ask(progress: Progress) -> int:
        return id(model_process())

    here = id(model_process())
    assert here == id(model_process())
    assert ask(ignore) == here
    child = os.fork()
    if not child:
        os._exit(int(id(model_process()) == here))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_it_sees_only_its_gpu() -> None:
    process = ChildProcess()
    for gpu in (Gpu("GPU-aa11", "GPU 0"), Gpu("GPU-bb22", "GPU 1")):
        with process.on(gpu):
            assert process.call(name_gpu, ignore)[1:] == (gpu.id, gpu)
    assert process.call(name_gpu, ignore)[1:] == ("", None)


def test_the_process_of_a_gpu_starts_and_ends_with_its_block() -> None:
    process = ChildProcess()
    before = process.call(name_process, ignore)
    with process.on(Gpu("0", "GPU 0")):
        first, second = (process.call(name_process, ignore) for _ in range(2))
        assert before != first == second
    assert not psutil.pid_exists(first)
    assert process.call(name_process, ignore) != first


def test_after_a_crash_the_next_process_is_on_the_same_gpu() -> None:
    process = ChildProcess()
    with process.on(Gpu("1", "GPU 1")):
        with pytest.raises(CrashError):
            process.call(functools.partial(kill_by, signal.SIGSEGV), ignore)
        assert process.call(name_gpu, ignore)[1] == "1"


def test_without_a_gpu_the_process_is_kept() -> None:
    process = ChildProcess()
    before = process.call(name_process, ignore)
    with process.on(None):
        assert process.call(name_process, ignore) == before
    assert process.call(name_process, ignore) == before


def test_when_the_parent_is_killed_the_process_ends() -> None:
    lines = (
        "from thumbnail_tasks.execution.child_process import ChildProcess",
        "from tests.execution.test_child_process import *",
        "process = ChildProcess(); print(process.call(name_process, ignore), flush=True)",
        "process.call(sleep, ignore)",
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", "\n".join(lines)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.communicate()
    child.wait(timeout=600)
