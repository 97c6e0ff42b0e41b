"""Every line of docs/COOKBOOK.md runs, on the export of the sample."""

import re
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pytest

from tests.conftest import ROOT
from tests.dag.runs import Finished

pytestmark = [pytest.mark.dag, pytest.mark.model]

_PAGE = (ROOT / "docs" / "COOKBOOK.md").read_text(encoding="utf-8")
_QUESTION = re.compile(r"^## (.*?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```(sql|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)
RECIPES = [
    (question, language, code)
    for question, text in _QUESTION.findall(_PAGE)
    for language, code in _BLOCK.findall(text)
]
WITHOUT_ROWS = ("Which thumbnails of a channel were changed?", "Which thumbnails look alike?")
"""The sample's pictures are all different, and from a folder, so that none is asked for again."""


@pytest.fixture
def _beside_data(sample: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder has the sample's results in ``data``."""
    (tmp_path / "data").symlink_to(sample.data_dir)
    monkeypatch.chdir(tmp_path)


def run(language: str, code: str) -> Any:
    if language == "sql":
        relation = duckdb.sql(code)
        assert relation is not None
        return relation.fetchall()
    names = {"pd": pd, "pl": pl}
    if "datasets" in code:
        names["datasets"] = pytest.importorskip("datasets", reason="needs pip install datasets")
    return eval(code, names)


def test_there_are_ten_questions_at_least() -> None:
    assert len({question for question, _, _ in RECIPES}) >= 10


@pytest.mark.usefixtures("_beside_data")
@pytest.mark.parametrize(
    ("question", "language", "code"), RECIPES, ids=[question for question, _, _ in RECIPES]
)
def test_it_runs(question: str, language: str, code: str) -> None:
    result = run(language, code)
    if question == "What do they look like?":
        assert result.size == (480, 360)
    else:
        assert bool(len(result)) == (question not in WITHOUT_ROWS)
