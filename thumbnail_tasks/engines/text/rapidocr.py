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
* Vietnamese lines are read again, by a reader that knows all of their letters (``vietnamese``).
* Recognising doubtful lines again (inverted, equalised, cropped closer or wider; keeping the most
  confident result) was tried and left out: recall +0.01, precision −0.01 to −0.02, false text on
  10 instead of 7 pictures.
"""

import functools
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.interface import Engine, TextRecognizer, Word, read_weights
from thumbnail_tasks.engines.runtimes.onnx import check_gpu, open_session
from thumbnail_tasks.engines.runtimes.threads import map_pictures
from thumbnail_tasks.engines.text import line_readers, line_scripts, tesseract
from thumbnail_tasks.engines.text.line_detection import (
    DETECTOR_SIDE_PX,
    LineDetector,
    crop_line,
    cut_out,
    load_line_detector,
)
from thumbnail_tasks.engines.text.line_features import RECOGNIZER_SHA256, LineTensors, add_outputs
from thumbnail_tasks.engines.text.line_readers import VIETNAMESE
from thumbnail_tasks.engines.text.line_scripts import (
    KNOWN_TO_RECOGNIZER,
    MIN_READ_CONFIDENCE,
    MIN_SURE_CONFIDENCE,
    LineOutput,
    LineScript,
    ScriptTeller,
    load_script_teller,
)
from thumbnail_tasks.engines.text.line_turns import UPSIDE_DOWN, is_upside_down, may_be_upside_down
from thumbnail_tasks.engines.text.lines import (
    MIN_SPACE_PROBABILITY,
    Letter,
    Line,
    WordOnLine,
    confidence_of,
    decode_letters,
    join_letters,
)
from thumbnail_tasks.engines.text.ppocr import (
    DETECTOR,
    RECOGNIZER,
    find_model,
    read_alphabet,
    recognize_line,
)
from thumbnail_tasks.engines.text.reading_order import level_boxes, order_lines, turn_over
from thumbnail_tasks.engines.text.scripts import (
    CHINESE,
    COLUMN_SCRIPTS,
    JAPANESE,
    LATIN,
    count_scripts,
    name_scripts,
)
from thumbnail_tasks.engines.text.stacked_letters import Piece, read_stacks
from thumbnail_tasks.engines.text.vietnamese import (
    CLASSIFIER_SHA256,
    VietnameseReader,
    load_vietnamese_reader,
)
from thumbnail_tasks.errors import WeightsError
from thumbnail_tasks.pictures.decoding import ImageRGB

OWN_SCRIPTS: Final = (LATIN, CHINESE, JAPANESE)
"""The scripts that PP-OCR's own recogniser reads."""
SCRIPTS: Final = (
    *OWN_SCRIPTS,
    *line_readers.SCRIPTS,
    *(tesseract.MODELS if tesseract.is_installed() else ()),
)

ForeignReader = Callable[[ImageRGB, LineTensors], list[WordOnLine]]
"""Maps a line in BGR, cut out, and what PP-OCR computes of it to its words in reading order."""


def load_embedded_reader(script: str) -> ForeignReader:
    """Load the shipped reader of a script that PP-OCRv6 does not know.

    Raises:
        WeightsError: Its model is missing, or is not the one that was shipped.
    """
    if script in tesseract.MODELS:
        read_image = tesseract.load_line_reader(script)
        return lambda line_bgr, tensors: read_image(line_bgr)
    read_line = line_readers.load_word_reader(script)
    return lambda line_bgr, tensors: read_line(tensors)


