"""Summarise a run in a few lines."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks.console import format_count
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.runs.recorder import is_of_this_run
from thumbnail_tasks.schemas import EMOTION_LABELS
from thumbnail_tasks.stages.thumbnails import DownloadThumbnails
from thumbnail_tasks.storage.listing import Listings
from thumbnail_tasks.storage.parquet_target import ParquetTarget
from thumbnail_tasks.tasks.shard_task import ShardTask


class Timing(NamedTuple):
    """Thumbnails and seconds of one stage."""

    stage: str
    n_thumbnails: int
    seconds: float


def time_new_shards(
    outputs: Mapping[type[ShardTask], Sequence[ParquetTarget]], planned_at: float
) -> list[Timing]:
    """The time that each stage took for the shards that a run made.

    Args:
        outputs: The files of each stage, one per shard.
        planned_at: When the plan of the run was written, in seconds since the epoch.
    """
    listed = Listings()

    def is_new(target: ParquetTarget) -> bool:
        entry = listed.find(target.path)
        return entry is not None and is_of_this_run(entry, planned_at)

    return time_stages(outputs, is_new)


def time_stages(
    outputs: Mapping[type[ShardTask], Sequence[ParquetTarget]],
    is_new: Callable[[ParquetTarget], bool],
) -> list[Timing]:
    """The time that each stage took for its new shards.

    Args:
        outputs: The files of each stage, one per shard.
        is_new: Whether this run made a shard's file; others are left out.

    Returns:
        One timing per stage, in the order of ``outputs``.
    """
    timings = []
    for stage, targets in outputs.items():
        made = [target.read_metadata() for target in targets if is_new(target)]
        n_thumbnails = sum(int(metadata["n_thumbnails"]) for metadata in made)
        seconds = sum(float(metadata["seconds"]) for metadata in made)
        timings.append(Timing(stage.get_task_family(), n_thumbnails, seconds))
    return timings


def describe_thumbnails(n_rows: int, attributes: pa.Table, unnamed: Counter[str]) -> list[str]:
    """Statuses, shares and emotions, a line each.

    Args:
        n_rows: Rows of the input.
        attributes: One row per thumbnail, with these columns of ``schemas.attributes(width)``.
        unnamed: The number of rows that name no thumbnail, by status.
    """
    statuses = count_values(attributes["thumbnail_status"])
    n_ok = statuses["ok"]
    with_text = pc.sum(pc.greater(attributes["thumbnail_ocr_length"], 0)).as_py() or 0
    with_faces = pc.sum(pc.greater(attributes["face_count"], 0)).as_py() or 0
    emotions = Counter(
        {label: pc.sum(attributes[f"{label}_count"]).as_py() or 0 for label in EMOTION_LABELS}
    )
    n_faces = emotions.total()
    return [
        f"{format_rows(n_rows, len(attributes))}: {format_counts(statuses)}",
        *describe_unnamed(unnamed),
        f"with text {_percent(with_text, n_ok)}, with faces {_percent(with_faces, n_ok)}",
        *_describe_unread(attributes),
        format_count(n_faces, "face") + (f": {format_counts(emotions)}" if n_faces else ""),
        *_describe_persons(attributes),
    ]


def format_rows(n_rows: int, n_thumbnails: int) -> str:
    """As in ``5 rows, 1 thumbnail``."""
    return f"{format_count(n_rows, 'row')}, {format_count(n_thumbnails, 'thumbnail')}"


def _describe_unread(attributes: pa.Table) -> list[str]:
    if "thumbnail_unread_lines" not in attributes.column_names:
        return []  # an export of an earlier version
    unread = attributes["thumbnail_unread_lines"]
    n_lines, n_thumbnails = pc.sum(unread).as_py(), pc.sum(pc.greater(unread, 0)).as_py()
    if not n_lines:
        return []
    return [f"{_count_on(n_lines, 'line', n_thumbnails)} not read"]


def _describe_persons(attributes: pa.Table) -> list[str]:
    if "person_count" not in attributes.column_names:
        return []  # objects were not detected, or the caller does not ask
    persons = attributes["person_count"]
    n_persons, n_thumbnails = pc.sum(persons).as_py(), pc.sum(pc.greater(persons, 0)).as_py()
    return [_count_on(n_persons or 0, "person", n_thumbnails or 0)]


def _count_on(n: int, noun: str, n_thumbnails: int) -> str:
    return f"{format_count(n, noun)} on {format_count(n_thumbnails, 'thumbnail')}"


def describe_unnamed(unnamed: Counter[str]) -> list[str]:
    """A line on the rows that name no thumbnail, by status; no line if all do."""
    if not unnamed.total():
        return []
    return [f"rows without a thumbnail: {format_counts(unnamed)}"]


def require_a_picture(
    statuses: Counter[str], plan: pa.Table, source: str, data_dir: str, videos: str
) -> None:
    """Refuse to export a table none of whose thumbnails has a picture.

    Args:
        statuses: The number of thumbnails of each status.
        plan: Rows of ``schemas.PLANS``.
        source: Source of the pictures.
        data_dir: The data directory.
        videos: The table, for the message.

    Raises:
        InputError: There is none; the message has the first one's reason.
    """
    if statuses["ok"]:
        return
    shard = plan["shard"][0].as_py()
    downloaded = DownloadThumbnails.on(shard, source, data_dir).output_for(shard)
    first = downloaded.read(["thumbnail_id", "url", "detail"]).to_pylist()[0]
    raise InputError(
        f"--videos {videos}: expected thumbnails; none of {len(plan)} could be fetched "
        f"({format_counts(statuses)}). The first: {first['url'] or first['thumbnail_id']}: "
        f"{first['detail']}. Nothing was exported."
    )


def summarize(
    n_rows: int,
    attributes: pa.Table,
    unnamed: Counter[str],
    timings: Sequence[Timing],
    paths: Sequence[str],
) -> str:
    """Format the summary of a run for the terminal: thumbnails, times, files.

    Args:
        n_rows: Rows of the input.
        attributes: One row per thumbnail, with these columns of ``schemas.attributes(width)``.
        unnamed: The number of rows that name no thumbnail, by status.
        timings: From ``time_stages``.
        paths: Paths of the results.
    """
    lines = [
        "",
        *describe_thumbnails(n_rows, attributes, unnamed),
        "",
        f"{'this run':<20}{'thumbnails':>12}{'seconds':>10}{'per second':>12}",
    ]
    for stage, n_thumbnails, seconds in timings:
        rate = f"{n_thumbnails / seconds:.1f}" if seconds else "-"
        lines.append(f"{stage:<20}{n_thumbnails:>12}{seconds:>10.1f}{rate:>12}")
    return "\n".join([*lines, "", *paths])


def first_of_each(rows: pa.Table) -> pa.Table:
    """The first row of each thumbnail; rows that name none are left out.

    Args:
        rows: Rows of an export with ``thumbnail_id``.
    """
    named = rows.filter(rows["thumbnail_id"].is_valid())
    numbered = named.append_column("row", pa.array(range(len(named)), pa.int64()))
    first = numbered.group_by("thumbnail_id", use_threads=False).aggregate([("row", "min")])
    return named.take(first["row_min"])


def count_values(column: pa.ChunkedArray) -> Counter[str]:
    """How often each value occurs, the first mentioned first; nulls are left out."""
    counts = column.drop_null().value_counts().to_pylist()
    return Counter({each["values"]: each["counts"] for each in counts})


def format_counts(counts: Counter[str]) -> str:
    """``3 happy, 1 sad``: the most frequent first, without zeros."""
    return ", ".join(f"{count} {name}" for name, count in counts.most_common() if count)


def _percent(part: int, total: int) -> str:
    return f"{100 * part / total:.0f} %" if total else "-"
