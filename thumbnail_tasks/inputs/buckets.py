"""Tables in a bucket as files on this machine: their names at first, their contents when read."""

import atexit
import functools
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from thumbnail_tasks.errors import InputError, StorageError
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import S3_SCHEME

_WILDCARD: Final = re.compile(r"[*?\[]")
_roots: list[Path] = []
"""The folders of this process, and of the one that it was forked from."""
_addresses: dict[Path, str] = {}
"""The objects whose names are in these folders."""


@functools.cache
def _root(pid: int) -> Path:
    """A folder of this process, removed at its end."""
    root = Path(tempfile.mkdtemp(prefix="thumbnail-tasks-"))
    atexit.register(_remove, root, pid)
    _roots.append(root)
    return root


def _remove(root: Path, pid: int) -> None:
    if os.getpid() == pid:
        shutil.rmtree(root, ignore_errors=True)


def mirror(flag: str, address: str) -> str:
    """Give empty files on this machine the names and times of objects.

    Args:
        flag: The flag with the address, for messages.
        address: ``s3://bucket/key`` of an object or a folder, or a pattern as of a shell.

    Returns:
        The path, or the pattern of paths, that corresponds to ``address``.

    Raises:
        InputError: The bucket cannot be read.
    """
    root = _root(os.getpid())
    wildcard = _WILDCARD.search(address)
    fixed = address[: wildcard.start()].rpartition("/")[0] if wildcard else address.rstrip("/")
    try:
        entry = None if wildcard else files.find(fixed)
        entries = [entry] if entry else files.list_files(fixed, below=True)
    except StorageError as error:
        raise InputError(f"{flag} {error}") from error
    for each in entries:
        path = root / each.address.removeprefix(S3_SCHEME)
        if path not in _addresses:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.utime(path, (each.written_at, each.written_at))
            _addresses[path] = each.address
            if not path.suffix:
                fetch(path)  # its first bytes tell its format
    return str(root / address.removeprefix(S3_SCHEME))


def fetch(path: Path) -> None:
    """Give a file the content of its object; others are left as they are.

    Raises:
        InputError: The object cannot be read.
    """
    address = _addresses.get(path)
    if address is None or path.stat().st_size:
        return
    times = path.stat()
    try:
        with files.backend_of(address).open(address) as content, path.open("wb") as file:
            shutil.copyfileobj(content, file)
    except OSError as error:
        raise InputError(f"{address}: cannot be read; found: {error}") from error
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def name_objects(text: str) -> str:
    """A text with the addresses of objects instead of the paths of their files."""
    for root in _roots:
        text = text.replace(f"{root}/", S3_SCHEME)
    return text
