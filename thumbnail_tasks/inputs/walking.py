"""Walk through a folder and its subfolders, also those behind symbolic links."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path


def walk_folders(
    folder: Path, is_hidden: Callable[[str], bool]
) -> Iterator[tuple[Path, list[str]]]:
    """Each folder with the names of its files, in the order of names; each folder once.

    Args:
        folder: Where to begin.
        is_hidden: Whether a file or subfolder of this name is left out.

    Raises:
        OSError: A folder cannot be read.
    """

    def fail(error: OSError) -> None:
        raise error

    seen: set[tuple[int, int]] = set()  # links may lead back
    for root, folders, names in os.walk(folder, onerror=fail, followlinks=True):
        stat = Path(root).stat()
        if (stat.st_dev, stat.st_ino) in seen:
            folders.clear()
            continue
        seen.add((stat.st_dev, stat.st_ino))
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        yield Path(root), sorted(name for name in names if not is_hidden(name))
