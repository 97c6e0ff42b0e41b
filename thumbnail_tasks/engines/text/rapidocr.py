"""PP-OCR's detector and recogniser on ONNX Runtime, with our own decoding.

The models and the detector's post-processing are RapidOCR's (https://github.com/RapidAI/RapidOCR,
Apache-2.0), included in its wheel. Differences from ``RapidOCR()``, and the effect of each on 174
labelled thumbnails at 480×360 (516 words, 40 pictures without text; 2026-11-23):

* The detector's input has a shorter side of 416 pixels instead of 736: a third of the time. At
  equal thresholds word recall was 0.83 at 416, 0.83 at 480 and 0.82 at 320.
* A space is decoded at a probability of 5 % or more, even if the blank has a higher one: the
  recogniser was trained on Chinese, which has no spaces. Recall from 0.83 to 0.90, precision from
  0.89 to 0.92; at 1 % recall is the same and precision 0.91.
* Tall lines are read in both turns, and doubtful ones upside down, too (``line_turns``).
* Letters that are stacked to a word are read as one tall line (``stacked_letters``).
* Lines are put in reading order by blocks (``reading_order``).
* Recognising doubtful lines again (inverted, equalised, cropped closer or wider; keeping the most
  confident result) was tried and left out: recall +0.01, precision −0.01 to −0.02, false text on
  10 instead of 7 pictures.
"""

import functools
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from importlib.resources import files
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.interface import Engine, TextRecognizer, Word, read_weights
from thumbnail_tasks.engines.runtimes.onnx import check_gpu, open_session
from thumbnail_tasks.engines.text import line_readers, line_scripts
from thumbnail_tasks.engines.text.line_detection import DETECTOR_SIDE_PX, crop_line, detect_lines
from thumbnail_tasks.engines.text.line_features import (
    RECOGNIZER_SHA256,
    add_outputs,
    join_features,
)
from thumbnail_tasks.engines.text.line_readers import settle_case
from thumbnail_tasks.engines.text.line_scripts import (
    KNOWN_TO_RECOGNIZER,
    LineOutput,
    confidence_of,
    is_doubtful,
    load_script_teller,
)
from thumbnail_tasks.engines.text.line_turns import UPSIDE_DOWN, is_upside_down, may_be_upside_down
from thumbnail_tasks.engines.text.reading_order import level_boxes, order_lines, turn_over
from thumbnail_tasks.engines.text.scripts import is_from_right, name_scripts, script_of
from thumbnail_tasks.engines.text.stacked_letters import Piece, read_stacks
from thumbnail_tasks.errors import WeightsError
from thumbnail_tasks.pictures.decoding import ImageRGB

MIN_SPACE_PROBABILITY: Final = 0.05
DETECTOR: Final = "PP-OCRv6_det_small"
RECOGNIZER: Final = "PP-OCRv6_rec_small"
"""The models in RapidOCR's wheel."""

_LINE_STEP_PX = 32
_MIN_LINE_WIDTH_PX = 320
_BLANK = 0


class Line(NamedTuple):
    """A line of text on a picture."""

    quad: NDArray[np.float32]
    """(4, 2) corners x, y: upper left, upper right, lower right, lower left."""
    letters: list[tuple[str, float, float]]
    """Each letter or space with its probability and its position on the line, 0 to 1; none if its
    script is not read."""
    script: str | None = None
    """Its script, if it is none that PP-OCR's own recogniser knows."""
    script_probability: float = 0.0
    n_turns: int = 0
    """Quarter turns, counter-clockwise, by which it was turned to be read."""

    @property
    def text(self) -> str:
        """Its letters and spaces."""
        return "".join(letter for letter, _, _ in self.letters)

    @property
    def is_from_right(self) -> bool | None:
        """Whether what follows it in its row is at its left; None without letters."""
        return is_from_right(self.script or script_of([self.text]), self.n_turns % 2 == 1)

    @property
    def confidence(self) -> float:
        """Mean probability of the letters, 0 to 1."""
        return float(np.mean([probability for _, probability, _ in self.letters]))


