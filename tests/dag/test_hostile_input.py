"""Hostile links, ids and pictures through the real command: a status each, and no harm."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import Answer, Server
from tests.dag.runs import QUICKLY, run
from tests.network.hostile import HTML, redirect
from tests.odd_pictures import odd_pictures

pytestmark = pytest.mark.dag


def write(path: Path, **columns: Sequence[str | None]) -> tuple[str, str]:
    pq.write_table(pa.table({name: pa.array(column) for name, column in columns.items()}), path)
    return "--videos", str(path)


def test_by_default_no_local_server_is_contacted(tmp_path: Path, server: Server) -> None:
    port = server.server_address[1]
    hosts = ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]")
    links = [f"http://{host}:{port}/{number}.jpg" for number, host in enumerate(hosts)]
    finished = run(
        tmp_path / "data",
        *write(tmp_path / "videos.parquet", thumbnail_link=links),
        *("--thumbnails-allow-private-addresses", "false", *QUICKLY),
    )
    assert finished.code != 0
    assert "none of 5 could be fetched (5 blocked_address)" in finished.printed
    assert "Traceback" not in finished.printed, finished.printed
    assert server.asked == []


@pytest.mark.thorough
def test_each_link_has_its_status_and_the_others_are_processed(
    tmp_path: Path, server: Server, picture: bytes
) -> None:
    (bomb,) = (odd for odd in odd_pictures() if odd.name == "jpeg_pixel_bomb")
    links = {
        server.lay_down("/good.jpg", Answer(200, picture)): "ok",
        server.lay_down("/page.jpg", Answer(200, HTML)): "not_an_image",
        server.lay_down("/bomb.jpg", Answer(200, bomb.data)): "too_large",
        server.lay_down("/file.jpg", redirect("file:///etc/passwd")): "http_error",
        f"{server.url}/gone.jpg": "not_found",
        "http://[a/": "invalid_link",
        "javascript:alert(1)": "invalid_link",
        "file:///etc/passwd": "invalid_link",
        "http://127.0.0.1\x00/a.jpg": "invalid_link",
        "http://127.0.0.1:1/a\r\nb.jpg": "invalid_link",
        "http://127.0.0.1:1/a.jpg": "refused",
        "": "no_link",
    }
    finished = run(
        tmp_path / "data",
        *write(tmp_path / "videos.parquet", thumbnail_link=list(links)),
        *("--thumbnails-retries", "0", *QUICKLY),
    )
    assert finished.code == 0, finished.printed
    assert finished.attributes["thumbnail_link"].to_pylist() == list(links)
    assert finished.attributes["thumbnail_status"].to_pylist() == list(links.values())


def test_no_id_escapes_the_folder(tmp_path: Path, picture: bytes) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "good.jpg").write_bytes(picture)
    (tmp_path / "secret.jpg").write_bytes(picture)
    ids = ["good", "../secret", str(tmp_path / "secret"), "../../etc/passwd", "a\x00b", "."]
    finished = run(
        tmp_path / "data",
        *write(tmp_path / "videos.parquet", video_id=ids),
        *("--images-dir", str(folder), *QUICKLY),
    )
    assert finished.code == 0, finished.printed
    assert finished.attributes["thumbnail_status"].to_pylist() == ["ok", *["not_found"] * 5]


@pytest.mark.thorough
@pytest.mark.model
def test_odd_pictures_go_through_every_stage(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    odd = odd_pictures()
    for one in odd:
        (folder / f"{one.name}.jpg").write_bytes(one.data)
    finished = run(
        tmp_path / "data",
        *write(tmp_path / "videos.parquet", video_id=[one.name for one in odd]),
        *("--images-dir", str(folder), "--thumbnails-max-bytes", "20000000"),
    )
    assert finished.code == 0, finished.printed
    table = finished.attributes
    assert table["thumbnail_status"].to_pylist() == [one.status for one in odd]
    for name in ("thumbnail_ocr", "face_count", "edges"):
        assert table[name].is_valid().to_pylist() == [one.status == "ok" for one in odd]
