"""The Dockerfile as data, so that its steps can be checked and run without Docker."""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.docker.box import DOCKER


@dataclass(frozen=True)
class Step:
    """One instruction: ``RUN`` and what it is given, continuation lines joined."""

    word: str
    given: str

    @property
    def sources(self) -> list[str]:
        """What a COPY takes from the repository; none if it takes from another stage."""
        return [] if "--from=" in self.given else shlex.split(self.given)[:-1]


def stages() -> dict[str, list[Step]]:
    """The steps of each stage, by its name; the last one is called ``final``."""
    text = re.sub(r"(?m)^\s*#.*\n", "", (DOCKER / "Dockerfile").read_text())
    found: dict[str, list[Step]] = {}
    steps: list[Step] = []
    for line in text.replace("\\\n", " ").splitlines():
        word, _, given = line.partition(" ")
        if word == "FROM":
            steps = found.setdefault(given.partition(" AS ")[2] or "final", [])
        elif word:
            steps.append(Step(word, " ".join(given.split())))
    return found


def run_step(step: Step, context: Path, root: Path) -> None:
    """Do what a COPY or RUN does, with ``root`` for the image's own.

    The working directory is ``/build`` of ``root``; ``/opt/venv`` is the one absolute path that a
    command may name.
    """
    (root / "build").mkdir(exist_ok=True)
    if step.word == "COPY":
        *sources, target = shlex.split(step.given)
        for source in sources:
            copy(context / source, root / "build" / target)
    elif step.word == "RUN":
        command = step.given.replace("/opt/venv", str(root / "opt" / "venv"))
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # its `python` is this one
        subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=root / "build",
            env={**os.environ, "PATH": path},
            check=True,
        )


def copy(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    path = f"{source}/." if source.is_dir() else str(source)
    subprocess.run(["cp", "-r", path, str(target)], check=True)
