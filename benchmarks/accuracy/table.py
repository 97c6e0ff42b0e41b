"""The table of scores, as Markdown and JSON."""

import json
import math
import operator
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.accuracy.intervals import N_DRAWS, SEED, Estimate

_COMPARE = {"≥": operator.ge, "≤": operator.le, ">": operator.gt, "<": operator.lt}
_NAMED = ("thumbnail-tasks", "rapidocr", "onnxruntime", "dlib-bin", "tensorflow", "numpy")


class Bar(NamedTuple):
    """What the product sets itself for a score."""

    comparison: str
    limit: float

    def is_met(self, score: float) -> bool:
        """Whether the score is on the right side."""
        return bool(_COMPARE[self.comparison](score, self.limit))


class Cost(NamedTuple):
    """What one picture, face or text takes."""

    median_ms: float
    is_cached: bool = False
    """Some of it was timed in an earlier run, whose results were taken from the cache."""


@dataclass(frozen=True)
class Row:
    """One score of one engine."""

    part: str
    measured: str
    engine: str
    n_cases: int = 0
    cases: str = ""
    """What was counted and resampled, as in ``pictures``."""
    estimate: Estimate | None = None
    """None where it was skipped; the note says why."""
    digits: int = 3
    cost: Cost | None = None
    bar: Bar | None = None
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the bar is met; None without bar or score."""
        if self.bar is None or self.estimate is None or math.isnan(self.estimate.score):
            return None
        return self.bar.is_met(self.estimate.score)


def skipped(part: str, measured: str, engine: str, reason: object) -> Row:
    """A row that says why there is no score."""
    return Row(part, measured, engine, note=f"skipped: {reason}")


def write_table(rows: Sequence[Row], data: Path, folder: Path) -> list[Path]:
    """Write ``accuracy.md`` and ``accuracy.json``; returns their paths.

    Args:
        rows: In the order of the table.
        data: The folder that was measured on.
        folder: Where to write; made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    about = describe_run(data)
    markdown, as_json = folder / "accuracy.md", folder / "accuracy.json"
    markdown.write_text(format_markdown(rows, about), encoding="utf-8")
    content = {**about, "rows": [_as_plain(row) for row in rows]}
    as_json.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return [markdown, as_json]


def describe_run(data: Path) -> dict[str, Any]:
    """When, on what and with which versions."""
    versions = {}
    for name in _NAMED:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": str(data),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load_average_15_min": round(os.getloadavg()[2], 1),
        "versions": versions,
        "bootstrap": {"draws": N_DRAWS, "seed": SEED, "interval": 0.95},
    }


def format_markdown(rows: Sequence[Row], about: dict[str, Any]) -> str:
    """The table with what it was made of."""
    lines = [
        "# Accuracy",
        "",
        f"Measured {about['measured_at']} on `{about['data']}` with "
        + ", ".join(f"{name} {number}" for name, number in about["versions"].items())
        + f"; {about['cores']} cores, load average {about['load_average_15_min']} in the last "
        "15 minutes: where it is above the number of cores, the times are too long.",
        f"In brackets: 95 % interval of {N_DRAWS:,} bootstrap draws (seed {SEED}) over the cases. "
        "Cost: median milliseconds a picture, face or text, one at a time unless the note says "
        "otherwise, alternating with the peers; ° timed in an earlier run (cache).",
        "",
        "| part | measured | engine | cases | score | 95 % | ms | bar | met | note |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += ["| " + " | ".join(map(_cell, _format(row))) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _format(row: Row) -> list[str]:
    cost = f"{_round(row.cost.median_ms)}{'°' if row.cost.is_cached else ''}" if row.cost else ""
    bar = f"{row.bar.comparison} {row.bar.limit:g}" if row.bar else ""
    met = {None: "", True: "yes", False: "**no**"}[row.is_met]
    cases = f"{row.n_cases:,} {row.cases}" if row.estimate else ""
    score = interval = ""
    if row.estimate:
        score = f"{row.estimate.score:.{row.digits}f}"
        interval = f"({row.estimate.low:.{row.digits}f} to {row.estimate.high:.{row.digits}f})"
        if math.isnan(row.estimate.low):
            interval = ""
    return [row.part, row.measured, row.engine, cases, score, interval, cost, bar, met, row.note]


def _round(value: float) -> str:
    """Three digits, as in ``1,090``, ``98.4`` and ``1.11``."""
    if value <= 0:
        return "0"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.{max(2 - math.floor(math.log10(rounded)), 0)}f}"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _as_plain(row: Row) -> dict[str, Any]:
    plain = asdict(row)
    for name in ("estimate", "bar", "cost"):
        value = getattr(row, name)
        plain[name] = value and {key: _number(item) for key, item in value._asdict().items()}
    return {**plain, "is_met": row.is_met}


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
