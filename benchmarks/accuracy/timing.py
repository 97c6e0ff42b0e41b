"""Engines beside each other: the same pictures, in turn, each call timed; slow peers cached."""

import hashlib
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.accuracy.table import Cost
from benchmarks.progress import tell_progress


@dataclass(frozen=True)
class Contestant:
    """One who takes part."""

    name: str
    """As it stands in the table."""
    load: Callable[[], Callable[[bytes], Any]]
    """Loads the model; gives what maps the bytes of a picture to a result of plain values."""
    cache_key: str = ""
    """Whatever changes its results; empty for one that is quick enough to run each time."""


@dataclass
class Outcome:
    """What one contestant made of all pictures."""

    results: list[Any] = field(default_factory=list)
    times_ms: list[float] = field(default_factory=list)
    is_cached: bool = False

    @property
    def cost(self) -> Cost:
        """Median of one picture."""
        return Cost(statistics.median(self.times_ms), self.is_cached)


def run_contest(
    contestants: Sequence[Contestant], pictures: Sequence[Path], cache: Path, what: str
) -> list[Outcome]:
    """Let all contestants do one picture after the other, so that noise meets all alike.

    Args:
        contestants: Whose calls are timed; models are loaded, and run once, before.
        pictures: N files.
        cache: Folder of results of those with a ``cache_key``.
        what: What is measured, for the line of progress.

    Returns:
        One outcome per contestant, with N results and times each.
    """
    outcomes = [Outcome() for _ in contestants]
    loaded: dict[str, Callable[[bytes], Any]] = {}
    for picture in tell_progress(pictures, what):
        content = picture.read_bytes()
        for contestant, outcome in zip(contestants, outcomes, strict=True):
            entry = _place(cache, contestant, content)
            if entry and entry.exists():
                kept = json.loads(entry.read_text(encoding="utf-8"))
                outcome.is_cached = True
            else:
                if contestant.name not in loaded:
                    loaded[contestant.name] = contestant.load()
                    loaded[contestant.name](content)  # the first call prepares more than the rest
                kept = _time(loaded[contestant.name], content)
                if entry:
                    _keep(entry, kept)
            outcome.results.append(kept["result"])
            outcome.times_ms.append(kept["ms"])
    return outcomes


def _time(run: Callable[[bytes], Any], content: bytes) -> dict[str, Any]:
    started = time.perf_counter()
    result = run(content)
    return {"ms": 1000 * (time.perf_counter() - started), "result": result}


def _keep(entry: Path, kept: dict[str, Any]) -> None:
    entry.parent.mkdir(parents=True, exist_ok=True)
    temporary = entry.with_suffix(".writing")
    temporary.write_text(json.dumps(kept), encoding="utf-8")
    temporary.replace(entry)


def _place(cache: Path, contestant: Contestant, content: bytes) -> Path | None:
    if not contestant.cache_key:
        return None
    key = hashlib.sha256(contestant.cache_key.encode()).hexdigest()[:16]
    return cache / key / f"{hashlib.sha256(content).hexdigest()}.json"
