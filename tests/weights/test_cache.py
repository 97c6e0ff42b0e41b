"""A model in the cache is complete and correct, or absent."""

import hashlib
import io
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Answer, Server
from tests.ranges import ServedFile
from thumbnail_tasks.engines.interface import Weights
from thumbnail_tasks.errors import StorageError, WeightsError
from thumbnail_tasks.network import resumable_download
from thumbnail_tasks.weights import cache
from thumbnail_tasks.weights.cache import fetch_into_cache, is_cached

MODEL = b"0123456789" * 1000
SHA256 = hashlib.sha256(MODEL).hexdigest()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumable_download, "_BACKOFF_S", 0.001)


@pytest.fixture
def weights(tmp_path: Path, server: Server) -> Weights:
    """A file, not served yet."""
    return Weights(
        name="detector",
        url=f"{server.url}/model.h5",
        path=tmp_path / "cache" / "model.h5",
        sha256=SHA256,
        n_bytes=len(MODEL),
        instead="[engines] text = rapidocr",
    )


@pytest.fixture
def hub(weights: Weights, server: Server) -> Weights:
    """An archive of TF-Hub, not served yet, whose SHA-256 is not published."""
    return weights._replace(
        name="encoder",
        url=f"{server.url}/encoder/4?tf-hub-format=compressed",
        path=weights.path.with_name("063d866c"),
        sha256=None,
        n_bytes=None,
    )


def serve(server: Server, weights: Weights, *contents: bytes) -> None:
    path = weights.url.removeprefix(server.url)
    server.lay_down(path, *(ServedFile(content).answer for content in contents))


