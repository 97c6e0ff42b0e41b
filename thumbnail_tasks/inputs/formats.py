"""Tell the format of a table's file, or what the file is if it is no table."""

import re
import zipfile
from pathlib import Path
from typing import Final

from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.columns import reading
from thumbnail_tasks.inputs.unpacking import compression_of, open_unpacked

FORMATS: Final = ("auto", "csv", "json", "parquet")

_EXPECTED = "expected a CSV, JSON or Parquet file"
_UNPACK = "Unpack it"
_AS_CSV = "Save it as CSV in UTF-8"
_AS_PARQUET = "Write it as Parquet or CSV"

_OTHER_FILES: Final = (
    (rb"version https://git-lfs", "a Git LFS pointer", "Fetch the file itself: git lfs pull"),
    (
        rb"(?i)(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)?(?:<!doctype html|<html)",
        "an HTML page",
        "It may be the page of a login or of an error: download the table itself",
    ),
    (rb"\s*<(?:\?xml|[A-Za-z]+[ >])", "an XML file", _AS_CSV),
    (rb"\xd0\xcf\x11\xe0", "an Excel workbook", _AS_CSV),
    (rb"SQLite format 3\0", "an SQLite database", "Export its table as CSV"),
    (rb".{8}DUCK", "a DuckDB database", "Export its table: COPY … TO 'videos.parquet'"),
    (rb"ARROW1\0|FEA1[\x00-\x1f\x80-\xff]", "an Arrow (Feather) file", _AS_PARQUET),
    (rb"ORC[\x00-\x1f\x80-\xff]", "an ORC file", _AS_PARQUET),
    (rb"Obj\x01", "an Avro file", _AS_PARQUET),
    (rb"\x89HDF", "an HDF5 file", _AS_PARQUET),
    (rb"\x80[\x02-\x05]", "a Python pickle", _AS_PARQUET),
    (rb"%PDF-", "a PDF", "Find the table that it shows as CSV"),
    (rb"\xff\xd8\xff|\x89PNG|RIFF....WEBP|GIF8[79]a", "a picture", "--images-dir takes pictures"),
    (rb"\xfd7zXZ|7z\xbc\xaf|Rar!|.{257}ustar", "a packed file", _UNPACK),
)
"""Pattern of the first bytes of files that are no tables, what they are, and what to do."""

_JSON: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{\s*[\"}]|\[\s*[\[\]{\"\d-])")


def detect_format(path: Path, format: str) -> str:
    """``csv``, ``json`` or ``parquet``: as requested, or by its first bytes, unpacked.

    Raises:
        InputError: The file is empty, or recognisably no table.
    """
    with open_unpacked(path) as file:
        start = file.read(4096)
    if not start.strip():
        raise InputError(f"{path}: {_EXPECTED}; found an empty one")
    if format in ("json", "parquet"):
        return format
    if format == "auto" and start.startswith(b"PAR1"):
        if compression := compression_of(path):
            raise InputError(
                f"{path}: expected a Parquet file; found one packed with {compression}, which "
                "cannot be read in parts. Unpack it: Parquet is compressed itself"
            )
        return "parquet"
    if start.startswith(b"PK\x03\x04"):
        raise InputError(f"{path}: {_EXPECTED}; found {_describe_zip(path)}")
    for pattern, found, remedy in _OTHER_FILES:
        if re.match(pattern, start, re.DOTALL):
            raise InputError(f"{path}: {_EXPECTED}; found {found}. {remedy}")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{path}: expected text in UTF-8; found UTF-16. Save it as UTF-8")
    if b"\0" in start:
        raise InputError(f"{path}: {_EXPECTED}; found a binary file, or UTF-16 (NUL bytes)")
    return "json" if format == "auto" and _JSON.match(start) else "csv"


def _describe_zip(path: Path) -> str:
    try:
        with reading(path), zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, InputError):  # cut off, or itself compressed
        return f"a zip file. {_UNPACK}"
    if "xl/workbook.xml" in names or "xl/workbook.bin" in names:
        return f"an Excel workbook. {_AS_CSV}"
    if "mimetype" in names and "content.xml" in names:
        return f"an OpenDocument spreadsheet. {_AS_CSV}"
    return f"a zip file of {', '.join(names[:3])}. {_UNPACK}"
