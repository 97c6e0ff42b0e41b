"""What is new, gone and changed between an export and the one of an earlier night."""

from typing import Any, Final, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks.inputs.columns import TITLE_COLUMN, column_named

_KEY: Final = "thumbnail_id"
_COMPARED: Final = {
    "status": "thumbnail_status",
    "picture": "thumbnail_sha256",
    "text": "thumbnail_ocr",
}
"""What can have changed, and the columns by which it is told."""

_MAX_GONE: Final = 1000
"""Thumbnails that are gone are listed up to this number."""


class Before(NamedTuple):
    """The export of an earlier night."""

    date: str
    """Its day, as ``2026-11-28``."""
    rows: pa.Table
    """Its rows, with the columns of ``columns_to_compare``."""
    known: pa.Array
    """The ids of all thumbnails of tonight's table, of which the report may show a sample."""


def columns_to_compare(schema: pa.Schema) -> list[str]:
    """The columns of an export that ``compare_nights`` reads."""
    title = column_named(schema, TITLE_COLUMN)
    names = [_KEY, *_COMPARED.values(), *([title] if title else [])]
    return [name for name in names if name in schema.names]


def compare_nights(items: pd.DataFrame, before: Before) -> dict[str, Any]:
    """Compare thumbnails with those of an earlier night.

    Args:
        items: N items from ``report.data.list_items``, those that the report shows.
        before: The earlier export.

    Returns:
        The ``date`` of the earlier export; the numbers of items that are ``new``, or whose
        ``status``, ``picture`` or ``text`` is another one; ``texts``, the earlier text of the
        latter; and ``gone``, the ids and titles of up to 1,000 thumbnails that tonight's table
        lacks, of ``n_gone``. Pictures and texts are compared where both nights have them.
    """
    named = before.rows.filter(before.rows[_KEY].is_valid())
    earlier = named.to_pandas().drop_duplicates(_KEY).set_index(_KEY)
    now = items[items[_KEY].notna()]
    matched = earlier.reindex(now[_KEY])
    matched.index = now.index
    is_new = ~now[_KEY].isin(earlier.index)
    found: dict[str, Any] = {"date": before.date, "new": now.index[is_new].tolist()}
    for kind, name in _COMPARED.items():
        if name not in matched:
            matched[name] = None
        both = matched[name].notna() & now[name].notna()
        found[kind] = now.index[both & (matched[name] != now[name])].tolist()
    found["texts"] = {number: matched["thumbnail_ocr"][number] for number in found["text"]}
    is_gone = pc.invert(pc.is_in(pa.array(earlier.index, pa.string()), value_set=before.known))
    gone = earlier[is_gone.to_numpy(zero_copy_only=False)]
    title = column_named(before.rows.schema, TITLE_COLUMN)
    titles = gone[title] if title in gone else pd.Series(None, gone.index, dtype=object)
    shown = titles.head(_MAX_GONE)
    found["gone"] = [[key, text if isinstance(text, str) else None] for key, text in shown.items()]
    found["n_gone"] = len(gone)
    return found
