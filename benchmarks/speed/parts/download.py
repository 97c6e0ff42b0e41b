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
from benchmarks.speed.server import running_server
from benchmarks.speed.spread import ratios, spread
from benchmarks.speed.table import Row, skipped
from benchmarks.speed.turns import Contender, Outcome, Run, take_turns
from benchmarks.tables import Bar
from thumbnail_tasks import schemas, settings
from thumbnail_tasks.network.downloads import Downloader
from thumbnail_tasks.stages.thumbnails import fetch_thumbnails
from thumbnail_tasks.storage.parquet_target import ParquetTarget

PART = "download"
_DELAYS_MS = (0, 50)
_N_IMAGES, _N_FEW = 1000, 10
_N_ROUNDS = 3
_UNLIMITED_PER_SECOND = 1_000_000.0
_PEERS_PYTHON = ROOT / "build" / "peers" / "bin" / "python"
_BAR = Bar("≥", 1)


def measure_download(setting: Setting) -> list[Row]:
    """Count pictures per second, and per second of processor, with and without latency."""
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
    few = replace(theirs, name=f"{theirs.name}, start-up", n_most=_N_FEW)
    rounds = [urls] * min(setting.n_rounds, _N_ROUNDS)
    contest = take_turns([ours, theirs, few], rounds, f"{PART}, {latency}")
    measured = f"pictures per second, {latency}"
    by_us, by_them, start_up = map(contest.find, (ours, theirs, few))
    rows = []
    if by_us:
        note = f"{threads} threads, without a limit per second"
        rows.append(_rate_row(measured, by_us, note))
    if not by_us or not by_them or not start_up:
        why = contest.missing.get(theirs.name, "it did not run")
        return [*rows, skipped(PART, measured, theirs.name, why)]
    alone = without_start_up(by_them, start_up)
    seconds = spread([turn.wall_s for turn in start_up.turns]).median
    note = f"without its start-up ({seconds:.1f} s for {_N_FEW} pictures); no limit per host"
    rows.append(_rate_row(measured, alone, note))
    rows.append(_ratio_row(f"times as many, {latency}", by_us, alone, _BAR))
    return [*rows, _ratio_row(f"times as many, {latency}, with its start-up", by_us, by_them)]


def _ratio_row(measured: str, ours: Outcome, theirs: Outcome, bar: Bar | None = None) -> Row:
    return Row(
        *(PART, measured, f"{ours.name} / {theirs.name}", theirs.cases),
        ratios(theirs.wall_s, ours.wall_s),
        ratios(theirs.processor_s, ours.processor_s),
        *("×", bar),
        is_judged_by_processor=bar is not None,
    )


def _rate_row(measured: str, done: Outcome, note: str) -> Row:
    clock, processor = (
        spread([1 / seconds for seconds in each]) for each in (done.wall_s, done.processor_s)
    )
    return Row(PART, measured, done.name, done.cases, clock, processor, "per s", note=note)


def without_start_up(whole: Outcome, few: Outcome) -> Outcome:
    """What the further pictures took: each turn less that of the few, of the same round."""
    turns = [
        one._replace(
            n_items=one.n_items - start.n_items,
            wall_s=one.wall_s - start.wall_s,
            processor_s=one.processor_s - start.processor_s,
        )
        for one, start in zip(whole.turns, few.turns, strict=True)
    ]
    return Outcome(whole.name, turns)


def load_downloader() -> Run:
    """The stage as it is, to its Parquet file, but with no limit per second.

    The server is this machine's own, which has to be allowed; YouTube is never asked like that.
    """
    config = luigi.configuration.get_config()
    config.set("thumbnails", "requests_per_second", str(_UNLIMITED_PER_SECOND))
    config.set("thumbnails", "allow_private_addresses", "true")
    downloader = Downloader()
    concurrency = settings.thumbnails().concurrency

    def run(urls: Sequence[str]) -> None:
        rows = [{"thumbnail_id": f"url-{number}", "url": url} for number, url in enumerate(urls)]
        shard = pa.Table.from_pylist(rows, schemas.SHARDS)
        thumbnails = fetch_thumbnails(shard, downloader.fetch, concurrency, lambda n: None)
        _check(thumbnails["status"].to_pylist().count("ok"), len(urls))
        with tempfile.TemporaryDirectory(prefix="speed-") as folder:
            ParquetTarget(str(Path(folder, "thumbnails.parquet"))).write(thumbnails)

    return run


def _find_img2dataset() -> str:
    """Its version; empty where it is not installed, or cannot be imported."""
    asked = "import img2dataset, importlib.metadata as m; print(m.version('img2dataset'))"
    try:
        done = subprocess.run(
            [str(_PEERS_PYTHON), "-c", asked], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def load_img2dataset(threads: int, is_there: bool) -> Run:
    """A process of img2dataset, of which it starts two more.

    Raises:
        MissingError: It is not installed.
    """
    if not is_there:
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
        raise RuntimeError(f"expected {n_wanted} pictures of the server; found {n_done}")
