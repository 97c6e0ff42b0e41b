"""Letters and words of all scripts: what a word is where words have spaces, and where not."""

import re
import unicodedata
from collections import Counter
from typing import Final

MARKS: Final = "".join(
    chr(code) for code in range(0x300, 0xABFF) if unicodedata.category(chr(code))[0] == "M"
)
"""Accents and vowel signs that follow their letter; ``\\w`` of ``re`` leaves most of them out."""

JOINERS: Final = "\u200c\u200d"
"""Invisible signs inside words, of Persian and Hindi for example: how two letters are joined."""

LETTER: Final = rf"(?:[^\W\d_][{MARKS}{JOINERS}]*)"
"""One letter of any script with its marks, as a pattern of ``re``."""

ACRONYM_SIGN: Final = r"(?<=[א-ת])[\"”״](?=[א-ת](?![א-ת]))"
"""The quotation mark before the last letter of a Hebrew acronym, ``צה"ל``, as a pattern."""

_RANGES: Final = {
    "Latn": "A-Za-zªºÀ-ÖØ-öø-ʯᴀ-ᶿḀ-ỿⱠ-Ɀ\ua720-\ua7ffﬀ-ﬆＡ-Ｚａ-ｚ",
    "Grek": "Ͱ-Ͽἀ-῿",
    "Cyrl": "Ѐ-ԯᲀ-\u1c8f",
    "Armn": "Ա-և",
    "Hebr": "א-ת\ufb1d-\ufb4f",
    "Arab": "ؠ-يٮ-ۿݐ-ݿࢠ-ࣿﭐ-ﷻﹰ-ﻼ",
    "Deva": "ऄ-ॿ",
    "Beng": "ঀ-৿",
    "Guru": "਀-੿",
    "Gujr": "઀-૿",
    "Orya": "଀-୿",
    "Taml": "஀-௿",
    "Telu": "ఀ-౿",
    "Knda": "ಀ-೿",
    "Mlym": "ഀ-ൿ",
    "Sinh": "඀-෿",
    "Thai": "ก-๎",
    "Laoo": "ກ-ໟ",
    "Mymr": "က-႟",
    "Geor": "Ⴀ-ჿᲐ-Ჿ",
    "Ethi": "ሀ-፿",
    "Khmr": "ក-៓",
    "Hang": "ᄀ-ᇿ\u3130-\u318f가-힣",
    "Kana": "ぁ-ゟ゠-ヿㇰ-ㇿｦ-ﾟ",
    "Hani": "々〇㐀-\u4dbf一-\u9fff\uf900-\ufaff\U00020000-\U0003ffff",
}
_OF_SCRIPT: Final = {name: re.compile(f"[{chars}]") for name, chars in _RANGES.items()}

_UNSPACED: Final = "".join(
    _RANGES[name] for name in ("Hani", "Kana", "Thai", "Laoo", "Khmr", "Mymr")
)
_CHARACTER: Final = re.compile(rf"[{_UNSPACED}][{MARKS}]*")


def count_scripts(text: str) -> Counter[str]:
    """Number of letters of each script, by the names of ISO 15924 (``Kana``: both of Japan's)."""
    counts = {name: len(pattern.findall(text)) for name, pattern in _OF_SCRIPT.items()}
    return Counter({name: count for name, count in counts.items() if count})


def take_characters(text: str) -> tuple[list[str], str]:
    """Take out the characters of the scripts that have no spaces between words.

    Chinese, Japanese, Thai, Lao, Khmer and Burmese are counted by characters, each with its marks:
    a segmenter would need a dictionary of each language.

    Returns:
        The characters, and the rest of the text with a space instead of each.
    """
    return _CHARACTER.findall(text), _CHARACTER.sub(" ", text)
