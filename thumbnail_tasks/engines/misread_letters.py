"""Letters that a recogniser takes for others, or for words of their own, and is certain of."""

import re
from typing import Final

CYRILLIC_LANGUAGES: Final = frozenset({"ru", "uk", "be", "bg", "mk", "sr", "kk", "ky", "mn"})
MIN_LOOK_ALIKE_LETTERS: Final = 3
_LOOK_ALIKES: Final = str.maketrans("ABCEHKMOPTXY", "авсенкмортху")

DOTTED: Final = frozenset({"tr", "az"})
"""Languages in which capitals of ``i`` have a dot: nothing is written in capitals there."""
DOTTED_AS_READ: Final = str.maketrans("Íí", "İi")
"""RapidOCR reads the dotted capital as one with an accent, which these languages do not have."""

UNKNOWN_ACCENTS: Final = frozenset({"vi"})
"""Languages of which RapidOCR's alphabet lacks most letters with accents."""

_SINGLE_LETTERS: Final = re.compile(r"[^\W\d_](?: [^\W\d_]){2,}")


def close_up(letters: str) -> str:
    """Single letters without the spaces between them; empty if they are not of one case.

    Example:
        ``C A G E`` gives ``CAGE``, and ``C A`` nothing.
    """
    word = letters.replace(" ", "") if _SINGLE_LETTERS.fullmatch(letters) else ""
    return word if word in (word.upper(), word.lower()) else ""


def in_cyrillic(word: str) -> str:
    """A word of capitals that look alike in small Cyrillic letters; empty if it is none.

    Example:
        ``MOCKBA``, as ``МОСКВА`` is read, gives ``москва``.
    """
    small = word.translate(_LOOK_ALIKES)
    is_one = len(word) >= MIN_LOOK_ALIKE_LETTERS and all("а" <= letter <= "х" for letter in small)
    return small if is_one else ""
