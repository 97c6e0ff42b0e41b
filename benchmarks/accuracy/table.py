"""The table of scores, as Markdown and JSON."""

import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.accuracy.intervals import N_DRAWS, SEED, Estimate
from benchmarks.tables import (
    Target,
    as_plain,
    describe_run,
    format_row,
    format_target,
    format_versions,
    round_figure,
    write_files,
)

_NAMED = ("thumbnail-tasks", "rapidocr", "onnxruntime", "dlib-bin", "tensorflow", "numpy")


class Cost(NamedTuple):
    """Time per picture, face or text."""

    median_ms: float
    is_cached: bool = False
    """Whether some of it was measured in an earlier run and taken from the cache."""


@dataclass(frozen=True)
class Row:
    """One score of one engine."""

    part: str
    measured: str
    engine: str
    n_cases: int = 0
    cases: str = ""
    """What is counted and resampled, such as ``pictures``."""
    estimate: Estimate | None = None
    """None if it was skipped; the note says why."""
    digits: int = 3
    cost: Cost | None = None
    target: Target | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None without a target or score."""
        if self.target is None or self.estimate is None or math.isnan(self.estimate.score):
            return None
        return self.target.is_met(self.estimate.score)


def skipped(part: str, measured: str, engine: str, reason: object) -> Row:
    """A row with the reason why there is no score."""
    return Row(part, measured, engine, note=f"skipped: {reason}")


def write_table(rows: Sequence[Row], data: Path, folder: Path) -> list[Path]:
    """Write ``accuracy.md`` and ``accuracy.json``; returns their paths.

    Args:
        rows: In the order of the table.
        data: The folder of the data.
        folder: Created if it does not exist.
    """
    about = {
        **describe_run(data, _NAMED),
        "load_average_15_min": round(os.getloadavg()[2], 1),
        "bootstrap": {"draws": N_DRAWS, "seed": SEED, "interval": 0.95},
    }
    content = {**about, "rows": [_as_plain(row) for row in rows]}
    return write_files(folder, "accuracy", format_markdown(rows, about), content)


def format_markdown(rows: Sequence[Row], about: dict[str, Any]) -> str:
    """Format the table and the conditions of the measurement."""
    lines = [
        "# Accuracy",
        "",
        f"Measured {about['measured_at']} on `{about['data']}` with "
        + format_versions(about["versions"])
        + f"; {about['cores']} cores, load average {about['load_average_15_min']} in the last "
        "15 minutes; if it exceeds the number of cores, the times are too long.",
        f"In brackets: 95 % interval of {N_DRAWS:,} bootstrap draws (seed {SEED}) over the cases. "
        "ms: median milliseconds per picture, face or text, one at a time unless noted otherwise, "
        "alternating with the peers; ° measured in an earlier run (cache).",
        "",
        "| part | measured | engine | cases | score | 95 % | ms | target | met | note |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [format_row(_format(row)) for row in rows]
    return "\n".join(lines) + "\n"


def _format(row: Row) -> list[str]:
    cost = ""
    if row.cost:
        cost = round_figure(row.cost.median_ms) + ("°" if row.cost.is_cached else "")
    target = format_target(row.target, row.is_met)
    cases = f"{row.n_cases:,} {row.cases}" if row.estimate else ""
    score = interval = ""
    if row.estimate:
        score = f"{row.estimate.score:.{row.digits}f}"
        interval = f"({row.estimate.low:.{row.digits}f} to {row.estimate.high:.{row.digits}f})"
        if math.isnan(row.estimate.low):
            interval = ""
    return [row.part, row.measured, row.engine, cases, score, interval, cost, *target, row.note]


def _as_plain(row: Row) -> dict[str, Any]:
    named = {name: as_plain(getattr(row, name)) for name in ("estimate", "target", "cost")}
    return {**asdict(row), **named, "is_met": row.is_met}
