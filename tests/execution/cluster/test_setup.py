"""The settings of a run on a node."""

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import luigi
import pytest

from thumbnail_tasks import settings
from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.execution.child_process import ChildProcess, Report
from thumbnail_tasks.execution.cluster.setup import ClusterError, NodeSetup


def look_after(setup: NodeSetup, gpu_ids: list[str] | None, report: Report) -> Any:
    """What a process of a node sees after it has taken over the settings."""
    setup.apply(gpu_ids, 3)
    return (
        (settings.text().min_confidence, settings.thumbnails().user_agent),
        (settings.gpus().devices, settings.gpus().required),
        (os.environ["OMP_NUM_THREADS"], os.environ.get("A_SECRET")),
        str(Path.cwd()),
    )


def apply(setup: NodeSetup, gpu_ids: list[str] | None = None) -> Any:
    return ChildProcess().call(functools.partial(look_after, setup, gpu_ids), lambda sent: None)


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NodeSetup]:
    """Of a run with some settings, in a folder of its own."""
    config = luigi.configuration.get_config()
    config.set("text", "min_confidence", "0.5")
    config.set("thumbnails", "user_agent", "100 %% of it")
    config.set("gpus", "devices", "auto")
    config.set("gpus", "required", "true")
    config.set("execution", "environment", "A_SECRET")
    monkeypatch.setenv("A_SECRET", "for the nodes")
    monkeypatch.chdir(tmp_path)
    yield NodeSetup.of_this_run()
    for section in ("text", "thumbnails", "gpus", "execution"):
        config.remove_section(section)


@pytest.fixture(autouse=True)
def other_settings(setup: NodeSetup) -> None:
    """Those of the node, before it takes over the run's."""
    config = luigi.configuration.get_config()
    for section in ("text", "thumbnails", "gpus"):
        config.remove_section(section)
    os.environ.pop("A_SECRET")


def test_a_node_has_the_settings_variables_and_folder_of_the_run(
    setup: NodeSetup, tmp_path: Path
) -> None:
    texts, gpus, variables, folder = apply(setup)
    assert texts == (0.5, "100 % of it")
    assert gpus == ("auto", True)
    assert variables == ("3", "for the nodes")
    assert folder == str(tmp_path)


@pytest.mark.parametrize(("given", "devices"), [([], ("none", False)), (["1"], ("1", True))])
def test_an_actor_has_the_gpus_that_ray_gives_it(
    setup: NodeSetup, given: list[str], devices: tuple[str, bool]
) -> None:
    assert apply(setup, given)[1] == devices


def test_another_version_is_refused(setup: NodeSetup) -> None:
    with pytest.raises(ClusterError, match=r"expected thumbnail-tasks 9.9, .*; found: "):
        apply(setup._replace(version="9.9"))


def test_a_folder_that_is_not_there_is_refused(setup: NodeSetup) -> None:
    with pytest.raises(ClusterError, match="expected the folder /not/here"):
        apply(setup._replace(folder="/not/here"))


def test_variables_that_are_not_set_are_named() -> None:
    with pytest.raises(SettingsError, match="expected variables that are set; A_SECRET is not"):
        NodeSetup.of_this_run()


def test_secrets_of_messages_stay_here(setup: NodeSetup) -> None:
    assert not {"messages", "runs", "execution"} & set(setup.sections)
