"""Which files a folder of a data directory holds, from one listing."""

import os
from pathlib import Path

_SUFFIX = ".parquet"


def list_revisions(data_dir: str, folder: str) -> dict[str, str]:
    """The Parquet files of a folder, without subfolders, sorted by name.

    Args:
        data_dir: The data directory.
        folder: The folder's path within it; none of its files exist if it does not.

    Returns:
        Name without suffix to revision: a text that changes whenever the file is written again.
    """
    revisions = {}
    try:
        with os.scandir(Path(data_dir, folder)) as entries:
            for entry in entries:
                if entry.name.endswith(_SUFFIX) and not entry.name.startswith("."):
                    stat = entry.stat()
                    revision = f"{stat.st_size}-{stat.st_mtime_ns}"
                    revisions[entry.name.removesuffix(_SUFFIX)] = revision
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return dict(sorted(revisions.items()))


def state_of(path: Path) -> str:
    """A text that changes whenever anything is written to a file, even if its times are set back.

    Raises:
        FileNotFoundError: There is no such file.
    """
    stat = path.stat()
    return f"{stat.st_dev}-{stat.st_ino}-{stat.st_size}-{stat.st_mtime_ns}-{stat.st_ctime_ns}"


def written_at(path: Path) -> float:
    """When a file was published, in seconds since the epoch.

    Raises:
        FileNotFoundError: There is no such file.
    """
    return path.stat().st_mtime