@functools.cache
def load_text_recognizer() -> TextRecognizer:
    """Load the models in RapidOCR's wheel and our own on top of them, without downloading any.

    Returns:
        Maps B RGB uint8 pictures (H, W, 3) to B lists of words in reading order. The result for a
        picture does not depend on the others of the batch. Words have their line's confidence;
        their boxes are cut from the line's at their first and last letters. A line in a script
        that no model reads is a word without text.

    Raises:
        WeightsError: A model is missing, or is not the expected one.
    """
    detector = open_session(str(find_model(DETECTOR)))
    model = read_weights(find_model(RECOGNIZER), RECOGNIZER_SHA256)
    recognizer = open_session(add_outputs(model))
    characters = recognizer.get_modelmeta().custom_metadata_map["character"]
    alphabet = ["", *characters.splitlines(), " "]
    tell_scripts = load_script_teller()

    def read_line(
        quad: NDArray[np.float32],
        probabilities: NDArray[np.float32],
        features: NDArray[np.float32],
        script: str,
        certainty: float,
    ) -> Line:
        if script in KNOWN_TO_RECOGNIZER:
            return Line(quad, decode_letters(probabilities, alphabet))
        if script not in line_readers.SHA256:
            return Line(quad, [], script, certainty)
        read, letters = line_readers.load_line_reader(script)
        return Line(quad, decode_letters(read(features), letters), script, certainty)

    def read_in_turns(
        image_bgr: ImageRGB, quad: NDArray[np.float32]
    ) -> tuple[int, NDArray[np.float32], NDArray[np.float32]]:
        """Quarter turns, probabilities and features of a line in its surest turn."""
        crops = list(crop_line(image_bgr, quad))
        outputs = [(n_turns, *recognize_line(recognizer, crop)) for n_turns, crop in crops]
        letters = [decode_letters(probabilities, alphabet) for _, probabilities, _ in outputs]
        if len(crops) == 1 and may_be_upside_down(letters[0]):
            turned = recognize_line(recognizer, crops[0][1][:, ::-1, ::-1])
            if is_upside_down(letters[0], decode_letters(turned[0], alphabet)):
                return UPSIDE_DOWN, *turned
        return outputs[max(range(len(crops)), key=lambda i: confidence_of(letters[i]))]

    def join_stacks(image_bgr: ImageRGB, lines: Sequence[Line]) -> list[Line]:
        """Join letters that are stacked, and read as a word downwards, to a tall line."""

        def read_downwards(quad: NDArray[np.float32]) -> list[tuple[str, float, float]]:
            n_turns, crop = next(crop_line(image_bgr, quad))
            return decode_letters(recognize_line(recognizer, crop)[0], alphabet) if n_turns else []

        pieces = [Piece(line.quad, line.text, line.n_turns % 2 == 1) for line in lines]
        words = read_stacks(pieces, read_downwards)
        joined = {i for word in words for i in word.stack}
        others = [line for i, line in enumerate(lines) if i not in joined]
        return others + [Line(word.quad, word.letters, n_turns=1) for word in words]

    def recognize(images_rgb: Sequence[ImageRGB]) -> list[list[Word]]:
        found = []
        for image_rgb in images_rgb:
            image_bgr = np.ascontiguousarray(image_rgb[..., ::-1])  # as OpenCV reads files
            quads = detect_lines(detector, image_bgr)
            outputs = [read_in_turns(image_bgr, quad) for quad in quads]
            told = tell_scripts(
                [
                    LineOutput(features, is_doubtful(decode_letters(probabilities, alphabet)))
                    for _, probabilities, features in outputs
                ],
                line_readers.SHA256,
            )
            lines = [
                # Scripts were learnt of upright lines.
                read_line(
                    quad, probabilities, features, *(("Latin", 0.0) if n_turns else script)
                )._replace(n_turns=n_turns)
                for quad, (n_turns, probabilities, features), script in zip(
                    quads, outputs, told, strict=True
                )
            ]
            lines = join_stacks(image_bgr, lines)
            lines = [line for line in lines if line.script or line.text.strip()]
            boxes = level_boxes([line.quad for line in lines])
            if all(line.n_turns == UPSIDE_DOWN for line in lines):
                boxes = turn_over(boxes)
            order = order_lines(boxes, [line.is_from_right for line in lines])
            words = [word for i in order for word in split_words(lines[i])]
            found.append(name_scripts(words))
        return found

    return recognize


