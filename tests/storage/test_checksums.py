"""No byte of a file with checksums can change or be missing without an error."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from thumbnail_tasks.storage.checksums import ChecksumError, add_checksums, open_checked

VECTOR = pa.list_(pa.field("element", pa.float32()), 2)
TABLE = pa.table(
    {
        "id": [f"id{row}" for row in range(30)],
        "a.b": pa.array([row * row if row % 3 else None for row in range(30)], pa.int32()),
        "image": [bytes([row % 7] * 40) if row % 5 else None for row in range(30)],
        "vector": pa.array([[row, 2.0] for row in range(30)], VECTOR),
        "pair": [{"x": row, "y": str(row)} for row in range(30)],
    },
    metadata={"made_of": "abc"},
)
MAGIC = 4


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.parquet"
    pq.write_table(TABLE, path, compression="zstd", row_group_size=20)
    add_checksums(path)
    return path


def is_unchanged(path: Path, columns: list[str] | None = None) -> bool:
    """Whether it can be read; if so, assert that it is what was written."""
    try:
        file = open_checked(pa.OSFile(str(path)), columns)
    except ChecksumError:
        return False
    expected = TABLE if columns is None else TABLE.select(columns)
    assert file.read(columns).equals(expected)
    assert file.schema_arrow.equals(TABLE.schema, check_metadata=True)
    return True


def flipped(content: bytes) -> Iterator[tuple[int, bytes]]:
    for position, byte in enumerate(content):
        for mask in (0xFF, 1 << position % 8):
            yield position, content[:position] + bytes([byte ^ mask]) + content[position + 1 :]


def test_a_changed_byte_is_an_error_anywhere(path: Path) -> None:
    content, harmless = path.read_bytes(), set()
    for position, changed in flipped(content):
        path.write_bytes(changed)
        if is_unchanged(path):
            harmless.add(position)
    assert harmless == set(range(MAGIC))  # nothing is read from there


def test_reading_some_columns_checks_only_their_bytes(path: Path) -> None:
    content, harmless = path.read_bytes(), set()
    for position, changed in flipped(content):
        path.write_bytes(changed)
        if is_unchanged(path, ["a.b", "pair"]):
            harmless.add(position)
    assert MAGIC < len(harmless) < len(content) / 2


def test_a_file_cut_short_or_grown_is_an_error(path: Path) -> None:
    content = path.read_bytes()
    for changed in (*(content[:end] for end in range(len(content))), content + b"\0"):
        path.write_bytes(changed)
        assert not is_unchanged(path)


def test_a_block_of_zeros_is_an_error(path: Path) -> None:
    content = path.read_bytes()
    for start in range(MAGIC, len(content) - 16, 16):
        if any(content[start : start + 16]):
            path.write_bytes(content[:start] + bytes(16) + content[start + 16 :])
            assert not is_unchanged(path)


def test_a_file_that_has_no_checksums_is_an_error(path: Path) -> None:
    pq.write_table(TABLE, path)
    with pytest.raises(ChecksumError, match="a Parquet file that this package did not write"):
        open_checked(pa.OSFile(str(path)))


def test_other_readers_can_read_a_file_with_checksums(path: Path) -> None:
    assert pq.read_table(path).equals(TABLE)
    assert pq.read_metadata(path).metadata[b"made_of"] == b"abc"


@pytest.mark.parametrize("table", [TABLE.slice(0, 0), pa.table({"a": pa.array([], pa.string())})])
def test_a_table_without_rows_can_have_checksums(path: Path, table: pa.Table) -> None:
    pq.write_table(table, path)
    add_checksums(path)
    assert open_checked(pa.OSFile(str(path))).read().equals(table)
