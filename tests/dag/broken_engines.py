"""``thumbnail_tasks`` on a machine where an engine cannot work; loaded with ``--module``.

The module ``$MISSING`` is not installed; the shipped model file ``$DAMAGED`` is damaged.
"""

import os
import sys
from pathlib import Path

if missing := os.environ.get("MISSING"):
    sys.modules[missing] = None  # type: ignore[assignment]  # importing it raises

from thumbnail_tasks import ExportAttributes

__all__ = ["ExportAttributes"]

_read_bytes = Path.read_bytes


def read_bytes(path: Path) -> bytes:
    content = _read_bytes(path)
    return content[:-1] if path.name == os.environ.get("DAMAGED") else content


Path.read_bytes = read_bytes  # type: ignore[method-assign, assignment]
