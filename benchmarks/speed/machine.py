"""The machine of the measurement."""

import os
import platform
from pathlib import Path
from typing import Any, NamedTuple

import psutil


class Machine(NamedTuple):
    """Hardware and load of a machine."""

    cpu: str
    cores_allowed: int
    """Number of cores that this process may use."""
    memory_gb: float
    load_average: tuple[float, float, float]
    """Mean number of runnable processes in the last 1, 5 and 15 minutes."""

    def describe(self) -> dict[str, Any]:
        """All but the load."""
        return {key: value for key, value in self._asdict().items() if key != "load_average"}


def inspect_machine() -> Machine:
    """Describe this machine now."""
    memory_gb = psutil.virtual_memory().total / 1e9
    load = os.getloadavg()
    return Machine(_name_cpu(), len(os.sched_getaffinity(0)), memory_gb, load)


def _name_cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
