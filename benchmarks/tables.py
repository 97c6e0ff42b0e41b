"""Targets, figures, versions and files of the tables of both benchmarks."""

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


class Target(NamedTuple):
    """The project's target for a score."""

    comparison: str
    limit: float

    def is_met(self, score: float) -> bool:
        """Whether the score meets it."""
        return bool(_COMPARE[self.comparison](score, self.limit))


def describe_run(data: Path, packages: Sequence[str]) -> dict[str, Any]:
    """Date, data, machine and versions of a measurement.

    Args:
        data: The folder of the data.
        packages: Include their versions, if they are installed.
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
        folder: Created if it does not exist.
        stem: Name of both files, without suffix.
        markdown: Content of the Markdown file.
        content: Content of the JSON file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    markdown_path, json_path = folder / f"{stem}.md", folder / f"{stem}.json"
    markdown_path.write_text(markdown, encoding="utf-8")
    text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
    json_path.write_text(f"{text}\n", encoding="utf-8")
    return [markdown_path, json_path]


def format_versions(versions: dict[str, str]) -> str:
    """``numpy 2.4.6, dlib-bin 20.0.1``."""
    return ", ".join(f"{name} {number}" for name, number in versions.items())


def format_row(cells: Sequence[str]) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(map(_cell, cells))} |"


def format_target(target: Target | None, is_met: bool | None) -> list[str]:
    """Two cells: the target, and whether it is met."""
    met = {None: "", True: "yes", False: "**no**"}[is_met]
    return [f"{target.comparison} {target.limit:g}" if target else "", met]


def round_figure(value: float) -> str:
    """Round to three digits, as in ``1,090``, ``98.4`` and ``1.11``."""
    if value <= 0:
        return "0"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.{max(2 - math.floor(math.log10(rounded)), 0)}f}"


def as_plain(record: Any) -> dict[str, Any] | None:
    """A named tuple as a dict for JSON, with None for NaN; None stays None."""
    if record is None:
        return None
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in record._asdict().items()
    }


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
