"""Digests of input files; that of a large file is computed once for each state of the file.

A table of ten million rows has 6 GB: without this, half a minute of a run that finds nothing to do.
As git does for its index, a state is device, inode, size and both times: writing to a file changes
its ctime, which no program can set. Digests of files that changed in the last seconds are not kept,
because a further change might leave the same times.
"""

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Final

LARGE_BYTES: Final = 256 * 2**20
"""Digests of smaller files take a second, and are not kept."""

_SETTLED_S: Final = 3.0
"""Some file systems store times in steps of two seconds."""


def digest_file(path: Path) -> bytes:
    """The SHA-256 of a file.

    Raises:
        OSError: It cannot be read.
    """
    stat = path.stat()
    if stat.st_size < LARGE_BYTES:
        return _compute(path)
    kept = _cache_folder() / f"{hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]}.json"
    state = _state_of(stat)
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads(kept.read_text(encoding="utf-8"))
        if known["state"] == state:
            return bytes.fromhex(known["sha256"])
    started_at = time.time()
    digest = _compute(path)
    is_settled = max(stat.st_mtime, stat.st_ctime) < started_at - _SETTLED_S
    if is_settled and _state_of(path.stat()) == state:
        with contextlib.suppress(OSError):  # it is computed again
            kept.parent.mkdir(parents=True, exist_ok=True)
            new = kept.with_suffix(f".{os.getpid()}")
            new.write_text(json.dumps({"state": state, "sha256": digest.hex()}), encoding="utf-8")
            new.replace(kept)
    return digest


def _compute(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _state_of(stat: os.stat_result) -> list[int]:
    return [stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]


def _cache_folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home, "thumbnail-tasks", "digests")
