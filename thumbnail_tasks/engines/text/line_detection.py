"""Find lines of text with PP-OCR's detector and RapidOCR's post-processing, and crop them."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.engines.runtimes.fast_imports import importing
from thumbnail_tasks.engines.runtimes.onnx import open_session
from thumbnail_tasks.engines.text.ppocr import DETECTOR, find_model
from thumbnail_tasks.pictures.decoding import ImageRGB

DETECTOR_SIDE_PX: Final = 416
_MAP_THRESHOLD = 0.3
_BOX_THRESHOLD = 0.5
_UNCLIP_RATIO = 1.6
_DETECTOR_STRIDE_PX = 32
_TALL_RATIO = 1.5
_LINE_HEIGHT_PX = 48
_MAX_LINE_WIDTH_PX = 3200
_MAX_ASPECT = 8
"""Longer pictures are reduced to this length, which bounds the memory."""


LineDetector = Callable[[ImageRGB], list[NDArray[np.float32]]]
"""Maps a picture in BGR to its lines of text: (4, 2) corners in its pixels, clockwise."""


def load_line_detector() -> LineDetector:
    """Load the detector and its post-processing."""
    with importing():
        import cv2
        from rapidocr.ch_ppocr_det.utils import DBPostProcess

    detector = open_session(str(find_model(DETECTOR)))
    (map_input,) = detector.get_inputs()
    find_boxes = DBPostProcess(
        _MAP_THRESHOLD, _BOX_THRESHOLD, unclip_ratio=_UNCLIP_RATIO, use_dilation=True
    )

    def detect(image_bgr: ImageRGB) -> list[NDArray[np.float32]]:
        size = np.array(image_bgr.shape[:2], dtype=float)
        scale = DETECTOR_SIDE_PX / max(size.min(), size.max() / _MAX_ASPECT)
        steps = np.maximum(1, np.round(size * scale / _DETECTOR_STRIDE_PX)).astype(int)
        height, width = (int(step) * _DETECTOR_STRIDE_PX for step in steps)
        planes = cv2.resize(image_bgr, (width, height)).astype(np.float32).transpose(2, 0, 1)
        (text_map,) = detector.run(None, {map_input.name: planes[None] / 127.5 - 1})
        quads, _ = find_boxes(text_map, image_bgr.shape[:2])
        return [np.asarray(quad, dtype=np.float32) for quad in quads]

    return detect


def cut_out(image_bgr: ImageRGB, quad: NDArray[np.float32]) -> ImageRGB:
    """Cut a line out, level, at the size that it has; a tall one lies on its left side."""
    from rapidocr.utils.process_img import get_rotate_crop_image

    crop: ImageRGB = get_rotate_crop_image(image_bgr, quad.copy())
    return crop


def crop_line(
    image_bgr: ImageRGB, quad: NDArray[np.float32]
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Crop a line as input of the recogniser: (3, 48, w) float32 in -1..1, and its quarter turns.

    A tall line is given as if it were to be read downwards, and upwards.
    """
    crop = cut_out(image_bgr, quad)
    for n_turns in (1, 3) if _is_tall(quad) else (0,):
        yield n_turns, scale_line(crop[::-1, ::-1] if n_turns == 3 else crop)


def scale_line(line_bgr: ImageRGB) -> NDArray[np.float32]:
    """Scale a line that was cut out to the input of a recogniser: (3, 48, w) float32 in -1..1."""
    import cv2

    width = int(np.ceil(_LINE_HEIGHT_PX * line_bgr.shape[1] / line_bgr.shape[0]))
    width = min(max(width, 1), _MAX_LINE_WIDTH_PX)
    scaled = cv2.resize(line_bgr, (width, _LINE_HEIGHT_PX)).astype(np.float32)
    planes: NDArray[np.float32] = scaled.transpose(2, 0, 1) / 127.5 - 1
    return planes


def _is_tall(quad: NDArray[np.float32]) -> bool:
    """Whether RapidOCR turns a line."""
    sides = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)
    width, height = int(max(sides[0], sides[2])), int(max(sides[1], sides[3]))
    return height >= _TALL_RATIO * width
