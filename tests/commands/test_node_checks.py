"""Settings and nodes that cannot work are named before a run on a cluster computes anything."""

import sys
from collections.abc import Iterator
from typing import Any

import luigi
import pytest

from thumbnail_tasks.commands import node_checks
from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.execution.cluster.driver import Cluster, Node
from thumbnail_tasks.execution.cluster.setup import ClusterError
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.storage.parquet_target import ParquetTarget

NODES = [Node("10.0.0.1", {"CPU": 2.0}, 0, ""), Node("10.0.0.2", {"CPU": 4.0, "GPU": 1.0}, 0, "")]


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> Iterator[luigi.configuration.LuigiConfigParser]:
    """The settings, with a cluster of two nodes whose check succeeds."""
    monkeypatch.setattr(node_checks, "check_cluster", lambda check: Cluster(NODES, "10.0.0.1:8265"))
    config = luigi.configuration.get_config()
    yield config
    config.remove_section("execution")
    config.remove_section("gpus")


def check() -> None:
    plan = ParquetTarget("plans/web/table-1.parquet")
    node_checks.check_nodes([DownloadThumbnails, DetectFaces], plan, "web")


def test_the_cluster_is_described(config: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    check()
    logged = [record.getMessage() for record in caplog.records]
    assert "Cluster            2 nodes: 6 CPU, 1 GPU; Ray's page: http://10.0.0.1:8265" in logged
    assert "[gpus] devices = none: the cluster's 1 GPUs are not used" in logged
    config.set("gpus", "devices", "auto")
    caplog.clear()
    check()
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.parametrize(
    "resources", ['{"DetectFaces": {"CPU": 5}}', '{"DetectFaces": {"CPU": 1, "big": 1}}']
)
def test_an_actor_that_fits_nowhere_is_refused(config: Any, resources: str) -> None:
    config.set("execution", "stage_resources", resources)
    with pytest.raises(ClusterError, match=r"DetectFaces: expected a node with .*; found none: "):
        check()


@pytest.mark.parametrize("name", ["actors", "stage_resources"])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('{"DetectFace": 3}', "expected names of .*; found: DetectFace. Did you mean DetectFaces"),
        ("[1]", "expected an object with names of stages; found: "),
        ('{"DetectFaces": "a"}', "expected .* for DetectFaces; found: 'a'"),
    ],
)
def test_wrong_settings_by_stage_are_named_before_anything_is_read(
    config: Any, name: str, value: str, said: str
) -> None:
    config.set("execution", name, value)
    with pytest.raises(SettingsError, match=rf"\[execution\] {name}: {said}"):
        node_checks.check_settings()


def test_ray_that_is_not_installed_is_named(config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setattr(node_checks.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'thumbnail-tasks\[ray\]'"):
        node_checks.check_settings()
