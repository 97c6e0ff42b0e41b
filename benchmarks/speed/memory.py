"""Measure the memory of each stage with a shard of N thumbnails.

    python -m benchmarks.speed.memory hqdefault:512 hqdefault:2048 maxresdefault:106

For each argument, the main job runs once with a local server that serves the real thumbnails
cyclically; then each stage runs alone, as a separate command, on the results of the others.
"""

import argparse
import csv
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.accuracy.job import ROOT, job_command
from benchmarks.progress import say
from benchmarks.speed.processes import run_measured
from benchmarks.speed.server import running_server
from thumbnail_tasks.stages.pipeline import STAGES

_MIB = 2**20


def measure(pictures: Sequence[Path], n_thumbnails: int) -> dict[str, float]:
    """Measure the peak memory of one process, in MiB, in the whole job and in each stage.

    Args:
        pictures: JPEG files, one or more.
        n_thumbnails: Number of thumbnails in the shard.
    """
    with (
        tempfile.TemporaryDirectory(prefix="memory-") as folder,
        running_server(pictures, delay_ms=0) as address,
    ):
        videos, data_dir = Path(folder, "videos.csv"), Path(folder, "data")
        with videos.open("w", encoding="utf-8", newline="") as file:
            rows = [[f"{number:011}"] for number in range(n_thumbnails)]
            csv.writer(file).writerows([["video_id"], *rows])
        settings = [
            *("--thumbnails-url-template", f"{address}/vi/{{video_id}}/hqdefault.jpg"),
            *("--thumbnails-allow-private-addresses", "true"),
            *("--thumbnails-requests-per-second", "1000"),
            *("--storage-shard-size", str(n_thumbnails)),
        ]
        job = [*job_command(videos, data_dir), *settings]
        peaks = {"the whole job": run_measured(job).peak_bytes / _MIB}
        (source,) = data_dir.glob("thumbnails/*")
        for stage in STAGES:
            (output,) = data_dir.glob(f"{stage.table}/*/*.parquet")
            output.unlink()
            name = stage.get_task_family()
            alone = [
                *(sys.executable, "-m", "luigi", "--module", "thumbnail_tasks", name),
                *(f"--{name}-data-dir", str(data_dir), f"--{name}-source", source.name),
                *(f"--{name}-engine", output.parent.name, f"--{name}-shards", output.stem),
                *("--local-scheduler", "--no-lock", *settings),
            ]
            peaks[name] = run_measured(alone).peak_bytes / _MIB
            say(f"{name}: {peaks[name]:,.0f} MiB with {n_thumbnails} thumbnails")
        (data_dir / "exports" / "attributes.parquet").unlink()
        peaks["ExportAttributes"] = run_measured(job).peak_bytes / _MIB
    return peaks


def as_table(measured: dict[str, dict[str, float]]) -> str:
    """Format a Markdown table: a row for each stage, a column for each set of thumbnails."""
    lines = [f"| MiB | {' | '.join(measured)} |", "|---" * (len(measured) + 1) + "|"]
    for stage in next(iter(measured.values())):
        cells = [f"{peaks[stage]:,.0f}" for peaks in measured.values()]
        lines.append(f"| {stage} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure the sets and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "sets", nargs="+", metavar="QUALITY:N", help="N thumbnails of this quality in one shard"
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    args = parser.parse_args()
    measured = {}
    for each in args.sets:
        quality, _, n_thumbnails = each.partition(":")
        pictures = sorted((args.data / "thumbnails" / quality).glob("*.jpg"))
        if not pictures:
            parser.error(f"expected JPEG files in {args.data}/thumbnails/{quality}; found none")
        measured[each] = measure(pictures, int(n_thumbnails))
    print(as_table(measured))


if __name__ == "__main__":
    main()
