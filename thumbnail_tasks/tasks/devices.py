"""The GPU on which a task computes."""

import contextlib
from collections.abc import Iterator

import luigi

from thumbnail_tasks.execution.child_process import model_process
from thumbnail_tasks.execution.gpus import CPU, find_gpus, lease_gpu
from thumbnail_tasks.tasks.progress import report_progress


@contextlib.contextmanager
def reserve_device(task: luigi.Task, needs_gpu: bool) -> Iterator[str]:
    """Let the model process compute on a leased GPU while the block runs, if it needs one.

    Yields:
        The label of the GPU, or ``CPU``.

    Raises:
        GpuError: A GPU is required, and there is none.
    """
    if not needs_gpu:
        yield CPU
        return
    gpus = find_gpus()
    labels = ", ".join(gpu.label for gpu in gpus)
    waiting = f"waiting for a GPU: other tasks of this host have leased {labels}"
    with (
        lease_gpu(gpus, lambda: report_progress(task, waiting, 0)) as gpu,
        model_process().on(gpu),
    ):
        device = gpu.label if gpu else CPU
        report_progress(task, f"on {device}", 0)
        yield device
