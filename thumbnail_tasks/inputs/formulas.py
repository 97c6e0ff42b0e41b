r"""Texts that a spreadsheet would run as formulas: marked with an apostrophe, and unmarked.

A mark is always one apostrophe more, so that removing one gives the original back:

=========  ==========  ===================================================
text       escaped     why
=========  ==========  ===================================================
``=A1``    ``'=A1``    a formula
``'=A1``   ``''=A1``   otherwise it would be the same cell as that of ``=A1``
``-abc``   ``-abc``    a key, which runs nothing
``'-abc``  ``''-abc``  otherwise it would be read as a marked ``-abc``
``'tis``   ``'tis``    after its apostrophe, it is no formula
=========  ==========  ===================================================
"""

import pyarrow as pa
import pyarrow.compute as pc

_FORMULA = (
    r"(?:[\p{Z}\p{Cc}\p{Cf}]*[=+\-@\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"  # also full-width signs
    r"|[\t\r\n])"
)
"""Start of a cell that a spreadsheet may run as a formula (OWASP, "CSV Injection").

The signs come after any blanks, invisible marks and control characters, which some programs skip.
"""
_KEY = r"^[+\-@][0-9A-Za-z_.\-]*\z"
"""Such a cell calls nothing: no function without a parenthesis, no program without ``|`` or ``!``.

One in 64 of YouTube's ids begins with ``-``, names of channels with ``@``: keys of joins.
"""


def escape_formulas(texts: pa.Array) -> pa.Array:
    """Put an apostrophe before the texts that a spreadsheet would run as formulas.

    Also before texts that already are an apostrophe and such a start, so that no two texts become
    one. Numbers, and keys such as ``-abc`` or ``@abc``, stay as they are.

    Args:
        texts: Strings or large strings.

    Returns:
        The same number of texts, of the same type; null stays null.
    """
    may_be_formula = pc.match_substring_regex(texts, f"^'*{_FORMULA}")
    if not pc.any(may_be_formula).as_py():
        return texts
    is_marked = pc.and_not(may_be_formula, pc.match_substring_regex(texts, _KEY))
    apostrophe, nothing = (pa.scalar(text, texts.type) for text in ("'", ""))
    return pc.if_else(is_marked, pc.binary_join_element_wise(apostrophe, texts, nothing), texts)


def unescape_formulas(texts: pa.Array) -> pa.Array:
    """Take away the apostrophes that ``escape_formulas`` has put before texts.

    Args:
        texts: Strings or large strings.

    Returns:
        The same number of texts, of the same type; null stays null.
    """
    return pc.replace_substring_regex(texts, f"^'('*{_FORMULA})", r"\1", max_replacements=1)
