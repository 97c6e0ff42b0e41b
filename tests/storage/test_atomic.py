"""Files reach the disk before they are renamed."""

import hashlib
import itertools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.conftest import ROOT
from thumbnail_tasks.storage.atomic import atomic_write, publish
from thumbnail_tasks.storage.parquet_target import ParquetTarget

TABLE = pa.table({"a": [1, 2]})


CALLS = "?mkdir,?mkdirat,?write,?pwrite64,?fsync,?rename,?renameat,?renameat2"
TRACED = ("strace", "-f", "-y", "-e", f"trace={CALLS}", "-o")
Recorded = list[tuple[str, str]]


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorded]:
    """Folders made, files renamed (by audit hook) and flushed with their content, in order."""
    done: Recorded = []
    fsync = os.fsync

    def record_fsync(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").resolve()
        done.append(("flush", name_of(path) if path.is_dir() else digest_of(path)))
        fsync(handle)

    def name_of(path: Path | str) -> str:
        return str(Path(path).relative_to(tmp_path))

    def record(event: str, about: tuple[Any, ...]) -> None:
        if listening and event == "os.mkdir":
            done.append(("make", name_of(about[0])))
        if listening and event == "os.rename":
            done.append(("rename to", name_of(about[1])))

    listening = True
    sys.addaudithook(record)  # it cannot be removed: hence the flag
    monkeypatch.setattr(os, "fsync", record_fsync)
    yield done
    listening = False


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_new_folders_and_all_bytes_are_on_the_disk_before_the_name_and_the_name_after(
    tmp_path: Path, recorded: Recorded
) -> None:
    path = tmp_path / "words" / "engine" / "a.parquet"
    ParquetTarget(str(path)).write(TABLE)
    assert recorded == [
        *(("make", "words"), ("flush", ".")),
        *(("make", "words/engine"), ("flush", "words")),
        ("flush", digest_of(path)),
        *(("rename to", "words/engine/a.parquet"), ("flush", "words/engine")),
    ]


def test_a_file_of_any_kind_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, recorded: Recorded
) -> None:
    with atomic_write(tmp_path / "a.csv") as temporary:
        temporary.write_bytes(b"content")
    digest = digest_of(tmp_path / "a.csv")
    assert recorded == [("flush", digest), ("rename to", "a.csv"), ("flush", ".")]


def test_all_files_of_a_folder_are_on_the_disk_before_it_has_its_name(
    tmp_path: Path, recorded: Recorded
) -> None:
    (tmp_path / "new" / "in").mkdir(parents=True)
    (tmp_path / "new" / "in" / "file").write_bytes(b"content")
    del recorded[:]
    publish(tmp_path / "new", tmp_path / "model")
    digest = digest_of(tmp_path / "model" / "in" / "file")
    assert set(recorded[:3]) == {("flush", digest), ("flush", "new/in"), ("flush", "new")}
    assert recorded[3:] == [("rename to", "model"), ("flush", ".")]


def may_trace() -> bool:
    return bool(
        shutil.which("strace") and not subprocess.run([*TRACED, "/dev/null", "true"]).returncode
    )


@pytest.mark.skipif(
    not may_trace(),
    reason="strace is missing or not permitted; the tests above check the same in Python",
)
def test_system_calls_are_in_that_order(tmp_path: Path) -> None:
    target = f"ParquetTarget({str(tmp_path / 'words' / 'a.parquet')!r})"
    code = f"""
import pyarrow
from thumbnail_tasks.storage.parquet_target import ParquetTarget
{target}.write(pyarrow.table({{"a": [1]}}))
"""
    subprocess.run(
        [*TRACED, str(tmp_path / "log"), sys.executable, "-c", code], cwd=ROOT, check=True
    )
    path = re.compile(rf"{re.escape(str(tmp_path))}/?([^\">]*)")
    observed = []
    for line in (tmp_path / "log").read_text().splitlines():
        if names := path.findall(line):
            call = re.sub(r"^\d+ +|(at2?|64)?\(.*", "", line)
            observed.append((call, re.sub(r"\.writing-.*", "temporary", names[-1])))
    assert [each for each, _ in itertools.groupby(observed)] == [
        *(("mkdir", "words"), ("fsync", "")),
        *(("write", "words/temporary"), ("fsync", "words/temporary")),
        *(("rename", "words/a.parquet"), ("fsync", "words")),
    ]
