"""Contenders beside each other: each in a process of its own, the same items in turn, timed.

A process of its own keeps a contender's threads, its imports and its processor time apart from
the others'. Models are loaded, and run once, before the first turn.
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
from benchmarks.progress import say, tell_progress

Item = TypeVar("Item")
Run = Callable[[Sequence[Any]], Any]
"""Does some items; what it gives must be picklable."""


@dataclass(frozen=True)
class Contender:
    """One who takes part."""

    name: str
    """As it stands in the table."""
    load: Callable[..., Run]
    """A function of a module: loads the model, in the contender's own process.

    It raises ``MissingError`` where its package or its data is not there.
    """
    arguments: tuple[Any, ...] = ()
    """What ``load`` takes."""
    n_most: int | None = None
    """A slow one does only the first items of each round."""
    n_warm_up: int = 1
    """Items done before the first turn."""


class Turn(NamedTuple):
    """What one contender made of one round."""

    n_items: int
    wall_s: float
    processor_s: float
    """User and system, of the process and of those that it started and waited for."""
    result: Any = None


@dataclass
class Outcome:
    """All turns of one contender."""

    name: str
    turns: list[Turn] = field(default_factory=list)

    @property
    def wall_s(self) -> list[float]:
        """Seconds an item on the clock, turn by turn."""
        return [turn.wall_s / turn.n_items for turn in self.turns]

    @property
    def processor_s(self) -> list[float]:
        """Seconds an item of processor, turn by turn."""
        return [turn.processor_s / turn.n_items for turn in self.turns]

    @property
    def cases(self) -> str:
        """How much was done, as in ``5 turns of 16``."""
        turns = "1 turn" if len(self.turns) == 1 else f"{len(self.turns)} turns"
        return f"{turns} of {max(turn.n_items for turn in self.turns)}"


class Contest(NamedTuple):
    """What all contenders came to, in their order."""

    outcomes: list[Outcome]
    missing: dict[str, str]
    """Name of those that cannot take part, to the reason."""

    def find(self, contender: Contender) -> Outcome | None:
        """The outcome of one of them; None where it could not take part."""
        return next((done for done in self.outcomes if done.name == contender.name), None)


def take_turns(
    contenders: Sequence[Contender], rounds: Sequence[Sequence[Any]], what: str
) -> Contest:
    """Let all contenders do one round after the other, so that noise meets all alike.

    Args:
        contenders: One or more.
        rounds: The items of each round, one or more.
        what: What is measured, for the line of progress.
    """
    outcomes = [Outcome(contender.name) for contender in contenders]
    missing: dict[str, str] = {}
    spawn = multiprocessing.get_context("spawn")  # forked, it would have our imports and threads
    with ExitStack() as stack:
        own = [stack.enter_context(ProcessPoolExecutor(1, spawn)) for _ in contenders]
        ready: set[str] = set()
        for items in tell_progress(rounds, what):
            for contender, process, outcome in zip(contenders, own, outcomes, strict=True):
                if contender.name in missing:
                    continue
                try:
                    if contender.name not in ready:
                        first = items[: contender.n_warm_up]
                        process.submit(_prepare, contender, first).result()
                        ready.add(contender.name)
                    outcome.turns.append(process.submit(_take, items[: contender.n_most]).result())
                except MissingError as reason:
                    missing[contender.name] = str(reason)
                    say(f"{contender.name} is skipped: {reason}")
    return Contest([outcome for outcome in outcomes if outcome.turns], missing)


def cut_rounds(items: Sequence[Item], n_rounds: int, n_items: int) -> list[list[Item]]:
    """Cut ``n_rounds`` rounds of ``n_items`` from the items, from the first again after the last.

    With fewer items than ``n_items`` a round has each of them once.
    """
    size = min(n_items, len(items))
    starts = (number * size for number in range(n_rounds))
    return [[items[(start + place) % len(items)] for place in range(size)] for start in starts]


def measure(run: Run, items: Sequence[Any]) -> Turn:
    """Time one turn."""
    processor, wall = _processor_s(), time.perf_counter()
    result = run(items)
    return Turn(len(items), time.perf_counter() - wall, _processor_s() - processor, result)


_runs: list[Run] = []
"""Of a contender's own process: what it has loaded."""


def _prepare(contender: Contender, items: Sequence[Any]) -> None:
    with Path(os.devnull).open("w") as nowhere:  # Keras draws bars; stdout is left to results
        os.dup2(nowhere.fileno(), 1)
    run = contender.load(*contender.arguments)
    if items:
        run(items)
    _runs.append(run)


def _take(items: Sequence[Any]) -> Turn:
    return measure(_runs[0], items)


def _processor_s() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)
