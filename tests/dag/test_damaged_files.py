"""Damaged result files are reported, renamed and regenerated in the same run."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import EXAMPLES, STAGE_TABLES
from tests.dag.runs import (
    QUICKLY,
    Finished,
    files_of,
    read_attributes,
    run,
    sample_ids,
    start,
    write_videos,
)
from thumbnail_tasks.storage.parquet_target import ParquetTarget

pytestmark = pytest.mark.dag

SLOW = pytest.mark.slow
LATER_STAGES = [table for table in STAGE_TABLES if table not in ("thumbnails", "words")]
FIRST = ("videos", "vocabularies", "plans", "exports", "words", "text_vectors")
OF_THE_RUN = ("videos", "vocabularies", "plans", "shards", "exports")
TABLES = (*OF_THE_RUN, "embedded_texts", "text_vectors", *STAGE_TABLES)


def mostly_slow(*names: str) -> list[Any]:
    """All tables as parameters, slow except for these."""
    return [name if name in names else pytest.param(name, marks=SLOW) for name in TABLES]


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)


def put_another_programs_file(path: Path) -> None:
    pq.write_table(pq.read_table(path), path)


def put_another_shards_file(path: Path) -> None:
    ParquetTarget(str(path), "words/engine/another").write(pq.read_table(path))


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_videos(tmp_path_factory.mktemp("input") / "videos.csv", sample_ids(4))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, videos: Path) -> Path:
    """The data directory of an undisturbed run: two shards of two thumbnails."""
    data_dir = tmp_path_factory.mktemp("undisturbed") / "data"
    finished = go(data_dir, videos)
    assert finished.code == 0, finished.printed
    return data_dir


@pytest.fixture
def data_dir(tmp_path: Path, undisturbed: Path) -> Path:
    """A copy of it, to damage."""
    return Path(shutil.copytree(undisturbed, tmp_path / "data"))


def flags(videos: Path, workers: int = 1) -> tuple[str, ...]:
    return (
        *("--videos", str(videos), "--images-dir", str(EXAMPLES / "images")),
        *("--storage-shard-size", "2", "--workers", str(workers), *QUICKLY),
    )


def go(data_dir: Path, videos: Path, workers: int = 1) -> Finished:
    return run(data_dir, *flags(videos, workers))


def tables_in(data_dir: Path, *names: str) -> list[Path]:
    return sorted(path for name in names for path in data_dir.glob(f"{name}/**/*.parquet"))


def damaged_in(data_dir: Path) -> list[Path]:
    return sorted(data_dir.rglob(".*.damaged-1"))


def damage(path: Path, how: Callable[[Path], None]) -> None:
    before, stat = path.read_bytes(), path.stat()
    how(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # disk errors do not change it
    assert path.read_bytes() != before


def assert_repaired(finished: Finished, undisturbed: Path, *damaged: Path) -> None:
    """The run succeeded, and each damaged file was reported and renamed."""
    assert finished.code == 0, finished.printed
    assert finished.attributes.equals(read_attributes(undisturbed))
    for path in damaged:
        expected = f"{path}: expected a complete file written by this package; found"
        assert expected in finished.printed
        assert path.with_name(f".{path.name}.damaged-1").exists()
    assert len(damaged_in(finished.data_dir)) == len(damaged)
    assert "Traceback" not in finished.printed, finished.printed
    assert "ERROR" not in finished.printed


@pytest.mark.thorough
@pytest.mark.parametrize("table", mostly_slow(*FIRST))
def test_a_damaged_file_of_any_table_is_regenerated_in_the_same_run(
    table: str, data_dir: Path, undisturbed: Path, videos: Path
) -> None:
    if table != "exports":
        shutil.rmtree(data_dir / "exports")
    if table == "vocabularies":
        shutil.rmtree(data_dir / "texts")  # otherwise no stage reads it
    path = tables_in(data_dir, table)[0]
    damage(path, truncate)
    assert_repaired(go(data_dir, videos), undisturbed, path)


@pytest.mark.thorough
@pytest.mark.parametrize("table", mostly_slow("plans", "shards", "emotions"))
def test_a_removed_folder_is_regenerated(
    table: str, data_dir: Path, undisturbed: Path, videos: Path
) -> None:
    for folder in {table, "exports"}:
        shutil.rmtree(data_dir / folder)
    assert_repaired(go(data_dir, videos), undisturbed)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("how", "workers"),
    [
        *((truncate, 3), (empty, 1), (flip_a_byte, 3)),
        *((put_another_programs_file, 1), (put_another_shards_file, 3)),
        *(pytest.param(how, 1, marks=SLOW) for how in (truncate, flip_a_byte)),
        *(pytest.param(how, 3, marks=SLOW) for how in (empty, put_another_programs_file)),
        pytest.param(put_another_shards_file, 1, marks=SLOW),
    ],
)
def test_many_damaged_files_are_regenerated_in_the_same_run(
    how: Callable[[Path], None], workers: int, data_dir: Path, undisturbed: Path, videos: Path
) -> None:
    shutil.rmtree(data_dir / "exports")
    paths = tables_in(data_dir, "videos", "plans", "shards", *STAGE_TABLES)
    for path in paths:
        damage(path, how)
    assert_repaired(go(data_dir, videos, workers), undisturbed, *paths)
    assert "Nothing to do" in go(data_dir, videos, workers).printed


@pytest.mark.parametrize("workers", [pytest.param(1, marks=SLOW), 3])
def test_damaged_inputs_of_middle_stages_are_regenerated_first(
    workers: int, data_dir: Path, undisturbed: Path, videos: Path
) -> None:
    for table in ("exports", *LATER_STAGES):
        shutil.rmtree(data_dir / table)
    paths = tables_in(data_dir, "thumbnails", "words")
    for path in paths:
        damage(path, flip_a_byte)
    assert_repaired(go(data_dir, videos, workers), undisturbed, *paths)


@pytest.mark.thorough
def test_a_shard_with_a_damaged_list_is_planned_again_if_not_downloaded(
    data_dir: Path, undisturbed: Path, videos: Path
) -> None:
    for table in ("exports", *STAGE_TABLES):
        shutil.rmtree(data_dir / table)
    path = tables_in(data_dir, "shards")[0]
    damage(path, truncate)
    finished = go(data_dir, videos)
    assert_repaired(finished, undisturbed, path)
    assert "2 thumbnails to do in 1 shard, 2 already in shards" in finished.printed


def test_foreign_files_among_the_shards_are_moved_aside_and_not_used(
    data_dir: Path, undisturbed: Path, videos: Path
) -> None:
    shutil.rmtree(data_dir / "exports")
    shutil.rmtree(data_dir / "plans")
    strangers = []
    for shard in [tables_in(data_dir, "shards")[0], tables_in(data_dir, "thumbnails")[0]]:
        strangers += [shard.with_name("a copy.parquet"), shard.with_name("foreign.parquet")]
        shutil.copy(shard, strangers[-2])
        pq.write_table(pa.table({"thumbnail_id": ["abc"], "status": ["ok"]}), strangers[-1])
    finished = go(data_dir, videos)
    assert_repaired(finished, undisturbed, *strangers)
    assert "0 thumbnails to do in 0 shards, 4 already in shards" in finished.printed


@pytest.mark.thorough
def test_a_shard_list_lost_during_a_run_ends_it_and_the_next_run_resumes(
    data_dir: Path, undisturbed: Path, videos: Path
) -> None:
    shutil.rmtree(data_dir / "exports")
    lists, pictures = tables_in(data_dir, "shards"), tables_in(data_dir, "thumbnails")
    for path in (lists[0], pictures[0]):
        path.unlink()
    process = start(
        data_dir,
        *(*flags(videos), "--plan-number", "1"),  # its plan is used unchanged
    )
    printed, _ = process.communicate(timeout=600)
    assert process.returncode in (30, 40), printed
    assert f"{lists[0]}: expected the list of a planned shard; found none." in printed
    assert "Traceback" not in printed, printed
    assert_repaired(go(data_dir, videos), undisturbed)


def test_a_data_directory_may_be_moved(data_dir: Path, videos: Path) -> None:
    moved = data_dir.rename(data_dir.with_name("moved"))
    before = files_of(moved)
    (moved / "exports" / "attributes.csv").unlink()
    finished = go(moved, videos)
    assert finished.code == 0, finished.printed
    kept = {name: at for name, at in before.items() if name.startswith(tuple(STAGE_TABLES))}
    assert kept.items() <= files_of(moved).items()
