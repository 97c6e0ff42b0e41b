"""Each row of an export has the picture that it says, from the network as from a folder."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES, Answer, Server
from tests.dag.runs import QUICKLY, Finished, run

pytestmark = pytest.mark.dag

PICTURES = sorted((EXAMPLES / "images").glob("*.jpg"))


def write_table(path: Path, *rows: tuple[str, str]) -> Path:
    lines = ["video_id,thumbnail_link", *(f"{own},{link}" for own, link in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows_of(finished: Finished) -> list[tuple[str | None, str, str | None]]:
    """Id, status and digest of the picture of each row."""
    assert finished.code == 0, finished.printed
    names = ["thumbnail_id", "thumbnail_status", "thumbnail_sha256"]
    table = finished.attributes.select(names)
    return [tuple(row.values()) for row in table.to_pylist()]


def test_the_network_is_asked_for_what_each_row_names(tmp_path: Path, server: Server) -> None:
    paths = [f"/vi/aaaaaaaaab1/{name}" for name in ("1.jpg", "maxres2.jpg", "hqdefault.jpg")]
    paths += ["/vi/aaaaaaaaab2/oar2.jpg?sqp=a&rs=b", "/vi/aaaaaaaaab3/hqdefault.jpg"]
    for path, picture in zip(paths, PICTURES, strict=False):
        server.lay_down(path, Answer(body=picture.read_bytes()))
    videos = write_table(
        tmp_path / "videos.csv",
        *(("aaaaaaaaab1", f"https://i.ytimg.com{path}") for path in paths[:3]),
        ("aaaaaaaaab2", f"i.ytimg.com{paths[3]}"),
        ("https://youtu.be/aaaaaaaaab3?si=x", ""),
        ("https://www.youtube.com/shorts/aaaaaaaaab3", "nan"),
        ("aaaaaaaaab1", "https://www.youtube.com/watch?v=aaaaaaaaab3"),
        ("aaaaaaaaab3", "javascript:alert(1)"),
        ("", "N/A"),
        ("", "no link"),
    )
    finished = run(
        tmp_path / "data",
        *(*QUICKLY, "--videos", str(videos)),
        *("--thumbnails-url-template", f"{server.url}/vi/{{video_id}}/{{quality}}.jpg"),
    )
    rows = rows_of(finished)
    assert sorted(path for _, path in server.asked) == sorted(paths)
    assert [row[0] for row in rows] == [
        *("aaaaaaaaab1-1", "aaaaaaaaab1-maxres2", "aaaaaaaaab1", "aaaaaaaaab2-oar2"),
        *(["aaaaaaaaab3"] * 4),
        *(None, None),
    ]
    assert [row[1] for row in rows] == ["ok"] * 8 + ["no_link", "invalid_link"]
    assert len({row[2] for row in rows[:5]}) == 5
    assert "10 rows, 5 thumbnails: 5 ok" in finished.printed
    assert "rows without a thumbnail: 1 no_link, 1 invalid_link" in finished.printed


@pytest.mark.thorough
def test_a_folders_picture_of_the_rows_own_id_counts_also_when_it_comes_later(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "pictures" / "a channel"
    folder.mkdir(parents=True)
    shutil.copy(PICTURES[0], folder / "A title [aaaaaaaaab1].jpg")
    link = "https://i.ytimg.com/vi/zzzzzzzzzz9/default.jpg"
    videos = write_table(tmp_path / "videos.csv", ("aaaaaaaaab1", link), ("aaaaaaaaab2", link))
    flags = (*QUICKLY, "--videos", str(videos), "--images-dir", str(tmp_path / "pictures"))
    rows = rows_of(run(tmp_path / "data", *flags))
    assert [row[:2] for row in rows] == [("aaaaaaaaab1", "ok"), ("zzzzzzzzzz9", "not_found")]
    assert "Nothing to do" in run(tmp_path / "data", *flags).printed

    shutil.copy(PICTURES[1], folder / "Another-aaaaaaaaab2.jpg")
    rows = rows_of(run(tmp_path / "data", *flags))
    assert [row[:2] for row in rows] == [("aaaaaaaaab1", "ok"), ("aaaaaaaaab2", "ok")]
    assert rows[0][2] != rows[1][2]
    assert "Nothing to do" in run(tmp_path / "data", *flags).printed

    shutil.copy(PICTURES[2], folder / "zzzzzzzzzz9.jpg")
    rows = rows_of(run(tmp_path / "data", *flags))
    assert [row[:2] for row in rows] == [("zzzzzzzzzz9", "ok")] * 2


def test_a_folder_of_other_pictures_is_named_before_anything_is_computed(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    shutil.copy(PICTURES[0], folder / "holiday.jpg")
    videos = write_table(tmp_path / "videos.csv", ("aaaaaaaaab1", ""), ("aaaaaaaaab2", ""))
    finished = run(
        tmp_path / "data", *QUICKLY, "--videos", str(videos), "--images-dir", str(folder)
    )
    assert finished.code == 30
    (error,) = [line for line in finished.printed.splitlines() if line.startswith("ERROR")]
    assert "expected pictures of the table's videos, named <video_id>.jpg" in error
    assert f"found 1 of others, as {folder}/holiday.jpg" in error
    assert "The table's first video is aaaaaaaaab1" in error
    assert not (tmp_path / "data" / "shards").exists()
