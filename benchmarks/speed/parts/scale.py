"""Scale: planning, scheduling and exporting only, with finished thumbnails."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import luigi

from benchmarks.accuracy.job import job_command
from benchmarks.progress import say
from benchmarks.speed.parts import Setting
from benchmarks.speed.processes import Finished, run_measured
from benchmarks.speed.spread import Spread, extrapolate
from benchmarks.speed.synthetic import Archive, make_archive
from benchmarks.speed.table import Row, skipped
from benchmarks.speed.turns import Contender, Run, take_turns
from benchmarks.tables import Target
from thumbnail_tasks.export.published import find_export

PART = "scale"
_SIZES = (1_000, 10_000, 100_000)
_MILLION = 1_000_000
_LARGE = (_MILLION, 10 * _MILLION)
_CONTENDER = "ours"
_UNREACHABLE = "http://127.0.0.1:9/{video_id}/{quality}.jpg"
"""The discard port, at which nothing listens."""
_EXPORT, _MEMORY, _SECOND = "plan and export", "peak memory", "a second run"
_PER_MILLION = "the same per million rows"
_TARGETS_S = {_MILLION: Target("≤", 60)}
_TARGETS_MB = {_MILLION: Target("≤", 1500), 10 * _MILLION: Target("≤", 3000)}
_TARGETS_SECOND_S = {10 * _MILLION: Target("≤", 10)}


class Scale(NamedTuple):
    """One size of table."""

    n_shards: int
    first: Finished
    second: Finished


def measure_scale(setting: Setting) -> list[Row]:
    """Run the real command on synthetic shards.

    A million rows and ten million only with ``--full``: the latter take 60 GB of disk.
    """
    sizes = (*_SIZES, *_LARGE) if setting.is_full else _SIZES
    contender = Contender(_CONTENDER, load_scale, (setting.out / "scale",), n_warm_up=0)
    (done,) = take_turns([contender], [[n_rows] for n_rows in sizes], PART).outcomes
    measured = {n_rows: turn.result for n_rows, turn in zip(sizes, done.turns, strict=True)}
    rows = [row for n_rows, scale in measured.items() for row in _rows(n_rows, scale)]
    return rows if setting.is_full else [*rows, *_extrapolate(measured)]


def load_scale(folder: Path) -> Run:
    """Measure the ``Scale`` of a table; the only item is its number of rows.

    Nothing is downloaded: all thumbnails are finished, and the address is local.
    """
    luigi.configuration.get_config().set("thumbnails", "url_template", _UNREACHABLE)

    def run(sizes: Sequence[int]) -> Scale:
        (n_rows,) = sizes
        shutil.rmtree(folder, ignore_errors=True)
        try:
            archive = make_archive(n_rows, folder)
            say(f"{PART}: {n_rows:,} rows, {archive.n_shards} shards")
            command = job_command(archive.videos, archive.data_dir)
            command += ["--thumbnails-url-template", _UNREACHABLE]
            first = run_measured(command)
            _check_export(archive)
            return Scale(archive.n_shards, first, run_measured(command))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    return run


def _check_export(archive: Archive) -> None:
    """Check that the export has all rows, and that the run used the synthetic shards.

    Raises:
        RuntimeError: The run did something else.
    """
    export = find_export(str(archive.data_dir / "exports"))
    exported = export.n_rows if export else 0
    n_shards = len(list(archive.data_dir.glob("shards/*/*.parquet")))
    if (exported, n_shards) != (archive.n_rows, archive.n_shards):
        raise RuntimeError(
            f"expected {archive.n_rows} rows of {archive.n_shards} shards; "
            f"found {exported} rows of {n_shards} shards"
        )


def _rows(n_rows: int, scale: Scale) -> list[Row]:
    cases = f"{n_rows:,} rows, {_count(scale.n_shards)}"
    about = (_CONTENDER, cases)
    megabytes = scale.first.peak_bytes / 1e6
    return [
        Row(
            *(PART, _EXPORT, *about, _one(scale.first.wall_s), _one(scale.first.cpu_s)),
            *("s", _TARGETS_S.get(n_rows), True),
        ),
        Row(
            *(PART, _PER_MILLION, *about, _one(scale.first.wall_s * _MILLION / n_rows)),
            *(_one(scale.first.cpu_s * _MILLION / n_rows), "s"),
        ),
        Row(
            *(PART, _MEMORY, *about, _one(megabytes), None, "MB"),
            _TARGETS_MB.get(n_rows),
            note="resident, including mapped files",
        ),
        Row(
            *(PART, _SECOND, *about, _one(scale.second.wall_s), _one(scale.second.cpu_s), "s"),
            _TARGETS_SECOND_S.get(n_rows),
        ),
    ]


def _extrapolate(measured: Mapping[int, Scale]) -> list[Row]:
    """Extrapolate a million rows from the two largest sizes, without a target."""
    small, large = sorted(measured)[-2:]
    cases = f"{_MILLION:,} rows"

    def at_a_million(figure: str) -> Spread:
        both = (getattr(measured[small].first, figure), getattr(measured[large].first, figure))
        return _one(extrapolate((small, large), both, _MILLION))

    times = (at_a_million("wall_s"), at_a_million("cpu_s"))
    note = f"extrapolated from {small:,} and {large:,}; --full measures it"
    return [
        Row(PART, _EXPORT, _CONTENDER, cases, *times, "s", note=note),
        skipped(
            PART,
            _MEMORY,
            f"{_CONTENDER}, {cases}",
            "only --full measures it; it does not grow linearly",
        ),
    ]


def _count(n_shards: int) -> str:
    return "1 shard" if n_shards == 1 else f"{n_shards} shards"


def _one(value: float) -> Spread:
    return Spread(value, value, value)
