"""Every column is declared once, described, and in docs/COLUMNS.md as it is."""

import pyarrow as pa
import pytest

from tests.conftest import ROOT, STAGE_TABLES
from thumbnail_tasks import schemas
from thumbnail_tasks.runs import records

TABLES = {
    "thumbnail_ids": schemas.THUMBNAIL_IDS,
    "shards": schemas.SHARDS,
    "plans": schemas.PLANS,
    "known": schemas.KNOWN,
    "checks": schemas.CHECKS,
    "vocabularies": schemas.VOCABULARY,
    **STAGE_TABLES,
    "objects": schemas.OBJECTS,
    "attributes": schemas.exported(512, has_objects=True),
    "runs": records.RUNS,
}


@pytest.mark.parametrize("schema", TABLES.values(), ids=TABLES)
def test_every_column_has_a_description(schema: pa.Schema) -> None:
    for field in schema:
        about = field.metadata or {}
        assert about[b"description"]
        assert field.name.endswith("_px") <= (about.get(b"unit") == b"px")


def test_the_documentation_has_the_table_of_columns() -> None:
    page = (ROOT / "docs/COLUMNS.md").read_text(encoding="utf-8")
    assert schemas.markdown_table(schemas.exported(512, has_objects=True)) in page


def test_the_documentation_names_every_status() -> None:
    page = (ROOT / "docs/COLUMNS.md").read_text(encoding="utf-8")
    for status, meaning in schemas.STATUSES.items():
        assert f"| `{status}` | {meaning} |" in page


def test_a_table_of_yt_dlp_has_none_of_our_columns() -> None:
    """Columns of the input with our names are refused; these are some of ``yt-dlp --dump-json``."""
    theirs = {"aspect_ratio", "width", "height", "resolution", "duration", "language", "thumbnail"}
    assert theirs.isdisjoint(schemas.attributes(512).names)


def test_all_seven_emotions_are_always_counted() -> None:
    names = schemas.attributes(512).names
    for ending in ("count", "mean"):
        of_emotions = [f"{label}_{ending}" for label in schemas.EMOTION_LABELS]
        assert [name for name in names if name in of_emotions] == of_emotions
