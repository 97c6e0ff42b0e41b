"""The GPUs of this host: each task that holds Luigi's ``gpu`` leases one.

Luigi counts GPUs and does not know which is which, nor on which host they are.
"""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from thumbnail_tasks import settings
from thumbnail_tasks.errors import SettingsError, StorageError, ThumbnailTasksError

CPU = "CPU"
"""The device of work that needs no GPU."""
CUDA_PACKAGES = "requirements/cuda.lock"
"""Packages that a host with GPUs needs for ONNX Runtime, beside those for the CPU."""

_VISIBLE = "CUDA_VISIBLE_DEVICES"
NVIDIA_SMI = "nvidia-smi"
_NVIDIA_SMI_TIMEOUT_S = 60.0
"""It takes seconds if the driver has to wake the GPUs, and hangs if one is lost."""
_SECONDS_BETWEEN_TRIES = 0.5
_DRIVERS = (Path("/proc/driver/nvidia"), Path("/dev/dxg"))
"""Where Linux and WSL show that NVIDIA's driver is loaded."""
_GPU_ID = re.compile(r"\d+|GPU-[0-9A-Fa-f-]+")


class GpuError(ThumbnailTasksError):
    """A GPU is expected, but the driver or a framework does not see it."""


class Gpu(NamedTuple):
    """A GPU of this host."""

    id: str
    """Its UUID or, without nvidia-smi, its number."""
    label: str
    """Name for display, as in ``GPU 1 (NVIDIA H100)``."""


def find_gpus() -> list[Gpu]:
    """The GPUs selected by ``[gpus] devices``, in its order.

    Raises:
        SettingsError: A selected GPU does not exist.
        GpuError: nvidia-smi fails; GPUs are selected, but there is no driver; or there is no GPU
            although ``[gpus] required`` is set.
    """
    config = settings.gpus()
    gpus = _select_gpus(config.devices.strip())
    if config.required and not gpus:
        on_path = "on" if shutil.which(NVIDIA_SMI) else "not on"
        raise GpuError(
            "[gpus] required: expected a GPU; found: none, with [gpus] devices = "
            f"{config.devices}, {_VISIBLE} {os.environ.get(_VISIBLE, 'not set') or 'empty'} and "
            f"nvidia-smi {on_path} the PATH. Install the driver (for a container: NVIDIA's "
            "container toolkit), or set required = false"
        )
    return gpus


def _select_gpus(wanted: str) -> list[Gpu]:
    setting = "[gpus] devices"
    if wanted == "auto" and _VISIBLE in os.environ:
        setting, wanted = _VISIBLE, os.environ[_VISIBLE].strip()
        wanted = "none" if wanted in ("", "-1") else wanted
    if wanted == "none":
        return []
    ids = [part.strip() for part in wanted.split(",")]
    if wanted != "auto" and not all(map(_GPU_ID.fullmatch, ids)):
        raise SettingsError(
            f"{setting}: expected auto, none, or GPUs by number or UUID as in 0,1; "
            f"found: {wanted!r}"
        )
    listed = _list_gpus()
    if wanted == "auto":
        return list((listed or {}).values())
    if listed is None:
        if not any(path.exists() for path in _DRIVERS):
            raise GpuError(
                f"{setting} = {wanted}: expected NVIDIA's driver; found neither nvidia-smi nor "
                f"{' nor '.join(map(str, _DRIVERS))}. Install it, or compute on the CPU with "
                "[gpus] devices = none"
            )
        return [Gpu(one, f"GPU {one}") for one in dict.fromkeys(ids)]
    by_id = listed | {gpu.id: gpu for gpu in listed.values()}
    if missing := [one for one in ids if one not in by_id]:
        raise SettingsError(
            f"{setting}: expected GPUs that nvidia-smi lists ({', '.join(by_id) or 'none'}); "
            f"found: {', '.join(missing)}"
        )
    return list(dict.fromkeys(by_id[one] for one in ids))


