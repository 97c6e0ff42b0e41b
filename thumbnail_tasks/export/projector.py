"""Texts and vectors for TensorFlow's embedding projector, as its page and TensorBoard read them.

Formats are those of TensorBoard's sources, ``tensorboard/plugins/projector`` (read 2026-11-29):

- ``vz_projector/data-provider.ts``: cells are separated by tabs, without quotes. The first line of
  the metadata is a header if it has a tab, so one with a single column must have none. An empty
  cell is a missing value; numbers become a scale, up to 50 values colours. A sprite image has at
  most 8192 pixels a side.
- ``vz_projector/data-provider-server.ts``: TensorBoard shows the first 100,000 points.
- ``vz_projector/scatterPlotVisualizerSprites.ts``: pictures are in the order of the points, row by
  row. The row of a picture is its number divided by the number of *rows*, so there must be as many
  rows as columns; and a picture fills a square, so its cell must be one.
- ``projector_config.proto``: ``projector_config.pbtxt`` in the log directory names the files.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from thumbnail_tasks import schemas
from thumbnail_tasks.inputs.columns import squeezed
from thumbnail_tasks.inputs.text_columns import TextColumn, find_text_column, find_title, read_texts
from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import ImageRGB

OCR: Final = "thumbnail_ocr"
"""The column of the thumbnails' texts, which are shown as they are."""

METADATA: Final = ("text", "thumbnail_id", "title", "emotion", "views")
"""The header; the projector labels points by the first column that is not numeric."""

CONFIG_NAME: Final = "projector_config.pbtxt"

MAX_PICTURES: Final = 100_000
_MAX_SPRITE_PX: Final = 8192
_MAX_CELL_PX: Final = 64

_VIEWS: Final = frozenset({"views", "viewcount", "statistics.viewcount"})
_COUNTS: Final = [f"{label}_count" for label in schemas.EMOTION_LABELS]

_CELL_ENDS: Final = re.compile("[\\t\\n\\v\\f\\r\\x1c-\\x1e\\x85\\u2028\\u2029]+")
"""The tab, and everything that a reader may treat as a line end (``str.splitlines``)."""


class Point(NamedTuple):
    """A text with its vector."""

    cells: tuple[str, ...]
    """Its metadata, in the order of ``METADATA``; empty where there is none."""
    vector: str
    """``width`` numbers separated by tabs, each in the shortest form of a 32-bit float."""


class PointColumns:
    """The columns of an export that one pair of files is made from."""

    def __init__(self, schema: pa.Schema, name: str) -> None:
        """``name`` is ``thumbnail_ocr``, or that of a column whose texts are embedded.

        Raises:
            InputError: The export has no such column.
        """
        own = pa.schema(list(schema)[: schema.names.index("thumbnail_id")])
        ocr = TextColumn(OCR, (OCR,))
        self.text = ocr if name == OCR else find_text_column(own, name, "the export")
        self.vector = schemas.name_vector(name)
        self._title = find_title(own)
        self._views = next((each for each in own.names if squeezed(each) in _VIEWS), None)

    def names(self) -> list[str]:
        """All of them."""
        title = self._title.headers if self._title else ()
        views = [self._views] if self._views else []
        return list(
            dict.fromkeys(
                [*self.text.headers, self.vector, "thumbnail_id", *title, *views, *_COUNTS]
            )
        )

    def texts_of(self, batch: pa.RecordBatch) -> list[str]:
        """The texts of N rows, each as a cell; empty where there is none."""
        texts = batch[OCR] if self.text.name == OCR else read_texts(batch, self.text)
        return _as_cells(texts)

    def describe(self, batch: pa.RecordBatch) -> Iterator[tuple[str, ...]]:
        """The metadata of N rows but for their texts."""
        nothing = [""] * len(batch)
        title = _as_cells(read_texts(batch, self._title)) if self._title else nothing
        views = _as_cells(batch[self._views].cast(pa.string())) if self._views else nothing
        ids = _as_cells(batch["thumbnail_id"])
        yield from zip(ids, title, strongest_emotions(batch), views, strict=True)


