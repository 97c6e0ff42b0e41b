"""Input and output of CRNN: crops of words, and decoding of probabilities.

As in keras-ocr 0.9.3 (MIT): ``tools.warpBox``, ``recognition.CTCDecoder``.
"""

from itertools import groupby
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.text.craft_boxes import Quad

Floats = NDArray[np.float32]

CROP_HEIGHT_PX, CROP_WIDTH_PX = 31, 200


def read_letters(probabilities: Floats, alphabet: str) -> tuple[str, float]:
    """Read a word from the recogniser's output: the best path of CTC.

    Args:
        probabilities: (T, C + 1) of the letters and the blank at T steps along the word.
        alphabet: The C letters.

    Returns:
        The word, and its confidence, 0 to 1: the mean probability of its letters, each at the
        step of its run where it is highest; 0 without letters.
    """
    best, highest = probabilities.argmax(axis=1).tolist(), probabilities.max(axis=1).tolist()
    steps = zip(best, highest, strict=True)
    runs = [
        (number, max(probability for _, probability in run))
        for number, run in groupby(steps, key=lambda step: step[0])
        if number < len(alphabet)
    ]
    confidence = sum(probability for _, probability in runs) / max(1, len(runs))
    return "".join(alphabet[number] for number, _ in runs), confidence


def crop_word(tools: ModuleType, image_gray: NDArray[np.uint8], quad: Quad) -> Floats:
    """Crop a word, upright, as input of the recogniser.

    As ``keras_ocr.tools.warpBox``, which fails for words without height; here they give a sliver.

    Returns:
        (31, 200, 1), 0 to 1: the word scaled to fit at the upper left, the rest black.
    """
    import cv2

    with np.errstate(divide="ignore", invalid="ignore"):  # for an angle that is not needed
        corners, _ = tools.get_rotated_box(quad)
    width, height = (max(1, side) for side in tools.get_rotated_width_height(corners))
    scale = min(CROP_WIDTH_PX / width, CROP_HEIGHT_PX / height)
    size = max(1, int(scale * width)), max(1, int(scale * height))
    right, bottom = scale * width, scale * height
    onto = np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]], np.float32)
    word = cv2.warpPerspective(image_gray, cv2.getPerspectiveTransform(corners, onto), size)
    crop = np.zeros((CROP_HEIGHT_PX, CROP_WIDTH_PX, 1), np.float32)
    crop[: size[1], : size[0], 0] = word
    return crop / np.float32(255)
