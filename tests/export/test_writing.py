"""An export has the same rows however it is written: from memory, from joined shards, in parts."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import luigi
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.export.conftest import IDS, Archive
from thumbnail_tasks.execution.quarantine import without_picture
from thumbnail_tasks.export import attributes, published, windows, writing
from thumbnail_tasks.export.completing import clear_folder, write_export_csv
from thumbnail_tasks.export.published import find_export, is_current_export
from thumbnail_tasks.storage.addresses import name_of
from thumbnail_tasks.storage.manifest import MANIFEST_NAME, list_unnamed
from thumbnail_tasks.storage.parquet_target import ParquetTarget

MIXED = [IDS[9], None, IDS[0], IDS[1], "not an id", IDS[5], IDS[0], IDS[11], IDS[9], IDS[2]]


@pytest.fixture(params=[False, True], ids=["", "with objects"])
def has_objects(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether objects are detected."""
    config = luigi.configuration.get_config()
    config.set("objects", "detect", str(request.param).lower())
    yield request.param
    config.remove_section("objects")


def test_joined_shards_give_the_same_rows_as_memory(
    has_objects: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive(tmp_path)
    monkeypatch.setattr(writing, "_BATCH_ROWS", 2)
    expected = archive.write_file(MIXED)
    assert ("person_count" in expected.column_names) == has_objects
    assert not (archive.data_dir / "joined").exists()
    monkeypatch.setattr(writing, "PART_ROWS", 4)
    monkeypatch.setattr(attributes, "IN_MEMORY_BYTES", 0)
    before = (archive.exports / "attributes.parquet").read_bytes()
    assert archive.write_file(MIXED).equals(expected)
    assert (archive.exports / "attributes.parquet").read_bytes() == before
    assert len(list(archive.data_dir.glob("joined/*/*.parquet"))) == 3
    archive.write_file(MIXED)  # from the joined shards
    assert (archive.exports / "attributes.parquet").read_bytes() == before


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("max_reads", [0, 8])
def test_the_first_shards_that_fit_stay_in_memory(
    max_reads: int, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = archive.write_file(MIXED)
    before = (archive.exports / "attributes.parquet").read_bytes()
    joined = archive.data_dir / "joined"
    assert len(list(joined.glob("*/*.parquet"))) == 3
    shutil.rmtree(joined)
    # Four thumbnails with 512 numbers and 656 other bytes each take 10,816.
    monkeypatch.setattr(attributes, "IN_MEMORY_BYTES", 11_000)
    monkeypatch.setattr(windows, "_MAX_READS", max_reads)
    assert archive.write_file(MIXED).equals(expected)
    assert (archive.exports / "attributes.parquet").read_bytes() == before
    assert len(list(joined.glob("*/*.parquet"))) == 2


@pytest.mark.usefixtures("small_parts")
def test_rows_in_random_order_are_sorted_on_disk(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = archive.write_file(MIXED)
    before = (archive.exports / "attributes.parquet").read_bytes()
    monkeypatch.setattr(windows, "_MAX_READS", 0)
    assert archive.write_file(MIXED).equals(expected)
    assert (archive.exports / "attributes.parquet").read_bytes() == before
    archive.write_dataset(MIXED)
    assert archive.read().equals(expected)
    later = [*MIXED[:4], *reversed(MIXED[4:])]  # the first part is not written again
    assert archive.write_dataset(later) == (3, 2)
    assert archive.read().equals(archive.write_file(later))
    assert list((archive.data_dir / "unfinished" / "scratch").iterdir()) == []


@pytest.mark.usefixtures("small_parts")
def test_a_dataset_has_the_rows_of_the_file_in_order(archive: Archive) -> None:
    expected = archive.write_file(MIXED)
    assert archive.write_dataset(MIXED) == (3, 3)
    export = archive.find()
    assert export.is_dataset
    assert (export.n_rows, export.fingerprint) == (10, "made of this")
    assert archive.read().equals(expected)
    assert export.read(["n"])["n"].to_pylist() == list(range(10))
    files = sorted((archive.exports / "attributes").glob("*.parquet"))
    assert pq.read_table(files).equals(expected)  # their names are in the order of the rows


@pytest.mark.usefixtures("small_parts")
def test_only_changed_parts_are_written_again(archive: Archive) -> None:
    archive.write_dataset(MIXED)
    before = {path.name for path in (archive.exports / "attributes").iterdir()}
    assert archive.write_dataset(MIXED) == (3, 0)
    assert {path.name for path in (archive.exports / "attributes").iterdir()} == before
    assert archive.write_dataset([*MIXED, IDS[3]]) == (3, 1)  # the last part has one more row
    (unnamed,) = list_unnamed(str(archive.exports / "attributes"))
    assert name_of(unnamed.address) in before
    assert len(archive.read()) == 11


@pytest.mark.usefixtures("small_parts")
def test_a_quarantined_picture_changes_the_parts_of_its_shard(archive: Archive) -> None:
    archive.write_dataset(MIXED)
    shard = archive.plan["shard"][8].as_py()
    target = ParquetTarget(f"{archive.data_dir}/thumbnails/{archive.source}/{shard}.parquet")
    key = target.open_reader(()).schema_arrow.metadata[b"thumbnail_tasks_place"].decode()
    target = ParquetTarget(target.path, key)
    target.write(without_picture(target.read(), IDS[11], "crashed_decoder", "why"))
    assert archive.write_dataset(MIXED) == (3, 3)  # each part has a row of this shard
    statuses = archive.read()["thumbnail_status"].to_pylist()
    assert statuses[7] == "crashed_decoder"
    assert statuses.count("ok") == 7


@pytest.mark.usefixtures("small_parts")
def test_a_damaged_part_is_written_again(archive: Archive) -> None:
    archive.write_dataset(MIXED)
    part = Path(archive.find().parts[1].path)
    part.write_bytes(part.read_bytes()[:-10])
    assert not is_current_export(archive.find(), lambda: "made of this")
    assert archive.write_dataset(MIXED) == (3, 1)
    assert is_current_export(archive.find(), lambda: "made of this")


@pytest.mark.usefixtures("small_parts")
def test_footers_are_read_once_and_a_part_that_is_removed_later_is_missed(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.write_dataset(MIXED)
    check_footer = mock.Mock(wraps=published._check_footer)
    monkeypatch.setattr(published, "_check_footer", check_footer)
    for _ in range(3):
        assert is_current_export(archive.find(), lambda: "made of this")
    parts = [part.path for part in archive.find().parts]
    assert [call.args[0].path for call in check_footer.call_args_list] == parts
    Path(parts[1]).unlink()
    assert not is_current_export(archive.find(), lambda: "made of this")


@pytest.mark.usefixtures("small_parts")
def test_a_dataset_without_a_valid_manifest_does_not_exist(archive: Archive) -> None:
    archive.write_dataset(MIXED)
    manifest = archive.exports / "attributes" / MANIFEST_NAME
    manifest.write_text(manifest.read_text().replace('"n_rows": 10', '"n_rows": 11'))
    assert find_export(str(archive.exports)) is None
    manifest.unlink()
    assert find_export(str(archive.exports)) is None
    assert len(list_unnamed(str(archive.exports / "attributes"))) == 3


@pytest.mark.usefixtures("small_parts")
def test_the_summary_counts_each_thumbnail_once(archive: Archive) -> None:
    for _ in range(2):  # written, and found
        writer = archive.writer(MIXED)
        writer.write_dataset(str(archive.exports / "attributes"), "exports/attributes", "f")
        counted = writer.summary()
        assert len(counted) == len(set(MIXED) & set(IDS))
        assert pc.sum(counted["face_count"]).as_py() == 6


@pytest.mark.usefixtures("small_parts")
def test_one_form_replaces_the_other(archive: Archive) -> None:
    archive.write_file(MIXED)
    write_export_csv(archive.find())
    assert is_current_export(archive.find(), lambda: "made of this")
    archive.write_dataset(MIXED)
    clear_folder(archive.find())
    assert sorted(path.name for path in archive.exports.iterdir()) == ["attributes"]
    archive.write_file(MIXED)
    clear_folder(archive.find()._replace(path=str(archive.exports / "attributes.parquet")))
    assert not archive.find().is_dataset


@pytest.mark.usefixtures("small_parts")
def test_the_csv_of_a_dataset_is_that_of_the_file(archive: Archive) -> None:
    archive.write_file(MIXED)
    write_export_csv(archive.find())
    expected = (archive.exports / "attributes.csv").read_bytes()
    archive.write_dataset(MIXED)
    write_export_csv(archive.find())
    assert (archive.exports / "attributes.csv").read_bytes() == expected