def _as_cells(texts: pa.Array) -> list[str]:
    return [_CELL_ENDS.sub(" ", text or "").strip() for text in texts.to_pylist()]


def strongest_emotions(batch: pa.RecordBatch) -> list[str]:
    """The emotion of most faces of each thumbnail; the first of ``EMOTION_LABELS`` of several.

    Returns:
        N labels; empty without a face.
    """
    counts = np.stack([batch[name].fill_null(0).to_numpy(zero_copy_only=False) for name in _COUNTS])
    labels = np.where(counts.any(axis=0), np.array(schemas.EMOTION_LABELS)[counts.argmax(0)], "")
    found: list[str] = labels.tolist()
    return found


def iter_points(batches: Iterable[pa.RecordBatch], columns: PointColumns) -> Iterator[Point]:
    """The distinct texts of an export with their vectors, in the order of first mention.

    Args:
        batches: All rows, with ``columns.names()``.
        columns: The columns.

    Yields:
        A point for each text, with the metadata of the first row that has it; rows without text or
        vector are skipped.
    """
    seen: set[str] = set()
    for batch in batches:
        texts = columns.texts_of(batch)
        rows = []
        is_known = batch[columns.vector].is_valid().to_pylist()
        for row, text in enumerate(texts):
            if text and is_known[row] and text not in seen:
                seen.add(text)
                rows.append(row)
        first = batch.take(pa.array(rows, pa.int64()))
        vectors = first[columns.vector]
        numbers = pc.cast(vectors.flatten(), pa.string()).to_pylist()
        width = vectors.type.list_size
        for position, about in enumerate(columns.describe(first)):
            start = position * width
            cells = (texts[rows[position]], *about)
            yield Point(cells, "\t".join(numbers[start : start + width]))


def file_name(name: str, part: str) -> str:
    """The name of a file of a column; ``part`` is as in ``vecs.tsv``."""
    return f"{quote(name, safe=' ')}_{part}"


def describe_files(names: Sequence[str], cells_px: Sequence[int]) -> str:
    """``projector_config.pbtxt``, a text of the protocol buffer ``ProjectorConfig``.

    Args:
        names: The columns.
        cells_px: The side of a picture in the sprite image of each; empty without sprite images.
    """
    lines = []
    for number, name in enumerate(names):
        fields: dict[str, Any] = {
            "tensor_name": name,
            "tensor_path": file_name(name, "vecs.tsv"),
            "metadata_path": file_name(name, "meta.tsv"),
        }
        # Its strings are those of JSON: quotes, backslashes and control characters are escaped.
        shown = [f"  {key}: {json.dumps(text, ensure_ascii=False)}" for key, text in fields.items()]
        if cells_px:
            side = f"single_image_dim: {cells_px[number]}"
            image = json.dumps(file_name(name, "sprite.jpg"), ensure_ascii=False)
            shown.append(f"  sprite {{ image_path: {image} {side} {side} }}")
        lines += ["embeddings {", *shown, "}"]
    return "\n".join(lines) + "\n"


class Sprite:
    """A square of small pictures, row by row, each in a white square."""

    def __init__(self, n_pictures: int) -> None:
        """For up to ``MAX_PICTURES`` pictures."""
        self._n_columns = max(1, math.ceil(math.sqrt(n_pictures)))
        self.cell_px = min(_MAX_CELL_PX, _MAX_SPRITE_PX // self._n_columns)
        side_px = self._n_columns * self.cell_px
        self.image = Image.new("RGB", (side_px, side_px), "white")

    def paste(self, number: int, image_rgb: ImageRGB) -> None:
        """Draw a picture, without black bars, in the place of a point."""
        small = Image.fromarray(crop_bars(image_rgb).image_rgb)
        small.thumbnail((self.cell_px, self.cell_px))
        row, column = divmod(number, self._n_columns)
        margins = ((self.cell_px - length) // 2 for length in small.size)
        left, top = (
            at * self.cell_px + margin for at, margin in zip((column, row), margins, strict=True)
        )
        self.image.paste(small, (left, top))
