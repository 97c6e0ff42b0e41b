"""Progress of long measurements, on stderr."""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")

_SECONDS_BETWEEN_LINES = 5.0


def say(line: str) -> None:
    """Print one line; stdout is for results."""
    print(f"benchmark: {line}", file=sys.stderr, flush=True)


def report_progress(items: Sequence[Item], label: str) -> Iterator[Item]:
    """Yield the items and print the progress every five seconds."""
    started = printed = time.monotonic()
    for done, item in enumerate(items):
        if time.monotonic() - printed > _SECONDS_BETWEEN_LINES:
            printed = time.monotonic()
            say(f"{label}: {done} of {len(items)} in {printed - started:.0f} s")
        yield item
    say(f"{label}: {len(items)} in {time.monotonic() - started:.0f} s")
