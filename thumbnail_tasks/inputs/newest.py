"""Find the newest table of a folder, which is tonight's."""

import contextlib
import glob
import logging
import time
from pathlib import Path
from typing import NamedTuple

from thumbnail_tasks import settings
from thumbnail_tasks.console import TASK_LINE
from thumbnail_tasks.errors import InputError

logger = logging.getLogger(__name__)

_TABLES = (".csv", ".parquet")
"""Suffixes of tables in a folder; a glob selects files itself."""
_TEMPORARY = (".part", ".partial", ".filepart", ".crdownload", ".download", ".tmp", ".swp", "~")
"""Suffixes of files that copying programs and editors have not finished."""


class TablesFound(NamedTuple):
    """The result of searching a folder or glob for tables."""

    newest: Path | None
    """The newest finished table."""
    unfinished: list[str]
    """Why each newer file is not used."""


def find_tables(tables: str, now_s: float, settle_s: float) -> TablesFound:
    """Find the newest table by modification time, and newer files that are unfinished.

    A file is unfinished if its name says so (hidden, or as in ``_TEMPORARY``), or if it has
    changed within the last ``settle_s`` seconds.

    Args:
        tables: A folder (its .csv and .parquet files), or a glob.
        now_s: Seconds since the epoch.
        settle_s: Seconds without a change after which a file is finished.
    """
    if Path(tables).is_dir():
        paths = [path for path in Path(tables).iterdir() if _is_table(path)]
    else:
        paths = [Path(path) for path in glob.glob(tables)]  # noqa: PTH207 - absolute globs
    states = []
    for path in paths:
        with contextlib.suppress(FileNotFoundError):  # renamed or removed meanwhile
            if path.is_file():
                states.append((path.stat().st_mtime, path))
    unfinished = []
    for modified_s, path in sorted(states, reverse=True):
        if _is_temporary(path.name):
            unfinished.append(f"{path}: a temporary name")
        elif now_s - modified_s < settle_s:
            seconds = max(now_s - modified_s, 0)
            unfinished.append(
                f"{path}: changed {seconds:.0f} s ago; used after {settle_s:.0f} s without a change"
            )
        else:
            return TablesFound(path, unfinished)
    return TablesFound(None, unfinished)


def _is_table(path: Path) -> bool:
    """Whether it has the name of a table, or will have without its temporary suffix."""
    if _is_temporary(path.name):
        return any(suffix.lower().rstrip("~") in _TABLES for suffix in path.suffixes)
    return path.suffix.lower() in _TABLES


def _is_temporary(name: str) -> bool:
    return name.startswith((".", "~")) or name.lower().endswith(_TEMPORARY)


def newest_table(tables: str) -> Path:
    """Tonight's table; logs which newer files are unfinished.

    Raises:
        InputError: There is none.
    """
    if not tables:
        raise InputError("--tables: expected a folder of tables, or a glob; found nothing")
    found = find_tables(tables, time.time(), settings.night().settle_s)
    if found.newest is None:
        why = "; ".join(found.unfinished) or "none"
        raise InputError(f"--tables {tables}: expected a table of videos; found: {why}")
    for why in found.unfinished:
        logger.info(TASK_LINE, "Nightly", f"not used: {why}")
    return found.newest
