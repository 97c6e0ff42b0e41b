"""Texts that a spreadsheet would run as formulas are marked, and the marks can be taken away."""

import pyarrow as pa
import pytest

from thumbnail_tasks.inputs.formulas import escape_formulas, unescape_formulas

ESCAPED = {
    # formulas
    "=1+1": "'=1+1",
    '=HYPERLINK("http://x","y")': '\'=HYPERLINK("http://x","y")',
    "=cmd|'/C calc'!A0": "'=cmd|'/C calc'!A0",
    "@SUM(1+9)": "'@SUM(1+9)",
    "-1+1": "'-1+1",
    "  \t=1": "'  \t=1",
    "\ufeff=1": "'\ufeff=1",
    "\u200b\x00=1": "'\u200b\x00=1",
    "\uff1d1": "'\uff1d1",
    # line ends and tabs first
    "\n": "'\n",
    "\r\na": "'\r\na",
    "\ta": "'\ta",
    # keys, unless anything follows, as the end of a line
    "-bcdefghij2": "-bcdefghij2",
    "--dEfGhIj_-": "--dEfGhIj_-",
    "@a.b-c_d": "@a.b-c_d",
    "+49": "+49",
    "-": "-",
    "-abc\n": "'-abc\n",
    "-abc\r": "'-abc\r",
    "-é": "'-é",
    # apostrophes of the text's own
    "'=1+1": "''=1+1",
    "''=1+1": "'''=1+1",
    "'-bcdefghij2": "''-bcdefghij2",
    "' @a": "'' @a",
    "''\n": "'''\n",
    "'tis": "'tis",
    "'": "'",
    "''": "''",
    " '=1": " '=1",
    "\ufeff'=1": "\ufeff'=1",
    # other texts
    "": "",
    "a=b": "a=b",
    "a\n=1": "a\n=1",
    "多い＝1": "多い＝1",
}


@pytest.mark.parametrize("dtype", [pa.string(), pa.large_string()], ids=str)
def test_one_apostrophe_marks_a_formula_and_taking_it_away_gives_the_text(
    dtype: pa.DataType,
) -> None:
    texts = pa.array([*ESCAPED, None], dtype)
    cells = escape_formulas(texts)
    assert cells.equals(pa.array([*ESCAPED.values(), None], dtype))
    assert unescape_formulas(cells).equals(texts)
    assert unescape_formulas(texts[-2:]).equals(texts[-2:])


def test_columns_without_rows_or_values_keep_their_type() -> None:
    for dtype in (pa.string(), pa.large_string()):
        for column in (pa.nulls(0, dtype), pa.nulls(2, dtype)):
            assert escape_formulas(column).equals(column)
            assert unescape_formulas(column).equals(column)


def test_apostrophes_that_mark_nothing_are_kept() -> None:
    cells = pa.array(["'90s music", "'n'", "''", "\"'=1", " '=1"])
    assert unescape_formulas(cells).equals(cells)
