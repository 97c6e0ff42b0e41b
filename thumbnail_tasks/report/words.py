"""The words of texts, as the report counts them."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from thumbnail_tasks.engines.letters import ACRONYM_SIGN, JOINERS, MARKS

_WORD: Final = re.compile(rf"\w(?:[\w{MARKS}{JOINERS}'’]|{ACRONYM_SIGN})*")


def count_words_in(text: str) -> list[str]:
    """The words of a text as counted in the report: lower case, without punctuation.

    Chinese, Japanese, Thai and others without spaces between words are counted by the runs that
    stand on the picture: a segmenter would need dictionaries, and single characters say little.

    Example:
        ``"DON'T LOOK!"`` is ``["don't", "look"]``.
    """
    return _WORD.findall(text.lower())


def count_words(texts: Iterable[str]) -> Counter[str]:
    """How often each word is in some texts."""
    return Counter(word for text in texts for word in count_words_in(text))
