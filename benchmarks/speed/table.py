"""The table of times and ratios, as Markdown and JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.speed.machine import Machine
from benchmarks.speed.spread import Spread, ratios, spread
from benchmarks.speed.turns import Contest, Outcome
from benchmarks.tables import (
    Bar,
    as_plain,
    describe_run,
    format_bar,
    format_row,
    format_versions,
    round_figure,
    write_files,
)

_NAMED = (
    *("thumbnail-tasks", "luigi", "pyarrow", "numpy", "rapidocr", "onnxruntime", "tensorflow"),
    *("dlib-bin", "keras-ocr", "face-recognition", "tf-keras", "pyspellchecker"),
)

_ABOUT = """
Every contender runs in a process of its own; they take turns on the same items, so that noise
meets all alike. Median of the turns, in brackets the least and the most. `clock`: what a user
waits; `processor`: user and system seconds of all cores, processes that were started included.
Ratios are of the same turn, theirs by ours. A bar is judged by the clock unless the row says
otherwise. Times on a busy machine are too long; ratios and processor times suffer less.
""".strip()


@dataclass(frozen=True)
class Row:
    """One figure."""

    part: str
    measured: str
    who: str
    cases: str = ""
    """How much was done, as in ``5 turns of 16``."""
    clock: Spread | None = None
    """None where it was skipped (the note says why), or is of processor time alone."""
    processor: Spread | None = None
    unit: str = ""
    bar: Bar | None = None
    is_judged_by_processor: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the bar is met; None without bar or figure."""
        judged = self.processor if self.is_judged_by_processor else self.clock
        return self.bar.is_met(judged.median) if self.bar and judged else None


def skipped(part: str, measured: str, who: str, reason: object) -> Row:
    """A row that says why there is no figure."""
    return Row(part, measured, who, note=f"skipped: {reason}")


def time_rows(
    part: str, item: str, contest: Contest, notes: Mapping[str, str] | None = None
) -> list[Row]:
    """One row per contender: milliseconds an item.

    Args:
        part: The part of the table.
        item: What an item is, as in ``picture``.
        contest: The turns.
        notes: Name of a contender to what is to be said of it.
    """
    measured = f"time a {item}"
    rows = []
    for done in contest.outcomes:
        clock, processor = (
            spread([1000 * seconds for seconds in each]) for each in (done.wall_s, done.processor_s)
        )
        note = (notes or {}).get(done.name, "")
        rows.append(Row(part, measured, done.name, done.cases, clock, processor, "ms", note=note))
    rows += [skipped(part, measured, name, why) for name, why in contest.missing.items()]
    return rows


def ratio_row(
    part: str, measured: str, theirs: Outcome, ours: Outcome, bar: Bar | None = None, note: str = ""
) -> Row:
    """How many times longer an item takes them than us, turn by turn."""
    return Row(
        *(part, measured, f"{theirs.name} / {ours.name}", theirs.cases),
        ratios(theirs.wall_s, ours.wall_s),
        ratios(theirs.processor_s, ours.processor_s),
        *("×", bar),
        note=note,
    )


def write_table(
    rows: Sequence[Row], data: Path, folder: Path, began: Machine, ended: Machine
) -> list[Path]:
    """Write ``speed.md`` and ``speed.json``; returns their paths.

    Args:
        rows: In the order of the table.
        data: The folder that was measured on.
        folder: Where to write; made if it is not there.
        began: The machine at the start.
        ended: The machine at the end.
    """
    loads = {"load_average_at_start": began.load_average, "load_average_at_end": ended.load_average}
    about = {**describe_run(data, _NAMED), **began.describe(), **loads}
    content = {**about, "rows": [_as_plain(row) for row in rows]}
    return write_files(folder, "speed", format_markdown(rows, about), content)


def format_markdown(rows: Sequence[Row], about: dict[str, Any]) -> str:
    """The table with what it was made on."""
    lines = [
        *("# Speed", ""),
        f"Measured {about['measured_at']} on `{about['data']}` with Python {about['python']}, "
        + format_versions(about["versions"])
        + ".",
        f"Machine: {about['processor']}, {about['cores_allowed']} of {about['cores']} cores, "
        f"{about['memory_gb']:.0f} GB; load average (1, 5, 15 minutes) "
        f"{_format_load(about['load_average_at_start'])} at the start, "
        f"{_format_load(about['load_average_at_end'])} at the end.",
        *("", _ABOUT, ""),
        "| part | measured | who | cases | clock | processor | unit | bar | met | note |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(format_row(_format(row)) for row in rows)]) + "\n"


def _format_load(averages: Sequence[float]) -> str:
    return ", ".join(f"{average:.1f}" for average in averages)


def _format(row: Row) -> list[str]:
    note = "; ".join(filter(None, ["by processor" * row.is_judged_by_processor, row.note]))
    return [
        *(row.part, row.measured, row.who, row.cases),
        *(_format_spread(row.clock), _format_spread(row.processor), row.unit),
        *format_bar(row.bar, row.is_met),
        note,
    ]


def _format_spread(values: Spread | None) -> str:
    if values is None:
        return ""
    median, least, most = map(round_figure, values)
    return median if values.least == values.most else f"{median} ({least} to {most})"


def _as_plain(row: Row) -> dict[str, Any]:
    named = {name: as_plain(getattr(row, name)) for name in ("clock", "processor", "bar")}
    return {**asdict(row), **named, "is_met": row.is_met}
