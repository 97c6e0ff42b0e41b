"""The CSV of the export: harmless in a spreadsheet, with the values of the Parquet file."""

import csv
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.conftest import ROOT
from thumbnail_tasks import schemas
from thumbnail_tasks.export.spreadsheet_csv import write_csv


def test_the_csv_is_harmless_in_a_spreadsheet(tmp_path: Path) -> None:
    cells = ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "a=b", 'say "hi", you\nthere', "", None]
    names = {"text": pa.array(cells), "number": pa.array(range(-5, 5)), "vector": [[1.0]] * 10}
    pq.write_table(pa.table({**names, "list": [["=x"]] * 10}), tmp_path / "a.parquet")
    write_csv(
        pq.ParquetFile(tmp_path / "a.parquet"), tmp_path / "a.csv", without=frozenset({"vector"})
    )
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["text", "number", "list"]
    assert [row[0] for row in rows] == [
        *("'=1+1", "+1", "-1", "@a", "'\tx", "'\rx", "a=b", 'say "hi", you\nthere', "", "")
    ]
    assert [row[1] for row in rows] == [str(number) for number in range(-5, 5)]
    assert rows[0][2] == '["=x"]'


def test_lists_of_numbers_are_json_in_the_csv(tmp_path: Path) -> None:
    shares = pa.array([[0.1, 0.9], None, [1 / 3, 2e-9], [None, 1.0]], pa.list_(pa.float32(), 2))
    for start in range(4):  # with and without the list that holds a null
        few = shares.slice(start, 3)
        table = pa.table({"row": range(len(few)), "shares": few})
        pq.write_table(table, tmp_path / "a.parquet")
        write_csv(pq.ParquetFile(tmp_path / "a.parquet"), tmp_path / "a.csv")
        with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
            _, *rows = csv.reader(file)
        for (_, cell), share in zip(rows, table["shares"].to_pylist(), strict=True):
            assert share == (pa.array(json.loads(cell), pa.float32()).to_pylist() if cell else None)


def test_dominant_colours_are_json_in_the_csv(tmp_path: Path) -> None:
    found = [
        [{"hex": "#ff0000", "share": 0.75}, {"hex": "#0a0b0c", "share": 0.1}],
        None,
        [{"hex": "#ffffff", "share": 1.0}],
        [],
    ]
    colors = pa.array(found, schemas.DOMINANT_COLORS)
    for start in range(4):
        few = colors.slice(start)
        pq.write_table(pa.table({"row": range(len(few)), "dominant_colors": few}), tmp_path / "a")
        write_csv(pq.ParquetFile(tmp_path / "a"), tmp_path / "a.csv")
        with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
            _, *rows = csv.reader(file)
        assert [json.loads(cell) if cell else None for _, cell in rows] == found[start:]


def test_dates_beyond_the_year_9999_are_texts_in_any_column(tmp_path: Path) -> None:
    moment = pa.array([400_000_000_000_000]).cast(pa.timestamp("ms"))
    nested = {
        "list": pa.ListArray.from_arrays([0, 1], moment),
        "pair": pa.FixedSizeListArray.from_arrays(moment, 1),
        "struct": pa.StructArray.from_arrays([moment], ["at"]),
        "map": pa.MapArray.from_arrays([0, 1], ["k"], moment),
    }
    pq.write_table(pa.table({"alone": moment, **nested}), tmp_path / "a.parquet")
    write_csv(pq.ParquetFile(tmp_path / "a.parquet"), tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        _, (alone, *cells) = csv.reader(file)
    text = "14645-06-30 15:06:40.000"
    assert alone == text
    assert [json.loads(cell) for cell in cells] == [[text], [text], {"at": text}, {"k": text}]


def test_ids_and_numbers_are_keys_of_joins_and_stay_as_they_are(tmp_path: Path) -> None:
    keys = ["-bcdefghij2", "--dEfGhIj_-", "-1", "+49", "-1.5e-7", "@creator", "@a.b-c_d", "-"]
    formulas = ["-A1*2", "-cmd|' /C calc'!A0", "@SUM(1)", "+1+SUM(A1)", "-1-\u00e9", "=A1", "- a"]
    pq.write_table(pa.table({"text": [*keys, *formulas]}), tmp_path / "a.parquet")
    write_csv(pq.ParquetFile(tmp_path / "a.parquet"), tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    assert [cell for (cell,) in rows] == [*keys, *(f"'{text}" for text in formulas)]


def test_names_and_texts_that_begin_with_an_apostrophe_stay_different(tmp_path: Path) -> None:
    texts = ["=1", "'=1", "''=1", "-abc", "'-abc", "'90s", "'", None]
    table = pa.table({"=a": texts, "'=a": texts, "-a": texts, "'-a": texts, "'a'": texts})
    pq.write_table(table, tmp_path / "a.parquet")
    write_csv(pq.ParquetFile(tmp_path / "a.parquet"), tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["'=a", "''=a", "-a", "''-a", "'a'"]
    written = ["'=1", "''=1", "'''=1", "-abc", "''-abc", "'90s", "'", ""]
    assert rows == [[text] * 5 for text in written]


def test_the_line_of_pandas_in_the_documents_gives_the_texts_back(tmp_path: Path) -> None:
    page = (ROOT / "docs/COLUMNS.md").read_text(encoding="utf-8")
    (line,) = (line for line in page.splitlines() if line.startswith("videos = videos.replace("))
    texts = ["=1", "'=1", "-abc", "'-abc", "'90s", "\n=1", " \uff1d1", "a\n'=1", "''\ta", "b"]
    table = pa.table({"title": texts, "number": range(-5, 5)})
    pq.write_table(table, tmp_path / "a.parquet")
    write_csv(pq.ParquetFile(tmp_path / "a.parquet"), tmp_path / "a.csv")
    namespace = {"videos": pd.read_csv(tmp_path / "a.csv")}
    exec(line, namespace)
    assert namespace["videos"].to_dict("list") == table.to_pydict()
