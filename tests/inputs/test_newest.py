"""Which table a night processes."""

import os
import time
from pathlib import Path

import pytest

from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.newest import find_tables, newest_table

NOW_S = 1_000_000.0


def lay_down(folder: Path, **ages_s: float) -> Path:
    """Create files of these names (``__`` for a dot), changed this many seconds ago."""
    for name, age_s in ages_s.items():
        path = folder / name.replace("__", ".")
        path.write_text("video_id\n")
        os.utime(path, (NOW_S - age_s, NOW_S - age_s))
    return folder


def test_the_newest_table_of_a_folder_is_taken_whatever_its_name(tmp_path: Path) -> None:
    lay_down(tmp_path, z__csv=300, a__PARQUET=200, b__csv=400)
    assert find_tables(str(tmp_path), NOW_S, 60) == (tmp_path / "a.PARQUET", [], 200)


def test_two_files_of_the_same_time_are_ordered_by_name(tmp_path: Path) -> None:
    lay_down(tmp_path, b__csv=300, a__csv=300)
    assert find_tables(str(tmp_path), NOW_S, 60).newest == tmp_path / "b.csv"


def test_a_pattern_takes_what_it_matches_and_no_folders(tmp_path: Path) -> None:
    lay_down(tmp_path, us__txt=300, gb__txt=200, us__csv=100)
    (tmp_path / "us.d").mkdir()
    assert find_tables(str(tmp_path / "us.*"), NOW_S, 60).newest == tmp_path / "us.csv"
    assert find_tables(str(tmp_path / "*.txt"), NOW_S, 60).newest == tmp_path / "gb.txt"


@pytest.mark.parametrize(
    "name", [".a.csv.Xy12Zw", "a.csv.part", "a.CSV.TMP", "a.csv~", "~$a.csv", "a.csv.filepart"]
)
def test_a_temporary_file_is_skipped_and_reported(tmp_path: Path, name: str) -> None:
    lay_down(tmp_path, old__csv=300)
    lay_down(tmp_path, **{name.replace(".", "__"): 200})
    found = find_tables(str(tmp_path), NOW_S, 60)
    assert found == (tmp_path / "old.csv", [f"{tmp_path / name}: a temporary name"], 300)


@pytest.mark.parametrize("name", ["a.csv.md5", "a.csv.bak", "README.md", ".DS_Store"])
def test_a_folder_means_only_files_named_as_tables(tmp_path: Path, name: str) -> None:
    lay_down(tmp_path, old__csv=300)
    lay_down(tmp_path, **{name.replace(".", "__"): 200})
    assert find_tables(str(tmp_path), NOW_S, 60) == (tmp_path / "old.csv", [], 300)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.PQ", "a.tsv", "a.jsonl", "a.CSV.zst"])
def test_a_newer_table_of_any_format_is_taken(tmp_path: Path, name: str) -> None:
    lay_down(tmp_path, old__csv=300)
    lay_down(tmp_path, **{name.replace(".", "__"): 200})
    assert find_tables(str(tmp_path), NOW_S, 60) == (tmp_path / name, [], 200)


def test_a_folder_named_like_a_table_is_one_once_it_is_written(tmp_path: Path) -> None:
    lay_down(tmp_path, old__csv=300)
    spark = tmp_path / "videos.parquet"
    (spark / "country=US").mkdir(parents=True)
    lay_down(spark / "country=US", part__parquet=200)
    lay_down(spark, _SUCCESS=100)
    assert find_tables(str(tmp_path), NOW_S, 60) == (spark, [], 200)
    assert find_tables(str(tmp_path / "*"), NOW_S, 60) == (spark, [], 200)
    (spark / "_temporary").mkdir()
    why = f"{spark}: being written (it has a folder _temporary)"
    assert find_tables(str(tmp_path), NOW_S, 60) == (tmp_path / "old.csv", [why], 300)


@pytest.mark.parametrize(
    "name", ["night", "night [1]", "dt=2026-11-30", "videos.csv", "videos.json"]
)
def test_a_folder_written_by_spark_is_one_table(tmp_path: Path, name: str) -> None:
    lay_down(tmp_path, old__csv=300)
    spark = tmp_path / name
    spark.mkdir()
    parts = {"part-00000-a__csv": 250, "part-00001-b__csv": 200}
    lay_down(spark, **parts)
    assert find_tables(str(spark), NOW_S, 60) == (spark, [], 200)
    assert find_tables(str(tmp_path), NOW_S, 60) == (spark, [], 200)
    assert find_tables(str(tmp_path / "*"), NOW_S, 60) == (spark, [], 200)
    lay_down(spark, **parts | {"part-00002-c__csv": 5})
    assert find_tables(str(spark), NOW_S, 60).newest is None
    assert find_tables(str(tmp_path), NOW_S, 60).newest == tmp_path / "old.csv"


