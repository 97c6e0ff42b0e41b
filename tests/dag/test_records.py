"""Records and notifications of a run, however it ends."""

import contextlib
import json
import os
import signal
import socketserver
import stat
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from tests.conftest import EXAMPLES, Answer, Server, running
from tests.dag.runs import (
    QUICKLY,
    cfg_of_luigid_away,
    interrupt,
    run,
    sample_ids,
    start,
    wait_for,
    wait_until,
    write_videos,
)
from thumbnail_tasks.console import INTERRUPTED
from thumbnail_tasks.runs import records
from thumbnail_tasks.runs.record_files import read_records
from thumbnail_tasks.runs.records import Record

pytestmark = pytest.mark.dag

MORE_WORKERS = pytest.param(3, marks=pytest.mark.slow)

ALL_DOWNLOADED = 'thumbnail_tasks_thumbnails{stage="DownloadThumbnails",status="ok"} 6'
OFTEN = ("--runs-update-interval-s", "0.2")


class Webhook(ThreadingHTTPServer):
    """Keeps what is posted to it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Posted)
        self.posted: list[dict[str, Any]] = []
        self.code = 200

    @property
    def flags(self) -> tuple[str, ...]:
        url = f"http://127.0.0.1:{self.server_address[1]}/secret"
        return ("--messages-webhook-url", url, "--messages-webhook-timeout-s", "2")


class _Posted(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append(json.loads(body))
        self.send_response(self.server.code)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()
    with running(hook):
        yield hook


def the_record(data_dir: Path) -> Record:
    (record,) = read_records(str(data_dir), 9)
    return record


def sample_flags(tmp_path: Path, n: int = 6) -> tuple[str, ...]:
    videos = write_videos(tmp_path / "videos.csv", sample_ids(n))
    return (
        *("--videos", str(videos), "--images-dir", str(EXAMPLES / "images")),
        *("--storage-shard-size", "2", *OFTEN, *QUICKLY),
    )


def absent(tmp_path: Path) -> tuple[str, ...]:
    return ("--videos", str(tmp_path / "absent.csv"))


@pytest.mark.parametrize("workers", [1, MORE_WORKERS])
def test_a_successful_run_is_recorded_and_sends_no_message(
    tmp_path: Path, webhook: Webhook, workers: int
) -> None:
    flags = (*sample_flags(tmp_path), "--workers", str(workers), *webhook.flags)
    page = tmp_path / "metrics.prom"
    finished = run(tmp_path / "data", *flags, "--runs-metrics-file", str(page))
    assert finished.code == 0, finished.printed
    assert "ecord" not in finished.printed
    record = the_record(tmp_path / "data")
    assert (record.state, record.exit_code, record.task) == ("succeeded", 0, "ExportAttributes")
    assert (record.n_rows, record.n_thumbnails, record.n_new, record.n_reused) == (6, 6, 6, 0)
    assert record.statuses == {"ok": 6}
    assert len(record.stages) == 7
    for stage in record.stages:
        assert (stage.n_shards, stage.n_shards_left, stage.n_thumbnails) == (3, 0, 6), stage
        assert stage.seconds > 0
        folders = (tmp_path / "data").glob(f"*/{stage.engine}")
        assert len(list(folders)) >= 1, stage.engine
    assert record.settings["storage.shard_size"] == "2"
    assert record.settings["core.workers"] == str(workers)
    assert "secret" not in record.to_json()
    assert (record.peak_memory_bytes or 0) > 50e6
    assert record.ended_at
    assert record.ended_at >= record.started_at
    assert webhook.posted == []
    assert 'thumbnail_tasks_thumbnails{stage="DetectFaces",status="ok"} 6' in page.read_text()
    assert "thumbnail_tasks_run_exit_code 0" in page.read_text()

    again = run(tmp_path / "data", *flags)
    assert "Nothing to do" in again.printed
    _, second = read_records(str(tmp_path / "data"), 9)
    assert (second.state, second.n_rows, second.n_new, second.n_reused) == ("succeeded", 6, 0, 6)
    rows = ds.dataset(tmp_path / "data" / "runs", records.RUNS, exclude_invalid_files=True)
    assert rows.to_table().sort_by("run_id")["n_new"].to_pylist() == [6, 0]


def test_the_record_of_a_large_run_is_whole(tmp_path: Path) -> None:
    ids = [*sample_ids(1), *(f"absent{number:06}" for number in range(1999))]
    videos = write_videos(tmp_path / "videos.csv", ids)
    finished = run(
        tmp_path / "data",
        *("--videos", str(videos), "--images-dir", str(EXAMPLES / "images"), *QUICKLY),
    )
    assert finished.code == 0, finished.printed
    assert "Traceback" not in finished.printed, finished.printed
    record = the_record(tmp_path / "data")
    assert (record.state, record.n_thumbnails) == ("succeeded", 2000)
    assert record.statuses == {"ok": 1, "not_found": 1999}


@pytest.mark.parametrize("workers", [1, MORE_WORKERS])
def test_a_failed_run_sends_one_message_with_cause_and_remedy(
    tmp_path: Path, webhook: Webhook, workers: int
) -> None:
    flags = (*absent(tmp_path), "--workers", str(workers))
    finished = run(tmp_path / "data", *flags, *webhook.flags)
    assert finished.code == 30
    record = the_record(tmp_path / "data")
    assert (record.state, record.exit_code, record.videos_digest) == ("failed", 30, None)
    (failure,) = record.failures
    assert (failure.task, failure.count) == ("ReadVideos", 1)
    assert record.first_error == f"ReadVideos: --videos {tmp_path / 'absent.csv'}: no such file"
    (message,) = webhook.posted
    assert message["record"] == json.loads(record.to_json())
    text = message["text"]
    assert "FAILED (exit code 30)" in text.splitlines()[0]
    assert f"First error: {record.first_error}" in text
    command = next(line for line in text.splitlines() if "cd " in line)
    assert "secret" not in text
    ran = subprocess.run(
        command.replace("&& luigi", "&& .venv/bin/luigi"), shell=True, capture_output=True
    )
    assert ran.returncode == 30
    rows = ds.dataset(sorted((tmp_path / "data" / "runs").glob("*.parquet")), records.RUNS)
    assert rows.to_table()["state"].to_pylist() == ["failed", "failed"]


def test_each_retry_of_a_task_is_counted(tmp_path: Path, webhook: Webhook) -> None:
    finished = run(
        tmp_path / "data",
        *sample_flags(tmp_path, 2),
        *("--scheduler-retry-delay", "0.1", "--module", "tests.dag.quick_poison", *webhook.flags),
        environment={"KILLED_WHEN_LOADED": f"{signal.SIGILL:d}"},
    )
    record = the_record(tmp_path / "data")
    assert (record.state, record.exit_code) == ("failed", finished.code)
    assert finished.code != 0
    assert [(each.task, each.count) for each in record.failures] == [("RecognizeText", 2)]
    assert len(webhook.posted) == 1
    assert "RecognizeText 2 times" in webhook.posted[0]["text"]


@pytest.mark.parametrize("workers", [1, MORE_WORKERS])
def test_a_run_stopped_by_a_dead_host_is_recorded_as_stopped(
    tmp_path: Path, webhook: Webhook, server: Server, workers: int
) -> None:
    links = [server.lay_down(f"/{number}.jpg", Answer(503)) for number in range(12)]
    videos = tmp_path / "videos.csv"
    videos.write_text("\n".join(["thumbnail_link", *links]))
    finished = run(
        tmp_path / "data",
        *("--videos", str(videos), "--workers", str(workers), "--thumbnails-retries", "0"),
        *("--thumbnails-stop-after", "4", "--storage-shard-size", "4", *webhook.flags, *QUICKLY),
    )
    record = the_record(tmp_path / "data")
    assert (record.state, record.exit_code) == ("stopped", finished.code)
    assert finished.code != 0
    assert "expected at most 50% of its last 4 thumbnails to fail" in str(record.first_error)
    (message,) = webhook.posted
    assert f"STOPPED early (exit code {finished.code})" in message["text"]
    assert (record.n_rows, record.n_thumbnails, record.n_reused) == (12, 12, 0)


@pytest.mark.thorough
@pytest.mark.parametrize("workers", [1, 3])
def test_control_c_sends_no_message(tmp_path: Path, webhook: Webhook, workers: int) -> None:
    data_dir = tmp_path / "data"
    flags = (*sample_flags(tmp_path), "--workers", str(workers), *webhook.flags)
    process = start(data_dir, *flags, environment={"HELD": str(tmp_path / "videos.csv")})
    wait_for(data_dir, "thumbnails/*/*.parquet")
    printed = interrupt(process)
    assert printed.count(INTERRUPTED) == 1, printed
    assert "Traceback" not in printed, printed
    record = the_record(data_dir)
    assert (record.state, record.exit_code) == ("interrupted", 130)
    assert record.n_rows == 6
    assert webhook.posted == []


@pytest.mark.thorough
@pytest.mark.parametrize("workers", [1, 3])
def test_a_killed_run_is_reported_once_by_the_next_run(
    tmp_path: Path, webhook: Webhook, workers: int
) -> None:
    data_dir = tmp_path / "data"
    flags = (*sample_flags(tmp_path), "--workers", str(workers), *webhook.flags)
    process = start(data_dir, *flags, environment={"HELD": str(tmp_path / "videos.csv")})
    wait_until(lambda: [record.n_new for record in read_records(str(data_dir), 9)] == [6])
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=600)
    record = the_record(data_dir)
    assert (record.state, record.n_new) == ("running", 6)
    for _ in range(2):
        assert run(data_dir, *flags).code == 0
    died, *others = read_records(str(data_dir), 9)
    assert died.run_id == record.run_id
    assert (died.state, died.exit_code, died.ended_at) == ("died", None, None)
    assert [each.state for each in others] == ["succeeded", "succeeded"]
    (message,) = webhook.posted
    assert "DIED" in message["text"].splitlines()[0]
    assert str(data_dir / "runs" / died.run_id) in message["text"]


@pytest.mark.thorough
def test_concurrent_runs_do_not_mark_each_other_as_dead(tmp_path: Path, webhook: Webhook) -> None:
    flags = (*sample_flags(tmp_path), *webhook.flags)
    both = [start(tmp_path / "data", *flags) for _ in range(2)]
    printed = [process.communicate(timeout=600)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    states = [record.state for record in read_records(str(tmp_path / "data"), 9)]
    assert states == ["succeeded", "succeeded"]
    assert webhook.posted == []


def test_a_failing_webhook_is_one_line_and_its_url_stays_secret(
    tmp_path: Path, webhook: Webhook
) -> None:
    webhook.code = 403
    refused = run(tmp_path / "data", *absent(tmp_path), *webhook.flags)
    assert refused.code == 30
    assert (
        "[messages] webhook_url (127.0.0.1): expected the message to be accepted; found: HTTP 403"
        in (refused.printed)
    )
    gone = ("--messages-webhook-url", "http://127.0.0.1:1/secret")
    unheard = run(tmp_path / "data", *absent(tmp_path), *gone)
    assert unheard.code == 30
    assert "(127.0.0.1): expected the message to be accepted; found: ConnectionError" in (
        unheard.printed
    )
    for finished in (refused, unheard):
        assert "secret" not in finished.printed
        assert "Traceback" not in finished.printed, finished.printed


def test_a_webhook_that_does_not_respond_times_out(tmp_path: Path) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as silent:
        url = f"http://127.0.0.1:{silent.server_address[1]}/secret"
        flags = ("--messages-webhook-url", url, "--messages-webhook-timeout-s", "0.5")
        started = time.monotonic()
        finished = run(tmp_path / "data", *absent(tmp_path), *flags)
    assert time.monotonic() - started < 20
    assert finished.code == 30
    assert "found: ReadTimeout" in finished.printed


def test_an_unreachable_scheduler_is_reported(tmp_path: Path, webhook: Webhook) -> None:
    finished = run(
        tmp_path / "data",
        *sample_flags(tmp_path, 2),
        *webhook.flags,
        environment={"LUIGI_CONFIG_PATH": str(cfg_of_luigid_away(tmp_path))},
    )
    assert finished.code == 4, finished.printed
    *_, error = [line for line in finished.printed.splitlines() if line.startswith("ERROR")]
    assert "connecting to remote scheduler 'http://127.0.0.1:1'" in error
    assert "Finished work is kept" in error
    assert "Traceback" not in finished.printed, finished.printed
    assert "NoneType" not in finished.printed
    record = the_record(tmp_path / "data")
    assert (record.state, record.exit_code) == ("failed", 4)
    assert str(record.first_error).startswith("ExportAttributes: RPCError")
    assert sum(each.count for each in record.failures) == 1
    assert "Traceback" in str(record.first_trace)
    assert len(webhook.posted) == 1


def test_an_unwritable_folder_is_still_reported_by_message(
    tmp_path: Path, webhook: Webhook
) -> None:
    (tmp_path / "data").write_text("a file, not a folder")
    finished = run(tmp_path / "data", *sample_flags(tmp_path, 2), *webhook.flags)
    assert finished.code == 30
    assert "Traceback" not in finished.printed, finished.printed
    (message,) = webhook.posted
    assert "cannot be written; expected a writable folder" in message["text"]


def test_metrics_are_served_while_a_run_is_running(tmp_path: Path) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as probe:
        address = f"127.0.0.1:{probe.server_address[1]}"
    held = tmp_path / "held"
    held.touch()
    flags = (*sample_flags(tmp_path), "--runs-metrics-address", address)
    process = start(tmp_path / "data", *flags, environment={"HELD": str(held)})

    def downloaded() -> str | None:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://{address}/metrics", timeout=60) as answer,
        ):
            page: str = answer.read().decode()
            return page if f"{ALL_DOWNLOADED}\n" in page else None
        return None

    page = wait_until(downloaded)
    held.unlink()
    process.communicate(timeout=600)
    assert process.returncode == 0
    assert "thumbnail_tasks_run_running 1" in page
    assert 'thumbnail_tasks_shards_waiting{stage="DetectFaces"}' in page


def test_a_metrics_address_in_use_is_one_line(tmp_path: Path) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as taken:
        address = f"127.0.0.1:{taken.server_address[1]}"
        flags = (*absent(tmp_path), "--runs-metrics-address", address)
        finished = run(tmp_path / "data", *flags)
    assert finished.code == 30
    assert f"expected a free address and port as in 127.0.0.1:9464; found: '{address}'" in (
        finished.printed
    )
    assert the_record(tmp_path / "data").exit_code == 30


def test_gpus_are_sampled_during_the_run(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    nvidia_smi = tools / "nvidia-smi"
    nvidia_smi.write_text("#!/bin/sh\necho '0, 50, NVIDIA X'\necho '1, [N/A], NVIDIA Y'\n")
    nvidia_smi.chmod(nvidia_smi.stat().st_mode | stat.S_IXUSR)
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    page = tmp_path / "metrics.prom"
    flags = (*sample_flags(tmp_path, 2), "--runs-metrics-file", str(page))
    finished = run(tmp_path / "data", *flags, environment={"PATH": path})
    assert finished.code == 0, finished.printed
    gpus = the_record(tmp_path / "data").gpus
    assert gpus
    assert [(gpu.name, gpu.busy_share) for gpu in gpus] == [
        ("NVIDIA X", 0.5),
        ("NVIDIA Y", None),
    ]
    assert 'thumbnail_tasks_gpu_busy_mean_ratio{gpu="0",name="NVIDIA X"} 0.5' in page.read_text()
