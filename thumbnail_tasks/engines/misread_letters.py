"""Letters that a recogniser of Latin letters takes for others, and is certain of."""

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


def in_cyrillic(word: str) -> str:
    """A word of capitals that look alike in small Cyrillic letters; empty if it is none.

    Example:
        ``MOCKBA``, as ``МОСКВА`` is read, gives ``москва``.
    """
    small = word.translate(_LOOK_ALIKES)
    is_one = len(word) >= MIN_LOOK_ALIKE_LETTERS and all("а" <= letter <= "х" for letter in small)
    return small if is_one else ""
