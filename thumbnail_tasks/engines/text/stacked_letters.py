"""Words whose letters are stacked: single letters, upright, one below the other.

The detector finds each letter of ``WOW`` written downwards as a line of its own, if they are not
close together. The recogniser reads such a stack surely if it is given the whole as a tall line.
Of 57 drawn ones (8 words, 3 fonts, 3 distances; 2026-11-28) 46 are read, 6 without this; in most of
the others the detector misses the first letter. 317 thumbnails have no stack, and none is found.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.text.line_scripts import MIN_SURE_CONFIDENCE
from thumbnail_tasks.engines.text.lines import Letter, confidence_of

MIN_LETTERS: Final = 3
MAX_HEIGHT_RATIO: Final = 1.6
"""Boxes are wider and higher around a wide letter than around an I."""

MAX_PITCH: Final = 1.3
"""Height of the whole per letter, in units of the highest letter's box."""

# In units of the lower letter's height. Boxes exceed their letters, and may overlap.
MAX_GAP: Final = 1.6
"""With a letter between that the detector has missed."""
MAX_OVERLAP: Final = 0.5
MAX_SHIFT: Final = 0.25
MAX_SIDE_GAP: Final = 1.5
"""A letter with text nearer than this beside it is a bullet, or one of a grid."""

_MARKS = "!?."
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


class Piece(NamedTuple):
    """A line as it was found."""

    quad: NDArray[np.float32]
    """(4, 2) corners."""
    text: str
    is_tall: bool
    """Whether it was turned to be read; so is an I, which becomes a dash."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """x_min, y_min, x_max, y_max."""
        return (*self.quad.min(axis=0).tolist(), *self.quad.max(axis=0).tolist())

    @property
    def n_letters(self) -> int:
        """Letters without spaces, at least 1."""
        return max(1, len(self.text.replace(" ", "")))

    @property
    def letter_height(self) -> float:
        """Height of a letter of a stack, with what the box exceeds it."""
        return (self.box[3] - self.box[1]) / self.n_letters


class StackedWord(NamedTuple):
    """A word of stacked letters."""

    stack: list[int]
    """The positions of its pieces, from top to bottom."""
    quad: NDArray[np.float32]
    """(4, 2) corners of an upright box around it."""
    letters: list[Letter]
    """Each letter with its probability and its position, 0 to 1, downwards."""


def read_stacks(
    pieces: Sequence[Piece],
    read_downwards: Callable[[NDArray[np.float32]], list[Letter]],
) -> list[StackedWord]:
    """Find and read the words whose letters are stacked.

    Args:
        pieces: The lines of a picture.
        read_downwards: Maps the quad of a tall line to its letters.
    """
    words = []
    for stack in find_stacks(pieces):
        quad = bound_stack([pieces[i].quad for i in stack])
        letters = [letter for letter in read_downwards(quad) if letter[0] != " "]
        if is_stacked_word(letters, [pieces[i] for i in stack]):
            words.append(StackedWord(stack, quad, letters))
    return words


def find_stacks(pieces: Sequence[Piece]) -> list[list[int]]:
    """Find what may be stacked letters: near, of about equal height, centred, with nothing beside.

    Args:
        pieces: The lines of a picture.

    Returns:
        The positions of each stack's pieces, from top to bottom.
    """
    stacks: list[list[int]] = []
    letters = [i for i, piece in enumerate(pieces) if piece.is_tall or piece.n_letters == 1]
    for i in sorted(letters, key=lambda i: pieces[i].box[1]):
        for stack in stacks:
            if _continues(pieces[stack[-1]], pieces[i]):
                stack.append(i)
                break
        else:
            stacks.append([i])
    return [
        stack
        for stack in stacks
        if len(stack) > 1
        and sum(pieces[i].n_letters for i in stack) >= MIN_LETTERS
        and not _is_list(stack, pieces)
    ]


def bound_stack(quads: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The upright quad around a stack's letters, to be read as a tall line."""
    corners = np.concatenate(quads)
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def is_stacked_word(letters: Sequence[Letter], stack: Sequence[Piece]) -> bool:
    """Whether the reading of a stack is a word: sure, with all letters found, near each other.

    Digits, and letters in alphabetical order as A, B, C, D, number what is somewhere beside them.

    Args:
        letters: Each letter with its probability and position, read downwards; no spaces.
        stack: Its pieces; the detector may have missed others, where there is a gap.
    """
    text = "".join(letter for letter, _, _ in letters)
    word = text.rstrip(_MARKS)
    height = stack[-1].box[3] - stack[0].box[1]
    return (
        confidence_of(letters) >= MIN_SURE_CONFIDENCE
        and len(text) >= sum(piece.n_letters for piece in stack)
        and height <= MAX_PITCH * len(text) * max(piece.letter_height for piece in stack)
        and word.isalpha()
        and word.lower() not in _ALPHABET
    )


def _continues(upper: Piece, lower: Piece) -> bool:
    low, high = sorted((upper.letter_height, lower.letter_height))
    shift = abs(upper.box[0] + upper.box[2] - lower.box[0] - lower.box[2]) / 2
    return (
        high <= MAX_HEIGHT_RATIO * low
        and -MAX_OVERLAP * low <= lower.box[1] - upper.box[3] <= MAX_GAP * low
        and shift <= MAX_SHIFT * low
    )


def _is_list(stack: Sequence[int], pieces: Sequence[Piece]) -> bool:
    """Whether half of a stack's letters or more have text beside them."""
    others = [piece for i, piece in enumerate(pieces) if i not in stack]
    n_beside = sum(any(_is_beside(pieces[i], other) for other in others) for i in stack)
    return 2 * n_beside >= len(stack)


def _is_beside(piece: Piece, other: Piece) -> bool:
    left, top, right, bottom = piece.box
    gap = max(left, other.box[0]) - min(right, other.box[2])
    middle = (other.box[1] + other.box[3]) / 2
    return top <= middle <= bottom and gap <= MAX_SIDE_GAP * piece.letter_height
