"""The short form of ``make torture``."""

import random
from pathlib import Path

import pytest

from tests.dag.torture import Torture, sample_flags

pytestmark = [pytest.mark.dag, pytest.mark.model]


def test_kills_at_random_moments_do_no_harm(tmp_path: Path) -> None:
    torture = Torture(tmp_path, sample_flags(tmp_path, 6, workers=2), random.Random(8))
    torture.run_undisturbed()
    torture.run_round(2, with_luigid=False)
    torture.run_round(2, with_luigid=True)
    assert torture.tally.rounds == 2
