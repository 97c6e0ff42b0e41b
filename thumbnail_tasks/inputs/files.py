"""Find the files of ``--videos``: single ones, globs, and folders as Spark and Hive write them."""

import glob
import hashlib
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

from thumbnail_tasks import settings
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs import unpacking
from thumbnail_tasks.inputs.buckets import fetch, mirror
from thumbnail_tasks.inputs.columns import NAMES, reading
from thumbnail_tasks.inputs.digests import digest_file
from thumbnail_tasks.inputs.walking import walk_folders
from thumbnail_tasks.storage.addresses import is_s3

logger = logging.getLogger(__name__)

READER_VERSION: Final = "4"
"""Increase it when the same file gives different rows or columns."""

FORMAT_OF_SUFFIX: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys((".csv", ".tsv", ".tab"), "csv"),
        **dict.fromkeys((".parquet", ".parq", ".pq"), "parquet"),
        **dict.fromkeys((".json", ".jsonl", ".ndjson"), "json"),
    }
)
"""The format of a table in a folder, by the suffix of its name, without ``.gz`` and the like."""

_EXPECTED = "expected a CSV, JSON or Parquet file"
_OTHER_LAYOUTS = {"_delta_log": "a Delta Lake table", ".hoodie": "a Hudi table"}
"""Folders whose table is only a part of their files."""
_PARTITION = re.compile(r"([^=]+)=(.*)", re.DOTALL)
_PART = re.compile(r"part-\d+")
"""How Spark names the files of a table."""
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""How Hive and Spark write null in the name of a folder."""


def find_files(videos: str) -> list[Path]:
    """The files of ``--videos``: a file, a folder, a glob, or several separated by commas.

    Of ``s3://`` addresses they are copies on this machine.

    The files of a folder are the tables in it and its subfolders, sorted by path, without those
    whose names begin with ``_`` or ``.``, which Spark, Hive and their file systems write.

    A file that is named several times is read once. Empty ones that Spark writes for partitions
    without rows are left out.

    Raises:
        InputError: A part is not an existing file or folder, or is a pipe or a device; a folder
            has no tables, tables of several formats, or is being written by Spark.
    """
    files = _files_of(Path(videos)) if _exists(videos) else _find_each(videos)
    return [file for file in files if not _is_empty_part(file)] or files


def _is_empty_part(file: Path) -> bool:
    with reading(file):
        return bool(_PART.match(file.name)) and file.stat().st_size == 0


def _find_each(videos: str) -> list[Path]:
    files: list[Path] = []
    for name in filter(None, (part.strip() for part in videos.split(","))):
        part = mirror("--videos", name) if is_s3(name) else name
        found = [part]
        if not _exists(part):
            found = sorted(glob.glob(part, recursive=True))  # noqa: PTH207 - absolute globs
        if not found:
            raise InputError(f"--videos {name}: no such file")
        # A glob may match a folder and the files in it.
        files += dict.fromkeys(file for path in found for file in _files_of(Path(path)))
    if not files:
        raise InputError(f"--videos: {_EXPECTED}; found nothing")
    if repeated := [str(file) for file, count in Counter(files).items() if count > 1]:
        logger.warning("--videos: named several times, read once: %s", _name_some(repeated))
        files = list(dict.fromkeys(files))
    for file in files:
        fetch(file)
    return files


def _exists(path: str) -> bool:
    try:
        return bool(path) and Path(path).exists()
    except OSError:  # a list of files may be too long for a path
        return False


def _files_of(path: Path) -> list[Path]:
    if path.is_dir():
        return _list_tables(path)
    _check_is_file(path)
    return [path]


def _check_is_file(path: Path) -> None:
    if not path.is_file():
        raise InputError(
            f"--videos {path}: {_EXPECTED}; found a pipe or a device, which "
            "cannot be read twice, or a broken link"
        )


def _list_tables(folder: Path) -> list[Path]:
    for name, found in _OTHER_LAYOUTS.items():
        if (folder / name).exists():
            raise InputError(
                f"--videos {folder}: expected a folder of tables; found {found} ({name}), some of "
                "whose files may be replaced ones. Write it as plain Parquet"
            )
    if is_being_written(folder):
        raise InputError(
            f"--videos {folder}: expected a finished table; found {folder / '_temporary'}: is the "
            "job that writes it still running, or was it killed?"
        )
    paths = sorted(walk(folder))
    tables = {path: kind for path in paths if (kind := format_by_name(path))}
    for path in tables:
        _check_is_file(path)
    kinds = Counter(tables.values())
    others = [path.name for path in paths if path not in tables]
    if len(kinds) != 1:
        suffixes = Counter(f"*{path.suffix}" for path in tables)
        found = ", ".join(f"{count} {name}" for name, count in sorted(suffixes.items()))
        pattern = folder / min(suffixes, default="*.csv")
        raise InputError(
            f"--videos {folder}: expected a folder of tables of one format "
            f"({', '.join(FORMAT_OF_SUFFIX)}, also packed as .gz or .zst); found "
            f"{found or _name_some(others) or 'no files'}. Name some with a glob: "
            f"--videos '{pattern}'"
        )
    logger.info("--videos %s: a folder of %d files", folder, len(tables))
    if others:
        logger.warning("--videos %s: not used: %s", folder, _name_some(others))
    return list(tables)


def is_table_folder(path: Path) -> bool:
    """Whether a path is a folder that is one table, as Spark, Hive and their like write it.

    It is named like a table (``videos.parquet/``), or has ``_SUCCESS`` or parts (``part-00000…``)
    in it; partitions (``dt=2026-11-30/``) alone may also be one table each.

    Raises:
        InputError: The folder cannot be read.
    """
    if not path.is_dir():
        return False
    if table_suffix(path.name) in FORMAT_OF_SUFFIX:
        return True
    with reading(path):
        return any(each.name == "_SUCCESS" or _PART.match(each.name) for each in path.iterdir())


def is_being_written(folder: Path) -> bool:
    """Whether Spark has not finished a folder, or was killed while it wrote it."""
    return (folder / "_temporary").exists()


def walk(folder: Path) -> Iterator[Path]:
    """The files of a folder and its subfolders, without hidden ones and those of Spark's own.

    Raises:
        InputError: A folder cannot be read.
    """
    try:
        for root, names in walk_folders(folder, _is_hidden):
            yield from (root / name for name in names)
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read: {error.strerror}") from error


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "_")) and not _PARTITION.fullmatch(name)


def format_by_name(path: Path) -> str | None:
    """The format of a table that its name shows; None if its name is not that of a table.

    Hive names its Parquet files ``000000_0``: without a suffix the first bytes count.
    """
    suffix = table_suffix(path.name)
    if not suffix and path.is_file():
        with reading(path), path.open("rb") as file:
            return "parquet" if file.read(4) == b"PAR1" else None
    return FORMAT_OF_SUFFIX.get(suffix)


def table_suffix(name: str) -> str:
    """The suffix of a file's name in small letters: ``.csv`` for ``US.CSV.gz``."""
    name = name.lower()
    for suffix in unpacking.SUFFIXES:
        name = name.removesuffix(suffix)
    return Path(name).suffix


