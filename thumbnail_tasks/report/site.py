"""Write the report's folder: the page and its data, in several files."""

import base64
import contextlib
import csv
import io
import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from thumbnail_tasks import schemas
from thumbnail_tasks.report.attributes import (
    LOWEST_CONFIDENCE,
    as_small_floats,
    describe_attributes,
)
from thumbnail_tasks.report.data import (
    columns_to_read,
    describe_items,
    list_items,
    name_categories,
    summarize,
)
from thumbnail_tasks.report.looks import describe_looks
from thumbnail_tasks.report.projection import project

_TEXT, _VECTOR = "thumbnail_ocr", "thumbnail_ocr_embed"
PER_FILE: Final = {"index": 2500, "details": 100, "vectors": 2500, "rows": 1000}
"""Items, texts or rows per data file."""

_BOX: Final = ("x_min", "y_min", "x_max", "y_max")
_FLAGS: Final = ("is_too_small", "is_blurred", "is_turned")


def write_site(
    folder: Path,
    export: pq.ParquetFile,
    table: Path,
    results: dict[str, pa.Table],
    about: dict[str, str],
    is_dataset: bool = False,
) -> None:
    """Write everything except the pictures.

    Args:
        folder: An empty folder.
        export: attributes.parquet.
        table: The same as CSV.
        results: ``words``, ``faces``, ``emotions`` and ``versions`` of these thumbnails, rows of
            the schemas with these names, and ``thumbnails``, rows of ``schemas.THUMBNAILS`` without
            pictures.
        about: Information shown about the report: texts by name.
        is_dataset: Whether the export that users have is a folder of parts.
    """
    read = export.read(columns_to_read(export.schema_arrow.names))
    items, item_of_row = list_items(read)
    frames = {name: _with_item(part, items) for name, part in results.items()}
    _copy_page(folder)
    data = folder / "data"
    data.mkdir()

    index = describe_items(items, frames["words"], frames["emotions"])
    text_numbers, n_texts = _write_vectors(data, export, items, item_of_row)
    index["vector"] = text_numbers
    is_exported = pc.is_in(
        results["emotions"]["thumbnail_id"], value_set=read["thumbnail_id"].combine_chunks()
    )
    summary = summarize(items, len(read), results["emotions"].filter(is_exported))
    items[LOWEST_CONFIDENCE] = pd.Series(index["confidence"], dtype=float)
    summary["fields"] = _write_columns(data, items)
    summary["columns"] = name_categories(read.schema)
    summary["is_dataset"] = is_dataset
    _write_first_rows(data, items, item_of_row)
    looks = describe_looks(export, np.unique(item_of_row, return_index=True)[1])
    summary["has_looks"] = looks is not None
    if looks:
        hashes, colours = map(_packed, looks)
        write_data(data, "looks", {"hashes": hashes, "colours": colours})
    sizes = {"items": len(items), "rows": len(read), "texts": n_texts}
    write_data(data, "summary", summary | {"about": about, "sizes": sizes, "per_file": PER_FILE})
    for number, part in _parts(len(items), "index"):
        write_data(data, f"index-{number}", {name: each[part] for name, each in index.items()})
    for number, part in _parts(len(items), "details"):
        write_data(data, f"details-{number}", _describe_results(frames, part))
    _write_rows(data, table, item_of_row)


def _write_columns(data: Path, items: pd.DataFrame) -> list[dict[str, Any]]:
    """Write the values of each numeric attribute, NaN if unknown; return their descriptions."""
    described = describe_attributes(items)
    for each in described:
        values = as_small_floats(items[each["column"]].to_numpy(float))
        content = {"type": f"Float{values.itemsize * 8}Array", "bytes": _packed(values)}
        write_data(data, f"column-{each['column']}", content)
    return described


def _write_first_rows(data: Path, items: pd.DataFrame, item_of_row: NDArray[np.int64]) -> None:
    """Write the row of each item without an id, counted from 0, by which queries can name it."""
    rows = np.flatnonzero(items["thumbnail_id"].isna().to_numpy()[item_of_row])
    first_rows = dict(zip(item_of_row[rows].tolist(), rows.tolist(), strict=True))
    write_data(data, "first-rows", first_rows)


def write_data(folder: Path, name: str, value: Any) -> None:
    """Write data as a script, the only kind that a page opened from a file may load."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    (folder / f"{name}.js").write_text(f'report.take("{name}",{text});\n', encoding="utf-8")


def _parts(n: int, kind: str) -> Iterator[tuple[int, slice]]:
    size = PER_FILE[kind]
    for number, start in enumerate(range(0, n, size)):
        yield number, slice(start, min(start + size, n))


def _copy_page(folder: Path) -> None:
    page = resources.files("thumbnail_tasks.report") / "page"
    with resources.as_file(page) as source:
        shutil.copytree(source, folder, dirs_exist_ok=True)


def _with_item(table: pa.Table, items: pd.DataFrame) -> pd.DataFrame:
    """The rows of a stage's table whose thumbnail is an item, with its number, in order."""
    ids = pa.Array.from_pandas(items["thumbnail_id"], type=pa.string())
    index = pc.index_in(table["thumbnail_id"], value_set=ids)
    frame: pd.DataFrame = table.append_column("item", index).filter(index.is_valid()).to_pandas()
    return frame.sort_values("item", kind="stable", ignore_index=True)


