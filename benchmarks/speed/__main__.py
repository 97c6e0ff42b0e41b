"""Measure the speed of the engines and of the whole job, compared with peers; write one table.

The layout of DIR is below; without it the drawn sample in examples/ is used. Other missing parts
are skipped, and the table lists them. Engines and settings are those of luigi.cfg;
LUIGI_CONFIG_PATH selects another file.
"""

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path

from benchmarks.accuracy.job import ROOT
from benchmarks.accuracy.labels import MissingError
from benchmarks.progress import say
from benchmarks.speed.machine import inspect_machine
from benchmarks.speed.parts import Setting
from benchmarks.speed.parts.appearance import measure_appearance
from benchmarks.speed.parts.cluster import measure_cluster
from benchmarks.speed.parts.correction import measure_correction
from benchmarks.speed.parts.download import measure_download
from benchmarks.speed.parts.embedding import measure_embedding
from benchmarks.speed.parts.emotions import measure_emotions
from benchmarks.speed.parts.faces import measure_faces
from benchmarks.speed.parts.job import measure_job
from benchmarks.speed.parts.objects import measure_objects
from benchmarks.speed.parts.scale import measure_scale
from benchmarks.speed.parts.text import measure_text
from benchmarks.speed.table import Row, skipped, write_table

_LAYOUT = """
DIR/thumbnails/hqdefault/ID.jpg     the pictures
DIR/thumbnails/videos.csv           table of videos; its titles are the corrector's vocabulary
DIR/emotion/*.npz                   publictest_images, publictest_labels, classes
DIR/models/emotion_model_v6_23.hdf5 the notebook's emotion network
DIR/videos/*.csv                    tables with a column 'title'

It writes speed.md and speed.json. img2dataset conflicts with our lock file; `make bench` installs
it into build/peers. Missed targets are reported; the exit code is 0 unless there is an error.
"""

PARTS: dict[str, Callable[[Setting], list[Row]]] = {
    "text": measure_text,
    "faces": measure_faces,
    "emotions": measure_emotions,
    "appearance": measure_appearance,
    "objects": measure_objects,
    "job": measure_job,
    "correction": measure_correction,
    "embedding": measure_embedding,
    "download": measure_download,
    "scale": measure_scale,
    "cluster": measure_cluster,
}


def main() -> None:
    """Parse the flags, measure, and print the paths of the results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=__doc__,
        epilog=_LAYOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="default: ../shared/data")
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: build/speed")
    names = ",".join(PARTS)
    parser.add_argument(
        "--only",
        default=names,
        metavar="PARTS",
        help=f"measure only some of {', '.join(PARTS)}; separated by commas",
    )
    parser.add_argument(
        "--rounds",
        type=int,
        default=5,
        metavar="N",
        help="turns of each contender (default: 5; half of them for the whole job)",
    )
    parser.add_argument(
        "--full",
        action="store_true",
        help="also a million rows, ten million (60 GB of disk), 5,000 pictures, and a cluster",
    )
    args = parser.parse_args()
    wanted = [name for name in args.only.split(",") if name]
    if not wanted or set(wanted) - set(PARTS):
        parser.error(f"--only: expected some of {names}; found: {args.only!r}")
    if args.data and not args.data.is_dir():
        parser.error(f"--data: expected a folder; found none at {args.data}")
    if args.rounds < 1:
        parser.error(f"--rounds: expected 1 or more; found: {args.rounds}")
    data = (args.data or ROOT.parent / "shared" / "data").resolve()
    out = (args.out or ROOT / "build" / "speed").resolve()
    measure(wanted, Setting(data, out, args.rounds, args.full))


def measure(wanted: list[str], setting: Setting) -> list[Row]:
    """Measure some parts and write the table.

    Args:
        wanted: Keys of ``PARTS``.
        setting: The data and the options.
    """
    began = inspect_machine()
    shutil.rmtree(setting.job_dir.parent, ignore_errors=True)  # results of an earlier run
    rows: list[Row] = []
    for name in wanted:
        try:
            measured = PARTS[name](setting)
        except MissingError as reason:
            measured = [skipped(name, "all", "all", reason)]
            say(f"{name}: {measured[0].note}")
        rows += measured
        paths = write_table(rows, setting.data, setting.out, began, inspect_machine())
    n_met, n_missed = (sum(row.is_met is met for row in rows) for met in (True, False))
    print(f"{len(rows)} rows; {n_met} targets met, {n_missed} missed", *paths, sep="\n")
    return rows


if __name__ == "__main__":
    main()
