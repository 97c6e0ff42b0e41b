"""A local, read-only web server of a report, which may be in a bucket."""

import http.server
import logging
import mimetypes
import webbrowser
from http import HTTPStatus
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.report.building import report_folder
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join

logger = logging.getLogger(__name__)

_HOST: Final = "127.0.0.1"
_TYPES: Final = MappingProxyType(
    {
        ".html": "text/html; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".webp": "image/webp",
    }
)


class ReportServer(http.server.ThreadingHTTPServer):
    """Serves the files of a report to this machine only; it never writes.

    Attributes:
        address: The page's address, for a browser.
    """

    daemon_threads = True

    def __init__(self, data_dir: str, port: int) -> None:
        """Listen on a port of 127.0.0.1.

        Args:
            data_dir: The data directory, a folder or an ``s3://`` address.
            port: 0 for any free one.

        Raises:
            StorageError: There is no report, it cannot be read, or the port is in use.
        """
        self.folder = report_folder(data_dir)
        if not files.exists(join(self.folder, "index.html")):
            raise StorageError(
                f"{self.folder}: expected a report; found none. To build it: "
                "thumbnail-tasks report VIDEOS"
            )
        try:
            super().__init__((_HOST, port), _Handler)
        except (OSError, OverflowError) as error:  # the latter if it is above 65535
            raise StorageError(
                f"port {port} of {_HOST}: expected a free one; found: {error}. Choose another with "
                "--port"
            ) from error
        self.address = f"http://{_HOST}:{self.server_port}/"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: ReportServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, with_body: bool) -> None:
        # A page of another host whose name leads to this machine must not read the report.
        port = self.server.server_port
        if self.headers.get("Host") not in (f"{_HOST}:{port}", f"localhost:{port}"):
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        path = unquote(self.path.partition("?")[0]).removeprefix("/")
        names = (path or "index.html").split("/")
        if any(name in ("", ".", "..") or "\\" in name or "\0" in name for name in names):
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            body = self._read(join(self.server.folder, *names))
        except (StorageError, OSError) as error:
            logger.warning("%s cannot be read: %s", "/".join(names), error)
            self.send_error(HTTPStatus.BAD_GATEWAY)
            return
        if body is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.OK)
        suffix = "." + names[-1].rpartition(".")[2]
        kind = _TYPES.get(suffix) or mimetypes.guess_type(names[-1])[0] or "text/plain"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-cache")  # a report may be built again
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def _read(self, address: str) -> bytes | None:
        if not files.exists(address) or files.is_folder(address):
            return None
        with files.backend_of(address).open(address) as file:
            return bytes(file.read())

    def log_message(self, format: str, *args: object) -> None:
        logger.debug(format, *args)


def serve(data_dir: str, port: int, opens_browser: bool) -> None:
    """Serve the report of a data directory until Ctrl-C.

    Args:
        data_dir: The data directory, a folder or an ``s3://`` address.
        port: 0 for any free one.
        opens_browser: Whether to open the page in the user's browser.

    Raises:
        StorageError: As ``ReportServer``.
    """
    with ReportServer(data_dir, port) as server:
        print(f"{server.folder} is at {server.address} until Ctrl-C", flush=True)
        if opens_browser:
            webbrowser.open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("Stopped.")
