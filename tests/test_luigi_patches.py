"""What ``luigi_patches`` relies on in Luigi: a failure here means that Luigi has changed."""

import contextlib
import inspect
import logging
import signal
from collections.abc import Iterator
from typing import Any

import luigi
import pytest
from luigi import execution_summary, notifications, retcodes
from luigi.cmdline_parser import CmdlineParser
from luigi.rpc import RemoteScheduler
from luigi.scheduler import Scheduler
from luigi.task_register import Register
from luigi.task_status import DONE, FAILED
from luigi.worker import TaskProcess, TaskStatusReporter, Worker

from thumbnail_tasks import luigi_patches

CHANGED = (
    f"Luigi {luigi.__version__} differs from the version that luigi_patches.py was written for: "
)


class PatchedChore(luigi.Task):
    """A task that is complete when ``is_done``."""

    is_done = False
    fails: bool = luigi.BoolParameter(default=False)

    def run(self) -> None:
        if self.fails:
            raise ValueError("as asked")
        self.is_done = True

    def complete(self) -> bool:
        return self.is_done


@pytest.fixture
def worker() -> Iterator[Worker]:
    """A worker with a scheduler of its own, which handles SIGUSR1 as in the command."""
    before = signal.getsignal(signal.SIGUSR1)
    with Worker(scheduler=Scheduler(), worker_id="of this test") as worker:
        yield worker
    signal.signal(signal.SIGUSR1, before)


@pytest.fixture(autouse=True)
def unpatched() -> Iterator[None]:
    """Undo the patches of a test; Luigi gives equal tasks of several tests the same object."""
    Register.clear_instance_cache()
    add_task, summary_dict = Worker._add_task, execution_summary._summary_dict
    start = TaskProcess.start
    yield
    Worker._add_task = add_task  # type: ignore[method-assign]
    TaskProcess.start = start  # type: ignore[method-assign]
    execution_summary._summary_dict = summary_dict


def test_a_worker_is_found_by_its_signal_handler(worker: Worker) -> None:
    assert luigi_patches.find_worker() is worker, f"{CHANGED}SIGUSR1 has another handler"


def test_without_a_worker_none_is_found() -> None:
    assert luigi_patches.find_worker() is None


def test_a_workers_attributes_are_read(worker: Worker) -> None:
    chore = PatchedChore()
    assert worker.add(chore), f"{CHANGED}Worker.add"
    assert luigi_patches.root_task(worker) is chore, f"{CHANGED}_root_task"
    assert luigi_patches.worker_id(worker) == "of this test", f"{CHANGED}Worker._id"
    assert not luigi_patches.has_running_tasks(worker), f"{CHANGED}Worker._running_tasks"
    assert not luigi_patches.has_failed_tasks(worker), f"{CHANGED}Worker._add_task_history"
    assert luigi_patches.wait_interval_s(worker) > 0, f"{CHANGED}Worker._config"
    pending = luigi_patches.scheduler_of(worker).task_list("PENDING", "")
    assert list(pending) == [chore.task_id], f"{CHANGED}Worker._scheduler"
    worker.handle_interrupt(signal.SIGUSR1, None)
    assert luigi_patches.has_stopped_requesting(worker), f"{CHANGED}_stop_requesting_work"


def test_a_task_counts_as_running_while_it_runs(worker: Worker) -> None:
    found = []

    class ObservedChore(PatchedChore):
        def run(self) -> None:
            found.append(luigi_patches.has_running_tasks(worker))
            super().run()

    worker.add(ObservedChore())
    worker.run()
    assert found == [True], f"{CHANGED}Worker._running_tasks"
    assert not luigi_patches.has_running_tasks(worker), f"{CHANGED}Worker._running_tasks"


def test_a_failed_task_is_in_the_history(worker: Worker) -> None:
    worker.add(PatchedChore(fails=True))
    worker.run()
    assert luigi_patches.has_failed_tasks(worker), f"{CHANGED}Worker._add_task_history"
    (failed,) = luigi_patches.tasks_by_outcome(worker)["failed"]
    assert failed == PatchedChore(fails=True), f"{CHANGED}the sets of _summary_dict"


def test_the_sets_behind_exit_codes_have_the_expected_names(
    worker: Worker,
) -> None:
    worker.add(PatchedChore())
    names = set(luigi_patches.tasks_by_outcome(worker))
    expected = {
        *("completed", "already_done", "failed", "scheduling_error", "not_run"),
        *("still_pending_ext", "run_by_other_worker", "upstream_run_by_other_worker"),
        "upstream_missing_dependency",
    }
    assert expected <= names, f"{CHANGED}the summary lacks {expected - names}"
    source = inspect.getsource(retcodes.run_with_retcodes)
    assert "_summary_dict" in source, f"{CHANGED}retcodes does not use _summary_dict"


