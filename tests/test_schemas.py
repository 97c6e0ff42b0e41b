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
    "vocabularies": schemas.VOCABULARY,
    **STAGE_TABLES,
    "objects": schemas.OBJECTS,
    "attributes": schemas.attributes(512, has_objects=True),
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
    assert schemas.markdown_table(schemas.attributes(512, has_objects=True)) in page


def test_the_documentation_names_every_status() -> None:
    page = (ROOT / "docs/COLUMNS.md").read_text(encoding="utf-8")
    for status, meaning in schemas.STATUSES.items():
        assert f"| `{status}` | {meaning} |" in page


def test_all_seven_emotions_are_always_counted() -> None:
    names = schemas.attributes(512).names
    assert [name for name in names if name.endswith("_count") and name != "face_count"] == [
        f"{label}_count" for label in schemas.EMOTION_LABELS
    ]
