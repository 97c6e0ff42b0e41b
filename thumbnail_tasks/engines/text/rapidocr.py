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
from collections.abc import Collection, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.interface import Engine, TextRecognizer, Word, read_weights
from thumbnail_tasks.engines.runtimes.onnx import check_gpu, open_session
from thumbnail_tasks.engines.text import line_readers, line_scripts, tesseract
from thumbnail_tasks.engines.text.line_detection import (
    DETECTOR_SIDE_PX,
    crop_line,
    cut_out,
    detect_lines,
)
from thumbnail_tasks.engines.text.line_features import (
    RECOGNIZER_SHA256,
    add_outputs,
    join_features,
)
from thumbnail_tasks.engines.text.line_readers import settle_case
from thumbnail_tasks.engines.text.line_scripts import (
    KNOWN_TO_RECOGNIZER,
    MIN_READ_CONFIDENCE,
    LineOutput,
    load_script_teller,
)
from thumbnail_tasks.engines.text.line_turns import UPSIDE_DOWN, is_upside_down, may_be_upside_down
from thumbnail_tasks.engines.text.lines import (
    MIN_SPACE_PROBABILITY,
    MIN_SPACE_PROBABILITY_AT_NUMBERS,
    Letter,
    Line,
    WordOnLine,
    confidence_of,
    decode_letters,
    join_letters,
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
from thumbnail_tasks.errors import WeightsError
from thumbnail_tasks.pictures.decoding import ImageRGB

DETECTOR: Final = "PP-OCRv6_det_small"
RECOGNIZER: Final = "PP-OCRv6_rec_small"
"""The models in RapidOCR's wheel."""
OWN_SCRIPTS: Final = (LATIN, CHINESE, JAPANESE)
"""The scripts that PP-OCR's own recogniser reads."""
SCRIPTS: Final = (
    *OWN_SCRIPTS,
    *line_readers.SHA256,
    *(tesseract.MODELS if tesseract.is_installed() else ()),
)

_LINE_STEP_PX = 32
_MIN_LINE_WIDTH_PX = 320


@functools.cache
def load_text_recognizer(scripts: Collection[str] = SCRIPTS) -> TextRecognizer:
    """Load the models in RapidOCR's wheel and our own on top of them, without downloading any.

    Args:
        scripts: Those to read, of ``SCRIPTS``; hashable.

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
    readable = set(scripts) - set(OWN_SCRIPTS)
    not_wanted = set(OWN_SCRIPTS) - set(scripts)
    if COLUMN_SCRIPTS & set(scripts):  # Japanese has Chinese characters
        not_wanted -= COLUMN_SCRIPTS

    def read_foreign(
        image_bgr: ImageRGB, quad: NDArray[np.float32], features: NDArray[np.float32], script: str
    ) -> list[WordOnLine]:
        if script in tesseract.MODELS:
            return tesseract.load_line_reader(script)(cut_out(image_bgr, quad))
        read, letters = line_readers.load_line_reader(script)
        decoded = decode_letters(read(features), letters, MIN_SPACE_PROBABILITY_AT_NUMBERS)
        return [word._replace(text=settle_case(word.text)) for word in join_letters(decoded)]

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

        def read_downwards(quad: NDArray[np.float32]) -> list[Letter]:
            n_turns, crop = next(crop_line(image_bgr, quad))
            return decode_letters(recognize_line(recognizer, crop)[0], alphabet) if n_turns else []

        pieces = [Piece(line.quad, line.text, line.n_turns % 2 == 1) for line in lines]
        words = read_stacks(pieces, read_downwards)
        joined = {i for word in words for i in word.stack}
        others = [line for i, line in enumerate(lines) if i not in joined]
        return others + [Line(word.quad, join_letters(word.letters), n_turns=1) for word in words]

    def read_lines(image_bgr: ImageRGB, expected: Collection[str]) -> list[Line]:
        quads = detect_lines(detector, image_bgr)
        outputs = [read_in_turns(image_bgr, quad) for quad in quads]
        decoded = [decode_letters(probabilities, alphabet) for _, probabilities, _ in outputs]
        told = tell_scripts(
            [
                LineOutput(features, confidence_of(letters))
                for (_, _, features), letters in zip(outputs, decoded, strict=True)
            ],
            readable,
            expected,
        )
        lines = []
        for quad, (n_turns, _, features), letters, (script, probability) in zip(
            quads, outputs, decoded, told, strict=True
        ):
            if n_turns or script in KNOWN_TO_RECOGNIZER:  # scripts were learnt of upright lines
                lines.append(Line(quad, join_letters(letters), n_turns=n_turns))
            else:
                is_read = script in readable
                words = read_foreign(image_bgr, quad, features, script) if is_read else []
                line = Line(quad, words, script, probability)
                if not count_scripts(line.text)[script]:  # it was taken for something else
                    line = line._replace(words=())
                    if is_read and confidence_of(letters) >= MIN_READ_CONFIDENCE:
                        line = Line(quad, join_letters(letters))  # as a number
                lines.append(line)
        lines = [line for line in join_stacks(image_bgr, lines) if line.words or line.told_script]
        return [line.unread() if line.script in not_wanted else line for line in lines]

    def recognize(
        images_rgb: Sequence[ImageRGB], expected: Sequence[Collection[str]] = ()
    ) -> list[list[Word]]:
        found = []
        for image_rgb, scripts_of_title in zip(
            images_rgb, expected or [()] * len(images_rgb), strict=True
        ):
            image_bgr = np.ascontiguousarray(image_rgb[..., ::-1])  # as OpenCV reads files
            lines = read_lines(image_bgr, scripts_of_title)
            boxes = level_boxes([line.quad for line in lines])
            if all(line.n_turns == UPSIDE_DOWN for line in lines):
                boxes = turn_over(boxes)
            order = order_lines(boxes, [line.is_from_right for line in lines])
            words = [word for i in order for word in lines[i].place_words()]
            found.append(name_scripts(words))
        return found

    return recognize


def find_model(name: str) -> Path:
    """The file of a model in RapidOCR's wheel."""
    return Path(str(files("rapidocr") / "models" / f"{name}.onnx"))


def _check() -> None:
    tesseract.check()
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
        "tesseract": tesseract.describe(),
        "reading": 8,  # increment when a change of this module changes the output
    },
    scripts=SCRIPTS,
    own_modules=("rapidocr", "onnxruntime"),
    check=_check,
)