def test_the_summary_is_adjusted(worker: Worker) -> None:
    worker.add(PatchedChore())

    def adjust(of: Worker, tasks: luigi_patches.TasksByOutcome) -> luigi_patches.TasksByOutcome:
        assert of is worker
        return tasks | {"failed": {PatchedChore()}}

    luigi_patches.adjust_summary(adjust)
    assert execution_summary._summary_dict(worker)["failed"] == {PatchedChore()}


def test_a_done_task_is_reported_as_runnable(worker: Worker) -> None:
    luigi_patches.report_done_tasks_as_runnable()
    chore = PatchedChore()
    chore.is_done = True
    worker.add(chore)
    workers = luigi_patches.scheduler_of(worker)._state.get_task(chore.task_id).workers
    assert list(workers) == ["of this test"], f"{CHANGED}_add_task(runnable=True) adds no worker"


def test_a_tasks_own_process_is_started_within_the_context(worker: Worker) -> None:
    entered = []

    @contextlib.contextmanager
    def context() -> Iterator[None]:
        entered.append("start")
        yield

    luigi_patches.start_tasks_within(context)
    worker.worker_processes = 2
    worker.add(PatchedChore())
    worker.run()
    assert entered == ["start"], f"{CHANGED}Worker does not call TaskProcess.start"


def test_luigid_still_ignores_the_status_of_another_workers_task() -> None:
    """The bug that ``report_done_tasks_as_runnable`` works around."""
    scheduler = Scheduler()
    scheduler.add_task(worker="first", task_id="it", status="PENDING", runnable=True)
    scheduler.get_work(worker="first")
    scheduler.add_task(worker="second", task_id="it", status=DONE, runnable=False)
    task = scheduler._state.get_task("it")
    assert (task.status, list(task.workers)) == ("RUNNING", ["first"]), (
        f"{CHANGED}luigid accepts it: the patch may be unnecessary"
    )


def test_luigis_tracking_url_still_drops_resources_and_retries() -> None:
    """The bug that ``link_task`` works around."""
    source = inspect.getsource(TaskStatusReporter.update_tracking_url)
    assert "resources" not in source, f"{CHANGED}link_task may be unnecessary"
    assert "retry_policy_dict" not in source, f"{CHANGED}link_task may be unnecessary"


def test_a_linked_task_keeps_resources_and_retry_count() -> None:
    calls: list[dict[str, Any]] = []

    class Recorder:
        def add_task(self, **about: Any) -> None:
            calls.append(about)

    reporter = TaskStatusReporter(Recorder(), PatchedChore().task_id, "worker", None)
    process = TaskProcess(PatchedChore(), "worker", None, reporter)
    luigi_patches.link_task(process, "http://record")
    (call,) = calls
    assert call["tracking_url"] == "http://record"
    assert call["resources"] == {}
    assert set(call["retry_policy_dict"]) == {
        *("retry_count", "disable_hard_timeout", "disable_window")
    }
    accepted = inspect.signature(Scheduler.add_task).parameters
    assert set(call) - {"worker"} <= set(accepted) | {"kwargs"}, f"{CHANGED}Scheduler.add_task"


def test_flags_are_in_effect_again_after_luigi_drops_them() -> None:
    class Section(luigi.Config):
        value: str = luigi.Parameter(default="default")

    arguments = ["PatchedChore", "--Section-value", "flag"]
    with CmdlineParser.global_instance(arguments):
        assert luigi_patches.is_command()
        assert luigi_patches.root_task_name() == "PatchedChore"
        restore = luigi_patches.keep_command_line()
    assert not luigi_patches.is_command()
    restore()
    try:
        assert Section().value == "flag", f"{CHANGED}CmdlineParser._instance"
    finally:
        CmdlineParser._instance = None


def test_luigi_logs_uncaught_errors_with_the_expected_message() -> None:
    source = inspect.getsource(retcodes.run_with_retcodes)
    assert luigi_patches.UNCAUGHT_ERROR in source, f"{CHANGED}the message is another one"


def test_errors_of_smtp_are_raised_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    config = luigi.configuration.get_config()
    config.set("smtp", "port", "1")
    try:
        with pytest.raises(ConnectionError), luigi_patches.raise_smtp_errors():
            notifications.send_email_smtp("a@b", "subject", "text", ["a@b"], None)
    finally:
        config.remove_section("smtp")
    assert caplog.messages == [], f"{CHANGED}the message is another one"


def test_the_number_of_connection_attempts_can_be_limited(
    caplog: pytest.LogCaptureFixture,
) -> None:
    config = luigi.configuration.get_config()
    config.set("core", "scheduler_url", "http://127.0.0.1:9/")
    try:
        luigid = luigi_patches.open_luigid(n_tries=1)
    finally:
        config.remove_option("core", "scheduler_url")
    assert isinstance(luigid, RemoteScheduler)
    with caplog.at_level(logging.WARNING), pytest.raises(luigi.rpc.RPCError, match="1 attempts"):
        luigid.task_list(FAILED, "")  # type: ignore[attr-defined]
