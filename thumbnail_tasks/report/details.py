"""What the report loads of a thumbnail when it is shown: words and faces with boxes, and more."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from thumbnail_tasks import schemas

_BOX: Final = ("x_min", "y_min", "x_max", "y_max")
_FLAGS: Final = ("is_too_small", "is_blurred", "is_turned")
_DIGEST_CHARS: Final = 18
"""Of a picture's digest, as many as name its files."""


def with_item(table: pa.Table, items: pd.DataFrame) -> pd.DataFrame:
    """The rows of a stage's table whose thumbnail is an item, with its number, in order."""
    ids = pa.Array.from_pandas(items["thumbnail_id"], type=pa.string())
    index = pc.index_in(table["thumbnail_id"], value_set=ids)
    frame: pd.DataFrame = table.append_column("item", index).filter(index.is_valid()).to_pandas()
    return frame.sort_values("item", kind="stable", ignore_index=True)


def describe_columns(exported: pa.Schema) -> dict[str, list[str]]:
    """Meaning and unit of this package's columns of an export as plain text, by name, in order."""
    known = {field.name: field.metadata for field in schemas.exported(1, has_objects=True)}
    return {
        name: [
            schemas.plain_text(known[name][b"description"].decode()),
            known[name].get(b"unit", b"").decode(),
        ]
        for name in exported.names
        if name in known
    }


class Details(NamedTuple):
    """What is known of the items of a report."""

    items: pd.DataFrame
    """N items from ``list_items``."""
    frames: Mapping[str, pd.DataFrame]
    """Results of the stages, from ``with_item``."""
    stored: Mapping[str, str]
    """The name endings of the stored pictures that the report has, by digest."""
    rows: NDArray[np.int64]
    """N numbers: the first row of each item in the export."""

    def describe(self, part: slice) -> list[dict[str, Any]]:
        """For each item, its words and faces with boxes, its row, and details of the picture.

        A line that was not read is a word without a text, and has its script after its box. The
        versions of a picture that was changed are the digest of each, the time of its first fetch,
        and the name ending of its stored picture. ``removed`` is when the server first had no
        picture any more.
        """
        details: list[dict[str, Any]] = [
            {"row": int(row), "words": [], "faces": []} for row in self.rows[part]
        ]
        for detail, sha256 in zip(details, self.items["thumbnail_sha256"][part], strict=True):
            if suffix := self.stored.get(sha256):
                detail["stored"] = suffix
        self._add_pictures(details, part)
        self._add_versions(details, part)
        self._add_words(details, part)
        self._add_faces(details, part)
        return details

    def _add_pictures(self, details: list[dict[str, Any]], part: slice) -> None:
        thumbnails = _between(self.frames["thumbnails"], part)
        for item, detail, width, height in zip(
            *(thumbnails[name] for name in ("item", "detail", "width_px", "height_px")), strict=True
        ):
            if isinstance(detail, str):
                details[item - part.start]["detail"] = detail
            if width == width:  # not NaN
                details[item - part.start]["size"] = [int(width), int(height)]

    def _add_versions(self, details: list[dict[str, Any]], part: slice) -> None:
        of_part = _between(self.frames["versions"], part)
        names = ["first_seen_at", "removed_at"]
        shown = of_part.assign(**{name: _format_times(of_part[name]) for name in names})
        for item, versions in shown.groupby("item"):
            detail = details[item - part.start]
            if removed_at := versions["removed_at"].iloc[-1]:
                detail["removed"] = removed_at
            if len(versions) > 1:
                detail["versions"] = [
                    [sha256[:_DIGEST_CHARS], time, self.stored.get(sha256)]
                    for sha256, time in zip(
                        versions["sha256"], versions["first_seen_at"], strict=True
                    )
                ]

    def _add_words(self, details: list[dict[str, Any]], part: slice) -> None:
        for word in _between(self.frames["words"], part).to_dict("records"):
            texts = [
                word[name] if isinstance(word[name], str) else None for name in ("text", "script")
            ]
            if any(texts):  # neither if the picture was not read
                confidence = _rounded(word["confidence"], 3)
                box = [_rounded(word[edge], 1) for edge in _BOX]
                shown = [texts[0], confidence, *box, *(texts[1:] if texts[0] is None else ())]
                details[word["item"] - part.start]["words"].append(shown)

    def _add_faces(self, details: list[dict[str, Any]], part: slice) -> None:
        faces = _between(self.frames["faces"], part).merge(
            _between(self.frames["emotions"], part).drop(columns="thumbnail_id"),
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


def _between(frame: pd.DataFrame, part: slice) -> pd.DataFrame:
    start, stop = np.searchsorted(frame["item"], [part.start, part.stop])
    return frame.iloc[start:stop]


def _format_times(times: pd.Series) -> pd.Series:
    """Times as shown; None where there is none."""
    words: pd.Series = times.dt.strftime("%Y-%m-%d %H:%M UTC").replace({np.nan: None})
    return words


def _rounded(value: float, digits: int) -> float | None:
    return None if value is None or value != value else round(float(value), digits)