def test_a_partitioned_folder_written_by_spark_is_one_table(tmp_path: Path) -> None:
    for country, age_s in (("FR", 300), ("RU", 200)):
        (tmp_path / f"country={country}").mkdir()
        lay_down(tmp_path / f"country={country}", **{"part-00000__parquet": age_s})
    lay_down(tmp_path, _SUCCESS=100)
    assert find_tables(str(tmp_path), NOW_S, 60) == (tmp_path, [], 200)
    (tmp_path / "_SUCCESS").unlink()  # then each may be the table of a night
    assert find_tables(str(tmp_path), NOW_S, 60).newest == tmp_path / "country=RU"


def test_a_newer_table_in_a_subfolder_is_named(tmp_path: Path) -> None:
    lay_down(tmp_path, old__csv=300)
    for name, age_s in (("2024-01", 200), ("dt=2024-02", 250), ("2023", 400), ("pictures", 100)):
        (tmp_path / name).mkdir()
        if name != "pictures":
            lay_down(tmp_path / name, a__csv=age_s, b__csv=age_s)
    found = find_tables(str(tmp_path), NOW_S, 60)
    assert found.newest == tmp_path / "old.csv"
    assert [why.partition(":")[0] for why in found.unused] == [
        f"{tmp_path}/2024-01",
        f"{tmp_path}/dt=2024-02",
    ]


@pytest.mark.parametrize("name", ["a.json", "a.csv.xz", "a.xlsx", "a.txt", "a.csv.zip"])
def test_a_newer_file_of_another_format_is_named(tmp_path: Path, name: str) -> None:
    lay_down(tmp_path, old__csv=300)
    lay_down(tmp_path, **{name.replace(".", "__"): 200})
    names = ".csv or .tsv or .tab or .parquet or .parq or .pq or .jsonl or .ndjson"
    why = f"{tmp_path / name}: expected a name that ends in {names}"
    assert find_tables(str(tmp_path), NOW_S, 60) == (tmp_path / "old.csv", [why], 300)
    lay_down(tmp_path, new__csv=100)
    assert find_tables(str(tmp_path), NOW_S, 60).unused == []


@pytest.mark.parametrize(("hours", "is_old"), [(47, False), (49, True)])
def test_an_old_table_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, hours: int, is_old: bool
) -> None:
    path = tmp_path / "a.csv"
    path.touch()
    changed_s = time.time() - hours * 3600
    os.utime(path, (changed_s, changed_s))
    assert newest_table(str(tmp_path)) == str(path)
    assert ("changed 49 hours ago: is there no newer one?" in caplog.text) == is_old


@pytest.mark.parametrize(("age_s", "is_taken"), [(59, False), (60, True), (-5, False)])
def test_a_table_is_taken_after_a_quiet_period(
    tmp_path: Path, age_s: float, is_taken: bool
) -> None:
    lay_down(tmp_path, old__csv=300, new__csv=age_s)
    found = find_tables(str(tmp_path), NOW_S, 60)
    assert found.newest == tmp_path / ("new.csv" if is_taken else "old.csv")
    assert bool(found.unused) != is_taken


def test_a_missing_table_is_reported_with_what_was_found(tmp_path: Path) -> None:
    for tables, found in (
        (tmp_path / "*.csv", "no file of this pattern"),
        (tmp_path / "gone", "no such file or folder"),
        (tmp_path, "a folder without one"),
    ):
        with pytest.raises(InputError, match=f"expected a table of videos; found: {found}"):
            newest_table(str(tables))
    (tmp_path / "a.csv.part").touch()
    with pytest.raises(InputError, match=r"a\.csv\.part: a temporary name"):
        newest_table(str(tmp_path))
    (tmp_path / "b.csv").touch()
    with pytest.raises(
        InputError, match=r"b\.csv: changed \d s ago; used after 60 s without a change"
    ):
        newest_table(str(tmp_path))


def test_an_empty_setting_does_not_mean_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lay_down(tmp_path, a__csv=300))
    with pytest.raises(InputError, match="--tables: expected a folder"):
        newest_table("")
