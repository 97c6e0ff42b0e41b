"""An export with blanks, ties, constants and all statuses, whose table names columns otherwise."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.report.drawn import Drawn
from thumbnail_tasks import schemas
from thumbnail_tasks.export.spreadsheet_csv import write_csv

RENAMED = {"view_count": "views", "categoryId": "category_id", "channel": "channel_title"}
"""Columns of the table, and what the report calls them."""

BLANKS = ("", "  ", "N/A", "null", "nan", "-", None)
"""Cells that say that there is no value."""

CATEGORIES = ("10", "20", "24", "99", *BLANKS)


def make_odd(drawn: Drawn, folder: Path) -> Drawn:
    """Write another export of the same thumbnails.

    Nine of ten videos have no views; every thumbnail has the same share of edges; categories and
    channels are blank in all ways; every status occurs.
    """
    folder.mkdir(parents=True)
    table = pq.read_table(drawn.parquet)
    ids = pd.Series(table["thumbnail_id"].to_pandas())
    number = pd.factorize(ids)[0]
    is_ok = (table["thumbnail_status"].to_pandas() == "ok").to_numpy()
    statuses = [status for status in schemas.STATUSES if status not in ("ok", "no_link")]
    n_other = np.cumsum(~is_ok & ~ids.duplicated().to_numpy())
    status_of = dict(zip(ids[~is_ok], n_other[~is_ok], strict=True))
    new = {
        "thumbnail_status": [
            "ok"
            if ok
            else "no_link"
            if pd.isna(name)
            else statuses[status_of[name] % len(statuses)]
            for ok, name in zip(is_ok, ids, strict=True)
        ],
        "view_count": [None if n % 30 == 5 else 7 * int(n) * (n % 10 == 1) for n in number],
        "categoryId": [CATEGORIES[n % len(CATEGORIES)] for n in number],
        "channel": [f"Channel {n % 7}" if n % 3 else BLANKS[n % len(BLANKS)] for n in number],
        "edges": [0.5 if ok else None for ok in is_ok],
        "trending": [bool(n % 2) for n in number],
    }
    for name, values in new.items():
        old = RENAMED.get(name, name)
        if old in table.column_names:
            kind = table.schema.field(old).type if name in schemas.exported(1).names else None
            position = table.column_names.index(old)
            table = table.set_column(position, name, pa.array(values, kind))
        else:
            table = table.add_column(0, name, pa.array(values))
    odd = Drawn(folder / "attributes.parquet", folder / "attributes.csv", drawn.results)
    pq.write_table(table, odd.parquet)
    write_csv(pq.ParquetFile(odd.parquet), odd.csv, without=frozenset({"thumbnail_ocr_embed"}))
    return odd


def read_rows(drawn: Drawn) -> pd.DataFrame:
    """The rows of an export, with the report's names of columns, and none for blanks."""
    rows = pd.read_parquet(drawn.parquet).rename(columns=RENAMED)
    for name in ("category_id", "channel_title"):
        is_blank = rows[name].isin(BLANKS) | rows[name].isna()
        rows[name] = rows[name].astype(object).mask(is_blank, None)
    return rows