def decode_letters(
    probabilities: NDArray[np.float32], alphabet: Sequence[str]
) -> list[tuple[str, float, float]]:
    """Decode a line from the recogniser's output: the best path of CTC, and probable spaces.

    Args:
        probabilities: (T, C) of each letter at T steps along the line; the first letter is CTC's
            blank, the last one the space.
        alphabet: The C letters.

    Returns:
        Letters with their probability and their position on the line, 0 to 1. A space that is not
        on the best path is inserted between two letters if its probability reaches
        ``MIN_SPACE_PROBABILITY``; it has its neighbours' mean probability, so that it does not
        change that of the line.
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
        if " " not in (letter[0], following[0]) and space >= MIN_SPACE_PROBABILITY:
            mean, middle = ((letter[i] + following[i]) / 2 for i in (1, 2))
            spaced.append((" ", mean, middle))
        spaced.append(following)
    return spaced


def split_words(line: Line) -> Iterator[Word]:
    """Split a line at its spaces into words; one word without text if nothing was read."""
    if not line.text.strip():
        x_min, y_min = np.min(line.quad, axis=0).tolist()
        x_max, y_max = np.max(line.quad, axis=0).tolist()
        yield Word(None, line.script_probability, (x_min, y_min, x_max, y_max), line.script)
        return
    # Corners as they were when the line was read.
    upper_left, upper_right, lower_right, lower_left = np.roll(line.quad, -line.n_turns, axis=0)
    positions = [position for _, _, position in line.letters]
    half = (positions[-1] - positions[0]) / (len(positions) - 1) / 2 if len(positions) > 1 else 0.5
    for is_space, group in groupby(line.letters, key=lambda letter: letter[0] == " "):
        if is_space:
            continue
        word = list(group)
        shares = (max(word[0][2] - half, 0.0), min(word[-1][2] + half, 1.0))
        edges = [
            left + (right - left) * share
            for left, right in ((upper_left, upper_right), (lower_left, lower_right))
            for share in shares
        ]
        x_min, y_min = np.min(edges, axis=0)
        x_max, y_max = np.max(edges, axis=0)
        box = (float(x_min), float(y_min), float(x_max), float(y_max))
        text = "".join(letter for letter, _, _ in word)
        yield Word(settle_case(text) if line.script else text, line.confidence, box)


def find_model(name: str) -> Path:
    """The file of a model in RapidOCR's wheel."""
    return Path(str(files("rapidocr") / "models" / f"{name}.onnx"))


def _check() -> None:
    for path in map(find_model, (DETECTOR, RECOGNIZER)):
        if not path.is_file():
            raise WeightsError(
                f"{path}: expected the model in RapidOCR's package; found no file. Install "
                f"rapidocr {version('rapidocr')} again."
            )
    check_gpu()


def recognize_line(
    recognizer: Any, crop: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Run the recogniser on one line: (T, C) probabilities and (T, 504) features, without padding.

    Lines are processed one by one: in a batch, the last digits of a line's probabilities depend
    on the other lines, and so would doubtful spaces.
    """
    width = crop.shape[2]
    padding = max(_MIN_LINE_WIDTH_PX, -(-width // _LINE_STEP_PX) * _LINE_STEP_PX) - width
    padded = np.pad(crop, ((0, 0), (0, 0), (0, padding)))
    output, last, early = recognizer.run(None, {recognizer.get_inputs()[0].name: padded[None]})
    probabilities: NDArray[np.float32] = output[0]
    n_steps = max(1, int(np.ceil(len(probabilities) * width / (width + padding))))
    return probabilities[:n_steps], join_features(last, early, n_steps)


ENGINE = Engine(
    load=load_text_recognizer,
    name=lambda: f"rapidocr-{version('rapidocr')}",
    about=lambda: {
        "detector_side_px": DETECTOR_SIDE_PX,
        "min_space_probability": MIN_SPACE_PROBABILITY,
        "line_scripts": [line_scripts.WEIGHTS_SHA256, *line_readers.SHA256.values()],
        "reading": 4,  # increment when a change of this module changes the output
    },
    own_modules=("rapidocr", "onnxruntime"),
    check=_check,
)
