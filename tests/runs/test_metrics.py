"""A run's metrics in Prometheus format."""

import re

import pytest

from tests.run_records import BEGAN, a_record, a_stage
from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.runs.metrics import exposition, serve_metrics
from thumbnail_tasks.runs.records import FailureRecord, GpuRecord, NodeRecord

_LINE = re.compile(r'thumbnail_tasks_[a-z_]+(\{([a-z]+="([^"\\\n]|\\.)*",?)+\})? -?[0-9.e+-]+')

STAGE = a_stage("DetectFaces", 10, n_ok=8, n_shards_left=4, thumbnails_per_second=0.1)


def test_the_metrics_of_a_running_run_have_its_progress() -> None:
    record = a_record(STAGE, state="running", ended_at=None, exit_code=None)
    lines = exposition(record, {"0": 0.5}).splitlines()
    for line in (
        "thumbnail_tasks_run_running 1",
        f"thumbnail_tasks_run_started_timestamp_seconds {BEGAN.timestamp():.0f}",
        'thumbnail_tasks_thumbnails{stage="DetectFaces",status="ok"} 8',
        'thumbnail_tasks_thumbnails{stage="DetectFaces",status="timed_out"} 2',
        'thumbnail_tasks_thumbnails_per_second{stage="DetectFaces"} 0.1',
        'thumbnail_tasks_shards_waiting{stage="DetectFaces"} 4',
        'thumbnail_tasks_gpu_busy_ratio{gpu="0"} 0.5',
    ):
        assert line in lines
    assert not any("ended" in line or "exit_code" in line for line in lines)


def test_the_metrics_of_an_ended_run_have_its_outcome() -> None:
    gpus = [GpuRecord(index="1", name='A "B"\\C\nD', busy_share=0.25)]
    failures = [FailureRecord(task="DetectFaces", count=2)]
    page = exposition(a_record(STAGE, exit_code=30, gpus=gpus, failures=failures), {})
    assert "thumbnail_tasks_run_running 0\n" in page
    assert "thumbnail_tasks_run_exit_code 30\n" in page
    assert 'thumbnail_tasks_run_failures{task="DetectFaces"} 2\n' in page
    assert '{gpu="1",name="A \\"B\\"\\\\C\\nD"} 0.25\n' in page


def test_the_metrics_have_the_nodes_of_a_cluster() -> None:
    node = NodeRecord(
        node="10.0.0.2", n_actors=3, n_shards=12, n_retried=1, n_thumbnails=6144, seconds=80.5
    )
    page = exposition(a_record(STAGE, nodes=[node]), {})
    for name, value in (
        ("node_shards", "12"),
        ("node_retried_shards", "1"),
        ("node_thumbnails", "6144"),
        ("node_seconds", "80.5"),
        ("node_actors", "3"),
    ):
        assert f'thumbnail_tasks_{name}{{node="10.0.0.2"}} {value}\n' in page


def test_every_line_is_in_prometheus_format_and_every_metric_has_help() -> None:
    gpus = [GpuRecord(index="1", name='A "B"\\C\nD', busy_share=0.25)]
    page = exposition(a_record(STAGE, gpus=gpus), {"1": 1.0})
    assert page.endswith("\n")
    explained = set()
    for line in page.splitlines():
        if line.startswith("# HELP "):
            explained.add(line.split()[2])
        elif not line.startswith("# TYPE "):
            assert _LINE.fullmatch(line), line
            assert re.split("[ {]", line)[0] in explained


@pytest.mark.parametrize("address", ["9464", "127.0.0.1:", "127.0.0.1:99999", "no.such.host.:1"])
def test_an_invalid_address_is_reported(address: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(repr(address))):
        serve_metrics(address, str)
