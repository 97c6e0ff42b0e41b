"""What the tables of both benchmarks share: bars, figures, versions, and the two files."""

import json
import math
import operator
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

_COMPARE = {"≥": operator.ge, "≤": operator.le, ">": operator.gt, "<": operator.lt}


class Bar(NamedTuple):
    """What the product sets itself for a score."""

    comparison: str
    limit: float

    def is_met(self, score: float) -> bool:
        """Whether the score is on the right side."""
        return bool(_COMPARE[self.comparison](score, self.limit))


def describe_run(data: Path, packages: Sequence[str]) -> dict[str, Any]:
    """When, on what and with which versions.

    Args:
        data: The folder that was measured on.
        packages: Whose versions are told, where they are installed.
    """
    versions = {}
    for name in packages:
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
        "versions": versions,
    }


def write_files(folder: Path, stem: str, markdown: str, content: dict[str, Any]) -> list[Path]:
    """Write a table as Markdown and as JSON; returns the paths.

    Args:
        folder: Where to write; made if it is not there.
        stem: The files' name.
        markdown: The one.
        content: The other.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for_people, for_programs = folder / f"{stem}.md", folder / f"{stem}.json"
    for_people.write_text(markdown, encoding="utf-8")
    plain = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
    for_programs.write_text(f"{plain}\n", encoding="utf-8")
    return [for_people, for_programs]


def format_versions(versions: dict[str, str]) -> str:
    """``numpy 2.4.6, dlib-bin 20.0.1``."""
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def format_row(cells: Sequence[str]) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(map(_cell, cells))} |"


def format_bar(bar: Bar | None, is_met: bool | None) -> list[str]:
    """The cells of a bar: what it is, and whether it is met."""
    told = {None: "", True: "yes", False: "**no**"}[is_met]
    return [f"{bar.comparison} {bar.limit:g}" if bar else "", told]


def round_figure(value: float) -> str:
    """Three digits, as in ``1,090``, ``98.4`` and ``1.11``."""
    if value <= 0:
        return "0"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.{max(2 - math.floor(math.log10(rounded)), 0)}f}"


def as_plain(several: Any) -> dict[str, Any] | None:
    """A named tuple for JSON, which knows no NaN; None stays None."""
    if several is None:
        return None
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in several._asdict().items()
    }


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
