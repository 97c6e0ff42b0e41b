"""Shared by many tests: the drawn sample and a server of thumbnails."""

import contextlib
import importlib.util
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import luigi
import pytest
from xdist.scheduler import LoadFileScheduling

from thumbnail_tasks import schemas

if TYPE_CHECKING:
    from tests.dag.runs import Finished

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell's background job: what the tests start would inherit that, and be deaf to Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Of the hundreds of processes that the tests start, only the first compiles the package.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# TensorFlow decides when tf.keras is first used, which may be after a test has restored the
# environment that it was loaded in.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
SHARED_DATA = Path(os.environ.get("TEST_DATA", ROOT.parent / "shared" / "data")).absolute()
"""Real tables and pictures, which are not part of the project; ``TEST_DATA=none`` hides them."""

REAL_TABLES = {
    "USvideos_first3000.csv": 3000,
    "GBvideos_first760.csv": 760,
    "FRvideos_first600.csv": 600,
    "USvideos_unique6281_11cols.csv": 6281,
    "USvideos_2017sep_oldschema_first400.csv": 400,
}
"""Real tables of videos and their rows."""

STAGE_TABLES = {
    "thumbnails": schemas.THUMBNAILS,
    "words": schemas.WORDS,
    "texts": schemas.TEXTS,
    "embeddings": schemas.embeddings(512),
    "faces": schemas.FACES,
    "emotions": schemas.EMOTIONS,
    "appearance": schemas.APPEARANCE,
}
"""Folders of a data directory that the stages of every run write."""


def needs(*modules: str) -> pytest.MarkDecorator:
    """Skip tests at collection where modules are missing, such as the notebook's engines."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


class Scheduling(LoadFileScheduling):  # type: ignore[misc]
    """One worker runs all tests of a file, so that long fixtures and models are loaded once."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "those of the fixture sample" if "_sample" in file else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    return Scheduling(config, log)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Skip a test whose data is absent."""
    names = getattr(item, "fixturenames", ())
    if "shared_data" in names:
        reason = f"no real data at {SHARED_DATA}; the drawn sample covers the same path"
        item.add_marker(pytest.mark.skipif(not SHARED_DATA.is_dir(), reason=reason))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Short names; of bytes none, which may hold the time, and all workers must agree."""
    if isinstance(val, bytes):
        return argname
    return f"{val[:40]}…" if isinstance(val, str) and len(val) > 60 else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long tests first, so that all workers end at about the same time."""
    items.sort(key=lambda item: not any(map(item.get_closest_marker, ("model", "dag", "browser"))))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real tables and pictures; a test that uses them is skipped where they are absent."""
    return SHARED_DATA


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> "Finished":
    """The main job on the drawn sample with its report, by the real models; not to be changed."""
    from tests.dag.runs import SAMPLE, run  # which imports this module

    data_dir = tmp_path_factory.mktemp("sample") / "data"
    return run(data_dir, *SAMPLE, "--report-build", "true")


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A whole JPEG of 480×360 pixels."""
    return min((EXAMPLES / "images").glob("sample00*.jpg")).read_bytes()


class Handler(BaseHTTPRequestHandler):
    """Responds as the test has set for a path."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        self.server.asked.append((time.monotonic(), self.path))
        answers = self.server.answers.get(self.path)
        nth = self.server.count[self.path]
        self.server.count[self.path] += 1
        if answers is None:
            answer = Answer(404, self.server.placeholder)
        else:
            answer = answers[min(nth, len(answers) - 1)]
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            answer.send(self)

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass
class Answer:
    """One answer of the server."""

    code: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    custom: Callable[[Handler], None] | None = None

    def send(self, to: Handler) -> None:
        if self.custom:
            self.custom(to)
            return
        to.send_response(self.code)
        for name, value in ({"Content-Length": str(len(self.body))} | self.headers).items():
            to.send_header(name, value)
        to.end_headers()
        to.wfile.write(self.body)


class Server(ThreadingHTTPServer):
    """A server with responses set by a test; unknown paths get a 404 with a JPEG."""

    daemon_threads = True

    def __init__(self, placeholder: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[tuple[float, str]] = []
        self.count: Counter[str] = Counter()
        self.placeholder = placeholder

    def handle_error(self, *about: object) -> None:
        """Print nothing: clients of the tests close connections at any time."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def lay_down(self, path: str, *answers: Answer) -> str:
        """Respond to ``path`` with these in turn, then with the last one; return the address."""
        self.answers[path] = list(answers)
        return self.url + path


@pytest.fixture
def quick_limits() -> Iterator[luigi.configuration.LuigiConfigParser]:
    """Settings of a downloader with short timeouts and few retries."""
    config = luigi.configuration.get_config()
    limits = {
        "retries": "2",
        "backoff_s": "0.01",
        "connect_timeout_s": "1",
        "read_timeout_s": "0.4",
        "total_timeout_s": "1",
        "retry_after_max_s": "3",
        "requests_per_second": "1000",
        "max_bytes": "100000",
    }
    for name, value in limits.items():
        config.set("thumbnails", name, value)
    yield config
    config.remove_section("thumbnails")


@pytest.fixture
def private_addresses() -> Iterator[None]:
    """Allow requests to servers on this machine; for other processes see ``dag/runs.py``."""
    config = luigi.configuration.get_config()
    config.set("thumbnails", "allow_private_addresses", "true")
    yield
    if config.has_section("thumbnails"):
        config.remove_option("thumbnails", "allow_private_addresses")


@contextlib.contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[None]:
    """Run a server while the block runs."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def server(picture: bytes, private_addresses: None) -> Iterator[Server]:
    server = Server(placeholder=picture)
    with running(server):
        yield server
