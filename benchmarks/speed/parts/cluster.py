"""A Ray cluster beside the local engine, on the same cores of this machine."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.accuracy.job import ROOT, job_command
from benchmarks.accuracy.labels import MissingError
from benchmarks.speed.parts import Setting
from benchmarks.speed.spread import ratios, spread
from benchmarks.speed.table import Row, skipped
from benchmarks.speed.turns import Contender, Outcome, Run, take_turns
from benchmarks.tables import Target
from tests.dag.runs import write_videos

PART = "cluster"
_SHARD_SIZE = 128
_SIZES = (2, 6)
"""Shards of the smaller and of the larger run; the difference is without what a block costs."""
_N_ROUNDS = 2
_LOCAL = "local, 2 cores"
_ONE, _TWO = "Ray, 1 node of 2 cores", "Ray, 2 nodes of 1 core"
_NODES: dict[str, tuple[int, ...]] = {_LOCAL: (), _ONE: (2,), _TWO: (1, 1)}
_MOST_OVERHEAD = Target("≤", 1.1)


class Usage(NamedTuple):
    """One run."""

    wall_s: float
    cpu_s: float
    """Of the whole machine, which should be idle otherwise."""
    first_shard_s: float
    """From the start to the first shard of RecognizeText."""


def measure_cluster(setting: Setting) -> list[Row]:
    """Run the whole job with two and six shards of 128 pictures; only with ``--full``."""
    if not setting.is_full:
        return [skipped(PART, "time per shard", _ONE, "only --full measures it")]
    folder = setting.out / PART
    contenders = [
        Contender(name, load_cluster, (folder, nodes, setting.pictures), n_warm_up=0)
        for name, nodes in _NODES.items()
    ]
    rounds = [list(_SIZES)] * _N_ROUNDS
    contest = take_turns(contenders, rounds, PART)
    done = {each.name: each for each in contest.outcomes}
    rows = [row for each in contest.outcomes for row in _rows(each)]
    pairs = [(_ONE, _LOCAL, _MOST_OVERHEAD), (_TWO, _LOCAL, None), (_TWO, _ONE, None)]
    rows += [
        _ratio(done[one], done[other], target)
        for one, other, target in pairs
        if {one, other} <= set(done)
    ]
    return rows + [skipped(PART, "time per shard", *each) for each in contest.missing.items()]


def _per_shard(done: Outcome, figure: str) -> list[float]:
    """Seconds of one more shard, turn by turn."""
    small, large = _SIZES
    return [
        (getattr(more, figure) - getattr(few, figure)) / (large - small)
        for few, more in (turn.result for turn in done.turns)
    ]


def _rows(done: Outcome) -> list[Row]:
    cases = f"{len(done.turns)} turns of {_SIZES[0]} and {_SIZES[1]} shards"
    wall, cpu = (spread(_per_shard(done, each)) for each in ("wall_s", "cpu_s"))
    small = [turn.result[0] for turn in done.turns]
    first = spread([each.first_shard_s for each in small])
    what = f"time per shard of {_SHARD_SIZE}, all stages"
    return [
        Row(PART, what, done.name, cases, wall, cpu, "s"),
        Row(PART, "start to first shard", done.name, cases, first, None, "s"),
    ]


def _ratio(one: Outcome, other: Outcome, target: Target | None) -> Row:
    wall, cpu = (
        ratios(_per_shard(one, each), _per_shard(other, each)) for each in ("wall_s", "cpu_s")
    )
    name = f"{one.name} / {other.name}"
    return Row(PART, "time per shard, ratio", name, one.cases, wall, cpu, "×", target, True)


def load_cluster(folder: Path, nodes: Sequence[int], pictures: Sequence[Path]) -> Run:
    """Measure runs of as many shards as the items say, each in an empty data directory.

    Args:
        folder: For tables, pictures and results; removed afterwards.
        nodes: Cores of each node; none: without a cluster.
        pictures: Repeated under other names where there are too few.

    Raises:
        MissingError: Ray is not installed.
    """
    try:
        from tests.ray_cluster import running
    except ImportError as error:
        raise MissingError(str(error)) from error

    def run(sizes: Sequence[int]) -> list[Usage]:
        with contextlib.ExitStack() as stack:
            flags: tuple[str, ...] = ("--workers", "2")
            if nodes:
                cluster = stack.enter_context(running({}))
                for n_cpus in nodes:
                    cluster.add(n_cpus)
                flags = (*cluster.flags(block_shards=128), "--workers", "4")
            return [_run(folder, n_shards, pictures, flags) for n_shards in sizes]

    return run


def _run(folder: Path, n_shards: int, pictures: Sequence[Path], flags: Sequence[str]) -> Usage:
    shutil.rmtree(folder, ignore_errors=True)
    images = folder / "images"
    images.mkdir(parents=True)
    names = [f"picture{number:04}" for number in range(n_shards * _SHARD_SIZE)]
    for number, name in enumerate(names):
        (images / f"{name}.jpg").symlink_to(pictures[number % len(pictures)].resolve())
    videos = write_videos(folder / "videos.csv", names)
    data_dir = folder / "data"
    command = [*job_command(videos, data_dir), "--images-dir", str(images.resolve())]
    command += ["--storage-shard-size", str(_SHARD_SIZE), *flags]
    began, cpu_s = time.monotonic(), _busy_s()
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while not any(data_dir.glob("words/*/*.parquet")) and process.poll() is None:
            time.sleep(0.05)
        first_s = time.monotonic() - began
        code = process.wait()
    if code:
        raise RuntimeError(f"{' '.join(command)}: ended with code {code}")
    usage = Usage(time.monotonic() - began, _busy_s() - cpu_s, first_s)
    shutil.rmtree(folder)
    return usage


def _busy_s() -> float:
    """Seconds that the machine's cores have computed since it was started."""
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice)
