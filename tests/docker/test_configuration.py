"""The configuration files: Luigi or this project reads every value."""

import configparser
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import luigi.batch_notifier
import luigi.interface
import luigi.notifications
import luigi.retcodes
import luigi.scheduler
import luigi.worker
import pytest
import yaml
from luigi.task_register import Register

from tests.conftest import ROOT
from tests.docker.box import BOX_CFG, DOCKER, environment
from thumbnail_tasks import settings

SECTIONS = (
    *(luigi.batch_notifier, luigi.interface, luigi.notifications, luigi.retcodes),
    *(luigi.scheduler, luigi.worker, settings),
)
"""The modules with the Config classes of the sections; importing them registers the classes."""

READ_BY_NAME = {"db_connection"}
"""Settings that Luigi reads without a parameter of a Config class."""

READ_SETTINGS = """
import json, warnings
import luigi.configuration, luigi.interface, luigi.scheduler, luigi.task, luigi.worker
import luigi.notifications, thumbnail_tasks.settings as ours
warnings.simplefilter("error", DeprecationWarning)
warnings.simplefilter("error", luigi.task.UnconsumedParameterWarning)
config = luigi.configuration.get_config()
print(json.dumps({
    "host": luigi.interface.core().scheduler_host,
    "workers": luigi.interface.core().workers,
    "data_dir": ours.storage().data_dir,
    "devices": (ours.gpus().devices, ours.gpus().required),
    "webhook": ours.messages().webhook_url,
    "metrics_address": ours.runs().metrics_address,
    "resources": config.getintdict("resources"),
    "db": config.get("task_history", "db_connection"),
    "state": luigi.scheduler.scheduler().state_path,
    "metrics": luigi.scheduler.scheduler().metrics_collector.name,
    "disable_window": luigi.scheduler.scheduler().disable_window,
    "sends_each_failure": luigi.worker.worker().send_failure_email,
    "receiver": luigi.notifications.email().receiver,
    "smtp_port": luigi.notifications.smtp().port,
    "keep_alive": luigi.worker.worker().keep_alive,
    "context": luigi.worker.worker().task_process_context,
}))
"""


def values_of(path: Path) -> list[tuple[str, str]]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(path)
    return [(section, name) for section in parser.sections() for name in parser[section]]


@pytest.mark.parametrize("path", [ROOT / "luigi.cfg", DOCKER / "luigi.cfg", BOX_CFG], ids=str)
def test_every_value_is_read(path: Path) -> None:
    for section, name in values_of(path):
        underscored = name.replace("-", "_")
        if section == "resources" or underscored in READ_BY_NAME:
            continue
        parameters = Register.get_task_cls(section).get_params()
        known = {name for name, _ in parameters} | {
            parameter._config_path["name"].replace("-", "_")
            for _, parameter in parameters
            if parameter._config_path
        }
        assert underscored in known, f"{path.name}: [{section}] {name}"


def test_the_boxs_values_override_those_of_the_repository(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", READ_SETTINGS],
        cwd=ROOT,
        env={**os.environ, **environment(tmp_path), "ALERT_TO": "a@example.org"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert json.loads(finished.stdout) == {
        "host": "127.0.0.1",
        "workers": 3,
        "data_dir": str(tmp_path / "data"),
        "devices": ["none", False],
        "webhook": "",
        "metrics_address": "",
        "resources": {"gpu": 2, "download": 1},
        "db": f"sqlite:///{tmp_path}/history.db",
        "state": f"{tmp_path}/state.pickle",
        "metrics": "prometheus",
        "disable_window": 43200,
        "sends_each_failure": False,
        "receiver": "a@example.org",
        "smtp_port": 25,
        "keep_alive": True,
        "context": "thumbnail_tasks.tasks.interrupts.ReadableFailures",
    }


def test_compose_sets_every_environment_variable_that_the_box_reads() -> None:
    names = set(re.findall(r"\$\{(\w+)\}", re.sub("(?m)^#.*", "", BOX_CFG.read_text())))
    services = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
    assert len(names) > 5
    for service in ("scheduler", "worker"):
        assert names <= services[service]["environment"].keys()
