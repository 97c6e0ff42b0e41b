"""Shards are given to actors until their files exist; the driver is replaced by a script."""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import luigi
import pytest

from thumbnail_tasks.errors import SettingsError, StorageError, ThumbnailTasksError
from thumbnail_tasks.execution.cluster import executor
from thumbnail_tasks.execution.cluster.driver import TICK, Pool, PoolError
from thumbnail_tasks.execution.cluster.executor import RayExecutor, check_address
from thumbnail_tasks.execution.cluster.setup import ClusterError
from thumbnail_tasks.execution.crashes import CrashError
from thumbnail_tasks.execution.executors import Done
from thumbnail_tasks.storage.parquet_target import LostFileError

Hear = Callable[[Any], None]


class Work:
    """Shards whose files are names in a set."""

    stage, needs_gpu = "DetectFaces", True

    def __init__(self) -> None:
        self.made: set[str] = set()
        self.checkpoints: frozenset[tuple[str, str]] = frozenset()

    def begin(self) -> None:
        raise NotImplementedError

    def __call__(self, shards: Sequence[str]) -> int:
        raise NotImplementedError

    def find_missing(self, shards: Collection[str]) -> list[str]:
        return [shard for shard in shards if shard not in self.made]

    def list_checkpoints(self) -> frozenset[tuple[str, str]]:
        return self.checkpoints

    def done(self, shard: str, error: Exception | None = None, **about: Any) -> Done:
        if error is None:
            self.made.add(shard)
        return Done(shard, "10.0.0.2", 5, 1.0, error=error, **about)


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in seconds; a test changes it."""
    now = [0.0]
    monkeypatch.setattr(executor.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def drive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[list[str]]]]:
    """Set what happens in each round; returns the shards that the rounds were given."""
    given: list[list[str]] = []
    scripts: list[Callable[[list[str], Hear], None]] = []

    def run_script(
        self: object, work: Work, shards: list[str], attempt: int, log: Path, round_: Any
    ) -> None:
        given.append(list(shards))
        scripts.pop(0)(shards, round_.hear)

    def set_scripts(*rounds: Callable[[list[str], Hear], None]) -> list[list[str]]:
        scripts.extend(rounds)
        return given

    monkeypatch.setattr(RayExecutor, "_drive", run_script)
    yield set_scripts
    assert scripts == []


def run(work: Work, *shards: str) -> list[str]:
    """Run; returns the shards that were reported as done."""
    reported: list[str] = []
    RayExecutor().run(work, shards, lambda done: reported.append(done.shard))
    return reported


def test_each_shard_is_reported_and_what_was_logged_is_logged(
    work: Work, drive: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    def all_of_them(shards: list[str], hear: Hear) -> None:
        hear(work.done("b", messages=[(logging.WARNING, "a picture was left out")]))
        hear(TICK)
        hear(work.done("a"))

    drive(all_of_them)
    assert run(work, "a", "b") == ["b", "a"]
    assert ("WARNING", "a picture was left out") in [
        (record.levelname, record.getMessage()) for record in caplog.records
    ]


def test_shards_without_a_file_are_given_out_again(work: Work, drive: Any) -> None:
    def one(shards: list[str], hear: Hear) -> None:
        hear(work.done(shards[0]))
        raise CrashError("out_of_memory", "the driver was killed")

    given = drive(one, one, one)
    assert run(work, "a", "b", "c") == ["a", "b", "c"]
    assert given == [["a", "b", "c"], ["b", "c"], ["c"]]


def test_files_count_though_ray_never_answers(work: Work, drive: Any, now: list[float]) -> None:
    def never_answer(shards: list[str], hear: Hear) -> None:
        work.made |= {"a", "b"}
        now[0] += 30
        hear(TICK)
        pytest.fail("the round goes on")

    drive(never_answer)
    assert run(work, "a", "b") == []


def test_shards_are_given_out_again_if_there_is_no_sign_of_life(
    work: Work, drive: Any, now: list[float]
) -> None:
    def hang(shards: list[str], hear: Hear) -> None:
        hear(work.done("a"))
        for number in range(5):  # checkpoints are signs
            now[0] += 200
            work.checkpoints = frozenset({("b", str(number))})
            hear(TICK)
        now[0] += 200
        hear(TICK)
        now[0] += 200
        hear(TICK)
        pytest.fail("the round goes on")

    given = drive(hang, lambda shards, hear: hear(work.done("b")))
    run(work, "a", "b")
    assert given == [["a", "b"], ["b"]]


def test_a_busy_cluster_is_waited_for(work: Work, drive: Any, now: list[float]) -> None:
    def wait(shards: list[str], hear: Hear) -> None:
        now[0] += 1300  # over four times as long: without a sign the round starts anew
        hear(TICK)
        pytest.fail("the round goes on")

    def start_late(shards: list[str], hear: Hear) -> None:
        now[0] += 1100
        hear(TICK)
        hear(work.done("a"))

    given = drive(*[wait] * 5, start_late)
    run(work, "a")
    assert len(given) == 6


def test_the_error_of_a_shard_ends_the_block(work: Work, drive: Any) -> None:
    for error in (LostFileError("words are lost"), ThumbnailTasksError("the engine crashes")):
        drive(lambda shards, hear, error=error: hear(work.done("a", error)))
        with pytest.raises(type(error), match=str(error)):
            run(work, "a", "b")


def test_a_node_without_storage_costs_nothing_and_all_of_them_are_an_error(
    work: Work, drive: Any
) -> None:
    error = StorageError("s3://bucket: cannot be read")

    def one_fails(shards: list[str], hear: Hear) -> None:
        hear(work.done("a", error))
        hear(work.done("b"))

    given = drive(one_fails, lambda shards, hear: hear(work.done("a")))
    assert run(work, "a", "b") == ["b", "a"]
    assert given == [["a", "b"], ["a"]]

    def all_fail(shards: list[str], hear: Hear) -> None:
        for shard in shards:
            hear(work.done(shard, error))

    given = drive(all_fail, all_fail, all_fail)
    with pytest.raises(StorageError, match="cannot be read"):
        run(work, "c", "d", "e", "f")
    assert given[2:] == [["c", "d", "e", "f"]] * 3


def test_a_cluster_that_makes_nothing_is_an_error(work: Work, drive: Any) -> None:
    def end(shards: list[str], hear: Hear) -> None:
        raise CrashError("crashed_decoder", "it exited with code 1")

    drive(end, end, end)
    with pytest.raises(ClusterError, match=r"2 more shards; found: none in 3 tries.*code 1"):
        run(work, "a", "b")


@pytest.fixture
def config() -> Iterator[luigi.configuration.LuigiConfigParser]:
    config = luigi.configuration.get_config()
    yield config
    config.remove_section("execution")
    config.remove_section("gpus")


def test_another_pool_is_tried_if_ray_gives_up(work: Work, drive: Any) -> None:
    def give_up(shards: list[str], hear: Hear) -> None:
        raise PoolError("Ray: the actor died")

    given = drive(give_up, lambda shards, hear: hear(work.done("a")))
    assert run(work, "a") == ["a"]
    assert given == [["a"], ["a"]]


def test_the_pool_of_a_stage_follows_the_settings(config: Any) -> None:
    assert executor.pool_for("DetectFaces", True) == Pool(1000, {"CPU": 1})
    config.set("gpus", "devices", "auto")
    assert executor.pool_for("DetectFaces", True) == Pool(1000, {"CPU": 1, "GPU": 1})
    assert executor.pool_for("CorrectText", False) == Pool(1000, {"CPU": 1})
    config.set("execution", "cpus", "4")
    config.set("execution", "actors", '{"DetectFaces": 3}')
    config.set("execution", "stage_resources", '{"CorrectText": {"CPU": 2, "big": 0.5}}')
    pool = executor.pool_for("DetectFaces", True)
    assert pool == Pool(3, {"CPU": 4, "GPU": 1})
    assert pool.n_threads == 4
    assert executor.pool_for("CorrectText", False) == Pool(1000, {"CPU": 2, "big": 0.5})


@pytest.mark.parametrize(
    ("name", "value"),
    [("actors", '{"DetectFaces": 0}'), ("stage_resources", '{"DetectFaces": {"CPU": "many"}}')],
)
def test_a_wrong_pool_is_named(config: Any, name: str, value: str) -> None:
    config.set("execution", name, value)
    with pytest.raises(SettingsError, match=rf"\[execution\] {name}: expected .* DetectFaces"):
        executor.pool_for("DetectFaces", True)


@pytest.mark.parametrize("address", ["10.0.0.1", "ray://10.0.0.1:10001", "http://a:1", ""])
def test_an_address_is_host_and_port(address: str) -> None:
    with pytest.raises(SettingsError, match="expected auto, or host and port"):
        check_address(address)
