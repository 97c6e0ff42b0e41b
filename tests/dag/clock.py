"""``tests.dag.quick`` on a machine whose clock jumps by ``CLOCK_JUMP_S`` in the middle of a run."""

import os
import time

from tests.dag.quick import ExportAttributes
from thumbnail_tasks.stages import words

__all__ = ["ExportAttributes"]

_JUMP_S = float(os.environ["CLOCK_JUMP_S"])
_true_time, _begun = time.time, time.monotonic()
_recognizer = words.RECOGNIZERS["rapidocr"]


def _jumping_time() -> float:
    return _true_time() + _JUMP_S * (time.monotonic() > _begun + 1.5)


def _load_slowly(*about: object) -> object:
    time.sleep(1)  # so that the clock jumps while a stage is running
    return _recognizer.load(*about)


time.time = _jumping_time
words.RECOGNIZERS["rapidocr"] = _recognizer._replace(load=_load_slowly)
