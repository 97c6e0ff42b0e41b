"""Write the report's folder: the page and its data, in several files."""

import base64
import contextlib
import csv
import io
import itertools
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

from thumbnail_tasks.report.attributes import (
    LOWEST_CONFIDENCE,
    as_small_floats,
    describe_attributes,
)
from thumbnail_tasks.report.categories import name_categories
from thumbnail_tasks.report.data import columns_to_read, describe_items, list_items
from thumbnail_tasks.report.details import Details, describe_columns, with_item
from thumbnail_tasks.report.looks import describe_looks
from thumbnail_tasks.report.nights import Before, compare_nights
from thumbnail_tasks.report.projection import project
from thumbnail_tasks.report.summary import summarize
from thumbnail_tasks.report.table_columns import name_columns

_TEXT, _VECTOR = "thumbnail_ocr", "thumbnail_ocr_embed"
PER_FILE: Final = {"index": 2500, "details": 100, "vectors": 2500, "rows": 250}
"""Items, texts or rows per data file."""


def write_site(
    folder: Path,
    export: pq.ParquetFile,
    table: Path,
    results: dict[str, pa.Table],
    stored: dict[str, str],
    categories: dict[str, str],
    about: dict[str, str],
    is_dataset: bool = False,
    before: Before | None = None,
) -> None:
    """Write everything except the pictures.

    Args:
        folder: The new folder of the report.
        export: attributes.parquet.
        table: The same as CSV.
        results: ``words``, ``faces``, ``emotions`` and ``versions`` of these thumbnails, rows of
            the schemas with these names, and ``thumbnails``, rows of ``schemas.THUMBNAILS`` without
            pictures.
        stored: The name endings of the stored pictures that the report has, by digest.
        categories: Names of categories by id.
        about: Information shown about the report: texts by name.
        is_dataset: Whether the export that users have is a folder of parts.
        before: The export of an earlier night, to compare this one with.
    """
    read = export.read(columns_to_read(export.schema_arrow.names))
    items, item_of_row = list_items(read)
    frames = {name: with_item(part, items) for name, part in results.items()}
    _copy_page(folder)
    data = folder / "data"
    data.mkdir()

    index = describe_items(items, frames["words"], frames["emotions"])
    text_numbers, n_texts = _write_vectors(data, export, items, item_of_row)
    index["vector"] = text_numbers
    is_exported = pc.is_in(
        results["emotions"]["thumbnail_id"], value_set=read["thumbnail_id"].combine_chunks()
    )
    emotions = results["emotions"].filter(is_exported)
    names = name_columns(export.schema_arrow.names)
    items[LOWEST_CONFIDENCE] = pd.Series(index["confidence"], dtype=float)
    first_rows = np.unique(item_of_row, return_index=True)[1]
    summary = summarize(items, len(read), emotions, names) | {
        "about": about,
        "categories": name_categories(index["category"], categories),
        "names": names,
        "fields": _write_columns(data, items),
        "has_looks": _write_looks(data, export, first_rows),
        "has_nights": before is not None,
        "is_dataset": is_dataset,
        "sizes": {"items": len(items), "rows": len(read), "texts": n_texts},
        "per_file": PER_FILE,
    }
    write_data(data, "summary", summary)
    write_data(data, "columns", describe_columns(export.schema_arrow))
    if before is not None:
        write_data(data, "nights", compare_nights(items, before))
    for number, part in _parts(len(items), "index"):
        write_data(data, f"index-{number}", {name: each[part] for name, each in index.items()})
    details = Details(items, frames, stored, first_rows)
    for number, part in _parts(len(items), "details"):
        write_data(data, f"details-{number}", details.describe(part))
    _write_rows(data, table, item_of_row)


def _write_columns(data: Path, items: pd.DataFrame) -> list[dict[str, Any]]:
    """Write the values of each numeric attribute, NaN if unknown; return their descriptions."""
    described = describe_attributes(items)
    for each in described:
        values = as_small_floats(items[each["column"]].to_numpy(float))
        content = {"type": f"Float{values.itemsize * 8}Array", "bytes": _packed(values)}
        write_data(data, f"column-{each['column']}", content)
    return described


def _write_looks(data: Path, export: pq.ParquetFile, rows: NDArray[np.int64]) -> bool:
    """Write what the pictures of some rows look like; return whether the export says that."""
    looks = describe_looks(export, rows)
    if looks:
        hashes, colours = map(_packed, looks)
        write_data(data, "looks", {"hashes": hashes, "colours": colours})
    return looks is not None


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
            lines = _csv_lines(itertools.islice(rows, part.stop - part.start))
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
