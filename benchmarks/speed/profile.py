"""Profile the slowest stages on real pictures with py-spy, and write folded stacks.

Each line is a stack, the outermost function first, and its number of samples (100 per second), for
viewers of flame graphs such as speedscope and flamegraph.pl. ``make bench`` installs py-spy.
Only the stage's own work is kept, without start-up, and without stacks below 0.2 % of the samples.
Time in which a library's threads work for the stage is included (``--idle``).
"""

import argparse
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from benchmarks.accuracy.job import ROOT
from benchmarks.progress import say

STAGES = ("text", "faces", "emotions")
_OWN = re.compile(r"measure \(\S+turns\.py:\d+\);.*?ours\.py:\d+\);(.*) (\d+)")
"""Matches the frames below the one in which ``benchmarks.speed.stage`` times a stage."""
_FILE = re.compile(r" \([^()]*\)(?=;|$)")
"""Matches the file of a function."""
_MIN_SHARE = 0.002


def fold(recorded: str) -> tuple[Counter[str], int]:
    """Extract the stage's own stacks.

    Args:
        recorded: py-spy's ``raw`` format.

    Returns:
        Samples by stack, and the total number of samples.
    """
    stacks: Counter[str] = Counter()
    for line in recorded.splitlines():
        own = _OWN.search(line)
        if own:
            stacks[_FILE.sub("", own[1])] += int(own[2])
    total = stacks.total()
    kept = {stack: n for stack, n in stacks.items() if n >= _MIN_SHARE * total}
    return Counter(kept), total


def main() -> None:
    """Write the profile of each stage to a folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "profiles")
    parser.add_argument("--pictures", type=int, default=128, metavar="N", help="default: 128")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    py_spy = ROOT / "build" / "peers" / "speed" / "bin" / "py-spy"
    raw = ROOT / "build" / "speed" / "profile.raw"
    raw.parent.mkdir(parents=True, exist_ok=True)
    for stage in STAGES:
        subprocess.run(
            [
                *(py_spy, "record", "--function", "--idle"),
                *("--rate", "100", "--format", "raw", "--output", raw, "--"),
                *(sys.executable, "-m", "benchmarks.speed.stage", stage),
                *("--data", args.data, "--pictures", str(args.pictures)),
            ],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        stacks, total = fold(raw.read_text())
        kept = args.output / f"{stage}.folded"
        kept.write_text("".join(f"{stack} {n}\n" for stack, n in sorted(stacks.items())))
        say(f"{kept}: {stacks.total()} of {total} samples")


if __name__ == "__main__":
    main()
