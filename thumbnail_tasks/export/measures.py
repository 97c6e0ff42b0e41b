"""Numbers about each thumbnail's text and faces: how many, how large, where.

Shares and positions are relative to the picture without its black bars, so that they are comparable
between thumbnail qualities.
"""

from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from thumbnail_tasks.engines.letters import take_characters
from thumbnail_tasks.schemas import EMOTION_LABELS

_EDGES: Final = ("x_min", "y_min", "x_max", "y_max")
_DOUBTS: Final = ("is_too_small", "is_blurred", "is_turned")
_WORD: Final = r"\S*[\p{L}\p{N}]\S*"
_ASCII_WORD: Final = r"\S*[A-Za-z0-9]\S*"
"""RE2 takes 2 ms to compile the other."""

_Numbers = NDArray[np.float64]


class _Boxes(NamedTuple):
    """Boxes as shares of the pictures that they are on."""

    rows: NDArray[np.int64]
    """The number of each box's picture."""
    xyxy: _Numbers
    """(B, 4): 0 to 1 from the left and from the top."""

    @property
    def areas(self) -> _Numbers:
        return (self.xyxy[:, 2] - self.xyxy[:, 0]) * (self.xyxy[:, 3] - self.xyxy[:, 1])

    @property
    def centers(self) -> _Numbers:
        return (self.xyxy[:, :2] + self.xyxy[:, 2:]) / 2


