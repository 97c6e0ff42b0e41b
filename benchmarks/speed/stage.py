r"""Run a single stage on real pictures, for a profiler.

    build/peers/bin/py-spy record --native --threads --output build/speed/text.svg -- \
        .venv/bin/python -m benchmarks.speed.stage text --pictures 128

``make bench`` installs py-spy. It pauses the process for each sample: trust shares, not times.
"""

import argparse
from pathlib import Path

from benchmarks.accuracy.job import ROOT
from benchmarks.accuracy.ours import as_thumbnails, load_stage, without_titles
from benchmarks.progress import say
from benchmarks.speed.parts import Setting
from benchmarks.speed.turns import measure
from thumbnail_tasks.stages.appearance import MeasureAppearance
from thumbnail_tasks.stages.emotions import ClassifyEmotions
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.objects import DetectObjects
from thumbnail_tasks.stages.words import RecognizeText

STAGES = {
    "text": RecognizeText,
    "faces": DetectFaces,
    "emotions": ClassifyEmotions,
    "appearance": MeasureAppearance,
    "objects": DetectObjects,
}


def main() -> None:
    """Run the stage and print the time per picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--pictures", type=int, default=128, metavar="N", help="default: 128")
    data = ROOT.parent / "shared" / "data"
    parser.add_argument("--data", type=Path, default=data, metavar="DIR")
    args = parser.parse_args()
    paths = Setting(args.data, ROOT / "build" / "speed").pictures[: args.pictures]
    thumbnails = as_thumbnails([path.read_bytes() for path in paths])
    tables = [thumbnails]
    if args.stage == "text":
        tables.append(without_titles(thumbnails))
    if args.stage == "emotions":
        tables.append(load_stage(DetectFaces)(tables))
    compute = load_stage(STAGES[args.stage])
    compute([table.slice(0, 16) for table in tables])  # loads the model
    turn = measure(lambda _: compute(tables), paths)
    wall_ms, cpu_ms = (1000 * each / len(paths) for each in (turn.wall_s, turn.cpu_s))
    say(f"{args.stage}: {wall_ms:.1f} ms per picture, {cpu_ms:.1f} ms of CPU time")


if __name__ == "__main__":
    main()