def _describe_results(frames: dict[str, pd.DataFrame], part: slice) -> list[dict[str, Any]]:
    """For each item, its words and faces with boxes, and details of the picture.

    A line that was not read is a word without a text, and has its script after its box. The
    versions of a picture that was changed are the digest of each, and the day of its first fetch.
    """
    details: list[dict[str, Any]] = [
        {"words": [], "faces": []} for _ in range(part.start, part.stop)
    ]
    thumbnails = _between(frames["thumbnails"], part)
    for item, detail, width, height in zip(
        *(thumbnails[name] for name in ("item", "detail", "width_px", "height_px")), strict=True
    ):
        if isinstance(detail, str):
            details[item - part.start]["detail"] = detail
        if width == width:  # not NaN
            details[item - part.start]["size"] = [int(width), int(height)]
    for item, versions in _between(frames["versions"], part).groupby("item"):
        if len(versions) > 1:
            days = versions["first_seen_at"].dt.strftime("%Y-%m-%d").replace({np.nan: None})
            details[item - part.start]["versions"] = [
                [sha256[:18], day] for sha256, day in zip(versions["sha256"], days, strict=True)
            ]
    for word in _between(frames["words"], part).to_dict("records"):
        texts = [word[name] if isinstance(word[name], str) else None for name in ("text", "script")]
        if any(texts):  # neither if the picture was not read
            confidence = _rounded(word["confidence"], 3)
            box = [_rounded(word[edge], 1) for edge in _BOX]
            shown = [texts[0], confidence, *box, *(texts[1:] if texts[0] is None else ())]
            details[word["item"] - part.start]["words"].append(shown)
    faces = _between(frames["faces"], part).merge(
        _between(frames["emotions"], part).drop(columns="thumbnail_id"),
        on=["item", "face_index"],
        how="left",
    )
    for face in faces.to_dict("records"):
        details[face["item"] - part.start]["faces"].append(
            {
                "box": [_rounded(face[edge], 1) for edge in _BOX],
                "score": _rounded(face["confidence"], 3),
                "emotion": face["emotion"] if isinstance(face["emotion"], str) else None,
                "probabilities": [_rounded(face[label], 4) for label in schemas.EMOTION_LABELS],
                "doubts": [flag.removeprefix("is_") for flag in _FLAGS if face[flag] is True],
            }
        )
    return details


def _between(frame: pd.DataFrame, part: slice) -> pd.DataFrame:
    start, stop = np.searchsorted(frame["item"], [part.start, part.stop])
    return frame.iloc[start:stop]


def _rounded(value: float, digits: int) -> float | None:
    return None if value is None or value != value else round(float(value), digits)


def _write_vectors(
    data: Path, export: pq.ParquetFile, items: pd.DataFrame, item_of_row: NDArray[np.int64]
) -> tuple[list[int | None], int]:
    """Write the vectors of the distinct texts in 8 bits, and their map.

    Returns:
        The number of each item's text (None without one), and the number of texts.
    """
    numbers: dict[str, int] = {}
    vectors = []
    for batch in export.iter_batches(columns=[_TEXT, _VECTOR]):
        new = []
        for row, text in enumerate(batch[_TEXT].to_pylist()):
            if text and text not in numbers:
                numbers[text] = len(numbers)
                new.append(row)
        taken = batch[_VECTOR].take(pa.array(new, pa.int64()))
        width = taken.type.list_size
        vectors.append(taken.flatten().to_numpy(zero_copy_only=False).reshape(-1, width))
    matrix = np.concatenate(vectors) if vectors else np.zeros((0, 1), np.float32)
    for number, part in _parts(len(matrix), "vectors"):
        packed = {"width": matrix.shape[1], "bytes": _packed(in_8_bits(matrix[part]))}
        write_data(data, f"vectors-{number}", packed)
    positions = np.round(project(matrix) * 65535).astype("<u2")
    write_data(data, "map", {"positions": _packed(positions)})
    return [numbers.get(text) if isinstance(text, str) else None for text in items[_TEXT]], len(
        matrix
    )


def in_8_bits(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """(N, width) vectors as integers from -127 to 127, each scaled to the full range.

    This loses the length but keeps the direction, which is all that the cosine needs.
    """
    largest = np.maximum(np.abs(vectors).max(axis=1, keepdims=True, initial=0), 1e-12)
    return np.asarray(np.round(vectors / largest * 127), np.int8)


def _packed(numbers: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers).tobytes()).decode()


def _write_rows(data: Path, table: Path, item_of_row: NDArray[np.int64]) -> None:
    """Write the rows of the CSV, each with its item, for downloads of selected rows."""
    with _cells_of_any_length(), table.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        write_data(data, "rows-header", _csv_lines([next(rows)])[0])
        for number, part in _parts(len(item_of_row), "rows"):
            lines = _csv_lines(
                row for row, _ in zip(rows, range(part.start, part.stop), strict=False)
            )
            chunk = {"items": item_of_row[part].tolist(), "lines": lines}
            write_data(data, f"rows-{number}", chunk)


@contextlib.contextmanager
def _cells_of_any_length() -> Iterator[None]:
    before = csv.field_size_limit(sys.maxsize)  # applies to the whole process
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _csv_lines(rows: Iterable[list[str]]) -> list[str]:
    lines = []
    for row in rows:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(row)
        lines.append(line.getvalue())
    return lines
