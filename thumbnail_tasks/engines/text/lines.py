"""Lines of text on a picture, and their words."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.interface import Word
from thumbnail_tasks.engines.text.scripts import is_from_right, script_of

MIN_SPACE_PROBABILITY: Final = 0.05
MIN_SPACE_PROBABILITY_AT_NUMBERS: Final = 0.005
"""The same between a letter and a digit, as in ``ТОП 10``, for readers that were trained on drawn
lines, where numbers are rarer than on thumbnails."""
_BLANK = 0

Letter = tuple[str, float, float]
"""A letter or space, its probability, and its position on its line, both 0 to 1."""


class WordOnLine(NamedTuple):
    """A word of a line."""

    text: str
    start: float
    """Its left edge on the line, 0 to 1."""
    end: float
    """Its right edge on the line, 0 to 1."""
    confidence: float
    """0 to 1."""


class Line(NamedTuple):
    """A line of text on a picture."""

    quad: NDArray[np.float32]
    """(4, 2) corners x, y: upper left, upper right, lower right, lower left."""
    words: Sequence[WordOnLine]
    """In reading order; none if its script is not read."""
    told_script: str | None = None
    """Its script if PP-OCR's recogniser does not know it, or if it was not to be read."""
    script_probability: float = 0.0
    n_turns: int = 0
    """Quarter turns, counter-clockwise, by which it was turned to be read."""

    @property
    def text(self) -> str:
        """Its words, separated by spaces."""
        return " ".join(word.text for word in self.words)

    @property
    def script(self) -> str | None:
        """The script of its words."""
        return script_of([self.text])

    @property
    def is_from_right(self) -> bool | None:
        """Whether what follows it in its row is at its left; None without letters."""
        return is_from_right(self.script or self.told_script, self.n_turns % 2 == 1)

    def unread(self) -> "Line":
        """The same line without its words."""
        confidence = float(np.mean([word.confidence for word in self.words]))
        return self._replace(words=(), told_script=self.script, script_probability=confidence)

    def place_words(self) -> Iterator[Word]:
        """Its words with their boxes on the picture; one without text if it was not read."""
        if not self.words:
            box = _box_around(self.quad)
            yield Word(None, self.script_probability, box, self.told_script)
            return
        # Corners as they were when the line was read.
        upper_left, upper_right, lower_right, lower_left = np.roll(self.quad, -self.n_turns, axis=0)
        for word in self.words:
            edges = [
                left + (right - left) * share
                for left, right in ((upper_left, upper_right), (lower_left, lower_right))
                for share in (word.start, word.end)
            ]
            yield Word(word.text, word.confidence, _box_around(edges))


def _box_around(
    points: Sequence[NDArray[np.float32]] | NDArray[np.float32],
) -> tuple[float, float, float, float]:
    x_min, y_min = np.min(points, axis=0)
    x_max, y_max = np.max(points, axis=0)
    return (float(x_min), float(y_min), float(x_max), float(y_max))


def join_letters(letters: Sequence[Letter]) -> list[WordOnLine]:
    """The words of a line, cut at its spaces; each has the confidence of the line.

    A word reaches beyond its first and last letters by half of their mean distance on the line.
    """
    if not any(letter != " " for letter, _, _ in letters):
        return []
    confidence = float(np.mean([probability for _, probability, _ in letters]))
    positions = [position for _, _, position in letters]
    width = max(positions) - min(positions)
    half = width / (len(positions) - 1) / 2 if len(positions) > 1 else 0.5
    words = []
    for is_space, group in groupby(letters, key=lambda letter: letter[0] == " "):
        if not is_space:
            word = list(group)
            text = "".join(letter for letter, _, _ in word)
            edges = [position for _, _, position in word]
            start, end = max(min(edges) - half, 0.0), min(max(edges) + half, 1.0)
            words.append(WordOnLine(text, start, end, confidence))
    return words


def decode_letters(
    probabilities: NDArray[np.float32],
    alphabet: Sequence[str],
    at_numbers: float = MIN_SPACE_PROBABILITY,
) -> list[Letter]:
    """Decode a line from the output of a recogniser: the best path of CTC, and probable spaces.

    Args:
        probabilities: (T, C) of each letter at T steps along the line; the first letter is CTC's
            blank, the last one the space.
        alphabet: The C letters.
        at_numbers: The least probability of a space between a letter and a digit.

    Returns:
        The letters from left to right. A space that is not on the best path is inserted between two
        letters if its probability reaches ``MIN_SPACE_PROBABILITY`` or ``at_numbers``; it has its
        neighbours' mean probability, so that it does not change that of the line.
    """
    best = probabilities.argmax(axis=1)
    starts = [
        step
        for step, letter in enumerate(best)
        if letter != _BLANK and (step == 0 or letter != best[step - 1])
    ]
    read = [
        (alphabet[best[step]], float(probabilities[step, best[step]]), (step + 0.5) / len(best))
        for step in starts
    ]
    spaced = read[:1]
    for (here, there), (letter, following) in zip(pairwise(starts), pairwise(read), strict=True):
        space = probabilities[here : there + 1, -1].max()
        is_at_number = letter[0].isdigit() != following[0].isdigit()
        least = at_numbers if is_at_number else MIN_SPACE_PROBABILITY
        if " " not in (letter[0], following[0]) and space >= least:
            mean, middle = ((letter[i] + following[i]) / 2 for i in (1, 2))
            spaced.append((" ", mean, middle))
        spaced.append(following)
    return spaced


def confidence_of(letters: Iterable[Letter]) -> float:
    """Mean probability of the letters of a line without spaces; 0 without letters."""
    read = [probability for letter, probability, _ in letters if letter != " "]
    return float(np.mean(read)) if read else 0.0
