"""The shipped files of dlib's models; ``weights/faces/MODEL_CARD.md`` describes them."""

from pathlib import Path
from typing import Final

WEIGHTS_DIR: Final = Path(__file__).parents[2] / "weights" / "faces"

DLIB_DETECTOR: Final = WEIGHTS_DIR / "mmod_human_face_detector.dat"
"""The CNN face detector in dlib's own format, for dlib itself."""
DLIB_DETECTOR_SHA256: Final = "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6"