def _name_some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown


def partition_of(path: Path) -> dict[str, str | None]:
    """The columns that the names of a file's folders give it, as Hive and Spark write them.

    Example:
        ``videos/country=US/part-0.parquet`` has ``country``: ``US``.

    Raises:
        InputError: Two folders give a column different values.
    """
    found: dict[str, str | None] = {}
    for part in path.parts[:-1]:
        if match := _PARTITION.fullmatch(part):
            name, value = map(_unquote, match.groups())
            if found.setdefault(name, value) != value:
                raise InputError(
                    f"{path}: expected one folder for {name}; found {found[name]} and {value}"
                )
    return {name: None if value == _NO_VALUE else value for name, value in found.items()}


def _unquote(text: str) -> str:
    """``US%2FMX`` as Hive and Spark mean it; unchanged where it is not so."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def states_of(files: Sequence[Path]) -> tuple[tuple[Path, int, int], ...]:
    """Each file with its size and modification time, to notice changes.

    Raises:
        InputError: A file no longer exists.
    """
    states = []
    for path in files:
        with reading(path):
            stat = path.stat()
        states.append((path, stat.st_size, stat.st_mtime_ns))
    return tuple(states)


def digest_files(files: Sequence[Path], format: str) -> str:
    """SHA-256 (hexadecimal) of the contents of the files, in order, and of how they are read.

    Raises:
        InputError: A file cannot be read.
    """
    names = [name for name in map(settings.columns().of, NAMES) if name]
    digest = hashlib.sha256(" ".join([READER_VERSION, format, *names]).encode())
    for path in files:
        if partition := partition_of(path):
            digest.update(repr(partition).encode())
        with reading(path):
            digest.update(digest_file(path))
    return digest.hexdigest()
