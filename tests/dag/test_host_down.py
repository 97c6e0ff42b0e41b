"""A host that goes down stops the run; the next run requests only what is missing."""

import threading
from pathlib import Path

import pytest

from tests.conftest import Answer, Handler, Server
from tests.dag.runs import QUICKLY, run

pytestmark = pytest.mark.dag

N_PICTURES, N_UNTIL_DOWN, N_JUDGED, CONCURRENCY = 24, 10, 8, 4
N_FAILURES = N_JUDGED // 2 + 1
"""More than half of those in the window."""


class Mortal:
    """Responds this many times with a picture, then with 503."""

    def __init__(self, picture: bytes) -> None:
        self._picture, self._lock = picture, threading.Lock()
        self.answered: set[str] = set()
        self.is_healed = False

    def answer(self, to: Handler) -> None:
        with self._lock:
            is_up = self.is_healed or len(self.answered) < N_UNTIL_DOWN
            if is_up:
                self.answered.add(to.path)
        (Answer(200, self._picture) if is_up else Answer(503)).send(to)


@pytest.mark.thorough
@pytest.mark.parametrize(("workers", "retries"), [(1, 0), (3, 1)])
def test_the_run_stops_early_and_the_next_one_requests_only_the_rest(
    tmp_path: Path, server: Server, picture: bytes, workers: int, retries: int
) -> None:
    host = Mortal(picture)
    paths = [f"/vi/{number:011}/hqdefault.jpg" for number in range(N_PICTURES)]
    links = [server.lay_down(path, Answer(custom=host.answer)) for path in paths]
    videos = tmp_path / "videos.csv"
    videos.write_text("\n".join(["thumbnail_link", *links]))
    flags = (
        *("--videos", str(videos), "--workers", str(workers), "--storage-shard-size", "8"),
        *("--thumbnails-stop-after", str(N_JUDGED), "--thumbnails-concurrency", str(CONCURRENCY)),
        *("--thumbnails-retries", str(retries), "--thumbnails-backoff-s", "0.01", *QUICKLY),
    )

    first = run(tmp_path / "data", *flags)
    assert first.code != 0, first.printed
    assert first.printed.count("127.0.0.1: expected at most 50% of its last 8") == 1, first.printed
    assert f"found {N_FAILURES} ({N_FAILURES} http_error)" in first.printed
    assert "HTTP 503" in first.printed
    assert "Traceback" not in first.printed, first.printed
    assert not (tmp_path / "data" / "exports").exists()
    # A retry by Luigi, or another task of the run, would request more.
    most = N_UNTIL_DOWN + (N_FAILURES + CONCURRENCY) * (retries + 1)
    assert len(server.asked) <= most
    had = host.answered.copy()
    assert len(had) == N_UNTIL_DOWN

    host.is_healed = True
    server.asked.clear()
    second = run(tmp_path / "data", *flags)
    assert second.code == 0, second.printed
    assert second.attributes["thumbnail_link"].to_pylist() == links
    assert second.attributes["thumbnail_status"].to_pylist() == ["ok"] * N_PICTURES
    assert sorted(path for _, path in server.asked) == sorted(set(paths) - had)
    assert list((tmp_path / "data").glob("unfinished/*/*")) == []


@pytest.mark.thorough
def test_a_table_too_small_for_the_circuit_breaker_is_exported_with_statuses(
    tmp_path: Path, server: Server, picture: bytes
) -> None:
    links = [server.lay_down("/good.jpg", Answer(200, picture))]
    links += [server.lay_down(f"/{number}.jpg", Answer(503)) for number in range(6)]
    videos = tmp_path / "videos.csv"
    videos.write_text("\n".join(["thumbnail_link", *links]))
    finished = run(
        tmp_path / "data", "--videos", str(videos), "--thumbnails-retries", "0", *QUICKLY
    )
    assert finished.code == 0, finished.printed
    assert finished.attributes["thumbnail_status"].to_pylist() == ["ok", *["http_error"] * 6]
