"""How far a long measurement is, on stderr."""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")

_SECONDS_BETWEEN_LINES = 5.0


def say(line: str) -> None:
    """One line to the person at the terminal; stdout is left to results."""
    print(f"benchmark: {line}", file=sys.stderr, flush=True)


def tell_progress(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Yield the items and tell, every five seconds, how many are done."""
    started = told = time.monotonic()
    for done, item in enumerate(items):
        if time.monotonic() - told > _SECONDS_BETWEEN_LINES:
            told = time.monotonic()
            say(f"{what}: {done} of {len(items)} in {told - started:.0f} s")
        yield item
    say(f"{what}: {len(items)} in {time.monotonic() - started:.0f} s")
