"""LibreOffice opens the CSV of the export: nothing runs, and keys of joins are the same."""

import csv
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.odd_tables import FORMULAS
from thumbnail_tasks.export.spreadsheet_csv import write_csv
from thumbnail_tasks.inputs.formulas import unescape_formulas

SOFFICE = shutil.which("soffice") or ""
pytestmark = pytest.mark.skipif(
    not SOFFICE, reason="no soffice to open a CSV with (Debian's libreoffice-calc-nogui)"
)

STANDARD = "44,34,76,1"
MORE_SEPARATORS = "44/59/9,34,76,1"
QUOTED_IS_TEXT = "44,34,76,1,,1033,true"
"""LibreOffice's options: separators (comma, semicolon, tab), double quotes, UTF-8, from line 1.

The last are US English and *Format quoted field as text*.
"""

IDS = ["-abcdefghij", "_abcdefghij", "--abcdefghi", "-1-2-3-4-5-", "aB3dE-gH_jk", "-SUM-------"]
NUMERIC_IDS = ["12345678901", "00012345678", "1234567e890", "-123456e789", "-1234567890"]
CHANNELS = ["@handle", "@a.b-c_d", "+plus", "-", "Привет", "'quoted'", "A1"]
TITLES = [
    *('=HYPERLINK("http://x","y")', "@SUM(1+9)", "=cmd|'/C calc'!A0", "-cmd|'/C calc'!A0"),
    *("{=1+1}", "'=1+1", "''=1+1", "+A1*2", '=1","=2', "a,=1", "a;=1", "a\t=1"),
    *('";=1;"', "-A1", "@A1"),
    *("two\nlines", "two\n=1+1", "\U0001f600 \U0001f468\u200d\U0001f469", "Привет", "50%", ""),
    *FORMULAS,
]
NUMBERS = [-5.0, 0.5, -1.5e-7, 1e21]
HEADER = ["=1+1", "video_id", "channel_title", "number"]

_NAMES = {
    name: f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}"
    for name in ("table", "office", "text")
}
_NO_XML = str.maketrans({"\x00": "", "\x1b": "", "\r": "\n"})
"""XML has no control characters, and one kind of line end."""


class Cell(NamedTuple):
    """A cell of a sheet, as LibreOffice has it."""

    formula: str | None
    kind: str | None
    """``string``, ``float``, …; None if it is empty."""
    value: str | None
    text: str


def long_as_titles(values: list[str]) -> list[str]:
    return [values[row % len(values)] for row in range(len(TITLES))]


def as_kept(text: str) -> str:
    """What LibreOffice keeps of a text: no tabs in a cell of several lines."""
    kept = text.translate(_NO_XML)
    return kept.replace("\t", "") if "\n" in kept else kept


def text_of(element: ElementTree.Element) -> str:
    """The text of a paragraph; blanks, tabs and line ends are elements of their own."""
    kind = element.tag.removeprefix(_NAMES["text"])
    spaces = " " * int(element.get(_NAMES["text"] + "c", 1)) if kind == "s" else ""
    own = {"tab": "\t", "line-break": "\n"}.get(kind, spaces) + (element.text or "")
    return own + "".join(text_of(child) + (child.tail or "") for child in element)


