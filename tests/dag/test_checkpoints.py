"""Ctrl-C in the middle of a shard: its finished thumbnails are not computed again."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.dag.runs import SAMPLE, interrupt, run, start

pytestmark = pytest.mark.dag

HERE = {"PYTHONPATH": str(ROOT)}
QUICK = ("--module", "tests.dag.quick")


@pytest.mark.thorough
def test_a_shard_in_progress_continues_where_it_was_interrupted(tmp_path: Path) -> None:
    unbroken = run(tmp_path / "unbroken", *SAMPLE, *QUICK, environment=HERE)
    data_dir = tmp_path / "data"
    process = start(data_dir, *SAMPLE, *QUICK, environment={**HERE, "SECONDS_A_BATCH": "2.6"})
    assert process.stdout
    for line in process.stdout:
        if line.startswith("RecognizeText") and "32/43 thumbnails" in line:
            break
    interrupt(process)
    checkpoints = list((data_dir / "unfinished" / "words").rglob("*.parquet"))
    assert len(checkpoints) == 1
    assert not list((data_dir / "words").rglob("*.parquet"))

    finished = run(data_dir, *SAMPLE, *QUICK, environment=HERE)
    assert finished.code == 0, finished.printed
    assert re.search(r"RecognizeText +continued at (16|32)/43 thumbnails", finished.printed)
    assert finished.attributes.equals(unbroken.attributes)
    assert not list((data_dir / "unfinished").rglob("*.parquet"))
