"""py3langid's model, cut to what is asked of it: 20 MB of memory instead of 75."""

import functools
import math
from array import array
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_ASCII: Final = [*b" '", *range(ord("a"), ord("z") + 1)]
_CONTINUED: Final = range(0x80, 0xC0)
_LEADS: Final = [*range(0xC2, 0xCA), *range(0xD0, 0xD5), *range(0xD8, 0xDC)]

# Bytes of lower-case letters in UTF-8, and where in a character each is: Latin, Cyrillic and Arabic
# have two, Devanagari (E0) and the Latin of Vietnamese (E1) three, as has the apostrophe ’ (E2).
_STEPS: Final[list[tuple[str, Collection[int], str]]] = [
    ("start", _ASCII, "start"),
    ("start", _LEADS, "last"),
    ("last", _CONTINUED, "start"),
    ("start", [0xE0], "Devanagari"),
    ("Devanagari", [0xA4, 0xA5], "last"),
    ("start", [0xE1], "Latin"),
    ("Latin", range(0xB8, 0xBC), "last"),
]
LETTERS: Final = "a-zß-öø-ɏЀ-ԿḀ-ỿ\u0600-\u06ff\u0900-\u097f"
"""The letters whose frequencies are known; the other scripts tell their language themselves."""

LanguageScorer = Callable[[str], Mapping[str, float]]
"""Maps a text to the logarithm of each language's likelihood, but for a constant."""


def load_language_scorer(left_out: Collection[str]) -> LanguageScorer:
    """Load the model, without the languages of three letters and some others: 1 s.

    Returns:
        Scores lower-case words of ``LETTERS`` with a space between them.
    """
    return _load(frozenset(left_out))


@functools.cache
def _load(left_out: frozenset[str]) -> LanguageScorer:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier, visit_counts

    full = LanguageIdentifier.from_model_file(MODEL_FILE)
    full.set_languages({each for each in full.labels if len(each) == 2} - left_out)
    languages, bias = list(full.nb_classes), np.asarray(full.nb_pc)
    used = sorted({byte for _, some, _ in _STEPS for byte in some})
    column = bytes(used.index(byte) if byte in used else 0 for byte in range(256))
    following, row_starts, features, table = _cut_automaton(full, used)
    del full

    def score(text: str) -> Mapping[str, float]:
        content = text.encode()
        visits = visit_counts(following, row_starts, features, content.translate(column))
        if not visits:
            return dict.fromkeys(languages, 0.0)
        counts = np.fromiter(visits.values(), np.float32, len(visits))
        scores = np.log1p(counts) @ table[list(visits)].astype(np.float32) + bias
        found: dict[str, float] = {}
        for language, each in zip(languages, scores.tolist(), strict=True):
            scaled = each / math.sqrt(len(content))
            found[language] = max(scaled, found.get(language, scaled))  # Serbian: twice
        return found

    return score


def _cut_automaton(
    full: Any, used: list[int]
) -> tuple["array[int]", list[int], list[int], NDArray[np.float16]]:
    """Keep the states that lower-case words lead to, and the columns of their bytes.

    Returns:
        The next state of each row and byte; where the row of each state starts; the feature that
        each state completes, or -1; the weights of each feature and language.
    """
    rows = np.asarray(full.tk_nextmove).reshape(-1, 256)
    row_of, feature_of = np.asarray(full.tk_row), np.asarray(full.tk_output)
    states = _find_states(rows, row_of)
    number = np.zeros(len(row_of), np.uint32)  # bytes that do not occur lead to the first state
    number[states] = np.arange(len(states), dtype=np.uint32)
    kept_rows, row_of_state = np.unique(row_of[states], return_inverse=True)
    following = array("I", number[rows[kept_rows][:, used]].tobytes())
    kept = feature_of[states]
    features = np.unique(kept[kept >= 0])
    renumbered = np.where(kept >= 0, np.searchsorted(features, kept), -1)
    starts = (row_of_state * len(used)).tolist()
    return following, starts, renumbered.tolist(), np.asarray(full.nb_ptc)[features]


def _find_states(rows: NDArray[np.uint32], row_of: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The states that can be reached from the first one, which is among them."""
    seen = {step: np.zeros(len(row_of), bool) for step, _, _ in _STEPS}
    newest = {step: np.zeros(0, np.int64) for step in seen}
    newest["start"] = np.zeros(1, np.int64)
    seen["start"][0] = True
    while any(map(len, newest.values())):
        reached = {step: [np.zeros(0, np.int64)] for step in seen}
        for step, some, next_step in _STEPS:
            if len(newest[step]):
                found = rows[np.unique(row_of[newest[step]])][:, list(some)]
                reached[next_step].append(np.unique(found).astype(np.int64))
        for step, found_states in reached.items():
            new = np.unique(np.concatenate(found_states))
            newest[step] = new[~seen[step][new]]
            seen[step][newest[step]] = True
    return np.flatnonzero(np.logical_or.reduce(list(seen.values())))
