"""Find the newest table of a folder, which is tonight's."""

import contextlib
import glob
import logging
import time
from pathlib import Path
from typing import NamedTuple

from thumbnail_tasks import settings
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.buckets import mirror, name_objects
from thumbnail_tasks.inputs.files import (
    FORMAT_OF_SUFFIX,
    is_being_written,
    is_table_folder,
    table_suffix,
    walk,
)
from thumbnail_tasks.storage.addresses import is_s3

logger = logging.getLogger(__name__)

_TABLES = tuple(suffix for suffix in FORMAT_OF_SUFFIX if suffix != ".json")
"""Suffixes of tables in a folder; a glob selects files itself.

Beside Kaggle's tables lie ``US_category_id.json``, beside yt-dlp's pictures ``….info.json``.
"""
_OTHER_TABLES = (
    *(".arrow", ".feather", ".json", ".ods", ".orc", ".txt", ".xls", ".xlsx", ".xz", ".zip"),
)
"""Suffixes of files that may be meant as tables; in a folder they are not used, but named."""
_TEMPORARY = (".part", ".partial", ".filepart", ".crdownload", ".download", ".tmp", ".swp", "~")
"""Suffixes of files that copying programs and editors have not finished."""


class TablesFound(NamedTuple):
    """The result of searching a folder or glob for tables."""

    newest: Path | None
    """The newest finished table."""
    unused: list[str]
    """Why each newer file is not used."""
    age_s: float = 0.0
    """Seconds since the newest finished table changed."""


def find_tables(tables: str, now_s: float, settle_s: float) -> TablesFound:
    """Find the newest table by modification time, and newer files that are not used.

    A file is unfinished if its name says so (hidden, or as in ``_TEMPORARY``), or if it has
    changed within the last ``settle_s`` seconds.

    Args:
        tables: A folder (its tables by name, but .json), or a glob. A folder that Spark or Hive
            writes is one table: see ``files.is_table_folder``.
        now_s: Seconds since the epoch.
        settle_s: Seconds without a change after which a file is finished.
    """
    if is_s3(tables):
        found = find_tables(mirror("--tables", tables), now_s, settle_s)
        return found._replace(unused=[name_objects(why) for why in found.unused])
    is_table = is_table_folder(Path(tables))
    is_folder = not is_table and Path(tables).is_dir()
    if is_table:
        paths = [Path(tables)]
    elif is_folder:
        paths = [
            path
            for path in Path(tables).iterdir()
            if _may_be_table(path) or (path.is_dir() and path.name[:1] not in "._")
        ]
    else:
        paths = [Path(path) for path in glob.glob(tables, recursive=True)]  # noqa: PTH207 - absolute globs
    table_folders = {path for path in paths if is_table_folder(path)}
    states = []
    for path in paths:
        with contextlib.suppress(FileNotFoundError):  # renamed or removed meanwhile
            if path.is_file():
                states.append((path.stat().st_mtime, path))
            elif path in table_folders:
                changed = [file.stat().st_mtime for file in walk(path)]
                states.append((max(changed, default=path.stat().st_mtime), path))
            elif is_folder and path.is_dir():
                inner = [file for file in walk(path) if table_suffix(file.name) in _TABLES]
                states += [(file.stat().st_mtime, path) for file in inner]
    unused = []
    for modified_s, path in sorted(states, reverse=True):
        if _is_temporary(path.name):
            unused.append(f"{path}: a temporary name")
        elif is_folder and path.is_dir() and path not in table_folders:
            why = f"{path}: a subfolder with a newer table; for those in it: --tables '{path}'"
            unused += [why] if why not in unused else []
        elif is_being_written(path):
            unused.append(f"{path}: being written (it has a folder _temporary)")
        elif is_folder and path not in table_folders and table_suffix(path.name) not in _TABLES:
            unused.append(f"{path}: expected a name that ends in {' or '.join(_TABLES)}")
        elif now_s - modified_s < settle_s:
            seconds = max(now_s - modified_s, 0)
            unused.append(
                f"{path}: changed {seconds:.0f} s ago; used after {settle_s:.0f} s without a change"
            )
        else:
            return TablesFound(path, unused, now_s - modified_s)
    return TablesFound(None, unused)


def _may_be_table(path: Path) -> bool:
    """Whether it has the name of a table, or will have without its temporary suffix."""
    if _is_temporary(path.name):
        return any(suffix.lower().rstrip("~") in _TABLES for suffix in path.suffixes)
    return table_suffix(path.name) in (*_TABLES, *_OTHER_TABLES)


def _is_temporary(name: str) -> bool:
    return name.startswith((".", "~")) or name.lower().endswith(_TEMPORARY)


def _describe_nothing(tables: str) -> str:
    if is_s3(tables):
        return "none"
    if Path(tables).is_dir():
        return "a folder without one"
    return "no file of this pattern" if glob.has_magic(tables) else "no such file or folder"


def newest_table(tables: str) -> str:
    """The address of tonight's table; logs which newer files are not used, and whether it is old.

    Raises:
        InputError: There is none.
    """
    if not tables:
        raise InputError("--tables: expected a folder of tables, or a glob; found nothing")
    found = find_tables(tables, time.time(), settings.night().settle_s)
    if found.newest is None:
        why = "; ".join(found.unused) or _describe_nothing(tables)
        raise InputError(f"--tables {tables}: expected a table of videos; found: {why}")
    newest = name_objects(str(found.newest))
    for why in found.unused:
        logger.warning("newer, but not used: %s", why)
    most_hours = settings.night().max_age_hours
    if most_hours and found.age_s > most_hours * 3600:
        logger.warning(
            "%s: expected a table that has changed within %g hours ([night] max_age_hours); it "
            "changed %.0f hours ago: is there no newer one?",
            *(newest, most_hours, found.age_s / 3600),
        )
    return newest
