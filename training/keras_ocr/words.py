"""Words as on a thumbnail, and their spelling for the recogniser."""

import gzip
import json
import random
import unicodedata
from importlib.resources import files

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


class Vocabulary:
    """Draws words as on a thumbnail."""

    def __init__(self) -> None:
        packed = (files("spellchecker") / "resources" / "en.json.gz").read_bytes()
        counts: dict[str, int] = json.loads(gzip.decompress(packed))
        common = sorted(counts, key=lambda word: (-counts[word], word))[:20_000]
        self.words = [w for w in common if w.isascii() and w.isalpha() and 2 <= len(w) <= 12]
        self.weights = [counts[word] ** 0.3 for word in self.words]

    def pick(self, rng: random.Random) -> str:
        """A word of the dictionary, an invented one, or a number."""
        kind = rng.random()
        if kind < 0.2:
            return _pick_number(rng)
        if kind < 0.35:
            letters = "".join(rng.choices(ALPHABET[10:], k=rng.choice((1, 2, 3, 4, 5, 6, 7, 8))))
        else:
            letters = rng.choices(self.words, self.weights)[0]
        word = rng.choice((letters.upper(), letters.upper(), letters, letters.capitalize()))
        if rng.random() < 0.03:
            word = word.translate(str.maketrans("aeocAEOC", "àéöçÀÉÖÇ"))
        return word + rng.choices(("", "!", "?", ".", ","), (85, 6, 4, 2, 3))[0]


def _pick_number(rng: random.Random) -> str:
    digits = "".join(rng.choices("0123456789", k=rng.choice((1, 1, 2, 2, 3, 4))))
    more = "".join(rng.choices("0123456789", k=2))
    marks = ("{}", "{}", "{}", "${}", "#{}", "{}%", "{},000", "{}:" + more, "{}." + more, "{}-1")
    return rng.choice(marks).format(digits)


def spell(word: str) -> str:
    """The recogniser's target for a word: lower case, only letters of its alphabet.

    Example:
        ``CAFÉ!`` gives ``cafe``.
    """
    plain = unicodedata.normalize("NFKD", word).lower()
    return "".join(letter for letter in plain if letter in ALPHABET)