@functools.cache
def load_text_recognizer(
    scripts: tuple[str, ...] = SCRIPTS,
    load_reader: Callable[[str], ForeignReader] = load_embedded_reader,
) -> TextRecognizer:
    """Load the models in RapidOCR's wheel and our own on top of them, without downloading any.

    Args:
        scripts: Those to read, of ``SCRIPTS``.
        load_reader: Loads the reader of a script that PP-OCRv6 does not know, when one of its lines
            is met.

    Returns:
        Maps B RGB uint8 pictures (H, W, 3) to B lists of words in reading order. The result for a
        picture does not depend on the others of the batch. Words have their line's confidence;
        their boxes are cut from the line's at their first and last letters. A line in a script
        that no model reads is a word without text.

    Raises:
        WeightsError: A model is missing, or is not the expected one.
    """
    recognizer = open_session(add_outputs(read_weights(find_model(RECOGNIZER), RECOGNIZER_SHA256)))
    not_wanted = set(OWN_SCRIPTS) - set(scripts)
    if COLUMN_SCRIPTS & set(scripts):  # Japanese has Chinese characters
        not_wanted -= COLUMN_SCRIPTS
    return _TextReader(
        detect_lines=load_line_detector(),
        recognizer=recognizer,
        alphabet=read_alphabet(recognizer),
        tell_scripts=load_script_teller(),
        read_vietnamese=load_vietnamese_reader(),
        readable=frozenset(scripts) - set(OWN_SCRIPTS),
        not_wanted=frozenset(not_wanted),
        load_reader=functools.cache(load_reader),
    )


class _Reading(NamedTuple):
    """A line as PP-OCR's recogniser reads it."""

    n_turns: int
    """Quarter turns, counter-clockwise, by which it was turned."""
    letters: list[Letter]
    tensors: LineTensors

    @property
    def confidence(self) -> float:
        return confidence_of(self.letters)


