"""The digest of a large file is computed again whenever the file has been written to."""

import hashlib
import os
from pathlib import Path

import pytest

from thumbnail_tasks.inputs import digests
from thumbnail_tasks.inputs.digests import digest_file


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that counts as large, and as unchanged for long."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(digests, "LARGE_BYTES", 1)
    monkeypatch.setattr(digests, "_SETTLED_S", -60)
    path = tmp_path / "videos.csv"
    path.write_bytes(b"first")
    return path


def kept(table: Path) -> list[Path]:
    return sorted((table.parent / "cache").rglob("*.json"))


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    read: list[Path] = []
    compute = digests._compute

    def note(path: Path) -> bytes:
        read.append(path)
        return compute(path)

    monkeypatch.setattr(digests, "_compute", note)
    return read


def test_it_is_read_once(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = count_reads(monkeypatch)
    assert digest_file(table) == digest_file(table) == hashlib.sha256(b"first").digest()
    assert read == [table]


def test_a_change_is_noticed_even_with_equal_size_and_mtime(table: Path) -> None:
    digest_file(table)
    stat = table.stat()
    table.write_bytes(b"other")
    os.utime(table, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert digest_file(table) == hashlib.sha256(b"other").digest()


def test_a_replaced_file_is_read(table: Path, tmp_path: Path) -> None:
    digest_file(table)
    (tmp_path / "new").write_bytes(b"later")
    (tmp_path / "new").replace(table)
    assert digest_file(table) == hashlib.sha256(b"later").digest()


def test_the_digest_of_a_file_that_has_just_changed_is_not_kept(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "_SETTLED_S", 3600)
    digest_file(table)
    assert kept(table) == []


def test_small_files_are_not_kept(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "LARGE_BYTES", 100)
    assert digest_file(table) == hashlib.sha256(b"first").digest()
    assert kept(table) == []


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"state": [1], "sha256": "zz"}'])
def test_a_damaged_note_is_made_again(table: Path, content: str) -> None:
    digest_file(table)
    (note,) = kept(table)
    note.write_text(content)
    assert digest_file(table) == hashlib.sha256(b"first").digest()


def test_without_a_cache_folder_it_is_computed(table: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder")
    assert digest_file(table) == hashlib.sha256(b"first").digest()
