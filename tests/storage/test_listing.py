"""What a folder holds, from one listing."""

import pyarrow as pa
import pytest

from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.listing import Listings
from thumbnail_tasks.storage.parquet_target import ParquetTarget


def test_files_are_found_as_they_were_when_their_folder_was_listed(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, elsewhere = (
        ParquetTarget(join(place, f"{key}.parquet"), key)
        for key in ("words/tag/a", "words/tag/b", "texts/tag/a")
    )
    first.write(pa.table({"x": [1]}))
    listed: list[str] = []
    list_files = files.list_files

    def count(folder: str, **options: object) -> object:
        listed.append(folder)
        return list_files(folder, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "list_files", count)
    listings = Listings()
    assert listings.find(first.path) == first.find()
    assert listings.lacks(second)
    assert listings.lacks(elsewhere)  # its folder does not exist
    second.write(pa.table({"x": [1]}))
    assert listings.lacks(second)
    assert not Listings().lacks(second)
    assert listed == [join(place, "words/tag"), join(place, "texts/tag"), join(place, "words/tag")]
