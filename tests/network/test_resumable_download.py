"""Received bytes are kept, only the rest is requested, and two files are never mixed."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Answer, Handler, Server
from tests.ranges import ServedFile
from thumbnail_tasks.network import resumable_download
from thumbnail_tasks.network.resumable_download import (
    DownloadError,
    Origin,
    Part,
    download,
    hold_download_lock,
)

OLD, NEW = b"0123456789" * 1000, b"abcdefghij" * 1000


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumable_download, "_BACKOFF_S", 0.001)


@pytest.fixture
def part(tmp_path: Path) -> Part:
    return Part(tmp_path / "model.h5")


def fetch(url: str, part: Part, n_bytes: int | None = None) -> list[tuple[int, int | None]]:
    """Download; return the reported progress."""
    progress: list[tuple[int, int | None]] = []
    download(url, part, n_bytes, lambda *now: progress.append(now))
    return progress


def begin(part: Part, content: bytes = OLD[:3000]) -> None:
    """Create the files of an interrupted download."""
    part.begin(Origin('"1"', len(OLD)))
    part.path.write_bytes(content)


def without_length(body: bytes) -> Callable[[Handler], None]:
    """Responds like an old server whose body ends with the connection."""

    def send(to: Handler) -> None:
        to.close_connection = True
        to.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + body)

    return send


def test_a_file_is_downloaded_and_its_progress_reported(server: Server, part: Part) -> None:
    progress = fetch(server.lay_down("/a", ServedFile(OLD).answer), part)
    assert part.path.read_bytes() == OLD
    assert (progress[0], progress[-1]) == ((0, 10_000), (10_000, 10_000))


def test_an_interrupted_download_resumes(server: Server, part: Part) -> None:
    first, second = ServedFile(OLD, breaks_off_at=4500), ServedFile(OLD, breaks_off_at=7000)
    third = ServedFile(OLD)
    fetch(server.lay_down("/a", first.answer, second.answer, third.answer), part, len(OLD))
    assert part.path.read_bytes() == OLD
    assert [*first.ranges, *second.ranges, *third.ranges] == [None, "bytes=4500-", "bytes=7000-"]


def test_the_next_run_resumes_after_a_kill(server: Server, part: Part) -> None:
    begin(part)
    file = ServedFile(OLD)
    assert fetch(server.lay_down("/a", file.answer), part)[0] == (3000, 10_000)
    assert part.path.read_bytes() == OLD
    assert file.ranges == ["bytes=3000-"]
    assert file.asked[0]["If-Range"] == '"1"'


def test_a_complete_file_is_not_requested(server: Server, part: Part) -> None:
    begin(part, content=OLD)
    fetch(f"{server.url}/a", part)
    assert server.asked == []


def test_a_changed_file_is_fetched_from_the_start(server: Server, part: Part) -> None:
    begin(part)
    fetch(server.lay_down("/a", ServedFile(NEW, etag='"2"').answer), part)
    assert part.path.read_bytes() == NEW


def test_without_ranges_the_download_restarts(server: Server, part: Part) -> None:
    begin(part)
    fetch(server.lay_down("/a", Answer(200, OLD)), part)
    assert part.path.read_bytes() == OLD


def test_a_server_that_ignores_if_range_mixes_no_files(server: Server, part: Part) -> None:
    begin(part)
    rest = {"Content-Range": "bytes 3000-9999/10000", "ETag": '"2"'}
    whole = ServedFile(NEW, etag='"2"')
    fetch(server.lay_down("/a", Answer(206, NEW[3000:], rest), whole.answer), part)
    assert part.path.read_bytes() == NEW
    assert whole.ranges == [None]


@pytest.mark.parametrize("said", ["bytes 0-9999/10000", "bytes 30000-9999/10000", "", "nonsense"])
def test_a_wrong_range_is_refused(server: Server, part: Part, said: str) -> None:
    begin(part)
    wrong = Answer(206, OLD, {"Content-Range": said})
    fetch(server.lay_down("/a", wrong, ServedFile(OLD).answer), part)
    assert part.path.read_bytes() == OLD


def test_a_refused_range_restarts_the_download(server: Server, part: Part) -> None:
    begin(part)
    file = ServedFile(OLD[:2000])
    fetch(server.lay_down("/a", file.answer), part)
    assert part.path.read_bytes() == OLD[:2000]
    assert file.ranges == ["bytes=3000-", None]


@pytest.mark.parametrize("about", ["", "{", "[]", '{"validator": "", "n_bytes": 10000}'])
def test_a_part_without_validator_restarts_the_download(
    server: Server, part: Part, about: str
) -> None:
    begin(part, content=NEW[:3000])
    part.path.with_name(".model.h5.part.json").write_text(about)
    file = ServedFile(OLD)
    fetch(server.lay_down("/a", file.answer), part)
    assert part.path.read_bytes() == OLD
    assert file.ranges == [None]


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"ETag": '"1"', "Last-Modified": "today"}, '"1"'),
        ({"ETag": 'W/"1"', "Last-Modified": "today"}, "today"),
        ({"ETag": 'W/"1"'}, ""),
        ({}, ""),
    ],
)
def test_only_strong_validators_count(
    server: Server, part: Part, headers: dict[str, str], validator: str
) -> None:
    fetch(server.lay_down("/a", Answer(200, OLD, headers)), part)
    about = json.loads(part.path.with_name(".model.h5.part.json").read_text())
    assert about == {"validator": validator, "n_bytes": 10_000}


def test_a_download_that_always_breaks_off_fails_and_keeps_its_part(
    server: Server, part: Part
) -> None:
    url = server.lay_down("/a", ServedFile(OLD, breaks_off_at=4500).answer)
    with pytest.raises(DownloadError, match="broke off after 4500 of 10000 bytes"):
        fetch(url, part)
    assert part.path.read_bytes() == OLD[:4500]
    assert server.count["/a"] == 5


def test_a_body_shorter_than_the_file_is_incomplete(server: Server, part: Part) -> None:
    with pytest.raises(DownloadError, match="broke off after 2 of 3 bytes"):
        fetch(server.lay_down("/a", Answer(custom=without_length(b"ab"))), part, n_bytes=3)


@pytest.mark.parametrize("n_bytes", [9_999, 10_001])
def test_another_size_is_refused_before_the_download(
    server: Server, part: Part, n_bytes: int
) -> None:
    with pytest.raises(DownloadError, match=r"^10000 bytes$"):
        fetch(server.lay_down("/a", ServedFile(OLD).answer), part, n_bytes)
    assert not part.path.exists()
    assert server.count["/a"] == 1


def test_an_endless_body_is_cut_off(server: Server, part: Part) -> None:
    endless = Answer(custom=without_length(b"x" * 5_000_000))
    with pytest.raises(DownloadError, match="more than 1000 bytes"):
        fetch(server.lay_down("/a", endless), part, n_bytes=1000)
    assert not part.path.exists()


@pytest.mark.parametrize(("code", "n_asked"), [(404, 1), (403, 1), (500, 5), (503, 5), (429, 5)])
def test_only_retriable_statuses_are_retried(
    server: Server, part: Part, code: int, n_asked: int
) -> None:
    begin(part)
    with pytest.raises(DownloadError, match=f"HTTP {code}"):
        fetch(server.lay_down("/a", Answer(code)), part)
    assert server.count["/a"] == n_asked
    assert part.n_bytes == 3000


def test_a_transient_503_is_retried(server: Server, part: Part) -> None:
    fetch(server.lay_down("/a", Answer(503), ServedFile(OLD).answer), part)
    assert part.path.read_bytes() == OLD


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1/a", "ConnectionError: .*Connection refused"),
        ("http://", "InvalidURL"),
        ("http://a..b/c", "label empty"),
        ("ftp://127.0.0.1/a", "InvalidSchema"),
    ],
)
def test_an_unreachable_server_gives_a_one_line_error(part: Part, url: str, said: str) -> None:
    with pytest.raises(DownloadError, match=said) as raised:
        fetch(url, part)
    assert "\n" not in str(raised.value)


def test_a_second_process_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, done = tmp_path / "model.h5", []

    def download_second() -> None:
        with hold_download_lock(path):
            done.append("second")

    with hold_download_lock(path):
        second = threading.Thread(target=download_second)
        second.start()
        while "Waiting for another process" not in capsys.readouterr().err:
            time.sleep(0.01)
        done.append("first")
    second.join()
    assert done == ["first", "second"]
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_releases_its_lock(tmp_path: Path) -> None:
    path, lock = tmp_path / "model.h5", tmp_path / ".model.h5.lock"
    hold = "import fcntl, sys; fcntl.flock(file := open(sys.argv[1], 'w'), 2); input('held')"
    command = [sys.executable, "-c", hold, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.read(4) == b"held"
        other.kill()
    with hold_download_lock(path):
        assert lock.exists()
    assert not lock.exists()
