"""keras-ocr's two weights files: names, paths, checksums and loading."""

import contextlib
import hashlib
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from thumbnail_tasks import settings
from thumbnail_tasks.engines.interface import Weights
from thumbnail_tasks.errors import WeightsError
from thumbnail_tasks.fingerprints import digest_file

_RELEASE = "https://github.com/faustomorales/keras-ocr/releases/download/v0.8.4"
_INSTEAD = "[engines] text = rapidocr"

_HDF5 = b"\x89HDF\r\n\x1a\n"
_DAMAGE = (AttributeError, IndexError, KeyError, OSError, RuntimeError, TypeError, ValueError)
"""What h5py and Keras raise for files without weights, truncated files and changed files."""


class WeightsFile(NamedTuple):
    """The selected weights file."""

    path: Path
    sha256: str
    repair: str
    """What to do if it is missing or wrong."""


def published_weights() -> dict[str, Weights]:
    """keras-ocr's own files, by the setting that replaces each; in keras-ocr's own cache."""
    folder = Path(os.environ.get("KERAS_OCR_CACHE_DIR", Path("~", ".keras-ocr").expanduser()))
    return {
        "detector_weights": Weights(
            name="keras-ocr-detector",
            url=f"{_RELEASE}/craft_mlt_25k.h5",
            path=folder / "craft_mlt_25k.h5",
            sha256="7283ce2ff05a0617e9740c316175ff3bacdd7215dbdf1a726890d5099431f899",
            n_bytes=83_312_696,
            instead=_INSTEAD,
        ),
        "recognizer_weights": Weights(
            name="keras-ocr-recognizer",
            url=f"{_RELEASE}/crnn_kurapan.h5",
            path=folder / "crnn_kurapan.h5",
            sha256="a7d8086ac8f5c3d6a0a828f7d6fbabcaf815415dd125c32533013f85603be46d",
            n_bytes=35_260_072,
            instead=_INSTEAD,
        ),
    }


def needed_weights() -> list[Weights]:
    """keras-ocr's own files, except those replaced by a setting."""
    configured = settings.keras_ocr()
    published = published_weights()
    return [weights for setting, weights in published.items() if not getattr(configured, setting)]


def choose_file(setting: str) -> WeightsFile:
    """The file of a setting, with its current digest, or keras-ocr's own.

    Args:
        setting: ``detector_weights`` or ``recognizer_weights``.

    Raises:
        WeightsError: The file of the setting cannot be read. keras-ocr's own may be missing,
            because its digest is known.
    """
    configured = str(getattr(settings.keras_ocr(), setting))
    if configured:
        path = Path(configured)
        repair = f"[keras_ocr] {setting} names this file; leave it empty for keras-ocr's weights."
        with _readable(path, "an HDF5 file of weights", repair):
            return WeightsFile(path, digest_file(path), repair)
    weights = published_weights()[setting]
    repair = (
        "Run `luigi --module thumbnail_tasks FetchWeights`, or download it to this path from "
        f"{weights.url}, or choose {weights.instead}."
    )
    return WeightsFile(weights.path, str(weights.sha256), repair)


def read_file(file: WeightsFile) -> bytes:
    """Read a weights file, and check its SHA-256 before it is loaded.

    Raises:
        WeightsError: The file is missing or has another SHA-256.
    """
    with _readable(file.path, f"the file with SHA-256 {file.sha256}", file.repair):
        content = file.path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise WeightsError(
            f"{file.path}: expected SHA-256 {file.sha256}; found: {found}. {file.repair}"
        )
    return content


def check_format(content: bytes, file: WeightsFile) -> None:
    """Check that a weights file that has been read is an HDF5 file.

    Raises:
        WeightsError: It is not.
    """
    if not content.startswith(_HDF5):
        raise WeightsError(
            f"{file.path}: expected an HDF5 file of weights; found a file that begins with "
            f"{content[:16]!r}. {file.repair}"
        )


def load_weights(network: Any, content: bytes, file: WeightsFile) -> None:
    """Load the weights of a file that has been read into a Keras network.

    Raises:
        WeightsError: It is not an HDF5 file with weights, or they do not fit the network.
    """
    with tempfile.NamedTemporaryFile(suffix=".h5") as copy:  # Keras accepts only a path
        copy.write(content)
        copy.flush()
        try:
            network.load_weights(copy.name)
        except _DAMAGE as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise WeightsError(
                f"{file.path}: expected weights of keras-ocr's network; found: {reason}. "
                f"{file.repair}"
            ) from error


def check_alphabet(content: bytes, alphabet: str, file: WeightsFile) -> None:
    """Check that the recogniser has one class for each letter, and one for the blank.

    Raises:
        WeightsError: It has more or fewer.
    """
    import h5py

    try:
        with h5py.File(io.BytesIO(content)) as stored:
            n_classes = stored["fc_12/fc_12/bias:0"].shape[0]
    except _DAMAGE:
        return  # load_weights reports the error
    if n_classes != len(alphabet) + 1:
        raise WeightsError(
            f"{file.path}: expected {len(alphabet) + 1} classes, for the {len(alphabet)} letters "
            f"of [keras_ocr] alphabet and the blank; found: {n_classes}. {file.repair}"
        )


@contextlib.contextmanager
def _readable(path: Path, expected: str, repair: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WeightsError(
            f"{path}: expected {expected}; found: {error.strerror}. {repair}"
        ) from error
