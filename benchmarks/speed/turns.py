"""Time contenders in turns on the same items, each in a separate process.

Separate processes isolate the threads, imports and CPU time of the contenders. Models are loaded,
and run once, before the first turn.
"""

import multiprocessing
import os
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from benchmarks.accuracy.labels import MissingError
from benchmarks.progress import report_progress, say

Item = TypeVar("Item")
Run = Callable[[Sequence[Any]], Any]
"""Processes some items; its result must be picklable."""


@dataclass(frozen=True)
class Contender:
    """A library or stage to compare."""

    name: str
    """Its name in the table."""
    load: Callable[..., Run]
    """A module-level function that loads the model, in the contender's process.

    It raises ``MissingError`` if its package or its data is missing.
    """
    arguments: tuple[Any, ...] = ()
    """Arguments of ``load``."""
    max_items: int | None = None
    """Limits a slow contender to the first items of each round."""
    n_warm_up: int = 1
    """Number of items processed before the first turn."""


class Turn(NamedTuple):
    """Figures of one contender in one round."""

    n_items: int
    wall_s: float
    cpu_s: float
    """User and system time, including child processes that it waited for."""
    result: Any = None


@dataclass
class Outcome:
    """All turns of one contender."""

    name: str
    turns: list[Turn] = field(default_factory=list)

    @property
    def wall_s(self) -> list[float]:
        """Wall time per item in seconds, turn by turn."""
        return [turn.wall_s / turn.n_items for turn in self.turns]

    @property
    def cpu_s(self) -> list[float]:
        """CPU time per item in seconds, turn by turn."""
        return [turn.cpu_s / turn.n_items for turn in self.turns]

    @property
    def cases(self) -> str:
        """Number of turns and items, as in ``5 turns of 16``."""
        turns = "1 turn" if len(self.turns) == 1 else f"{len(self.turns)} turns"
        return f"{turns} of {max(turn.n_items for turn in self.turns)}"


class Contest(NamedTuple):
    """Outcomes of all contenders, in their order."""

    outcomes: list[Outcome]
    missing: dict[str, str]
    """Name of each unavailable contender to the reason."""

    def find(self, contender: Contender) -> Outcome | None:
        """The outcome of a contender; None if it was unavailable."""
        return next((done for done in self.outcomes if done.name == contender.name), None)


def take_turns(
    contenders: Sequence[Contender], rounds: Sequence[Sequence[Any]], label: str
) -> Contest:
    """Run all contenders on each round in turn, so that noise affects all equally.

    Args:
        contenders: One or more.
        rounds: The items of each round, one or more.
        label: Name of the measurement, for progress.
    """
    outcomes = [Outcome(contender.name) for contender in contenders]
    missing: dict[str, str] = {}
    spawn = multiprocessing.get_context("spawn")  # a fork would inherit imports and threads
    with ExitStack() as stack:
        processes = [stack.enter_context(ProcessPoolExecutor(1, spawn)) for _ in contenders]
        ready: set[str] = set()
        for items in report_progress(rounds, label):
            for contender, process, outcome in zip(contenders, processes, outcomes, strict=True):
                if contender.name in missing:
                    continue
                try:
                    if contender.name not in ready:
                        first = items[: contender.n_warm_up]
                        process.submit(_prepare, contender, first).result()
                        ready.add(contender.name)
                    outcome.turns.append(
                        process.submit(_measure_turn, items[: contender.max_items]).result()
                    )
                except MissingError as reason:
                    missing[contender.name] = str(reason)
                    say(f"{contender.name} is skipped: {reason}")
    return Contest([outcome for outcome in outcomes if outcome.turns], missing)


def cut_rounds(items: Sequence[Item], n_rounds: int, n_items: int) -> list[list[Item]]:
    """Divide the items cyclically into ``n_rounds`` rounds of ``n_items``.

    If there are fewer than ``n_items``, a round has each of them once.
    """
    size = min(n_items, len(items))
    starts = (number * size for number in range(n_rounds))
    return [[items[(start + i) % len(items)] for i in range(size)] for start in starts]


def measure(run: Run, items: Sequence[Any]) -> Turn:
    """Time one turn."""
    cpu, wall = _cpu_s(), time.perf_counter()
    result = run(items)
    return Turn(len(items), time.perf_counter() - wall, _cpu_s() - cpu, result)


_runs: list[Run] = []
"""What the contender loaded, in its own process."""


def _prepare(contender: Contender, items: Sequence[Any]) -> None:
    with Path(os.devnull).open("w") as null:  # Keras prints progress bars; stdout is for results
        os.dup2(null.fileno(), 1)
    run = contender.load(*contender.arguments)
    if items:
        run(items)
    _runs.append(run)


def _measure_turn(items: Sequence[Any]) -> Turn:
    return measure(_runs[0], items)


def _cpu_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
