"""What a change recomputes, as docs/OPERATIONS.md says."""

import importlib.metadata
import re
import types
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from luigi.cmdline_parser import CmdlineParser

from tests.conftest import ROOT, STAGE_TABLES
from thumbnail_tasks.inputs import thumbnail_sources
from thumbnail_tasks.stages.pipeline import ALL_STAGES
from thumbnail_tasks.stages.texts import CorrectText
from thumbnail_tasks.tasks import shard_files


class Change(NamedTuple):
    """A change to an installation."""

    row: str
    """Start of its row of the table."""
    flags: Sequence[str] = ()
    package: str = ""
    """A package that is upgraded."""
    stage: Any = None
    """A stage whose ``version`` is raised."""


CHANGES = [
    *(Change("Luigi, ", package=each) for each in ("luigi", "pyarrow", "onnxruntime")),
    *(Change("Luigi, ", package=each) for each in ("tensorflow", "tensorflow-cpu")),
    Change("rapidocr", package="rapidocr"),
    *(Change("pyspellchecker, ", package=each) for each in ("pyspellchecker", "py3langid")),
    Change("opencv", package="opencv-python-headless"),
    Change("`[text]`", ["--text-min-confidence", "0.9"]),
    Change("`[text]`", ["--text-small-text-px", "3"]),
    Change("`[faces]`", ["--faces-min-score", "0.9"]),
    Change("`[faces]`", ["--faces-upsamplings", "2"]),
    Change("`[objects] detect`", ["--objects-detect", "true"]),
    Change("`[objects] min_confidence`", ["--objects-min-confidence", "0.9"]),
    Change("`[thumbnails] quality`", ["--thumbnails-quality", "maxresdefault"]),
    Change("`[thumbnails] quality`", ["--thumbnails-fallback", "false"]),
    Change("`[thumbnails] quality`", ["--thumbnails-url-template", "http://a/{video_id}"]),
    Change("`[thumbnails] quality`", ["--thumbnails-max-bytes", "9"]),
    Change("`[thumbnails] quality`", ["--thumbnails-max-pixels", "9"]),
    Change("`[thumbnails] quality`", ["--thumbnails-allow-private-addresses", "true"]),
    Change("`[thumbnails] refresh_after_days`", ["--thumbnails-refresh-after-days", "9"]),
    Change("`[thumbnails] refresh_after_days`", ["--thumbnails-refresh-max", "9"]),
    Change("`[storage] shard_size`, ", ["--storage-shard-size", "9"]),
    Change("`[storage] shard_size`, ", ["--workers", "9", "--thumbnails-retries", "9"]),
    Change("`[storage] shard_size`, ", ["--thumbnails-total-timeout-s", "9"]),
]
RECOMPUTED = {
    **{name: {name} for name in (*STAGE_TABLES, "objects")},
    "vectors": {"embeddings"},
    "nothing": set(),
    "everything": {*STAGE_TABLES, "objects"},
}
"""The tables that a word of the document stands for."""


def documented(row: str) -> set[str]:
    """The tables that are recomputed according to the document."""
    text = (ROOT / "docs" / "OPERATIONS.md").read_text(encoding="utf-8")
    (cell,) = re.findall(rf"(?m)^\| {re.escape(row)}[^|]* \| ([^|]*) \|$", text)
    words = re.findall(r"\w+", re.split(r"[.:;]", cell)[0])
    assert words
    return set().union(*(RECOMPUTED[word] for word in words))


def tags(change: Change, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The engine tag of each table."""
    find = importlib.metadata.distribution

    def find_changed(name: str) -> Any:
        return types.SimpleNamespace(version="99") if name == change.package else find(name)

    with monkeypatch.context() as patch:
        patch.setattr(importlib.metadata, "distribution", find_changed)
        if change.stage:
            patch.setattr(change.stage, "version", "99")
        shard_files._engine_tag.cache_clear()
        with CmdlineParser.global_instance(["ExportAttributes", *change.flags]):
            source = thumbnail_sources.source_tag("")
            found = {stage.table: stage.tag(source) for stage in ALL_STAGES}
    shard_files._engine_tag.cache_clear()
    return found


@pytest.mark.parametrize("change", CHANGES, ids=lambda it: " ".join([*it.flags, it.package]))
def test_a_change_recomputes_what_is_documented(
    change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = tags(Change(""), monkeypatch), tags(change, monkeypatch)
    changed = {table for table in before if before[table] != after[table]}
    assert changed == documented(change.row)


@pytest.mark.parametrize(
    ("change", "tables"),
    [
        (Change("", ["--engines-faces", "face-recognition-hog"]), {"faces", "emotions"}),
        (Change("", stage=CorrectText), {"texts", "embeddings"}),
    ],
    ids=["an engine", "a stage"],
)
def test_a_change_of_a_stage_recomputes_it_and_later_stages(
    change: Change, tables: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = tags(Change(""), monkeypatch), tags(change, monkeypatch)
    assert {table for table in before if before[table] != after[table]} == tables