@dataclass(frozen=True)
class _TextReader:
    """Finds the lines of a picture, tells their scripts, and has each read once."""

    detect_lines: LineDetector
    recognizer: Any
    alphabet: Sequence[str]
    tell_scripts: ScriptTeller
    read_vietnamese: VietnameseReader
    readable: Collection[str]
    """Scripts to read that PP-OCR does not know."""
    not_wanted: Collection[str]
    """Scripts that PP-OCR knows, and that are not to be read."""
    load_reader: Callable[[str], ForeignReader]

    def __call__(
        self, images_rgb: Sequence[ImageRGB], expected: Sequence[Collection[str]] = (), /
    ) -> list[list[Word]]:
        scripts = expected or [()] * len(images_rgb)
        return map_pictures(self._read, images_rgb, scripts)

    def _read(self, image_rgb: ImageRGB, expected: Collection[str]) -> list[Word]:
        image_bgr = np.ascontiguousarray(image_rgb[..., ::-1])  # as OpenCV reads files
        lines = self._join_stacks(image_bgr, self._read_lines(image_bgr, expected))
        lines = [line for line in lines if line.words or line.told_script]
        lines = [line.unread() if line.script in self.not_wanted else line for line in lines]
        boxes = level_boxes([line.quad for line in lines])
        if all(line.n_turns == UPSIDE_DOWN for line in lines):
            boxes = turn_over(boxes)
        order = order_lines(boxes, [line.is_from_right for line in lines])
        return name_scripts([word for i in order for word in lines[i].place_words()])

    def _read_lines(self, image_bgr: ImageRGB, expected: Collection[str]) -> list[Line]:
        quads = self.detect_lines(image_bgr)
        readings = [self._read_in_turns(image_bgr, quad) for quad in quads]
        told = self.tell_scripts(
            [LineOutput(each.tensors.features(), each.confidence) for each in readings], expected
        )
        lines = []
        for quad, reading, script in zip(quads, readings, told, strict=True):
            line = None
            # Scripts were learnt of upright lines.
            if not reading.n_turns and script.name not in KNOWN_TO_RECOGNIZER:
                line = self._read_foreign(image_bgr, quad, reading, script)
            lines.append(line or Line(quad, join_letters(reading.letters), n_turns=reading.n_turns))
        latin = [
            i
            for i, line in enumerate(lines)
            if line.script == LATIN and line.told_script is None and not line.n_turns
        ]
        found = self.read_vietnamese(
            [(readings[i].tensors, lines[i].words) for i in latin], VIETNAMESE in expected
        )
        for i, of_line in zip(latin, found, strict=True):
            lines[i] = lines[i]._replace(words=of_line)
        return lines

    def _read_in_turns(self, image_bgr: ImageRGB, quad: NDArray[np.float32]) -> _Reading:
        """Read a line with PP-OCR in its surest turn."""
        crops = list(crop_line(image_bgr, quad))
        readings = [self._recognize(crop, n_turns) for n_turns, crop in crops]
        if len(crops) == 1 and may_be_upside_down(readings[0].letters):
            turned = self._recognize(crops[0][1][:, ::-1, ::-1], UPSIDE_DOWN)
            if is_upside_down(readings[0].letters, turned.letters):
                return turned
        return max(readings, key=lambda reading: reading.confidence)

    def _read_foreign(
        self,
        image_bgr: ImageRGB,
        quad: NDArray[np.float32],
        reading: _Reading,
        script: LineScript,
    ) -> Line | None:
        """Read a line in a script that PP-OCR does not know; None if it is something else."""
        words: list[WordOnLine] = []
        is_readable = script.name in self.readable
        if is_readable or (not script.is_sure and script.name in SCRIPTS):
            load_reader = self.load_reader if is_readable else load_embedded_reader
            words = load_reader(script.name)(cut_out(image_bgr, quad), reading.tensors)
            if not count_scripts("".join(word.text for word in words))[script.name]:
                words = []
        if script.is_sure:
            # What PP-OCR reads surely, and the reader without a letter of the script, is a number.
            holds = words or not is_readable or reading.confidence < MIN_READ_CONFIDENCE
        else:
            holds = words and min(word.confidence for word in words) >= MIN_SURE_CONFIDENCE
        line = Line(quad, words if is_readable else [], script.name, script.probability)
        return line if holds else None

    def _join_stacks(self, image_bgr: ImageRGB, lines: Sequence[Line]) -> list[Line]:
        """Join letters that are stacked, and read as a word downwards, to a tall line."""

        def read_downwards(quad: NDArray[np.float32]) -> list[Letter]:
            n_turns, crop = next(crop_line(image_bgr, quad))
            return self._recognize(crop, n_turns).letters if n_turns else []

        pieces = [Piece(line.quad, line.text, line.n_turns % 2 == 1) for line in lines]
        words = read_stacks(pieces, read_downwards)
        joined = {i for word in words for i in word.stack}
        others = [line for i, line in enumerate(lines) if i not in joined]
        return others + [Line(word.quad, join_letters(word.letters), n_turns=1) for word in words]

    def _recognize(self, crop: NDArray[np.float32], n_turns: int) -> _Reading:
        probabilities, tensors = recognize_line(self.recognizer, crop)
        return _Reading(n_turns, decode_letters(probabilities, self.alphabet), tensors)


def _check() -> None:
    tesseract.check()
    for path in map(find_model, (DETECTOR, RECOGNIZER)):
        if not path.is_file():
            raise WeightsError(
                f"{path}: expected the model in RapidOCR's package; found no file. Install "
                f"rapidocr {version('rapidocr')} again."
            )
    check_gpu()


ENGINE = Engine(
    load=load_text_recognizer,
    name=lambda: f"rapidocr-{version('rapidocr')}",
    about=lambda: {
        "detector_side_px": DETECTOR_SIDE_PX,
        "min_space_probability": MIN_SPACE_PROBABILITY,
        "line_scripts": [
            *(line_scripts.WEIGHTS_SHA256, CLASSIFIER_SHA256),
            *line_readers.SHA256.values(),
        ],
        "tesseract": tesseract.describe(),
        "reading": 15,  # increment when a change of this module changes the output
    },
    scripts=SCRIPTS,
    own_modules=("rapidocr", "onnxruntime"),
    check=_check,
    limits=tesseract.describe_limits,
)
