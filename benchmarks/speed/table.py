"""The table of times and ratios, as Markdown and JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.speed.machine import Machine
from benchmarks.speed.spread import Spread, ratios, spread
from benchmarks.speed.turns import Contest, Outcome
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

_NAMED = (
    *("thumbnail-tasks", "luigi", "pyarrow", "numpy", "rapidocr", "onnxruntime", "tensorflow"),
    *("dlib-bin", "keras-ocr", "face-recognition", "tf-keras", "pyspellchecker"),
)

_ABOUT = """
Every contender runs in a separate process; they take turns on the same items, so that noise affects
all equally. Median of the turns, with minimum and maximum in brackets. CPU time is the user and
system time on all cores, including child processes. Ratios are of the same turn, theirs / ours.
Targets apply to wall time unless noted otherwise. On a busy machine times are too long; ratios and
CPU times are affected less.
""".strip()


@dataclass(frozen=True)
class Row:
    """One measurement."""

    part: str
    measured: str
    contender: str
    cases: str = ""
    """Number of turns and items, as in ``5 turns of 16``."""
    wall_time: Spread | None = None
    """None if it was skipped (the note says why), or if there is only CPU time."""
    cpu_time: Spread | None = None
    unit: str = ""
    target: Target | None = None
    is_judged_by_cpu_time: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None without a target or figure."""
        judged = self.cpu_time if self.is_judged_by_cpu_time else self.wall_time
        return self.target.is_met(judged.median) if self.target and judged else None


def skipped(part: str, measured: str, contender: str, reason: object) -> Row:
    """A row with the reason why there is no figure."""
    return Row(part, measured, contender, note=f"skipped: {reason}")


def time_rows(
    part: str, item: str, contest: Contest, notes: Mapping[str, str] | None = None
) -> list[Row]:
    """One row per contender: milliseconds per item.

    Args:
        part: The part of the table.
        item: The kind of item, such as ``picture``.
        contest: The turns.
        notes: Name of a contender to its note.
    """
    measured = f"time per {item}"
    rows = []
    for done in contest.outcomes:
        wall_time, cpu_time = (
            spread([1000 * seconds for seconds in each]) for each in (done.wall_s, done.cpu_s)
        )
        note = (notes or {}).get(done.name, "")
        rows.append(
            Row(part, measured, done.name, done.cases, wall_time, cpu_time, "ms", note=note)
        )
    rows += [skipped(part, measured, name, why) for name, why in contest.missing.items()]
    return rows


def ratio_row(
    part: str,
    measured: str,
    theirs: Outcome,
    ours: Outcome,
    target: Target | None = None,
    note: str = "",
) -> Row:
    """The ratio of their time per item to ours, turn by turn."""
    return Row(
        *(part, measured, f"{theirs.name} / {ours.name}", theirs.cases),
        ratios(theirs.wall_s, ours.wall_s),
        ratios(theirs.cpu_s, ours.cpu_s),
        *("×", target),
        note=note,
    )


def write_table(
    rows: Sequence[Row],
    data: Path,
    folder: Path,
    began: Machine,
    ended: Machine,
    name: str = "speed",
    method: str = _ABOUT,
) -> list[Path]:
    """Write ``speed.md`` and ``speed.json``, or of another name; returns their paths.

    Args:
        rows: In the order of the table.
        data: The folder of the data.
        folder: Created if it does not exist.
        began: The machine at the start.
        ended: The machine at the end.
        name: The files' name, and the title.
        method: How it was measured, in Markdown.
    """
    loads = {"load_average_at_start": began.load_average, "load_average_at_end": ended.load_average}
    about = {**describe_run(data, _NAMED), **began.describe(), **loads}
    text = format_markdown(rows, about, name.capitalize(), method)
    content = {**about, "rows": [_as_plain(row) for row in rows]}
    return write_files(folder, name, text, content)


def format_markdown(
    rows: Sequence[Row], about: dict[str, Any], title: str = "Speed", method: str = _ABOUT
) -> str:
    """Format the table and the conditions of the measurement."""
    lines = [
        *(f"# {title}", ""),
        f"Measured {about['measured_at']} on `{about['data']}` with Python {about['python']}, "
        + format_versions(about["versions"])
        + ".",
        f"Machine: {about['cpu']}, {about['cores_allowed']} of {about['cores']} cores, "
        f"{about['memory_gb']:.0f} GB; load average (1, 5, 15 minutes) "
        f"{_format_load(about['load_average_at_start'])} at the start, "
        f"{_format_load(about['load_average_at_end'])} at the end.",
        *("", method, ""),
        "| part | measured | contender | cases | wall time | CPU time "
        "| unit | target | met | note |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(format_row(_format(row)) for row in rows)]) + "\n"


def _format_load(averages: Sequence[float]) -> str:
    return ", ".join(f"{average:.1f}" for average in averages)


def _format(row: Row) -> list[str]:
    note = "; ".join(filter(None, ["by CPU time" * row.is_judged_by_cpu_time, row.note]))
    return [
        *(row.part, row.measured, row.contender, row.cases),
        *(_format_spread(row.wall_time), _format_spread(row.cpu_time), row.unit),
        *format_target(row.target, row.is_met),
        note,
    ]


def _format_spread(values: Spread | None) -> str:
    if values is None:
        return ""
    median, minimum, maximum = map(round_figure, values)
    return median if values.minimum == values.maximum else f"{median} ({minimum} to {maximum})"


def _as_plain(row: Row) -> dict[str, Any]:
    named = {name: as_plain(getattr(row, name)) for name in ("wall_time", "cpu_time", "target")}
    return {**asdict(row), **named, "is_met": row.is_met}
