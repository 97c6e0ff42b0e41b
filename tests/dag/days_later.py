"""``tests.dag.quick`` on a machine whose clock is ``$DAYS_LATER`` days ahead."""

import os
import time

from tests.dag.quick import ExportAttributes

__all__ = ["ExportAttributes"]

_true_time = time.time
_AHEAD_S = 86_400 * float(os.environ.get("DAYS_LATER", "0"))


def _later() -> float:
    return _true_time() + _AHEAD_S


time.time = _later
