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

_MIN_CASES = 5
"""Groups of fewer cases are shown without an interval."""
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
    group: str = ""
    """A script or language; rows with one are in a table of their part, a line for each group."""

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
        "alternating with the peers; ° measured in an earlier run (cache). –: not defined, as the "
        "precision of an engine that reports nothing.",
        "",
        "| part | measured | engine | cases | score | 95 % | ms | target | met | note |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [format_row(_format(row)) for row in rows if not row.group]
    for part in dict.fromkeys(row.part for row in rows if row.group):
        lines += ["", f"## {part}", ""]
        lines += _format_groups([row for row in rows if row.group and row.part == part])
    return "\n".join(lines) + "\n"


def _format_groups(rows: Sequence[Row]) -> list[str]:
    """A table with a line for each group and engine, and a column for each thing measured."""
    measured = list(dict.fromkeys(row.measured for row in rows))
    lines = [
        format_row(["script or language", "engine", "cases", *measured, "note"]),
        "|" + "---|" * (len(measured) + 4),
    ]
    for group, engine in dict.fromkeys((row.group, row.engine) for row in rows):
        own = [row for row in rows if (row.group, row.engine) == (group, engine)]
        cells = {row.measured: _format_cell(row) for row in own}
        cases = "; ".join(dict.fromkeys(f"{row.n_cases:,} {row.cases}" for row in own))
        note = "; ".join(dict.fromkeys(row.note for row in own if row.note))
        line = [group, engine, cases, *(cells.get(name, "") for name in measured), note]
        lines.append(format_row(line))
    return lines


def _format_cell(row: Row) -> str:
    """``0.843 (0.710 to 0.949), ≥ 0.88: **no**``; draws of very few cases tell nothing."""
    score, interval = _format_estimate(row)
    if row.n_cases < _MIN_CASES:
        interval = ""
    target = ": ".join(filter(None, format_target(row.target, row.is_met)))
    return ", ".join(filter(None, [f"{score} {interval}".strip(), target]))


def _format(row: Row) -> list[str]:
    cost = ""
    if row.cost:
        cost = round_figure(row.cost.median_ms) + ("°" if row.cost.is_cached else "")
    target = format_target(row.target, row.is_met)
    cases = f"{row.n_cases:,} {row.cases}" if row.estimate else ""
    about = [row.part, row.measured, row.engine, cases, *_format_estimate(row)]
    return [*about, cost, *target, row.note]


def _format_estimate(row: Row) -> tuple[str, str]:
    """The score and its interval; ``–`` for a score that is not defined."""
    if row.estimate is None:
        return "", ""
    score, low, high = (
        "–" if math.isnan(value) else f"{value:.{row.digits}f}" for value in row.estimate
    )
    return score, "" if math.isnan(row.estimate.low) else f"({low} to {high})"


def _as_plain(row: Row) -> dict[str, Any]:
    named = {name: as_plain(getattr(row, name)) for name in ("estimate", "target", "cost")}
    return {**asdict(row), **named, "is_met": row.is_met}
