"""Which pictures of a folder belong to which video."""

import os
from pathlib import Path

import pytest

from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.picture_folders import list_pictures

ID, OTHER_ID = "2kyS6SvSYSE", "-abc_DEF012"


def found_in(folder: Path, *names: str) -> dict[str, str]:
    """The picture of each id in a folder with files of these names."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    pictures = list_pictures(str(folder))
    return {key: os.path.relpath(picture.path, folder) for key, picture in pictures.items()}


@pytest.mark.parametrize("video_id", [ID, OTHER_ID, "___________", "--abcdefghi"])
@pytest.mark.parametrize(
    "name",
    [
        "{}.jpg",
        "{}.JPEG",
        "{}.png",
        "{}.webp",
        "A title [{}].webp",
        "A [title] - with-dashes [{}].jpg",
        "Ünïcode\nTitle [{}].png",
        "A title-{}.jpg",
        "A-title-with-dashes-{}.webp",
        "a channel/{}.jpg",
        "2026/11/A title [{}].webp",
        "{}/hqdefault.jpg",
        "i.ytimg.com/vi/{}/maxresdefault.jpg",
        "{}_hqdefault.jpg",
        "{}-maxresdefault.webp",
        "{} (thumbnail).jpg",
        "https:i.ytimg.comvi{}hqdefault.jpg",
        "https_i.ytimg.comvi{}default.jpg",
    ],
)
def test_the_names_that_tools_write_have_an_id(tmp_path: Path, name: str, video_id: str) -> None:
    assert found_in(tmp_path, name.format(video_id), "notes.txt", "other.jpg")[video_id] == (
        name.format(video_id)
    )


def test_the_plainest_name_then_the_nearest_picture_counts(tmp_path: Path) -> None:
    names = [
        f"{ID}.webp",
        f"{ID}.jpg",
        f"sub/{ID}.jpg",
        f"A title [{ID}].jpg",
        f"Title-{ID}.jpg",
        f"https:i.ytimg.comvi{ID}hqdefault.jpg",
        f"{ID}/maxresdefault.jpg",
    ]
    assert found_in(tmp_path, *names)[ID] == f"{ID}.jpg"
    for gone in (f"{ID}.jpg", f"sub/{ID}.jpg"):
        (tmp_path / gone).unlink()
    assert found_in(tmp_path)[ID] == f"{ID}.webp"


def test_the_largest_quality_of_a_folder_counts(tmp_path: Path) -> None:
    names = [f"{ID}/{name}.jpg" for name in ("1", "default", "maxresdefault", "hqdefault")]
    assert found_in(tmp_path, *names)[ID] == f"{ID}/maxresdefault.jpg"


@pytest.mark.parametrize("name", [f".trash/{ID}.jpg", f"._Title [{ID}].jpg", f".{ID}.jpg"])
def test_hidden_files_are_left_out(tmp_path: Path, name: str) -> None:
    assert ID not in found_in(tmp_path, name, "a.jpg")


def test_folders_behind_links_are_searched(tmp_path: Path) -> None:
    found_in(tmp_path / "elsewhere", f"{ID}.jpg")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "channel").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "pictures" / "again").symlink_to(tmp_path / "pictures")
    assert found_in(tmp_path / "pictures")[ID] == f"channel/{ID}.jpg"


def test_a_folder_without_pictures_is_reported_with_its_content(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"named <video_id>\.jpg.*; found nothing"):
        list_pictures(str(tmp_path))
    (tmp_path / "hqdefault").mkdir()
    (tmp_path / "a.txt").touch()
    with pytest.raises(InputError, match=r"found none, but a\.txt, hqdefault"):
        list_pictures(str(tmp_path))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--images-dir .*no: expected a folder of pictures"):
        list_pictures(str(tmp_path / "no"))