def put(weights: Weights) -> str | None:
    return fetch_into_cache(weights, lambda n_bytes, total: None)


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def make_archive(**files: bytes) -> bytes:
    """A .tar.gz of files; ``__`` in a name stands for a dot."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, body in files.items():
            member = tarfile.TarInfo(f"./{name.replace('__', '.')}")
            member.size = len(body)
            tar.addfile(member, io.BytesIO(body))
    return content.getvalue()


ARCHIVE = make_archive(saved_model__pb=b"graph", assets=b"")
ARCHIVE_SHA256 = hashlib.sha256(ARCHIVE).hexdigest()


def test_a_file_is_fetched_once(server: Server, weights: Weights) -> None:
    serve(server, weights, MODEL)
    assert not is_cached(weights)
    assert put(weights) == SHA256
    assert is_cached(weights)
    assert put(weights) is None
    assert weights.path.read_bytes() == MODEL
    assert names(weights.path.parent) == {"model.h5"}
    assert len(server.asked) == 1


def test_a_wrong_file_is_not_kept_and_the_next_run_starts_over(
    server: Server, weights: Weights
) -> None:
    serve(server, weights, b"9" * len(MODEL), MODEL)
    with pytest.raises(
        WeightsError, match=rf"{weights.url}; expected 10000 .*{SHA256}; found: SHA-256 \w{{64}}\."
    ):
        put(weights)
    assert names(weights.path.parent) == set()
    assert put(weights) == SHA256


def test_an_interrupted_download_is_kept_for_the_next_run(server: Server, weights: Weights) -> None:
    rest = ServedFile(MODEL)
    server.lay_down("/model.h5", ServedFile(MODEL, breaks_off_at=4000).answer)
    with pytest.raises(WeightsError, match="broke off after 4000 of 10000 bytes"):
        put(weights)
    assert not weights.path.exists()
    server.lay_down("/model.h5", rest.answer)
    assert put(weights) == SHA256
    assert rest.ranges == ["bytes=4000-"]
    assert names(weights.path.parent) == {"model.h5"}


@pytest.mark.parametrize(("content", "found"), [(b"short", "5 bytes"), (b"9" * 10_000, "SHA-256")])
def test_a_different_file_in_the_cache_is_kept_and_reported(
    weights: Weights, content: bytes, found: str
) -> None:
    weights.path.parent.mkdir()
    weights.path.write_bytes(content)
    for look in (is_cached, put):
        with pytest.raises(
            WeightsError, match=rf"^{weights.path}: .*{SHA256}; found {found}.*Remove"
        ):
            look(weights)
    assert weights.path.read_bytes() == content


def test_a_file_is_hashed_once_per_change(
    weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    path_open = Path.open

    def record(path: Path, *args: Any) -> object:
        read.append(path)
        return path_open(path, *args)

    weights.path.parent.mkdir()
    weights.path.write_bytes(MODEL)
    monkeypatch.setattr(Path, "open", record)
    assert all(is_cached(weights) for _ in range(5))
    assert len(read) == 1
    os.utime(weights.path, (0, 0))
    assert is_cached(weights)
    assert len(read) == 2


def test_without_a_network_one_line_explains_how_to_provide_the_file(weights: Weights) -> None:
    with pytest.raises(WeightsError) as raised:
        put(weights._replace(url="http://127.0.0.1:1/model.h5"))
    message = str(raised.value)
    for needed in ("model.h5", "http://127.0.0.1:1/model.h5", SHA256, "10000 bytes"):
        assert needed in message
    assert f"Put the file at {weights.path} and run again" in message
    assert message.endswith("the engine that needs none: [engines] text = rapidocr")
    assert "\n" not in message


def test_a_folder_that_cannot_be_written_is_reported(weights: Weights) -> None:
    weights.path.parent.write_text("a file, not a folder")
    with pytest.raises(StorageError, match=r"model\.h5: cannot be written.*found: Not a directory"):
        put(weights)


def test_an_archive_is_unpacked_to_tf_hubs_folder(server: Server, hub: Weights) -> None:
    serve(server, hub, ARCHIVE)
    assert not is_cached(hub)
    assert put(hub) == ARCHIVE_SHA256
    assert is_cached(hub)
    assert put(hub) is None
    assert names(hub.path.parent) == {
        *("063d866c/saved_model.pb", "063d866c/assets", "063d866c.descriptor.txt")
    }
    described = (hub.path.parent / "063d866c.descriptor.txt").read_text()
    assert described.startswith(f"Module: {server.url}/encoder/4\nDownload Time: ")


def test_a_pinned_archive_is_checked_on_download(server: Server, hub: Weights) -> None:
    serve(server, hub, ARCHIVE)
    with pytest.raises(WeightsError, match=f"SHA-256 {SHA256}; found: SHA-256 {ARCHIVE_SHA256}"):
        put(hub._replace(sha256=SHA256))
    assert names(hub.path.parent) == set()
    assert put(hub._replace(sha256=ARCHIVE_SHA256)) == ARCHIVE_SHA256


def test_a_pin_is_compared_with_the_checksum_recorded_on_unpacking(
    server: Server, hub: Weights
) -> None:
    serve(server, hub, ARCHIVE)
    put(hub)
    assert is_cached(hub._replace(sha256=ARCHIVE_SHA256))
    with pytest.raises(WeightsError, match=f"SHA-256 {SHA256}; found SHA-256 {ARCHIVE_SHA256}"):
        is_cached(hub._replace(sha256=SHA256))


def test_a_model_fetched_by_tf_hub_is_used_unless_it_is_pinned(
    hub: Weights,
) -> None:
    hub.path.mkdir(parents=True)
    assert not is_cached(hub)  # for TF-Hub, too, an empty folder is no model
    (hub.path / "saved_model.pb").write_bytes(b"graph")
    assert is_cached(hub)
    with pytest.raises(WeightsError, match="found SHA-256 unknown, as another tool unpacked it"):
        is_cached(hub._replace(sha256=SHA256))


def test_a_folder_of_something_else_is_reported(hub: Weights) -> None:
    (hub.path / "something").mkdir(parents=True)
    with pytest.raises(WeightsError, match=r"063d866c: not the encoder of .* found no SavedModel"):
        put(hub)


def test_an_empty_folder_is_replaced(server: Server, hub: Weights) -> None:
    serve(server, hub, ARCHIVE)
    hub.path.mkdir(parents=True)
    assert put(hub) == ARCHIVE_SHA256


def test_an_archive_brought_by_hand_is_unpacked_without_a_network(hub: Weights) -> None:
    hub.path.parent.mkdir()
    brought = hub.path.with_name("063d866c.tar.gz")
    brought.write_bytes(ARCHIVE)
    with pytest.raises(WeightsError, match=rf"{brought}: not the encoder .*{ARCHIVE_SHA256}"):
        put(hub._replace(sha256=SHA256))
    assert put(hub._replace(url=hub.url, sha256=ARCHIVE_SHA256)) == ARCHIVE_SHA256
    assert is_cached(hub)
    assert not brought.exists()


EVIL = io.BytesIO()
with tarfile.open(fileobj=EVIL, mode="w:gz") as tar:
    for name in ("saved_model.pb", "../escaped"):
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())


@pytest.mark.parametrize(
    "content",
    [
        b"<html>Please log in</html>",
        b"",
        ARCHIVE[:-20],
        ARCHIVE[:-8] + bytes(8),
        make_archive(readme__md=b"no model"),
        EVIL.getvalue(),
    ],
)
def test_an_archive_without_a_model_is_not_unpacked(
    server: Server, hub: Weights, content: bytes
) -> None:
    serve(server, hub, content, ARCHIVE)
    with pytest.raises(WeightsError, match="found: no TF-Hub archive") as raised:
        put(hub)
    assert "\n" not in str(raised.value)
    assert names(hub.path.parents[1]) == set()
    assert put(hub) == ARCHIVE_SHA256


@pytest.mark.parametrize("step", ["atomic_write", "publish"])
def test_after_a_kill_while_unpacking_the_next_run_needs_no_network(
    server: Server, hub: Weights, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    publish = cache.publish

    def die(*paths: Path) -> None:
        if step == "publish" and not paths[0].is_dir():
            return publish(*paths)
        raise Killed

    serve(server, hub, ARCHIVE)
    with monkeypatch.context() as patches:
        patches.setattr(cache, step, die)
        patches.setattr("shutil.rmtree", lambda *paths, **flags: None)
        with pytest.raises(Killed):
            put(hub)
    assert not is_cached(hub)
    assert put(hub) == ARCHIVE_SHA256
    assert len(server.asked) == 1
    assert {name.partition("/")[0] for name in names(hub.path.parent)} == {
        *("063d866c", "063d866c.descriptor.txt")
    }


def test_a_server_error_is_reported_with_its_status(server: Server, hub: Weights) -> None:
    server.lay_down("/encoder/4?tf-hub-format=compressed", Answer(403))
    with pytest.raises(WeightsError, match=r"SHA-256 \(not published\); found: HTTP 403 Forbidden"):
        put(hub)