def cells_of(sheet: Path) -> Iterator[list[Cell]]:
    """The rows of a flat OpenDocument sheet, without what is empty at the end of each."""
    table, office, text = _NAMES.values()
    for row in ElementTree.parse(sheet).iter(f"{table}table-row"):
        cells = []
        for element in row.iter(f"{table}table-cell"):
            content = "\n".join(map(text_of, element.findall(f"{text}p")))
            kind, value = (element.get(f"{office}{name}") for name in ("value-type", "value"))
            cell = Cell(element.get(f"{table}formula"), kind, value, content)
            cells += [cell] * int(element.get(f"{table}number-columns-repeated", 1))
        for _ in range(int(row.get(f"{table}number-rows-repeated", 1))):
            yield cells[: len(HEADER)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One CSV of the export, and one by another program, with a formula."""
    folder = tmp_path_factory.mktemp("libreoffice")
    columns = [TITLES, long_as_titles([*IDS, *NUMERIC_IDS]), long_as_titles(CHANNELS)]
    numbers = [NUMBERS[row % len(NUMBERS)] for row in range(len(TITLES))]
    table = pa.table([*columns, numbers], names=HEADER)
    pq.write_table(table, folder / "attributes.parquet")
    write_csv(pq.ParquetFile(folder / "attributes.parquet"), folder / "attributes.csv")
    (folder / "plain.csv").write_text('"title"\n"=1+1"\n"-abc"\n"\'=1+1"\n')
    return folder


def convert(folder: Path, options: str) -> dict[str, list[list[Cell]]]:
    """Open both CSVs, and return the rows of each."""
    sheets = folder / options.replace("/", " ")
    command = [SOFFICE, "--headless", f"-env:UserInstallation={(folder / 'profile').as_uri()}"]
    command += [f"--infilter=CSV:{options}", "--convert-to", "fods", "--outdir", str(sheets)]
    paths = map(str, (folder / "attributes.csv", folder / "plain.csv"))
    subprocess.run([*command, *paths], check=True, capture_output=True, timeout=300)
    return {sheet.stem: list(cells_of(sheet)) for sheet in sheets.glob("*.fods")}


@pytest.fixture(scope="module")
def standard(folder: Path) -> dict[str, list[list[Cell]]]:
    return convert(folder, STANDARD)


@pytest.fixture(scope="module")
def more_separators(folder: Path) -> dict[str, list[list[Cell]]]:
    return convert(folder, MORE_SEPARATORS)


@pytest.fixture(scope="module")
def quoted_as_text(folder: Path) -> dict[str, list[list[Cell]]]:
    return convert(folder, QUOTED_IS_TEXT)


def test_libreoffice_runs_the_formula_of_another_csv(
    standard: dict[str, list[list[Cell]]],
) -> None:
    _, formula, key, marked = (row[0] for row in standard["plain"])
    assert (formula.formula, formula.value) == ("of:=1+1", "2")  # the test can see one
    assert (key.formula, key.kind, key.text) == (None, "string", "-abc")
    assert (marked.formula, marked.kind, marked.text) == (None, "string", "'=1+1")


@pytest.mark.parametrize("how", ["standard", "more_separators", "quoted_as_text"])
def test_no_cell_and_no_name_of_a_column_becomes_a_formula(
    request: pytest.FixtureRequest, how: str
) -> None:
    rows = request.getfixturevalue(how)["attributes"]
    assert len(rows) == 1 + len(TITLES)
    assert [cell for row in rows for cell in row if cell.formula is not None] == []
    assert [cell.text for cell in rows[0]] == ["'=1+1", *HEADER[1:]]
    assert [float(row[3].value) for row in rows[1:5]] == NUMBERS


def test_ids_and_channels_are_unchanged_texts(standard: dict[str, list[list[Cell]]]) -> None:
    rows = standard["attributes"][1:]
    ids = dict(zip(long_as_titles([*IDS, *NUMERIC_IDS]), (row[1] for row in rows), strict=True))
    channels = dict(zip(long_as_titles(CHANNELS), (row[2] for row in rows), strict=True))
    for key, cell in [*channels.items(), *((key, ids[key]) for key in IDS)]:
        assert (cell.kind, cell.text) == ("string", key)
    # LibreOffice makes numbers of these, as of any column, unless it is told otherwise.
    assert ids["12345678901"].kind == "float"


def test_all_texts_are_unchanged_if_quoted_fields_are_text(
    folder: Path, quoted_as_text: dict[str, list[list[Cell]]]
) -> None:
    rows = quoted_as_text["attributes"][1:]
    assert {cell.kind for row in rows for cell in row[:3] if cell.text} == {"string"}
    with (folder / "attributes.csv").open(encoding="utf-8", newline="") as file:
        _, *written = csv.reader(file)
    for row, cells in zip(rows, written, strict=True):
        assert [cell.text for cell in row[:3]] == list(map(as_kept, cells[:3]))
    titles = unescape_formulas(pa.array([row[0].text for row in rows]))
    assert titles.to_pylist() == list(map(as_kept, TITLES))
