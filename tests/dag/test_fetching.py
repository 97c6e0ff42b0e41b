"""FetchWeights as a user runs it: without a network, and killed in the middle."""

import hashlib
import io
import os
import random
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.conftest import ROOT, Server, needs
from tests.dag.runs import QUICKLY, SAMPLE, kill_after, run, sample_ids, wait_for, write_videos
from tests.engines.embeddings.test_tensorflow_hub import WIDTH, embed_words, save
from tests.ranges import ServedFile

pytestmark = pytest.mark.dag


def start(cache: Path, handle: str, *flags: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(str(Path(sys.executable).with_name("luigi")), "--module", "thumbnail_tasks"),
            *("FetchWeights", "--no-lock", "--weights", "tensorflow-hub-encoder"),
            *("--tensorflow-hub-handle", handle, *flags),
        ],
        cwd=ROOT,
        env={**os.environ, "TFHUB_CACHE_DIR": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    printed, _ = process.communicate(timeout=600)
    return process.returncode, printed


def make_archive(n_bytes: int) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        member = tarfile.TarInfo("saved_model.pb")
        member.size = n_bytes
        tar.addfile(member, io.BytesIO(random.Random(1).randbytes(n_bytes)))
    return content.getvalue()


def test_without_a_network_one_line_says_what_to_do(tmp_path: Path) -> None:
    handle = "http://127.0.0.1:1/encoder/4"
    code, printed = finish(start(tmp_path, handle, "--tensorflow-hub-sha256", "0" * 64))
    (line,) = printed.splitlines()
    place = tmp_path / f"{hashlib.sha1(handle.encode()).hexdigest()}.tar.gz"
    assert code == 30
    assert line.startswith(f"ERROR: tensorflow-hub-encoder: {place.name} cannot be fetched from")
    assert f"{handle}?tf-hub-format=compressed; expected SHA-256 {'0' * 64}; found" in line
    assert f"Put the file at {place} and run again" in line
    assert line.endswith("[engines] embedding = use-multilingual")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name_is_named(tmp_path: Path) -> None:
    code, printed = finish(start(tmp_path, "http://127.0.0.1:1/a", "--weights", "best"))
    assert code == 30
    assert "expected some of keras-ocr-detector, keras-ocr-recognizer, tensorflow-hub" in printed
    assert "Traceback" not in printed, printed


@pytest.mark.thorough
def test_a_killed_download_is_resumed_by_the_same_command(tmp_path: Path, server: Server) -> None:
    archive = make_archive(50_000)
    slow, quick = ServedFile(archive, seconds_per_piece=0.1), ServedFile(archive)
    path = "/encoder/4?tf-hub-format=compressed"
    server.lay_down(path, slow.answer, quick.answer)
    killed = start(tmp_path, f"{server.url}/encoder/4")
    wait_for(tmp_path, ".*.part.json")
    kill_after(killed, 0.5)
    assert [entry.name for entry in tmp_path.iterdir() if not entry.name.startswith(".")] == []

    code, printed = finish(start(tmp_path, f"{server.url}/encoder/4"))
    assert code == 0, printed
    (asked,) = quick.ranges
    assert asked
    assert 0 < int(asked.removeprefix("bytes=").rstrip("-")) < len(archive)
    assert hashlib.sha256(archive).hexdigest() in printed

    (folder,) = (entry for entry in tmp_path.iterdir() if entry.is_dir())
    assert (folder / "saved_model.pb").stat().st_size == 50_000
    assert len(list(tmp_path.iterdir())) == 2  # and its description

    code, printed = finish(start(tmp_path, f"{server.url}/encoder/4"))
    assert code == 0
    assert f"tensorflow-hub-encoder is already at {folder}" in printed
    assert server.count[path] == 2


def test_two_concurrent_commands_download_once(tmp_path: Path, server: Server) -> None:
    path = "/encoder/4?tf-hub-format=compressed"
    server.lay_down(path, ServedFile(make_archive(20_000), seconds_per_piece=0.1).answer)
    both = [start(tmp_path, f"{server.url}/encoder/4") for _ in range(2)]
    codes, printed = zip(*map(finish, both), strict=True)
    assert codes == (0, 0), printed
    assert server.count[path] == 1
    assert len(list(tmp_path.iterdir())) == 2


@needs("tensorflow", "tensorflow_hub")
def test_a_missing_model_folder_is_reported_with_its_setting(tmp_path: Path) -> None:
    flags = ("--engines-embedding", "tensorflow-hub", "--tensorflow-hub-handle", "no/such")
    finished = run(tmp_path / "data", *SAMPLE, *flags)
    assert finished.code == 4
    assert "[tensorflow_hub] handle: no/such: expected an http(s) handle" in finished.printed
    assert "Traceback" not in finished.printed, finished.printed


@pytest.mark.thorough
@needs("tensorflow", "tensorflow_hub")
@pytest.mark.model
def test_a_stage_whose_engine_needs_a_model_fetches_it(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path / "cache"))
    with tarfile.open(tmp_path / "tiny.tar.gz", "w:gz") as tar:
        tar.add(save(tmp_path / "tiny", embed_words), ".")
    archive = ServedFile((tmp_path / "tiny.tar.gz").read_bytes())
    server.lay_down("/tiny/1?tf-hub-format=compressed", archive.answer)
    videos = write_videos(tmp_path / "videos.csv", sample_ids(2))
    finished = run(
        tmp_path / "data",
        *("--videos", str(videos), "--images-dir", SAMPLE[-1], "--workers", "2", *QUICKLY),
        *("--engines-embedding", "tensorflow-hub"),
        *("--tensorflow-hub-handle", f"{server.url}/tiny/1"),
    )
    assert finished.code == 0, finished.printed
    assert finished.attributes["thumbnail_ocr_embed"].type.list_size == WIDTH
    assert list((tmp_path / "data" / "embeddings").glob("tiny-1-*/*.parquet"))
    assert len(archive.asked) == 1
