"""A disk that is full or read-only, lost permissions: one error, and the next run resumes.

A small disk is a tmpfs in a namespace of its own, which needs no root; inside it,
this file is the command that runs.
"""

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, STAGE_TABLES
from tests.dag.night_box import needs_permission, needs_small_disk
from tests.dag.runs import (
    Finished,
    read_attributes,
    run,
    sample_ids,
    start,
    wait_for,
    write_videos,
)
from tests.dag.test_damaged_files import flags
from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage.parquet_target import ParquetTarget

pytestmark = pytest.mark.dag


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of an undisturbed run, beside its table of videos."""
    folder = tmp_path_factory.mktemp("undisturbed")
    write_videos(folder / "videos.csv", sample_ids(4))
    finished = run(folder / "data", *flags(folder / "videos.csv"))
    assert finished.code == 0, finished.printed
    return folder / "data"


def assert_one_clear_error(failed: Finished, reason: str) -> None:
    assert failed.code in (30, 40), failed.printed
    errors = [line for line in failed.printed.splitlines() if line.startswith("ERROR")]
    assert len(errors) == 1, failed.printed
    assert "cannot be written; expected a writable folder with free space" in errors[0]
    assert errors[0].endswith(reason)
    assert "Traceback" not in failed.printed, failed.printed
    assert "4 thumbnails: 4 ok" not in failed.printed


def assert_the_next_run_goes_on(runs: list[Finished], reason: str, undisturbed: Path) -> None:
    """The first of two runs ended with one clear error, the second made what was missing."""
    failed, finished = runs
    assert_one_clear_error(failed, reason)
    assert finished.code == 0, finished.printed
    assert finished.attributes.equals(read_attributes(undisturbed))


def files_not_whole(data_dir: Path) -> list[str]:
    """Files that count as results although they are incomplete."""
    broken = []
    for path in data_dir.rglob("*.parquet"):
        try:
            ParquetTarget(str(path)).open_reader()
        except StorageError as error:
            broken.append(str(error))
    return broken


@pytest.mark.thorough
@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_size_limit_is_one_error_and_the_next_run_resumes(
    workers: int, tmp_path: Path, undisturbed: Path
) -> None:
    command = flags(undisturbed.with_name("videos.csv"), workers)
    process = start(tmp_path / "data", *command)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (30_000, resource.RLIM_INFINITY))
    printed, _ = process.communicate(timeout=600)
    failed = Finished(process.returncode, printed, tmp_path / "data")
    assert_one_clear_error(failed, "found: File too large")
    assert files_not_whole(tmp_path / "data") == []
    finished = run(tmp_path / "data", *command)
    assert finished.code == 0, finished.printed
    assert finished.attributes.equals(read_attributes(undisturbed))


def in_a_namespace(data_dir: Path, undisturbed: Path, scenario: str, *about: str) -> list[Finished]:
    """The results of the runs of a scenario below; ``data_dir`` is copied at the end."""
    may_mount = ["--map-root-user", "--mount"] if scenario != "permissions_lost" else []
    inside = ["unshare", "--user", *may_mount]
    command = [sys.executable, "-m", __name__, scenario, str(data_dir), str(undisturbed), *about]
    done = subprocess.run(
        [*inside, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    copy = data_dir.with_name("copy")
    return [Finished(code, printed, copy) for code, printed in json.loads(done.stdout)]


@pytest.mark.thorough
@needs_small_disk
@pytest.mark.parametrize(
    "percent", [10, 70, *(pytest.param(percent, marks=pytest.mark.slow) for percent in (40, 95))]
)
def test_a_full_disk_is_one_error_and_the_next_run_resumes(
    percent: int, tmp_path: Path, undisturbed: Path
) -> None:
    (tmp_path / "data").mkdir()
    runs = in_a_namespace(tmp_path / "data", undisturbed, "small_disk", str(percent))
    assert_the_next_run_goes_on(runs, "found: No space left on device", undisturbed)


@pytest.mark.thorough
@needs_small_disk
def test_a_disk_that_becomes_read_only_is_one_error_and_the_next_run_resumes(
    tmp_path: Path, undisturbed: Path
) -> None:
    (tmp_path / "data").mkdir()
    runs = in_a_namespace(tmp_path / "data", undisturbed, "read_only_disk")
    assert_the_next_run_goes_on(runs, "found: Read-only file system", undisturbed)


@needs_permission("unshare", "--user")
def test_lost_permissions_are_one_error_and_the_next_run_resumes(
    tmp_path: Path, undisturbed: Path
) -> None:
    runs = in_a_namespace(tmp_path / "data", undisturbed, "permissions_lost")
    assert_the_next_run_goes_on(runs, "found: Permission denied", undisturbed)


def small_disk(data_dir: Path, undisturbed: Path, percent: str) -> Iterator[Finished]:
    """Run with this share of the space that is needed, then with enough."""
    tables = [path for path in undisturbed.rglob("*.*") if path.parent.name != "runs"]
    n_bytes = 512 * sum(path.stat().st_blocks for path in tables)
    mount(data_dir, f"size={n_bytes * int(percent) // 100}")
    yield go(data_dir, undisturbed)
    mount(data_dir, "remount,size=1g")
    yield go(data_dir, undisturbed)


def read_only_disk(data_dir: Path, undisturbed: Path) -> Iterator[Finished]:
    """Run on a disk that becomes read-only after some stages, then again."""
    mount(data_dir, "size=1g")
    shutil.copytree(undisturbed, data_dir, dirs_exist_ok=True)
    for table in ("exports", *list(STAGE_TABLES)[2:]):
        shutil.rmtree(data_dir / table)
    mount(data_dir, "remount,ro")
    yield go(data_dir, undisturbed)
    mount(data_dir, "remount,rw")
    yield go(data_dir, undisturbed)


def permissions_lost(data_dir: Path, undisturbed: Path) -> Iterator[Finished]:
    """Remove write permission from a running run; restore it for the next one."""
    process = start(data_dir, *flags(undisturbed.with_name("videos.csv")))
    wait_for(data_dir, "videos/*.parquet")
    folders = [data_dir, *(path for path in data_dir.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o500)
    printed, _ = process.communicate(timeout=600)
    yield Finished(process.returncode, printed, data_dir)
    for folder in folders:
        folder.chmod(0o700)
    yield go(data_dir, undisturbed)


def go(data_dir: Path, undisturbed: Path) -> Finished:
    return run(data_dir, *flags(undisturbed.with_name("videos.csv")))


def mount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)


def main() -> None:
    name, *about = sys.argv[1:]
    data_dir, undisturbed = map(Path, about[:2])
    scenario = {each.__name__: each for each in (small_disk, read_only_disk, permissions_lost)}[
        name
    ]
    runs = []
    for finished in scenario(data_dir, undisturbed, *about[2:]):
        runs.append((finished.code, finished.printed))
        assert files_not_whole(data_dir) == []
    shutil.copytree(data_dir, data_dir.with_name("copy"))
    print(json.dumps(runs))


if __name__ == "__main__":
    main()
