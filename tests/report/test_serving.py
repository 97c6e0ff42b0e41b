"""The local, read-only server of a report, of a folder and of a bucket."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import running
from tests.storage.conftest import bucket, place, s3_server  # noqa: F401
from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.report.building import report_folder
from thumbnail_tasks.report.serving import ReportServer
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join

FILES = {
    "index.html": "<!doctype html>",
    "data/summary.js": 'report.take("summary",{});',
    "pictures/ab/cd.webp": "RIFF",
}


def write_report(data_dir: str) -> None:
    for name, text in FILES.items():
        files.write_text(join(report_folder(data_dir), *name.split("/")), text)
    files.write_text(join(data_dir, "secret.txt"), "secret")


@pytest.fixture
def server(place: str) -> Iterator[ReportServer]:  # noqa: F811
    write_report(place)
    server = ReportServer(place, 0)
    with running(server):
        yield server


def ask(
    server: ReportServer, path: str, method: str = "GET", host: str | None = None
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    try:
        headers = {"Host": host} if host else {}
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read().decode()
    finally:
        connection.close()


def test_files_have_their_content_and_type(server: ReportServer) -> None:
    types = {"html": "text/html", "js": "text/javascript", "webp": "image/webp"}
    for name, text in FILES.items():
        status, headers, body = ask(server, f"/{name}")
        assert (status, body) == (200, text)
        assert headers["Content-Type"].startswith(types[name.rpartition(".")[2]])
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert ask(server, "/")[2] == FILES["index.html"]
    assert ask(server, "/data/summary.js?x=1")[0] == 200


def test_a_head_request_has_the_size_and_no_content(server: ReportServer) -> None:
    status, headers, body = ask(server, "/index.html", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, str(len(FILES["index.html"])), "")


@pytest.mark.parametrize(
    "path",
    [
        *("/missing.js", "/data", "/data/", "/data//summary.js", "/../../secret.txt"),
        *("/data/../../../secret.txt", "/%2e%2e/%2e%2e/secret.txt", "/..%2f..%2fsecret.txt"),
        *("/..%5c..%5csecret.txt", "/index.html%00.js", "/./index.html"),
    ],
)
def test_what_is_not_a_file_of_the_report_is_not_found(server: ReportServer, path: str) -> None:
    status, _, body = ask(server, path)
    assert status == 404
    assert "secret" not in body.replace(path, "")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_written(server: ReportServer, method: str) -> None:
    assert ask(server, "/index.html", method)[0] == 501
    assert files.read_text(join(server.folder, "index.html")) == FILES["index.html"]


def test_pages_of_other_hosts_cannot_read_it(server: ReportServer) -> None:
    port = server.server_port
    assert ask(server, "/", host=f"evil.example:{port}")[0] == 403
    assert ask(server, "/", host=f"localhost:{port}")[0] == 200


def test_it_listens_on_this_machine_only(server: ReportServer) -> None:
    assert server.socket.getsockname()[0] == "127.0.0.1"
    assert server.address == f"http://127.0.0.1:{server.server_port}/"


def test_without_a_report_the_error_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"expected a report; found none.* report VIDEOS"):
        ReportServer(str(tmp_path), 0)


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    write_report(str(tmp_path))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StorageError, match=rf"port {port} of 127.0.0.1.*--port"):
            ReportServer(str(tmp_path), port)


@pytest.mark.parametrize("port", [-5, 99_999])
def test_a_port_that_there_is_not_is_named(tmp_path: Path, port: int) -> None:
    write_report(str(tmp_path))
    with pytest.raises(StorageError, match=rf"port {port} of 127.0.0.1.*0-65535.*--port"):
        ReportServer(str(tmp_path), port)


def test_a_file_that_cannot_be_read_is_no_answer(
    server: ReportServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(address: str) -> bool:
        raise StorageError(f"{address}: gone")

    monkeypatch.setattr(files, "exists", fail)
    assert ask(server, "/index.html")[0] == 502


@pytest.mark.dag
def test_the_command_prints_the_address_and_ends_at_ctrl_c(tmp_path: Path) -> None:
    write_report(str(tmp_path))
    command = [sys.executable, "-m", "thumbnail_tasks", "report", "--serve", "--port", "0"]
    with subprocess.Popen(
        [*command, "--no-browser", "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"BROWSER": "false"},
    ) as process:
        assert process.stdout
        assert process.stderr
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)/ until Ctrl-C", line)
        assert found, line
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=30)
        connection.request("GET", "/")
        assert connection.getresponse().read().decode() == FILES["index.html"]
        connection.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stdout.read() == "Stopped.\n"
        assert "Traceback" not in process.stderr.read()
