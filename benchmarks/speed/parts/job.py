"""The whole job, from start to export, compared with the notebook's libraries and a script."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import luigi

from benchmarks.speed.machine import inspect_machine
from benchmarks.speed.parts import N_PICTURES, Setting
from benchmarks.speed.peers.notebook_emotions import FILE
from benchmarks.speed.peers.notebook_loop import load_loop
from benchmarks.speed.peers.plain_script import load_script
from benchmarks.speed.shares import (
    Overhead,
    extrapolate_run,
    share_outside,
    share_without_models,
)
from benchmarks.speed.spread import spread
from benchmarks.speed.table import Row, ratio_row, time_rows
from benchmarks.speed.turns import Contender, Outcome, take_turns
from benchmarks.speed.whole_job import lay_out, load_job, load_probe, load_second_run
from benchmarks.tables import Target

PART = "whole job"
_WORKERS = (1, 2, 3)
_N_LOOPED = 4
_SMALLER = 4
"""The smaller job has one in this many pictures."""
_N_MANY = 5000
_N_SECOND_RUNS = 3
_DOLLARS_PER_CORE_HOUR = 0.04
"""As in docs/CLUSTER.md; a price to replace by yours."""
_TARGET, _TARGET_RATE, _TARGET_SECOND = Target("≥", 25), Target("≥", 3), Target("≤", 5)
_TARGET_SHARE, _TARGET_SHARE_MANY = Target("≤", 0.15), Target("≤", 0.05)


def measure_job(setting: Setting) -> list[Row]:
    """Time the job with 1, 2 and 3 workers, its peers, and a second run.

    The loop takes so long that it has a few pictures only.
    """
    folder = setting.job_dir.parent
    pictures = setting.pictures[:N_PICTURES]
    n_fewer = max(1, len(pictures) // _SMALLER)
    layout = lay_out(pictures, setting.videos, folder / "whole")
    smaller = lay_out(pictures[:n_fewer], setting.videos, folder / "smaller")

    jobs = [_job(f"ours, --workers {n}", layout, n, setting.job_dir) for n in _WORKERS]
    small_job = _job(f"ours, --workers 1, {n_fewer} pictures", smaller, 1, None, n_fewer)
    emotions = setting.data / "models" / FILE
    loop = Contender("the notebook's libraries", load_loop, (emotions, setting.job_dir), _N_LOOPED)
    arguments = (emotions, "hog", folder / "script.parquet")
    script = Contender(
        "a script: RapidOCR, face_recognition, FER network", load_script, arguments, n_warm_up=0
    )
    named = [(picture.stem, picture.read_bytes()) for picture in pictures]
    n_rounds = max(1, setting.n_rounds // 2)
    starts = [number * _N_LOOPED % len(named) for number in range(n_rounds)]
    rounds = [named[start:] + named[:start] for start in starts]  # the loop uses the first few
    contest = take_turns([*jobs, small_job, script, loop], rounds, PART)

    default = luigi.configuration.get_config().getint("core", "workers")
    by_default = contest.find(jobs[_WORKERS.index(default)]) if default in _WORKERS else None
    notes = {
        jobs[0].name: setting.note,
        loop.name: f"{_N_LOOPED} pictures per turn, warm, extrapolated to {len(pictures)}"
        + ("" if emotions.exists() else f"; without emotions: no file {emotions}"),
        script.name: "a process per core, one thread each; faces by hog; no correction, no vectors",
    }
    rows = time_rows(PART, "picture", contest, notes)
    by_loop, by_script = contest.find(loop), contest.find(script)
    rows += [row for done in (by_default, by_script) if done for row in _price_rows(done)]
    for workers, job in zip(_WORKERS, jobs, strict=True):
        by_us = contest.find(job)
        if by_us:
            is_default = workers == default
            rows.append(_rate_row(by_us, is_default))
            if by_loop:
                target = _TARGET if is_default else None
                rows.append(ratio_row(PART, "time per picture, ratio", by_loop, by_us, target))
            if by_script:
                rows.append(ratio_row(PART, "time per picture, ratio", by_script, by_us))
    probe = Contender("probe", load_probe, n_warm_up=0)
    (overhead,) = take_turns([probe], [[content for _, content in named]], probe.name).outcomes
    single, fewer = contest.find(jobs[0]), contest.find(small_job)
    if single and fewer:
        many = _run_many(setting, folder) if setting.is_full else None
        rows += _share_rows(single, fewer, many, overhead.turns[0].result)
    rows = [replace(row, target=row.target and setting.judge(row.target)) for row in rows]
    return [*rows, _second_run(setting, layout, named)]


def _job(
    name: str, layout: tuple[Path, Path], workers: int, keep: Path | None, n: int | None = None
) -> Contender:
    return Contender(name, load_job, (layout, workers, keep), n, n_warm_up=0)


def _rate_row(done: Outcome, is_default: bool) -> Row:
    wall_time, cpu_time = (
        spread([1 / seconds for seconds in each]) for each in (done.wall_s, done.cpu_s)
    )
    return Row(
        *(PART, "pictures per second, from start to export", done.name, done.cases),
        *(wall_time, cpu_time, "per s", _TARGET_RATE if is_default else None),
        note="the default" if is_default else "",
    )


def _price_rows(done: Outcome) -> list[Row]:
    """Pictures per core-hour, whether or not each core was busy, and per dollar."""
    n_cores = inspect_machine().cores_allowed
    per_hour = [3600 / (seconds * n_cores) for seconds in done.wall_s]
    per_dollar = [each / _DOLLARS_PER_CORE_HOUR for each in per_hour]
    note = f"at {_DOLLARS_PER_CORE_HOUR} dollars per core-hour"
    return [
        Row(PART, "pictures per core-hour", done.name, done.cases, spread(per_hour), None, "per h"),
        Row(
            *(PART, "pictures per dollar", done.name, done.cases, spread(per_dollar), None),
            "per dollar",
            note=note,
        ),
    ]


def _run_many(setting: Setting, folder: Path) -> Outcome | None:
    """Run the job once on many pictures: the same ones repeated under other names."""
    names = folder / "names"
    names.mkdir()
    for number in range(_N_MANY):
        picture = setting.pictures[number % len(setting.pictures)]
        (names / f"{picture.stem}-{number}{picture.suffix}").symlink_to(picture.resolve())
    layout = lay_out(sorted(names.iterdir()), setting.videos, folder / "many")
    job = _job(f"ours, --workers 1, {_N_MANY:,} pictures", layout, 1, None)
    return take_turns([job], [range(_N_MANY)], job.name).find(job)


def _share_rows(
    whole: Outcome, smaller: Outcome, many: Outcome | None, overhead: Overhead
) -> list[Row]:
    runs = [turn.result for turn in whole.turns]
    if many:
        large, cases = [turn.result for turn in many.turns], f"{many.cases}, each repeated"
    else:
        pairs = zip(smaller.turns, runs, strict=True)
        large = [extrapolate_run(few.result, run, _N_MANY) for few, run in pairs]
        cases = f"extrapolated from {smaller.cases} and {whole.cases}; --full measures"
    note = (
        f"including {overhead.start_up_s:.1f} s for start-up of the models and "
        f"{1000 * overhead.decoding_s:.1f} ms per picture for decoding, measured separately"
    )

    def row(
        measured: str, values: Sequence[float], cases: str, target: Target | None, note: str
    ) -> Row:
        return Row(
            PART, measured, whole.name, cases, spread(values), None, "share", target, note=note
        )

    both = [share_without_models(run, overhead) for run in runs]
    of_many = [share_without_models(run, overhead) for run in large]
    measured = "outside of the models' arithmetic"
    return [
        row(
            "outside of the stages with a model",
            [share_outside(run) for run in runs],
            whole.cases,
            None,
            "text, faces, emotions, vectors, appearance",
        ),
        row(measured, both, whole.cases, _TARGET_SHARE, note),
        row(f"{measured}, {_N_MANY:,} pictures", of_many, cases, _TARGET_SHARE_MANY, note),
    ]


def _second_run(setting: Setting, layout: tuple[Path, Path], items: Sequence[Any]) -> Row:
    name = "ours, a second run with nothing new"
    second = Contender(name, load_second_run, (layout, setting.job_dir), n_warm_up=0)
    (done,) = take_turns([second], [items] * _N_SECOND_RUNS, name).outcomes
    wall_time = spread([turn.wall_s for turn in done.turns])
    cpu_time = spread([turn.cpu_s for turn in done.turns])
    return Row(PART, "total time", name, done.cases, wall_time, cpu_time, "s", _TARGET_SECOND)
