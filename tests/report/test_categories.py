"""Names of categories: YouTube's, or those of a file beside the table."""

import json
import logging
from pathlib import Path

import pytest

from thumbnail_tasks.report.categories import YOUTUBE, name_categories, read_category_names


def write(path: Path, names: dict[str, str]) -> None:
    items = [{"id": key, "snippet": {"title": title}} for key, title in names.items()]
    path.write_text(json.dumps({"kind": "youtube#videoCategoryListResponse", "items": items}))


def test_without_a_file_the_names_are_those_of_youtube(tmp_path: Path) -> None:
    assert read_category_names(str(tmp_path / "videos.csv")) == YOUTUBE
    assert YOUTUBE["10"] == "Music"


@pytest.mark.parametrize("name", ["category_id.json", "US_category_id.json"])
def test_a_file_beside_the_table_names_categories(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, {"10": "Musik", "77": "Neues"})
    write(tmp_path / "DE_category_id.json", {"10": "wrong"})
    names = read_category_names(f"{tmp_path}/USvideos.csv")
    assert names == {**YOUTUBE, "10": "Musik", "77": "Neues"}


def test_each_of_several_tables_may_have_a_file(tmp_path: Path) -> None:
    for country in ("US", "DE"):
        write(tmp_path / f"{country}_category_id.json", {f"9{country}": country})
    names = read_category_names(f"{tmp_path}/USvideos.csv, {tmp_path}/DEvideos.csv")
    assert (names["9US"], names["9DE"]) == ("US", "DE")


def test_a_table_in_the_current_folder_has_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "category_id.json", {"10": "Musik"})
    monkeypatch.chdir(tmp_path)
    assert read_category_names("videos.csv")["10"] == "Musik"


@pytest.mark.parametrize("content", ["", "[]", '{"items": [{"id": 1}]}', '{"items": 3}', "\xff"])
def test_a_damaged_file_is_reported_and_not_used(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "category_id.json").write_bytes(content.encode("latin-1"))
    with caplog.at_level(logging.WARNING):
        assert read_category_names(f"{tmp_path}/videos.csv") == YOUTUBE
    assert f"{tmp_path}/category_id.json: expected an answer" in caplog.text


@pytest.mark.parametrize("videos", ["missing/videos.csv", "**/videos.csv", "", "/videos.csv"])
def test_a_table_without_a_readable_folder_has_no_file(videos: str) -> None:
    assert read_category_names(videos) == YOUTUBE


def test_categories_of_one_name_are_told_apart() -> None:
    names = {"23": "Comedy", "34": "Comedy", "10": "Music"}
    assert name_categories(["23", "10", None, "x", "23"], names) == {"23": "Comedy", "10": "Music"}
    assert name_categories(["23", "34"], names) == {"23": "Comedy (23)", "34": "Comedy (34)"}