def _list_gpus() -> dict[str, Gpu] | None:
    """The host's GPUs by number, from nvidia-smi; None if it is not installed."""
    if not shutil.which(NVIDIA_SMI):
        return None
    failure, output, rows = "", "", []
    try:
        rows = query_gpus("index", "uuid", "name", timeout_s=_NVIDIA_SMI_TIMEOUT_S)
    except subprocess.CalledProcessError as error:
        failure = f"exit code {error.returncode}"
        output = " ".join(f"{error.stdout} {error.stderr}".split())
    except subprocess.TimeoutExpired:
        failure = f"no answer in {_NVIDIA_SMI_TIMEOUT_S:.0f} s"
    if failure:
        raise GpuError(
            f"nvidia-smi: expected the list of this host's GPUs; found: {failure} {output[:300]}. "
            "Fix the driver, or compute on the CPU with [gpus] devices = none"
        )
    return {index: Gpu(uuid, f"GPU {index} ({name})") for index, uuid, name in rows}


def query_gpus(*fields: str, timeout_s: float) -> list[list[str]]:
    """Query nvidia-smi for some fields of each GPU; only the last one may contain a comma.

    Raises:
        OSError: It cannot be run.
        subprocess.SubprocessError: It fails, or times out.
    """
    ran = subprocess.run(
        [NVIDIA_SMI, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=True,
    )
    return [line.split(", ", len(fields) - 1) for line in ran.stdout.splitlines()]


@contextlib.contextmanager
def lease_gpu(gpus: Sequence[Gpu], on_wait: Callable[[], None]) -> Iterator[Gpu | None]:
    """Lease one of the GPUs while the block runs; if all are leased, wait for the first free one.

    A lease is a lock (flock) on the GPU's file in ``[gpus] lock_dir``. It belongs to this process
    and to those that it forks in the block, and the kernel releases it when the last of them has
    ended, for any reason: a GPU is free only when nothing computes on it.

    Args:
        gpus: From ``find_gpus``; if empty, nothing is leased and the block gets None.
        on_wait: Called once if all GPUs are leased.

    Raises:
        StorageError: The files cannot be created or opened.
    """
    if not gpus:
        yield None
        return
    with contextlib.ExitStack() as stack:
        handles = {gpu: _open_lock(gpu, stack) for gpu in gpus}
        gpu = _lock_one(handles)
        if gpu is None:
            on_wait()
        while gpu is None:
            time.sleep(_SECONDS_BETWEEN_TRIES)
            gpu = _lock_one(handles)
        yield gpu


def _open_lock(gpu: Gpu, stack: contextlib.ExitStack) -> int:
    path = Path(settings.gpus().lock_dir, f"thumbnail-tasks-{gpu.id}.lock")
    try:
        # Read-only, and created only if missing, so that files of other users can be locked.
        create = 0 if path.exists() else os.O_CREAT
        handle = os.open(path, os.O_RDONLY | create, 0o644)
    except OSError as error:
        raise StorageError(
            f"{path}: expected a lock file that can be created or opened; found: {error.strerror}. "
            "Set [gpus] lock_dir to a folder shared by all runs on this host"
        ) from error
    stack.callback(os.close, handle)
    return handle


def _lock_one(handles: dict[Gpu, int]) -> Gpu | None:
    for gpu, handle in handles.items():
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return gpu
    return None


_leased_gpu: Gpu | None = None


def show_only(gpu: Gpu | None) -> None:
    """Make one GPU (None: no GPU) visible to frameworks that this process imports later."""
    global _leased_gpu
    _leased_gpu = gpu
    os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # numbers as in nvidia-smi
    os.environ[_VISIBLE] = gpu.id if gpu else ""


def leased_gpu() -> Gpu | None:
    """The GPU that this process computes on; None for the CPU."""
    return _leased_gpu


def not_visible(gpu: Gpu, found: str, remedy: str) -> GpuError:
    """The error of a framework that does not see the leased GPU.

    Args:
        gpu: The leased GPU.
        found: The framework, its version, and what it lacks.
        remedy: What to install.
    """
    return GpuError(
        f"{gpu.label}: expected a framework that computes on it; found: {found}. "
        f"{remedy}, or compute on the CPU with [gpus] devices = none"
    )