def count_words(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Words of each text as a person counts them: N int32; null where the text is null.

    A word is what stands between spaces and has a letter or a digit. Each character of the scripts
    without spaces is one: see ``engines.letters``.

    Args:
        texts: N texts.

    Example:
        ``I QUIT, don't & won't!`` has 4 words, ``東京 Tokyo`` has 3.
    """
    ascii_only = pc.string_is_ascii(texts).fill_null(True)
    if pc.all(ascii_only, min_count=0).as_py():
        return pc.count_substring_regex(texts, _ASCII_WORD).cast(pa.int32())
    taken = [take_characters(text or "") for text in texts.to_pylist()]
    n_characters = pa.array([len(characters) for characters, _ in taken])
    n_others = pc.count_substring_regex(pa.array([rest for _, rest in taken]), _WORD)
    counts = pc.add(n_characters, n_others).cast(pa.int32())
    return pc.if_else(texts.is_valid(), counts, None)


def measure_text(
    pictures: pa.Table, texts: pa.Table, words: pa.Table, is_kept: pa.ChunkedArray
) -> dict[str, pa.Array]:
    """Count, place and judge the words on each thumbnail.

    Args:
        pictures: N rows with ``width_px``, ``height_px`` and ``aspect_ratio`` (without bars), null
            without a picture, and ``thumbnail_id``.
        texts: N rows of ``schemas.TEXTS``, in the same order.
        words: W rows of ``schemas.WORDS`` on these thumbnails.
        is_kept: W booleans: whether the row is a word of the text.

    Returns:
        Columns of ``schemas.attributes(width)``, N values each. Nulls for a picture that was not
        read; places and areas are null if the engine gives no boxes.
    """
    is_read = texts["unread_lines"].is_valid().to_numpy(zero_copy_only=False)
    shown = words.filter(pc.or_(is_kept, _is_unread(words)))
    boxes = _place(pictures, shown)
    n = len(pictures)
    share = np.where(is_read, _union_shares(boxes, n), np.nan)
    share[np.setdiff1d(_rows_of(shown, pictures), boxes.rows)] = np.nan  # words without boxes
    read = words.filter(is_kept)
    confidence = _means(_rows_of(read, pictures), _numbers(read["confidence"])[:, np.newaxis], n)
    centers = _means(boxes.rows, boxes.centers, n, boxes.areas)
    return {
        "word_count": count_words(texts["ocr"]),
        "text_area_share": _floats(share),
        "text_center_x": _floats(centers[:, 0]),
        "text_center_y": _floats(centers[:, 1]),
        "ocr_confidence_mean": _floats(confidence[:, 0]),
    }


def measure_faces(pictures: pa.Table, faces: pa.Table, emotions: pa.Table) -> dict[str, pa.Array]:
    """Measure the faces on each thumbnail.

    Args:
        pictures: As for ``measure_text``.
        faces: F rows of ``schemas.FACES`` on these thumbnails.
        emotions: F rows of ``schemas.EMOTIONS``, in the same order.

    Returns:
        Columns of ``schemas.attributes(width)``, N values each. Places are null without a face, the
        means of the emotions' probabilities without a face that can be judged.
    """
    n = len(pictures)
    boxes = _place(pictures, faces)
    areas = boxes.areas
    # The largest of each picture; of equal ones the first.
    order = np.lexsort((-np.arange(len(areas)), areas, boxes.rows))
    last = np.r_[boxes.rows[order][1:] != boxes.rows[order][:-1], True][: len(order)]
    largest = order[last]
    places = np.full((n, 3), np.nan)
    places[boxes.rows[largest]] = np.column_stack([areas[largest], boxes.centers[largest]])
    rows = _rows_of(emotions, pictures)
    doubts = [emotions[name].fill_null(False).to_numpy() for name in _DOUBTS]
    is_doubtful = np.any(doubts, axis=0)
    judged = ~is_doubtful
    probabilities = np.column_stack([emotions[label].to_numpy() for label in EMOTION_LABELS])
    means = _means(rows[judged], probabilities[judged], n)
    return {
        "face_area_share": _floats(_union_shares(boxes, n)),
        "largest_face_share": _floats(places[:, 0]),
        "largest_face_center_x": _floats(places[:, 1]),
        "largest_face_center_y": _floats(places[:, 2]),
        "doubtful_face_count": pa.array(np.bincount(rows[is_doubtful], minlength=n), pa.int32()),
        **{f"{label}_mean": _floats(means[:, k]) for k, label in enumerate(EMOTION_LABELS)},
    }


def _is_unread(words: pa.Table) -> pa.ChunkedArray:
    """Whether each row stands for a line in a script that was not read."""
    return pc.and_(words["text"].is_null(), words["script"].is_valid())


def _rows_of(found: pa.Table, pictures: pa.Table) -> NDArray[np.int64]:
    """The row of ``pictures`` of each row of ``found``."""
    rows = pc.index_in(found["thumbnail_id"], value_set=pictures["thumbnail_id"].combine_chunks())
    numbers: NDArray[np.int64] = rows.cast(pa.int64()).to_numpy()
    return numbers


def _place(pictures: pa.Table, found: pa.Table) -> _Boxes:
    """The boxes of words or faces, those that have one, as shares of the pictures without bars."""
    rows = _rows_of(found, pictures)
    edges = np.column_stack([_numbers(found[edge]) for edge in _EDGES])
    width, height, aspect = (
        _numbers(pictures[name])[rows] for name in ("width_px", "height_px", "aspect_ratio")
    )
    shown_height = width / aspect
    top = (height - shown_height) / 2  # of the bars, which are equally high
    corner = np.column_stack([np.zeros(len(rows)), top])
    size = np.column_stack([width, shown_height])
    shares = (edges.reshape(-1, 2, 2) - corner[:, np.newaxis]) / size[:, np.newaxis]
    has_box = np.isfinite(shares).all(axis=(1, 2))
    return _Boxes(rows[has_box], shares[has_box].clip(0, 1).reshape(-1, 4))


def _numbers(column: pa.ChunkedArray) -> _Numbers:
    """A column as float64; NaN for null."""
    numbers: _Numbers = column.cast(pa.float64()).to_numpy()
    return numbers


def _union_shares(boxes: _Boxes, n: int) -> _Numbers:
    """The share of each of N pictures that boxes cover; what several cover counts once."""
    shares: _Numbers = np.bincount(boxes.rows, boxes.areas, minlength=n).astype(np.float64)
    overlapping = _find_overlapping(boxes)
    if len(overlapping):
        import shapely

        for row in overlapping:
            of_row = shapely.box(*boxes.xyxy[boxes.rows == row].T)
            shares[row] = shapely.union_all(of_row).area
    return shares


def _find_overlapping(boxes: _Boxes) -> NDArray[np.int64]:
    """The numbers of the pictures on which a box overlaps another."""
    order = np.argsort(boxes.rows, kind="stable")
    rows, xyxy = boxes.rows[order], boxes.xyxy[order]
    n_most = int(np.bincount(rows).max(initial=0))
    found = [np.zeros(0, np.int64)]
    for lag in range(1, n_most):  # each box and the one ``lag`` boxes after it
        upper = np.maximum(xyxy[:-lag, :2], xyxy[lag:, :2])
        lower = np.minimum(xyxy[:-lag, 2:], xyxy[lag:, 2:])
        overlap = (rows[:-lag] == rows[lag:]) & (upper < lower).all(axis=1)
        found.append(rows[:-lag][overlap])
    return np.unique(np.concatenate(found))


def _means(
    rows: NDArray[np.int64], values: _Numbers, n: int, weights: _Numbers | None = None
) -> _Numbers:
    """The mean of the values of each of N rows.

    Args:
        rows: The row of each of V values.
        values: (V, K).
        n: Number of rows.
        weights: V numbers; None for equal ones.

    Returns:
        (N, K); NaN for a row without values, or without any weight.
    """
    if weights is None:
        weights = np.ones(len(rows))
    total = np.bincount(rows, weights, minlength=n)
    sums = [np.bincount(rows, weights * column, minlength=n) for column in values.T]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.column_stack(sums) / total[:, np.newaxis]


def _floats(numbers: _Numbers) -> pa.Array:
    """As a float32 column; null for NaN."""
    return pa.array(numbers, pa.float32(), from_pandas=True)
