"""Lines that stand upside down: a doubtful line is read once more, turned by 180°.

Measured on the 807 upright lines of 282 thumbnails, and on the same lines turned over, 2026-11-28:
no line is turned wrongly (nor one of 527 others, of other languages or in other sizes); 89 % of
those that are read surely are turned back when they are turned over. The others are read surely
upside down, too, or as fewer than three letters. 81 of the 807 lines are read twice, which takes a
tenth of the recogniser's time, 1.4 % of the whole.
"""

from collections.abc import Sequence
from typing import Final

from thumbnail_tasks.engines.text.line_scripts import MIN_SURE_CONFIDENCE
from thumbnail_tasks.engines.text.lines import Letter, confidence_of

Letters = Sequence[Letter]

UPSIDE_DOWN: Final = 2
"""Quarter turns."""
MIN_LETTERS: Final = 3
"""``VS`` is read less surely than upside down, as ``SA``."""
MIN_TURNED_CONFIDENCE: Final = 0.95
MIN_GAIN: Final = 0.1
"""How much surer a line is to be read upside down."""


def may_be_upside_down(letters: Letters) -> bool:
    """Whether an upright line is to be read once more, upside down."""
    return confidence_of(letters) < MIN_SURE_CONFIDENCE and _count(letters) >= MIN_LETTERS


def is_upside_down(upright: Letters, turned: Letters) -> bool:
    """Whether a line is upside down, as read in both ways: by a clear margin only."""
    confidence = confidence_of(turned)
    return (
        _count(turned) >= MIN_LETTERS
        and confidence >= MIN_TURNED_CONFIDENCE
        and confidence >= confidence_of(upright) + MIN_GAIN
    )


def _count(letters: Letters) -> int:
    return sum(letter != " " for letter, _, _ in letters)
