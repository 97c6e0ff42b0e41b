"""Reclaimable files are found, and nothing else is removed."""

import os
from pathlib import Path

import pytest

from thumbnail_tasks.storage.addresses import name_of, relative_to, stem_of
from thumbnail_tasks.storage.files import list_files
from thumbnail_tasks.storage.folder import measure_freed
from thumbnail_tasks.storage.retention import (
    Reclaimable,
    describe,
    find_old_exports,
    find_old_tables,
    find_superseded,
    list_damaged,
    list_orphans,
    list_plans,
    list_unfinished,
    needed_plans,
    remove,
)

TWO_NIGHTS = ("2026-11-24", "2026-11-25")


def create_files(data_dir: Path, *names: str) -> None:
    """Create files of 1,000 bytes, each a second newer than the one before."""
    for nth, name in enumerate(names):
        path = data_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 1000)
        os.utime(path, (1000 + nth, 1000 + nth))


def names_of(data_dir: Path, reclaimable: list[Reclaimable]) -> list[str]:
    entries = [entry for each in reclaimable for entry in each.files]
    return [relative_to(entry.address, str(data_dir)) for entry in entries]


def files_of(data_dir: Path) -> list[str]:
    paths = sorted(path for path in data_dir.rglob("*") if not path.is_dir())
    return [str(path.relative_to(data_dir)) for path in paths]


def test_an_empty_folder_has_nothing_to_free(tmp_path: Path) -> None:
    assert list_orphans(str(tmp_path)) == []
    assert list_damaged(str(tmp_path)) == []
    assert list_unfinished([str(tmp_path / "exports" / ".report-new")]) == []
    assert find_old_exports(str(tmp_path / "exports"), 1) == []
    assert find_superseded(str(tmp_path), {"words": {"rapidocr-1"}}) == []
    assert find_old_tables(str(tmp_path), []) == []
    assert describe(str(tmp_path), [], "freed") == f"{tmp_path}: nothing to free"


def test_temporary_files_of_killed_writers_are_listed_by_folder(tmp_path: Path) -> None:
    create_files(tmp_path, "words/e/.writing-old", "exports/.writing-new", "words/e/shard.parquet")
    os.utime(tmp_path / "exports" / ".writing-new")
    (tmp_path / "exports" / ".writing-link").symlink_to("nowhere")
    assert names_of(tmp_path, list_orphans(str(tmp_path))) == ["words/e/.writing-old"]


def test_damaged_files_are_removed_and_their_replacements_stay(tmp_path: Path) -> None:
    create_files(tmp_path, "words/e/.shard.parquet.damaged-1", "words/e/shard.parquet")
    remove(list_damaged(str(tmp_path)))
    assert files_of(tmp_path) == ["words/e/shard.parquet"]


def test_a_killed_runs_folder_is_removed_with_all_folders_in_it(tmp_path: Path) -> None:
    create_files(tmp_path, "new/data/parts/1.js", "new/pictures/1.webp", "new/index.html", "other")
    remove(list_unfinished([str(tmp_path / "new"), str(tmp_path / "old")]))
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


@pytest.mark.parametrize(
    ("keep", "latest", "also_keep", "removed"),
    [
        (1, TWO_NIGHTS[1], (), ["2026-11-23", "2026-11-24"]),
        (2, TWO_NIGHTS[1], (), ["2026-11-23"]),
        (3, TWO_NIGHTS[1], (), []),
        (1, TWO_NIGHTS[0], (), ["2026-11-23"]),
        (1, TWO_NIGHTS[1], ("2026-11-23",), ["2026-11-24"]),
    ],
)
def test_the_newest_exports_and_the_latest_one_stay(
    tmp_path: Path, keep: int, latest: str, also_keep: tuple[str, ...], removed: list[str]
) -> None:
    for date in ("2026-11-23", *TWO_NIGHTS):
        create_files(tmp_path, f"{date}/attributes.csv")
    create_files(tmp_path, "attributes.csv", "projector/a.tsv", "2026-13-99/mine.csv")
    (tmp_path / "latest").symlink_to(latest)
    found = find_old_exports(str(tmp_path), keep, also_keep)
    assert [name_of(each.folder) for each in found] == removed
    remove(found)
    assert not any((tmp_path / date).exists() for date in removed)
    assert (tmp_path / "2026-13-99" / "mine.csv").exists()


