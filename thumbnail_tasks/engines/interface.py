"""The interface of an engine: one implementation of a stage, selected by name in ``[engines]``.

An engine has a loader, which returns a callable from a batch of items to their results, and a
description of everything that changes these results, for the engine tag. The result for an item
depends only on that item, never on the others of its batch. Only loaders import ONNX Runtime, dlib
or TensorFlow: Luigi forks, and a process that has loaded them must not be forked.
"""

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks.errors import SettingsError, WeightsError
from thumbnail_tasks.pictures.decoding import ImageRGB

NOTEBOOK_LOCK: Final = Path(__file__).with_name("notebook.lock")
"""Packages of the notebook's engines, which the package itself does not depend on. Their own
dependencies must not be resolved: see the extra ``notebook`` in pyproject.toml."""


class Word(NamedTuple):
    """A word on a picture, or a line that could not be read."""

    text: str | None
    """None for a line in a script that the engine does not read."""
    confidence: float
    """0 to 1: of the word, or of the script of a line that was not read."""
    box_xyxy: tuple[float, float, float, float]
    """x_min, y_min, x_max, y_max in pixels of the picture given to the engine."""
    script: str | None = None
    """One of ``engines.text.scripts.SCRIPTS``; None without letters."""


class Face(NamedTuple):
    """A face on a picture."""

    confidence: float
    """The detector's own score; higher is more confident."""
    box_xyxy: tuple[float, float, float, float]
    """x_min, y_min, x_max, y_max in pixels of the picture given to the engine."""


class DetectedObject(NamedTuple):
    """An object on a picture."""

    name: str
    """One of ``engines.objects.coco.COCO_CLASSES``."""
    confidence: float
    """0 to 1."""
    box_xyxy: tuple[float, float, float, float]
    """x_min, y_min, x_max, y_max in pixels of the picture given to the engine."""


class TextRecognizer(Protocol):
    """Reads the words on pictures."""

    def __call__(
        self, images_rgb: Sequence[ImageRGB], expected: Sequence[Collection[str]] = (), /
    ) -> list[list[Word]]:
        """Maps B pictures of one size to B lists of words, in reading order.

        Args:
            images_rgb: The pictures.
            expected: The scripts that are expected on each, as those of its video's title, and
                ``Vietnamese``; none if empty.
        """


FaceDetector = Callable[[Sequence[ImageRGB]], list[list[Face]]]
"""B pictures of one size to B lists of faces."""

ObjectDetector = Callable[[Sequence[ImageRGB]], list[list[DetectedObject]]]
"""B pictures of one size to B lists of objects."""

TextEncoder = Callable[[Sequence[str]], NDArray[np.float32]]
"""N texts to (N, width) float32 vectors; the width is the model's."""


class Weights(NamedTuple):
    """A model that is not shipped but downloaded once into a cache."""

    name: str
    """Its name in commands, as in ``keras-ocr-detector``."""
    url: str
    path: Path
    """Where the model's own tools expect it: a file, or the folder of an unpacked archive."""
    sha256: str | None
    """SHA-256 of the downloaded file; None if none is published."""
    n_bytes: int | None
    """Size of the downloaded file; None if unknown."""
    instead: str
    """The setting of an engine without it, as in ``[engines] text = rapidocr``."""


class Engine(NamedTuple):
    """An implementation of a stage."""

    load: Callable[..., Any]
    """Loads the model on first use and returns the callable; later calls return the same."""
    name: Callable[[], str]
    """The engine and its version, as in ``rapidocr-3.10.0``."""
    about: Callable[[], Mapping[str, Any]]
    """Everything else that changes its output: digests of weights, settings."""
    weights: Callable[[], Sequence[Weights]] = tuple
    """Models to download; none for the embedded engines."""
    width: int | None = None
    """Of a text encoder: numbers of a vector, if that is known without loading the model."""
    scripts: Sequence[str] = ()
    """Of a text recogniser of pictures: the scripts that it reads, of ``engines.text.scripts``."""
    modules: Sequence[str] = ()
    """Modules of ``NOTEBOOK_LOCK`` that it imports; none for the embedded engines."""
    own_modules: Sequence[str] = ()
    """Modules that it imports of packages that are always installed with this one."""
    check: Callable[[], None] = lambda: None
    """Raises a ThumbnailTasksError if it cannot work in this process: a model file is missing or is
    another file, or its framework does not see the process's GPU. It loads no model."""
    limits: Callable[[], str] = lambda: ""
    """What it cannot do on this machine, and why; empty if there is nothing to say."""

    def on_demand(self, *arguments: Any) -> Callable[..., Any]:
        """The callable, which loads the model when it is first called.

        Args:
            arguments: Those of ``load``.
        """
        return lambda *items: self.load(*arguments)(*items)


def choose(setting: str, name: str, engines: Mapping[str, Engine]) -> Engine:
    """The engine with this name.

    Raises:
        SettingsError: No engine has this name; the message lists all names. Or its packages are not
            installed; the message has the command that installs them.
    """
    if name not in engines:
        raise SettingsError(
            f"[engines] {setting}: expected one of {', '.join(engines)}; found: {name!r}"
        )
    engine = engines[name]
    if missing := not_installed(engine.own_modules):
        raise SettingsError(
            f"[engines] {setting}: {name}: expected the packages that are installed with this one; "
            f"not installed: {', '.join(missing)}. Install this package again"
        )
    if missing := not_installed(engine.modules):
        raise SettingsError(
            f"[engines] {setting}: {name}: expected the packages of the notebook's engines; not "
            f"installed: {', '.join(missing)}. Install them, 2.3 GB, with: "
            f"{sys.executable} -m pip install --no-deps -r {NOTEBOOK_LOCK}"
        )
    return engine


def not_installed(modules: Sequence[str]) -> list[str]:
    """Those of some modules that cannot be imported; none is imported."""
    specs = {module: importlib.util.find_spec(module) for module in modules}
    # A folder that pip has left behind can still be imported; it has no origin.
    return [module for module, spec in specs.items() if spec is None or spec.origin is None]


def read_weights(path: Path, sha256: str) -> bytes:
    """Read a shipped model file, and check its SHA-256 before it is loaded.

    Raises:
        WeightsError: The file is missing or has another SHA-256.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"{path}: cannot be read; expected the shipped file with SHA-256 {sha256}; "
            f"found: {error.strerror}. Install the package again."
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise WeightsError(
            f"{path}: not the file that was shipped; expected SHA-256 {sha256}; "
            f"found {found}. Install the package again."
        )
    return content
