"""The whole job from the command's start to the export, beside the notebook's libraries."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import luigi

from benchmarks.speed.parts import N_PICTURES, Setting
from benchmarks.speed.peers.notebook_emotions import FILE
from benchmarks.speed.peers.notebook_loop import load_loop
from benchmarks.speed.shares import (
    Within,
    extrapolate_run,
    share_outside,
    share_without_models,
)
from benchmarks.speed.spread import Spread, spread
from benchmarks.speed.table import Row, ratio_row, time_rows
from benchmarks.speed.turns import Contender, Outcome, take_turns
from benchmarks.speed.whole_job import lay_out, load_job, load_probe, load_second_run
from benchmarks.tables import Bar

PART = "whole job"
_WORKERS = (1, 2, 3)
_N_LOOPED = 4
_SMALLER = 4
"""The smaller job has one picture in so many."""
_N_MANY = 5000
_N_SECOND_RUNS = 3
_BAR, _BAR_RATE, _BAR_SECOND = Bar("≥", 25), Bar("≥", 3), Bar("≤", 5)
_BAR_SHARE, _BAR_SHARE_MANY = Bar("≤", 0.15), Bar("≤", 0.05)


def measure_job(setting: Setting) -> list[Row]:
    """Time the job with 1, 2 and 3 workers and the loop on a few pictures; then a second run."""
    folder = setting.job_dir.parent
    pictures = setting.pictures[:N_PICTURES]
    n_fewer = max(1, len(pictures) // _SMALLER)
    layout = lay_out(pictures, setting.videos, folder / "whole")
    smaller = lay_out(pictures[:n_fewer], setting.videos, folder / "smaller")

    jobs = [_job(f"ours, --workers {n}", layout, n, setting.job_dir) for n in _WORKERS]
    small_job = _job(f"ours, --workers 1, {n_fewer} pictures", smaller, 1, None, n_fewer)
    emotions = setting.data / "models" / FILE
    loop = Contender("the notebook's libraries", load_loop, (emotions, setting.job_dir), _N_LOOPED)
    named = [(picture.stem, picture.read_bytes()) for picture in pictures]
    n_rounds = max(1, setting.n_rounds // 2)
    starts = [number * _N_LOOPED % len(named) for number in range(n_rounds)]
    rounds = [named[start:] + named[:start] for start in starts]  # the loop takes the first few
    contest = take_turns([*jobs, small_job, loop], rounds, PART)

    default = luigi.configuration.get_config().getint("core", "workers", 1)
    notes = {
        jobs[0].name: setting.note,
        loop.name: f"{_N_LOOPED} pictures a turn, warm, extrapolated to {len(pictures)}"
        + ("" if emotions.exists() else f"; without emotions: no file {emotions}"),
    }
    rows = time_rows(PART, "picture", contest, notes)
    by_loop = contest.find(loop)
    for workers, job in zip(_WORKERS, jobs, strict=True):
        by_us = contest.find(job)
        if by_us:
            is_default = workers == default
            rows.append(_rate_row(by_us, is_default))
            if by_loop:
                bar = _BAR if is_default else None
                rows.append(ratio_row(PART, "times longer a picture", by_loop, by_us, bar))
    probe = Contender("probe", load_probe, n_warm_up=0)
    (within,) = take_turns([probe], [[content for _, content in named]], probe.name).outcomes
    alone, fewer = contest.find(jobs[0]), contest.find(small_job)
    if alone and fewer:
        many = _run_many(setting, folder) if setting.is_full else None
        rows += _share_rows(alone, fewer, many, within.turns[0].result)
    rows = [replace(row, bar=row.bar and setting.judge(row.bar)) for row in rows]
    return [*rows, _second_run(setting, layout, named)]


def _job(
    name: str, layout: tuple[Path, Path], workers: int, keep: Path | None, n: int | None = None
) -> Contender:
    return Contender(name, load_job, (layout, workers, keep), n, n_warm_up=0)


def _rate_row(done: Outcome, is_default: bool) -> Row:
    clock, processor = (
        spread([1 / seconds for seconds in each]) for each in (done.wall_s, done.processor_s)
    )
    return Row(
        *(PART, "pictures per second, from start to export", done.name, done.cases),
        *(clock, processor, "per s", _BAR_RATE if is_default else None),
        note="as luigi.cfg says" if is_default else "",
    )


def _run_many(setting: Setting, folder: Path) -> Outcome | None:
    """One run over so many pictures: the same again and again, under other names."""
    names = folder / "names"
    names.mkdir()
    for number in range(_N_MANY):
        picture = setting.pictures[number % len(setting.pictures)]
        (names / f"{picture.stem}-{number}{picture.suffix}").symlink_to(picture.resolve())
    layout = lay_out(sorted(names.iterdir()), setting.videos, folder / "many")
    job = _job(f"ours, --workers 1, {_N_MANY:,} pictures", layout, 1, None)
    return take_turns([job], [range(_N_MANY)], job.name).find(job)


def _share_rows(
    whole: Outcome, smaller: Outcome, many: Outcome | None, within: Within
) -> list[Row]:
    runs = [turn.result for turn in whole.turns]
    if many:
        large, cases = [turn.result for turn in many.turns], f"{many.cases}, each many times"
    else:
        pairs = zip(smaller.turns, runs, strict=True)
        large = [extrapolate_run(few.result, run, _N_MANY) for few, run in pairs]
        cases = f"extrapolated from {smaller.cases} and {whole.cases}: --full measures"
    note = (
        f"with {within.start_up_s:.1f} s for models to start and {1000 * within.decoding_s:.1f} ms "
        "a picture for decoding, measured apart"
    )

    def row(measured: str, values: Sequence[float], cases: str, bar: Bar | None, note: str) -> Row:
        return Row(PART, measured, whole.name, cases, spread(values), None, "share", bar, note=note)

    both = [share_without_models(run, within) for run in runs]
    of_many = [share_without_models(run, within) for run in large]
    measured = "not a model's arithmetic"
    return [
        row(
            "outside the stages with a model",
            [share_outside(run) for run in runs],
            whole.cases,
            None,
            "text, faces, emotions, vectors, appearance",
        ),
        row(measured, both, whole.cases, _BAR_SHARE, note),
        row(f"{measured}, {_N_MANY:,} pictures", of_many, cases, _BAR_SHARE_MANY, note),
    ]


def _second_run(setting: Setting, layout: tuple[Path, Path], items: Sequence[Any]) -> Row:
    name = "ours, a second run with nothing new"
    again = Contender(name, load_second_run, (layout, setting.job_dir), n_warm_up=0)
    (done,) = take_turns([again], [items] * _N_SECOND_RUNS, name).outcomes
    clock: Spread = spread([turn.wall_s for turn in done.turns])
    processor = spread([turn.processor_s for turn in done.turns])
    return Row(PART, "time in all", name, done.cases, clock, processor, "s", _BAR_SECOND)
