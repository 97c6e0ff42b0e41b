"""A file is complete or absent."""

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage.parquet_target import LostFileError, ParquetTarget

TABLE = pa.table({"a": [1, 2]})


def test_a_table_comes_back_with_its_metadata(tmp_path: Path) -> None:
    target = ParquetTarget(str(tmp_path / "deep" / "a.parquet"))
    target.write(TABLE, {"made_by": "test"})
    assert target.read().equals(TABLE)
    assert target.read_metadata() == {"made_by": "test"}
    assert [path.name for path in Path(target.path).parent.iterdir()] == ["a.parquet"]


def test_a_failed_write_leaves_the_old_file_and_no_temporary_file(tmp_path: Path) -> None:
    target = ParquetTarget(str(tmp_path / "a.parquet"))
    target.write(TABLE)
    with pytest.raises(ValueError, match="schema"), target.open_writer(TABLE.schema) as writer:
        writer.write_table(pa.table({"b": ["of another schema"]}))
    assert target.read().equals(TABLE)
    assert len(list(tmp_path.iterdir())) == 1


def test_an_unwritable_file_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    target = ParquetTarget(str(tmp_path / "file" / "a.parquet"))
    message = r"a\.parquet: cannot be written.*found: Not a directory"
    with pytest.raises(StorageError, match=message):
        target.write(TABLE)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no Parquet at all"])
def test_a_file_that_is_not_parquet_is_reported_and_moved_aside(
    tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    with pytest.raises(LostFileError, match=rf"a\.parquet: .* found {len(content)} bytes"):
        ParquetTarget(str(path)).read()
    aside = tmp_path / ".a.parquet.damaged-1"
    assert aside.read_bytes() == content
    assert list(tmp_path.iterdir()) == [aside]
    assert f"moved to {aside} and will be regenerated" in capfd.readouterr().err


def test_after_three_damaged_copies_the_disk_is_reported(tmp_path: Path) -> None:
    target = ParquetTarget(str(tmp_path / "a.parquet"))
    for state in (b"first", b"second", b"third"):
        Path(target.path).write_bytes(state)
        with pytest.raises(LostFileError):
            target.read()
    Path(target.path).write_bytes(b"fourth")
    with pytest.raises(StorageError, match="Check the disk") as raised:
        target.read()
    assert not isinstance(raised.value, LostFileError)
    asides = [tmp_path / f".a.parquet.damaged-{number}" for number in (1, 2, 3)]
    assert [aside.read_bytes() for aside in asides] == [b"first", b"second", b"third"]


def test_readers_of_the_folder_skip_files_moved_aside(tmp_path: Path) -> None:
    target = ParquetTarget(str(tmp_path / "a.parquet"))
    Path(target.path).write_bytes(b"damaged")
    with pytest.raises(LostFileError):
        target.read()
    target.write(TABLE)
    assert pq.read_table(tmp_path).equals(TABLE)


def test_a_file_copied_from_another_path_is_not_taken_for_this_one(tmp_path: Path) -> None:
    other = ParquetTarget(str(tmp_path / "b.parquet"), "words/engine/b")
    other.write(TABLE)
    shutil.copy(other.path, tmp_path / "a.parquet")
    assert ParquetTarget(str(tmp_path / "a.parquet")).read().equals(TABLE)
    with pytest.raises(LostFileError, match="found the file of words/engine/b"):
        ParquetTarget(str(tmp_path / "a.parquet"), "words/engine/a").read_metadata()


def test_data_made_from_a_file_does_not_keep_its_path(tmp_path: Path) -> None:
    first = ParquetTarget(str(tmp_path / "a.parquet"), "words/engine/a")
    first.write(TABLE, {"seconds": "1"})
    second = ParquetTarget(str(tmp_path / "b.parquet"), "texts/engine/a")
    second.write(first.read(), {"seconds": "2"})
    assert second.read_metadata() == {"seconds": "2"}


def test_a_missing_file_is_lost_and_a_folder_of_its_name_stays(tmp_path: Path) -> None:
    target = ParquetTarget(str(tmp_path / "a.parquet"))
    with pytest.raises(LostFileError, match=r"a\.parquet: expected .* found none"):
        target.read()
    Path(target.path).mkdir()
    with pytest.raises(StorageError, match=r"cannot be read; .* a directory") as raised:
        target.read()
    assert not isinstance(raised.value, LostFileError)
    assert Path(target.path).is_dir()
