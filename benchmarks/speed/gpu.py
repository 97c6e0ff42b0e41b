"""Time each network of the stages on a GPU, batch by batch, and each stage as a whole.

The stages run once on some pictures, with the engines of luigi.cfg. What each network is given is
recorded, and given again, repeated to batches of 1, 2, 4 and so on, on the GPU and on the CPU. So
the figures are the limits of the arithmetic: a stage also decodes pictures and prepares its input.

Without a GPU the command ends with a message; --on-cpu measures the CPU only. It takes about four
minutes, and writes gpu.md and gpu.json.
"""

import argparse
import contextlib
import functools
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.job import ROOT
from benchmarks.accuracy.ours import as_thumbnails, load_stage, without_titles
from benchmarks.progress import say
from benchmarks.speed.machine import inspect_machine
from benchmarks.speed.parts import Setting
from benchmarks.speed.spread import Spread, spread
from benchmarks.speed.table import Row, write_table
from thumbnail_tasks.engines.runtimes.onnx import open_session
from thumbnail_tasks.errors import ThumbnailTasksError
from thumbnail_tasks.execution.gpus import Gpu, GpuError, find_gpus, lease_gpu, show_only
from thumbnail_tasks.stages.emotions import ClassifyEmotions
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.objects import DetectObjects
from thumbnail_tasks.stages.words import RecognizeText

_PART: Final = "gpu"
_N_PICTURES: Final = 32
_BATCHES: Final = (1, 2, 4, 8, 16, 32, 64)
_BATCHES_ON_CPU: Final = (1, 4)
_SECONDS_PER_BATCH: Final = 0.5
_N_TURNS: Final = 3
_ABOUT: Final = f"""
Each stage on {_N_PICTURES} pictures, models loaded; then each network alone, given what its stage
gave it (the input of median size), repeated to batches. Wall time: median of {_N_TURNS} turns, with
minimum and maximum in brackets.
""".strip()
Inputs = Mapping[str, NDArray[Any]]


@dataclass
class Network:
    """A network that a stage has loaded, and what it was given."""

    name: str
    model: bytes | str
    inputs: list[Inputs] = field(default_factory=list)

    @property
    def takes_batches(self) -> bool:
        """Whether it was used, with nothing but pictures: not the one that resizes."""
        return bool(self.inputs) and all(values.ndim == 4 for values in self.inputs[0].values())

    def typical_input(self) -> Inputs:
        """The input of median size."""
        by_size = sorted(self.inputs, key=lambda each: sum(a.nbytes for a in each.values()))
        return by_size[len(by_size) // 2]


@contextlib.contextmanager
def recording(stage: str) -> Iterator[list[Network]]:
    """Record the networks that are loaded in the block, and their inputs as long as they live."""
    import onnxruntime as ort

    networks: list[Network] = []

    class Recorded(ort.InferenceSession):  # type: ignore[misc]
        def __init__(self, model: bytes | str, *arguments: Any, **options: Any) -> None:
            super().__init__(model, *arguments, **options)
            self._network = Network(f"{stage}, network {len(networks) + 1}", model)
            networks.append(self._network)

        def run(self, names: Any, inputs: Inputs, *arguments: Any) -> Any:
            if len(self._network.inputs) < 4 * _N_PICTURES:
                self._network.inputs.append(dict(inputs))
            return super().run(names, inputs, *arguments)

    with mock.patch.object(ort, "InferenceSession", Recorded):
        yield networks


def repeat(inputs: Inputs, n: int) -> Inputs:
    """The first item of a batch, n times."""
    return {name: np.repeat(values[:1], n, axis=0) for name, values in inputs.items()}


def measure_network(
    network: Network, open_session: Callable[[Any], Any], sizes: Sequence[int]
) -> dict[int, Spread]:
    """Items per second of a network, by size of batch, as far as it takes them.

    Args:
        network: With at least one input.
        open_session: Opens the session on the device to measure.
        sizes: Of the batches, ascending.
    """
    session = open_session(network.model)
    given = network.typical_input()
    found: dict[int, Spread] = {}
    for n in sizes:
        batch = repeat(given, n)
        try:
            session.run(None, batch)
        except Exception as error:  # ONNX Runtime's have no common class
            say(f"{network.name}: no batch of {n}: {str(error)[:120]}")
            break
        turns = [_rate(lambda batch=batch: session.run(None, batch), n) for _ in range(_N_TURNS)]
        found[n] = spread(turns)
    return found


def _rate(run: Callable[[], Any], n_items: int) -> float:
    began, n_runs = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - began) < _SECONDS_PER_BATCH / _N_TURNS or not n_runs:
        run()
        n_runs += 1
    return n_runs * n_items / elapsed


