"""Download: the stage DownloadThumbnails and img2dataset, against one server on this machine."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import luigi
import pyarrow as pa

from benchmarks.accuracy.job import ROOT, run_quietly
from benchmarks.accuracy.labels import MissingError
from benchmarks.speed.parts import Setting
from benchmarks.speed.server import ETAG, running_server
from benchmarks.speed.spread import ratios, spread
from benchmarks.speed.table import Row, skipped
from benchmarks.speed.turns import Contender, Outcome, Run, take_turns
from benchmarks.tables import Target
from thumbnail_tasks import schemas, settings
from thumbnail_tasks.network.downloads import Downloader, FetchResult
from thumbnail_tasks.network.validators import Validators
from thumbnail_tasks.stages.fetching import fetch_thumbnails
from thumbnail_tasks.storage.parquet_target import ParquetTarget

PART = "download"
_DELAYS_MS = (0, 50)
_N_IMAGES, _N_FEW = 1000, 10
_N_ROUNDS = 3
_UNLIMITED_PER_SECOND = 1_000_000.0
_PEERS_PYTHON = ROOT / "build" / "peers" / "bin" / "python"
_TARGET = Target("≥", 1)


def measure_download(setting: Setting) -> list[Row]:
    """Measure pictures per second of wall and CPU time, with and without latency."""
    version = _find_img2dataset()
    rows = []
    for delay_ms in _DELAYS_MS:
        with running_server(setting.pictures, delay_ms) as address:
            urls = [f"{address}/vi/{number}/hqdefault.jpg" for number in range(_N_IMAGES)]
            rows += _measure(setting, version, urls, f"{delay_ms} ms latency")
    return rows


def _measure(setting: Setting, version: str, urls: Sequence[str], latency: str) -> list[Row]:
    threads = settings.thumbnails().concurrency
    ours = Contender("ours", load_downloader)
    theirs = Contender(
        f"img2dataset {version}".strip(), load_img2dataset, (threads, bool(version)), n_warm_up=0
    )
    again = Contender("ours, asked again (HTTP 304)", load_refresher)
    few = replace(theirs, name=f"{theirs.name}, start-up", max_items=_N_FEW)
    rounds = [urls] * min(setting.n_rounds, _N_ROUNDS)
    contest = take_turns([ours, again, theirs, few], rounds, f"{PART}, {latency}")
    measured = f"pictures per second, {latency}"
    by_us, by_them, start_up = map(contest.find, (ours, theirs, few))
    rows = []
    if by_us:
        note = f"{threads} threads, without a rate limit"
        rows.append(_rate_row(measured, by_us, note))
    if asked_again := contest.find(again):
        rows.append(_rate_row(measured, asked_again, note))
    if not by_us or not by_them or not start_up:
        reason = contest.missing.get(theirs.name, "it did not run")
        return [*rows, skipped(PART, measured, theirs.name, reason)]
    net = without_start_up(by_them, start_up)
    seconds = spread([turn.wall_s for turn in start_up.turns]).median
    note = f"without its start-up ({seconds:.1f} s for {_N_FEW} pictures); no rate limit"
    rows.append(_rate_row(measured, net, note))
    rows.append(_ratio_row(f"{measured}, ratio", by_us, net, _TARGET))
    return [*rows, _ratio_row(f"{measured}, ratio with its start-up", by_us, by_them)]


def _ratio_row(measured: str, ours: Outcome, theirs: Outcome, target: Target | None = None) -> Row:
    return Row(
        *(PART, measured, f"{ours.name} / {theirs.name}", theirs.cases),
        ratios(theirs.wall_s, ours.wall_s),
        ratios(theirs.cpu_s, ours.cpu_s),
        *("×", target),
        is_judged_by_cpu_time=target is not None,
    )


def _rate_row(measured: str, done: Outcome, note: str) -> Row:
    wall_time, cpu_time = (
        spread([1 / seconds for seconds in each]) for each in (done.wall_s, done.cpu_s)
    )
    return Row(PART, measured, done.name, done.cases, wall_time, cpu_time, "per s", note=note)


def without_start_up(whole: Outcome, few: Outcome) -> Outcome:
    """Subtract the few pictures' turns from the whole turns of the same rounds."""
    turns = [
        one._replace(
            n_items=one.n_items - start.n_items,
            wall_s=one.wall_s - start.wall_s,
            cpu_s=one.cpu_s - start.cpu_s,
        )
        for one, start in zip(whole.turns, few.turns, strict=True)
    ]
    return Outcome(whole.name, turns)


def load_downloader() -> Run:
    """The stage, including its Parquet file, without a rate limit."""
    downloader, concurrency = _load_downloader()

    def run(urls: Sequence[str]) -> None:
        thumbnails = fetch_thumbnails(_list(urls), downloader.fetch, concurrency, lambda n: None)
        _check(thumbnails["status"].to_pylist().count("ok"), len(urls))
        with tempfile.TemporaryDirectory(prefix="speed-") as folder:
            ParquetTarget(str(Path(folder, "thumbnails.parquet"))).write(thumbnails)

    return run


def load_refresher() -> Run:
    """The requests of a refresh, with the ETag of each picture, without a rate limit."""
    downloader, concurrency = _load_downloader()

    def fetch(url: str) -> FetchResult:
        return downloader.fetch(url, Validators(ETAG))

    def run(urls: Sequence[str]) -> None:
        thumbnails = fetch_thumbnails(_list(urls), fetch, concurrency, lambda n: None)
        _check(thumbnails["status"].to_pylist().count("not_modified"), len(urls))

    return run


def _load_downloader() -> tuple[Downloader, int]:
    """A downloader without a rate limit, and its number of threads.

    Its settings must allow the local server; YouTube never gets unlimited requests.
    """
    config = luigi.configuration.get_config()
    config.set("thumbnails", "requests_per_second", str(_UNLIMITED_PER_SECOND))
    config.set("thumbnails", "allow_private_addresses", "true")
    return Downloader(), settings.thumbnails().concurrency


def _list(urls: Sequence[str]) -> pa.Table:
    rows = [{"thumbnail_id": f"url-{number}", "url": url} for number, url in enumerate(urls)]
    return pa.Table.from_pylist(rows, schemas.SHARDS)


def _find_img2dataset() -> str:
    """Return its version; empty if it is not installed or cannot be imported."""
    code = "import img2dataset, importlib.metadata as m; print(m.version('img2dataset'))"
    try:
        done = subprocess.run(
            [str(_PEERS_PYTHON), "-c", code], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def load_img2dataset(threads: int, is_installed: bool) -> Run:
    """A process of img2dataset, which starts two more.

    Raises:
        MissingError: It is not installed.
    """
    if not is_installed:
        raise MissingError(f"no img2dataset in {_PEERS_PYTHON.parents[1]}: see `make bench`")

    def run(urls: Sequence[str]) -> None:
        with tempfile.TemporaryDirectory(prefix="speed-") as folder:
            listed, out = Path(folder, "urls.txt"), Path(folder, "out")
            listed.write_text("\n".join(urls), encoding="utf-8")
            module = "benchmarks.speed.peers.img2dataset_download"
            run_quietly([str(_PEERS_PYTHON), "-m", module, str(listed), str(out), str(threads)])
            stats: dict[str, Any] = json.loads((out / "00000_stats.json").read_text("utf-8"))
            _check(stats["successes"], len(urls))

    return run


def _check(n_done: int, n_wanted: int) -> None:
    if n_done != n_wanted:
        raise RuntimeError(f"expected {n_wanted} pictures from the server; found {n_done}")
