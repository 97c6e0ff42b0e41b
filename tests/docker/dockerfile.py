"""Parse the Dockerfile, to check and run its steps without Docker."""

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
    """One instruction and its arguments, with continuation lines joined."""

    instruction: str
    arguments: str

    @property
    def sources(self) -> list[str]:
        """The sources of a COPY in the repository; none if it copies from another stage."""
        return [] if "--from=" in self.arguments else shlex.split(self.arguments)[:-1]


def stages() -> dict[str, list[Step]]:
    """Parse the steps of each stage, by its name; the last one is called ``final``."""
    text = re.sub(r"(?m)^\s*#.*\n", "", (DOCKER / "Dockerfile").read_text())
    found: dict[str, list[Step]] = {}
    steps: list[Step] = []
    for line in text.replace("\\\n", " ").splitlines():
        instruction, _, arguments = line.partition(" ")
        if instruction == "FROM":
            steps = found.setdefault(arguments.partition(" AS ")[2] or "final", [])
        elif instruction:
            steps.append(Step(instruction, " ".join(arguments.split())))
    return found


def run_step(step: Step, context: Path, root: Path) -> None:
    """Run a COPY or RUN with ``root`` as the root of the image.

    The working directory is ``/build`` of ``root``; ``/opt/venv`` is the only absolute path that a
    command may have.
    """
    (root / "build").mkdir(exist_ok=True)
    if step.instruction == "COPY":
        *sources, target = shlex.split(step.arguments)
        for source in sources:
            copy(context / source, root / "build" / target)
    elif step.instruction == "RUN":
        command = step.arguments.replace("/opt/venv", str(root / "opt" / "venv"))
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # `python` is this one
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