def run_stages(contents: Sequence[bytes]) -> tuple[list[Network], dict[str, Spread]]:
    """Run the stages on some pictures.

    Args:
        contents: Encoded pictures.

    Returns:
        The networks of all stages, with their inputs; pictures per second of each stage, models
        loaded.
    """
    thumbnails = as_thumbnails(contents)
    networks: list[Network] = []
    rates = {}
    faces = None
    for stage in (RecognizeText, DetectFaces, ClassifyEmotions, DetectObjects):
        given = [thumbnails]
        if stage is RecognizeText:
            given.append(without_titles(thumbnails))
        if stage is ClassifyEmotions:
            given.append(faces)
        name = stage.get_task_family()
        say(f"{name}: {len(contents)} pictures, {stage.selected_engine().name()}")
        with recording(name) as recorded:
            compute = load_stage(stage)
            found = compute(given)
        networks += recorded
        if stage is DetectFaces:
            faces = found
        turns = [_rate(lambda c=compute, g=given: c(g), len(contents)) for _ in range(_N_TURNS)]
        rates[name] = spread(turns)
    return networks, rates


def measure(setting: Setting, gpu: Gpu | None) -> list[Row]:
    """Measure all networks and stages on a GPU, or on the CPU only.

    Args:
        setting: The data.
        gpu: The GPU that this process has leased; None for the CPU.
    """
    contents = [picture.read_bytes() for picture in setting.pictures[:_N_PICTURES]]
    device = gpu.label if gpu else "CPU"
    networks, rates = run_stages(contents)
    cases = f"{_N_TURNS} turns of {len(contents)}"
    rows = [
        Row(_PART, f"{stage}, pictures per second", device, cases, rate, None, "per s")
        for stage, rate in rates.items()
    ]
    for network in filter(lambda each: each.takes_batches, networks):
        rows += _rows_of(network, "CPU", _BATCHES_ON_CPU)
        if gpu:
            rows += _rows_of(network, device, _BATCHES)
    return rows


def _rows_of(network: Network, device: str, sizes: Sequence[int]) -> list[Row]:
    say(f"{network.name} on {device}")
    shape = " and ".join(str(a.shape[1:]) for a in network.typical_input().values())
    opener = functools.partial(open_session, is_on_cpu=device == "CPU")
    return [
        Row(
            *(_PART, f"{network.name}, {shape}, items per second"),
            *(device, f"{_N_TURNS} turns, batches of {n}", rate, None, "per s"),
        )
        for n, rate in measure_network(network, opener, sizes).items()
    ]


def main() -> None:
    """Parse the flags, measure, and print the paths of the results."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed.gpu",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="default: ../shared/data")
    parser.add_argument("--out", type=Path, metavar="DIR", help="default: build/speed")
    parser.add_argument("--on-cpu", action="store_true", help="measure the CPU only")
    args = parser.parse_args()
    data = (args.data or ROOT.parent / "shared" / "data").resolve()
    out = (args.out or ROOT / "build" / "speed").resolve()
    setting = Setting(data, out)
    try:
        gpus = [] if args.on_cpu else find_gpus()
        if not gpus and not args.on_cpu:
            raise GpuError("expected a GPU; found: none. --on-cpu measures the CPU only")
        began = inspect_machine()
        with lease_gpu(gpus, lambda: say("waiting for a GPU")) as gpu:
            show_only(gpu)
            rows = measure(setting, gpu)
    except ThumbnailTasksError as error:
        sys.exit(f"ERROR: {error}")
    print(*write_table(rows, data, out, began, inspect_machine(), "gpu", _ABOUT), sep="\n")


if __name__ == "__main__":
    main()
