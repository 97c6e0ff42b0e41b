"""What only a folder of a file system does: hard links, and orphans of killed writers."""

import os
from pathlib import Path

import pytest

from thumbnail_tasks.storage import files, folder


def test_a_dated_file_has_the_exports_bytes_and_stays_when_the_export_is_rewritten(
    tmp_path: Path,
) -> None:
    export, dated = tmp_path / "a.csv", tmp_path / "2026-11-25" / "a.csv"
    export.write_text("first")
    folder.copy(str(export), str(dated))
    folder.copy(str(export), str(dated))  # again, over the existing link
    assert dated.samefile(export)
    export.unlink()
    export.write_text("second")
    assert dated.read_text() == "first"
    folder.copy(str(export), str(dated))
    assert dated.read_text() == "second"
    assert [path.name for path in dated.parent.iterdir()] == ["a.csv"]


def test_without_hard_links_a_copy_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "a.csv").write_text("text")
    folder.copy(str(tmp_path / "a.csv"), str(tmp_path / "dated" / "a.csv"))
    assert (tmp_path / "dated" / "a.csv").read_text() == "text"
    assert not (tmp_path / "dated" / "a.csv").samefile(tmp_path / "a.csv")


def test_only_old_temporary_files_are_removed(tmp_path: Path) -> None:
    for name in (".writing-old", ".writing-new", "data"):
        (tmp_path / name).touch()
    os.utime(tmp_path / ".writing-old", (0, 0))
    files.remove_orphans(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {".writing-new", "data"}
