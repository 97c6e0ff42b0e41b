"""Faults of storage and network: a retry, or one clear line; never a lost or half file."""

import contextlib
import logging
from collections.abc import Iterator, Mapping

import pyarrow as pa
import pytest

from tests.s3_server import (
    BUCKET,
    SECRET,
    Answer,
    Choose,
    Cut,
    Fault,
    Late,
    LostAnswer,
    Proxy,
    Request,
    Reset,
    S3Server,
)
from tests.storage.conftest import use_endpoint
from thumbnail_tasks import settings
from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage import files, s3, s3_client
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.locks import hold_lock
from thumbnail_tasks.storage.parquet_target import ParquetTarget

pytestmark = pytest.mark.dag  # a real server

TABLE = pa.table({"a": list(range(50_000)), "text": [f"{n}" * 20 for n in range(50_000)]})

PASSING: Mapping[str, Fault] = {
    "500": Answer(500, "InternalError"),
    "503": Answer(503, "SlowDown"),
    "reset": Reset(),
    "lost answer": LostAnswer(),
    "late": Late(3),
    "half a body": Cut(),
}
LASTING: Mapping[str, tuple[Fault, str]] = {
    "read-only": (Answer(403, "AccessDenied"), "permissions that are needed"),
    "expired": (Answer(400, "ExpiredToken"), "Renew the credentials"),
    "clock": (Answer(403, "RequestTimeTooSkewed"), "Set this machine's clock"),
    "slow for ever": (Answer(503, "SlowDown"), "SlowDown"),
    "gone": (Answer(404, "NoSuchBucket"), "NoSuchBucket"),
    "no connection": (Reset(), ""),
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer attempts, and so shorter pauses."""
    monkeypatch.setattr(s3_client, "ATTEMPTS", 3)


@contextlib.contextmanager
def faulty(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, choose: Choose) -> Iterator[Proxy]:
    """Let this process ask the server through a proxy with faults."""
    monkeypatch.setattr(s3_client, "READ_TIMEOUT_S", 2)  # of requests through the proxy only
    with Proxy(s3_server, choose).running() as proxy:
        use_endpoint(monkeypatch, proxy.endpoint)
        yield proxy


@pytest.mark.thorough
@pytest.mark.parametrize("kind", PASSING)
def test_a_passing_fault_of_each_request_is_survived(
    bucket: str, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(s3_client, "ATTEMPTS", 6)  # a busy machine may add a late answer
    target = ParquetTarget(join(bucket, "words", "e", "a.parquet"), "words/e/a")
    with faulty(
        s3_server, monkeypatch, lambda request: PASSING[kind] if request.number == 1 else None
    ):
        target.write_if_absent(TABLE, {"seconds": "1"})
        assert target.exists()
        assert target.read().equals(TABLE)
        assert target.read(["a"]).equals(TABLE.select(["a"]))
        target.update(lambda table: table.slice(0, 10))
        assert len(target.read()) == 10
        assert [entry.n_bytes > 0 for entry in files.list_files(bucket, below=True)] == [True]
        with hold_lock(bucket, "words/a", lambda: pytest.fail("its own lease")):
            assert files.exists(join(bucket, ".leases", "words/a"))
        target.remove()
    assert s3_server.keys(bucket.removeprefix(f"s3://{BUCKET}/")) == {}


@pytest.mark.thorough
def test_a_body_that_is_cut_again_and_again_is_an_error_and_no_shorter_file(
    bucket: str, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = ParquetTarget(join(bucket, "a.parquet"))
    target.write(TABLE)

    def cut(request: Request) -> Fault:
        return Cut() if request.method == "GET" else None

    with faulty(s3_server, monkeypatch, cut):
        for columns in (None, ["a"]):
            with pytest.raises(StorageError, match=r"cannot be read.*connection was lost 3 times"):
                target.read(columns)
    use_endpoint(monkeypatch, s3_server.endpoint)
    assert target.read().equals(TABLE)  # it was not moved aside


@pytest.mark.parametrize("kind", LASTING)
def test_a_lasting_fault_is_one_line_without_the_key(
    bucket: str,
    s3_server: S3Server,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fault, advice = LASTING[kind]
    address = join(bucket, "a.parquet")
    caplog.set_level(logging.INFO)
    with faulty(s3_server, monkeypatch, lambda request: fault):
        with pytest.raises(StorageError) as raised:
            ParquetTarget(address).write(TABLE)
        said = str(raised.value)
        assert address in said
        assert advice in said
        assert "\n" not in said
        with (
            pytest.raises(StorageError, match="cannot be written"),
            hold_lock(bucket, "a", lambda: None),
        ):
            pass
    assert SECRET not in said + caplog.text
    use_endpoint(monkeypatch, s3_server.endpoint)
    assert not files.exists(address)


def test_a_bucket_that_turns_read_only_keeps_what_was_published(
    bucket: str, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = ParquetTarget(join(bucket, "a.parquet"))

    def read_only(request: Request) -> Fault:
        return Answer(403, "AccessDenied") if request.method in ("PUT", "POST", "DELETE") else None

    target.write(TABLE)
    with faulty(s3_server, monkeypatch, read_only):
        assert target.read().equals(TABLE)
        with pytest.raises(StorageError, match="cannot be written"):
            target.write(TABLE.slice(1))
    assert target.read().equals(TABLE)


def test_a_lease_that_cannot_be_renewed_for_a_while_is_kept_or_given_up_with_a_line(
    bucket: str,
    s3_server: S3Server,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    chosen = settings.s3(lease_s=1.0)
    monkeypatch.setattr(settings, "s3", lambda: chosen)
    lost = False

    def choose(request: Request) -> Fault:
        return Answer(503, "SlowDown") if lost else None

    with faulty(s3_server, monkeypatch, choose) as proxy, hold_lock(bucket, "a", lambda: None):
        lost = True
        n_before = len(proxy.requests)
        while len(proxy.requests) < n_before + 4:
            pass
        lost = False
    assert "cannot be renewed" in caplog.text
    assert files.list_files(bucket, below=True) == []


@pytest.mark.parametrize("number", [2, 3])
def test_storage_that_ignores_a_condition_is_refused(
    bucket: str, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The probe's second request must not replace, the third not find another state."""

    def accept(request: Request) -> Fault:
        is_it = request.method == "PUT" and request.number == number
        return Answer(200, "as if it had been written") if is_it else None

    with faulty(s3_server, monkeypatch, accept):
        with pytest.raises(StorageError, match="expected storage that keeps conditions") as raised:
            s3.describe_room(bucket)
        assert bucket in str(raised.value)
        assert files.list_files(bucket, below=True) == []
