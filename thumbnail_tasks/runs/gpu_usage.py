"""Utilisation of this host's GPUs, from nvidia-smi."""

import shutil
import statistics
import subprocess

from thumbnail_tasks.execution.gpus import NVIDIA_SMI, query_gpus
from thumbnail_tasks.runs.records import GpuRecord

_TIMEOUT_S = 10.0
_MAX_FAILURES = 3


class GpuUsage:
    """Samples the utilisation of all GPUs; none without nvidia-smi."""

    def __init__(self) -> None:
        self._n_failures = 0 if shutil.which(NVIDIA_SMI) else _MAX_FAILURES
        self._names: dict[str, str] = {}
        self._samples: dict[str, list[float]] = {}

    def sample(self) -> None:
        """Take one sample; after repeated failures, nvidia-smi is not called again."""
        if self._n_failures >= _MAX_FAILURES:
            return
        try:
            gpus = query_gpus("index", "utilization.gpu", "name", timeout_s=_TIMEOUT_S)
        except (OSError, subprocess.SubprocessError):
            self._n_failures += 1
            return
        for index, busy, name in gpus:
            self._names[index] = name
            samples = self._samples.setdefault(index, [])
            if busy.isdecimal():  # MIG instances report [N/A]
                samples.append(int(busy) / 100)

    def gpus(self) -> list[GpuRecord] | None:
        """The GPUs and their mean utilisation so far, in nvidia-smi's order; None without any."""
        return [
            GpuRecord(
                index=index,
                name=name,
                busy_share=round(statistics.fmean(self._samples[index]), 4)
                if self._samples[index]
                else None,
            )
            for index, name in self._names.items()
        ] or None

    def latest(self) -> dict[str, float]:
        """The last sample of each GPU that reports utilisation, by its number; 0 to 1."""
        return {index: samples[-1] for index, samples in self._samples.items() if samples}
