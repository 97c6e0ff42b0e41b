"""The column ``duplicate_group`` of an export, in all the ways in which one is written."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest

from tests.export.conftest import IDS, Archive
from thumbnail_tasks.execution.quarantine import without_picture
from thumbnail_tasks.export.duplicates import name_groups, order_by_mention
from thumbnail_tasks.stages.appearance import MeasureAppearance
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.storage.parquet_target import ParquetTarget

RED, DARK_RED, BLUE = "#ff0000", "#fb0003", "#0000ff"
ALIKE = {
    IDS[1]: ("0123456789abcdef", RED),
    IDS[9]: ("0123456789abcdee", DARK_RED),  # of another shard
    IDS[2]: ("0123456789abcdef", BLUE),
}


def show(archive: Archive, looks: Mapping[str, tuple[str, str]]) -> None:
    """Give thumbnails other hashes and colours."""
    for target in targets(archive, MeasureAppearance):
        rows = target.read().to_pylist()
        for row in rows:
            if look := looks.get(row["thumbnail_id"]):
                row["perceptual_hash"], row["color_mean"] = look
        target.write(pa.Table.from_pylist(rows, target.read().schema))


def targets(
    archive: Archive, stage: type[MeasureAppearance] | type[DownloadThumbnails]
) -> list[ParquetTarget]:
    shards = archive.plan["shard"].unique().to_pylist()
    data_dir = str(archive.data_dir)
    return [stage.on(each, archive.source, data_dir).output_for(each) for each in shards]


def groups(table: pa.Table) -> list[str | None]:
    found: list[str | None] = table["duplicate_group"].to_pylist()
    return found


def test_the_first_in_the_table_names_the_group(archive: Archive) -> None:
    show(archive, ALIKE)
    table = archive.write_file([IDS[0], IDS[9], None, IDS[1], IDS[2], IDS[9], "not an id"])
    assert groups(table) == [IDS[0], IDS[9], None, IDS[9], IDS[2], IDS[9], None]


def test_one_row_of_each_group_is_left_without_duplicates(archive: Archive) -> None:
    show(archive, ALIKE)
    videos = archive.write_file([*IDS, IDS[1]]).to_pandas()
    left = videos.drop_duplicates("duplicate_group")
    assert left["thumbnail_id"].tolist() == [name for name in IDS if name != IDS[9]]
    assert (left["thumbnail_id"] == left["duplicate_group"]).all()


def test_rows_without_a_picture_are_no_duplicates_of_each_other(archive: Archive) -> None:
    """As docs/COLUMNS.md selects the rows."""
    videos = archive.write_file([IDS[0], None, "not an id", IDS[0], None]).to_pandas()
    first = videos[videos["duplicate_group"].isna() | ~videos.duplicated("duplicate_group")]
    assert first["n"].tolist() == [0, 1, 2, 4]


@pytest.mark.usefixtures("small_parts")
def test_parts_have_the_groups_of_the_whole_table(archive: Archive) -> None:
    show(archive, ALIKE)
    ids = [IDS[0], IDS[1], IDS[2], IDS[3], IDS[9], IDS[1]]
    archive.write_dataset(ids)
    assert groups(archive.read()) == [IDS[0], IDS[1], IDS[2], IDS[3], IDS[1], IDS[1]]
    assert groups(archive.write_file(ids)) == groups(archive.read())


@pytest.mark.usefixtures("small_parts")
def test_a_part_is_written_again_only_if_its_groups_change(archive: Archive) -> None:
    show(archive, ALIKE)
    ids = [IDS[0], IDS[1], IDS[2], IDS[3], IDS[9], IDS[1]]
    archive.write_dataset(ids)
    assert archive.write_dataset([*ids[:5], IDS[9], IDS[1]]) == (2, 1)  # groups stay
    assert archive.write_dataset([IDS[0], IDS[3], IDS[2], IDS[3], *ids[4:]]) == (2, 2)
    assert groups(archive.read()) == [IDS[0], IDS[3], IDS[2], IDS[3], IDS[9], IDS[9]]


@pytest.mark.parametrize("is_in_memory", [True, False])
def test_a_quarantined_picture_has_no_group(
    archive: Archive, is_in_memory: bool, request: pytest.FixtureRequest
) -> None:
    """The appearance was measured before the picture crashed another stage."""
    if not is_in_memory:
        request.getfixturevalue("small_parts")
    show(archive, ALIKE)
    for target in targets(archive, DownloadThumbnails):
        thumbnails = target.read()
        if IDS[1] in thumbnails["thumbnail_id"].to_pylist():
            target.write(without_picture(thumbnails, IDS[1], "crashed_decoder", "why"))
    assert groups(archive.write_file([IDS[1], IDS[0], IDS[9]])) == [None, IDS[0], IDS[9]]


def test_thumbnails_are_ordered_by_their_first_mention_in_any_column() -> None:
    by_link, by_id = np.array([3, -1, 3, 0], np.int32), np.array([-1, 2, 1, 2], np.int32)
    assert order_by_mention([by_link, by_id], 5).tolist() == [3, 2, 1, 0, 4]
    assert order_by_mention([], 2).tolist() == [0, 1]


def test_no_group_is_null() -> None:
    ids = pa.array(["a", "b"])
    assert name_groups(ids, np.array([1, -1], np.int32)).to_pylist() == ["b", None]
