"""The machine that is measured on."""

import os
import platform
from pathlib import Path
from typing import Any, NamedTuple

import psutil


class Machine(NamedTuple):
    """What it is, and how busy at one moment."""

    processor: str
    cores_allowed: int
    """That this process may run on."""
    memory_gb: float
    load_average: tuple[float, float, float]
    """Processes that want a core, over the last 1, 5 and 15 minutes."""

    def describe(self) -> dict[str, Any]:
        """What does not change while it is measured."""
        return {key: value for key, value in self._asdict().items() if key != "load_average"}


def look_at_machine() -> Machine:
    """The machine as it is now."""
    memory_gb = psutil.virtual_memory().total / 1e9
    load = os.getloadavg()
    return Machine(_name_processor(), len(os.sched_getaffinity(0)), memory_gb, load)


def _name_processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
