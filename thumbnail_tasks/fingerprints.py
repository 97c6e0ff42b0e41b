"""Digests that name things by their content: files, shards, engines, exports."""

import functools
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def short_digest(value: Any, digits: int) -> str:
    """The first hexadecimal digits of the SHA-256 of ``value`` as JSON."""
    described = json.dumps(value, sort_keys=True, ensure_ascii=False).encode()
    return hashlib.sha256(described).hexdigest()[:digits]


def make_tag(name: str, about: Mapping[str, Any]) -> str:
    """``<name>-<digest>``: a folder name that changes with everything that changes a result."""
    return f"{name}-{short_digest([name, about], 8)}"


def digest_file(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal, read once per process and state of the file.

    Luigi asks often whether a task is complete, and each time for its engine tag.

    Raises:
        OSError: The file cannot be read.
    """
    stat = path.stat()
    return digest_state(path, stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=1024)
def digest_state(path: Path, n_bytes: int, modified_ns: int) -> str:
    """As ``digest_file``, for a file of this size and modification time."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
