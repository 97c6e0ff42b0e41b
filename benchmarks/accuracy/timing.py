"""Time engines alternately on the same pictures; results of slow peers are cached."""

import hashlib
import json
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.accuracy.table import Cost
from benchmarks.progress import report_progress


@dataclass(frozen=True)
class Contestant:
    """An engine to compare."""

    name: str
    """Its name in the table."""
    load: Callable[[], Callable[[bytes], Any]]
    """Loads the model; returns a function from the bytes of a picture to a JSON value."""
    cache_key: str = ""
    """Everything that changes its results; empty to run it each time."""


@dataclass
class Outcome:
    """Results and times of one contestant for all pictures."""

    results: list[Any] = field(default_factory=list)
    times_ms: list[float] = field(default_factory=list)
    is_cached: bool = False

    @property
    def cost(self) -> Cost:
        """Median per picture."""
        return Cost(statistics.median(self.times_ms), self.is_cached)


def run_contest(
    contestants: Sequence[Contestant], pictures: Sequence[Path], cache: Path, label: str
) -> list[Outcome]:
    """Run all contestants on each picture in turn, so that noise affects all equally.

    Args:
        contestants: Their models are loaded, and run once, before the first timed call.
        pictures: N files.
        cache: Folder of the results of contestants with a ``cache_key``.
        label: Name of the measurement, for progress.

    Returns:
        One outcome per contestant, with N results and times.
    """
    outcomes = [Outcome() for _ in contestants]
    loaded: dict[str, Callable[[bytes], Any]] = {}
    for picture in report_progress(pictures, label):
        content = picture.read_bytes()
        for contestant, outcome in zip(contestants, outcomes, strict=True):
            entry = _cache_entry(cache, contestant, content)
            if entry and entry.exists():
                kept = json.loads(entry.read_text(encoding="utf-8"))
                outcome.is_cached = True
            else:
                if contestant.name not in loaded:
                    loaded[contestant.name] = contestant.load()
                    loaded[contestant.name](content)  # the first call does extra work
                kept = _time(loaded[contestant.name], content)
                if entry:
                    _store(entry, kept)
            outcome.results.append(kept["result"])
            outcome.times_ms.append(kept["ms"])
    return outcomes


def _time(run: Callable[[bytes], Any], content: bytes) -> dict[str, Any]:
    started = time.perf_counter()
    result = run(content)
    return {"ms": 1000 * (time.perf_counter() - started), "result": result}


def _store(entry: Path, kept: dict[str, Any]) -> None:
    entry.parent.mkdir(parents=True, exist_ok=True)
    temporary = entry.with_suffix(".writing")
    temporary.write_text(json.dumps(kept), encoding="utf-8")
    temporary.replace(entry)


def _cache_entry(cache: Path, contestant: Contestant, content: bytes) -> Path | None:
    if not contestant.cache_key:
        return None
    key = hashlib.sha256(contestant.cache_key.encode()).hexdigest()[:16]
    return cache / key / f"{hashlib.sha256(content).hexdigest()}.json"