def test_the_last_plan_of_each_exported_table_and_of_the_newest_is_needed(tmp_path: Path) -> None:
    create_files(
        tmp_path,
        *("plans/web/a-1.parquet", "plans/web/a-2.parquet", "plans/web/b-1.parquet"),
        *("plans/folder/a-10.parquet", "plans/folder/a-9.parquet", "plans/web/c-1.parquet"),
    )
    plans = list_plans(str(tmp_path))
    assert [(plan.table_name, plan.number) for plan in plans if plan.source == "folder"] == [
        *(("a", 10), ("a", 9))
    ]
    needed = needed_plans(plans, {("web", "a")})
    assert sorted(f"{plan.source}/{stem_of(plan.file.address)}" for plan in needed) == [
        *("folder/a-10", "web/a-2", "web/c-1")
    ]


def test_a_vocabulary_stays_while_a_shard_of_its_table_exists(tmp_path: Path) -> None:
    create_files(
        tmp_path,
        *(f"videos/{table}.parquet" for table in "abcd"),
        *(f"vocabularies/{table}.parquet" for table in "abcd"),
        *(f"embedded_texts/e-1/columns/{table}.parquet" for table in "acd"),
        *("plans/web/a-1.parquet", "plans/web/c-1.parquet", "shards/web/b-12.parquet"),
    )
    needed = [plan for plan in list_plans(str(tmp_path)) if plan.table_name == "c"]
    assert sorted(names_of(tmp_path, find_old_tables(str(tmp_path), needed))) == [
        "embedded_texts/e-1/columns/a.parquet",
        "plans/web/a-1.parquet",
        "videos/a.parquet",
        "videos/b.parquet",  # not d: the last one read may not be planned yet
        "vocabularies/a.parquet",
    ]


def test_results_of_current_engines_stay_for_every_source(tmp_path: Path) -> None:
    create_files(
        tmp_path,
        *("words/e-1/s.parquet", "words/e-2/s.parquet", "words/e-3/s.parquet"),
        *("faces/e-3/s.parquet", "thumbnails/e-3/s.parquet"),
    )
    found = find_superseded(str(tmp_path), {"words": {"e-1", "e-2"}, "faces": {"f-1"}})
    assert names_of(tmp_path, found) == ["words/e-3/s.parquet", "faces/e-3/s.parquet"]
    remove(found)
    assert sorted(path.name for path in (tmp_path / "words").iterdir()) == ["e-1", "e-2"]
    assert (tmp_path / "thumbnails" / "e-3" / "s.parquet").exists()


def test_a_folder_that_a_bucket_lists_without_files_is_none_to_free(tmp_path: Path) -> None:
    (tmp_path / "words" / "e-1").mkdir(parents=True)
    assert find_superseded(str(tmp_path), {"words": {"e-2"}}) == []


def test_the_summary_has_a_line_for_each_folder_and_the_sum(tmp_path: Path) -> None:
    create_files(tmp_path, "words/e/a.parquet", "words/e/b.parquet", "videos/a.parquet")
    reclaimable = [
        Reclaimable(str(tmp_path / "words/e"), "why", list_files(str(tmp_path / "words/e"))),
        Reclaimable(str(tmp_path / "videos"), "because", list_files(str(tmp_path / "videos"))),
    ]
    before = files_of(tmp_path)
    assert [
        line.split() for line in describe(str(tmp_path), reclaimable, "freed").splitlines()
    ] == [
        [f"{tmp_path}:", "freed"],
        ["0.002", "MB", "2", "files", "words/e:", "why"],
        ["0.001", "MB", "1", "files", "videos:", "because"],
        ["0.003", "MB", "3", "files", "in", "total"],
    ]
    assert files_of(tmp_path) == before


def test_a_file_with_a_second_hard_link_frees_nothing(tmp_path: Path) -> None:
    create_files(tmp_path, "a/attributes.csv")
    (tmp_path / "b").mkdir()
    os.link(tmp_path / "a/attributes.csv", tmp_path / "b/attributes.csv")
    both = list_files(str(tmp_path), below=True)
    assert measure_freed(both[:1]) == 0
    assert measure_freed(both) == 1000


def test_a_folder_with_other_files_in_it_stays(tmp_path: Path) -> None:
    create_files(tmp_path, "words/e/a.parquet", "words/e/notes.txt")
    folder = str(tmp_path / "words/e")
    remove([Reclaimable(folder, "why", list_files(folder, suffix=".parquet"))])
    assert files_of(tmp_path) == ["words/e/notes.txt"]
