"""Columns of a table of videos that the report shows or compares thumbnails with."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from thumbnail_tasks.inputs.columns import NAMES, find_columns, squeezed

_REPORTED: Final = MappingProxyType(
    {
        "category_id": ("category_id", "snippet.categoryId", "category"),
        "views": ("views", "view_count", "statistics.viewCount"),
        "likes": ("likes", "like_count", "statistics.likeCount"),
        "trending": ("trending",),
    }
)
"""Names by meaning, beside those of ``inputs.columns.NAMES``, in order of preference."""


def name_columns(names: Sequence[str]) -> dict[str, str]:
    """The columns of a table by their meaning; a meaning without a column is left out.

    Example:
        ``["id", "viewCount"]`` is ``{"video_id": "id", "views": "viewCount"}``.
    """
    found = {meaning: find_columns(names, meaning)[:1] for meaning in NAMES}
    for meaning, known in _REPORTED.items():
        exact = [name for name in known if name in names]
        alike = [name for each in known for name in names if squeezed(name) == squeezed(each)]
        found[meaning] = [*exact, *alike][:1]
    return {meaning: columns[0] for meaning, columns in found.items() if columns}
