"""A file is there whole or not at all."""

import os
from pathlib import Path

import pyarrow as pa
import pytest

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.targets import ParquetTarget, remove_orphans, written_whole

TABLE = pa.table({"a": [1, 2]})


def test_a_table_comes_back_with_its_metadata(tmp_path: Path) -> None:
    target = ParquetTarget(str(tmp_path / "deep" / "a.parquet"))
    target.write(TABLE, {"made_by": "test"})
    assert target.read().equals(TABLE)
    assert target.read_metadata() == {"made_by": "test"}
    assert [path.name for path in Path(target.path).parent.iterdir()] == ["a.parquet"]


def test_a_failed_write_leaves_the_old_file_and_no_orphan(tmp_path: Path) -> None:
    target = ParquetTarget(str(tmp_path / "a.parquet"))
    target.write(TABLE)
    with pytest.raises(ValueError, match="schema"), target.open_writer(TABLE.schema) as writer:
        writer.write_table(pa.table({"b": ["of another schema"]}))
    assert target.read().equals(TABLE)
    assert len(list(tmp_path.iterdir())) == 1


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    target = ParquetTarget(str(tmp_path / "file" / "a.parquet"))
    with pytest.raises(StorageError, match=r"a\.parquet: cannot be written.*found: File exists"):
        target.write(TABLE)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no Parquet at all"])
def test_what_is_no_parquet_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"a\.parquet: expected a Parquet file"):
        ParquetTarget(str(path)).read()


def test_only_old_orphans_are_removed(tmp_path: Path) -> None:
    for name in (".writing-old", ".writing-new", "data"):
        (tmp_path / name).touch()
    os.utime(tmp_path / ".writing-old", (0, 0))
    assert remove_orphans(tmp_path) == [tmp_path / ".writing-old"]
    assert {path.name for path in tmp_path.iterdir()} == {".writing-new", "data"}


def test_the_bytes_are_flushed_before_the_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def record_fsync(handle: int) -> None:
        done.append("flush " + ("folder" if Path(f"/proc/self/fd/{handle}").is_dir() else "file"))
        fsync(handle)

    def record_replace(path: Path, to: Path) -> Path:
        done.append("rename")
        return replace(path, to)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(Path, "replace", record_replace)
    with written_whole(tmp_path / "a") as temporary:
        temporary.write_bytes(b"content")
    assert done == ["flush file", "rename", "flush folder"]
