"""Safe loading of Keras model files: all names in a file are checked before anything is run.

A Keras file can contain code. A ``Lambda`` layer holds Python bytecode, and a configuration may
name any function of any module, which is then imported and called. Keras's own ``safe_mode`` has
been circumvented (CVE-2025-1550) and was ignored for HDF5 (CVE-2025-9905), as it still is in
Keras 2. So a file is loaded only if all names in it are on a list of harmless classes.
"""

import io
import json
import os
import tempfile
import textwrap
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from thumbnail_tasks.engines.runtimes.tensorflow import load_tensorflow
from thumbnail_tasks.errors import SettingsError, WeightsError

_MODELS = (
    "Functional Model Sequential InputLayer DTypePolicy Policy "
    "__keras_tensor__ __numpy__ __tensor__ __tuple__"
)
_LEARNING_LAYERS = (
    "Conv2D Conv2DTranspose DepthwiseConv2D SeparableConv2D Dense PReLU BatchNormalization "
    "GroupNormalization LayerNormalization Normalization UnitNormalization"
)
_WEIGHTS = (
    "Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform "
    "Ones Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros "
    "L1 L1L2 L2 MaxNorm MinMaxNorm NonNeg UnitNorm"
)
_COMPUTING_LAYERS = (
    "Activation ELU LeakyReLU ReLU Softmax ThresholdedReLU Add Average Concatenate Divide Dot "
    "Maximum Minimum Multiply Subtract TrueDivide AveragePooling2D MaxPooling2D "
    "GlobalAveragePooling2D GlobalMaxPooling2D Flatten Permute RepeatVector Reshape "
    "CenterCrop Cropping2D Rescaling Resizing UpSampling2D ZeroPadding2D"
)
_TRAINING_LAYERS = (
    "ActivityRegularization AlphaDropout Dropout GaussianDropout GaussianNoise "
    "RandomContrast RandomFlip RandomRotation RandomTranslation RandomZoom SpatialDropout2D"
)
HARMLESS = frozenset(
    f"{_MODELS} {_LEARNING_LAYERS} {_WEIGHTS} {_COMPUTING_LAYERS} {_TRAINING_LAYERS}".split()
)
"""Names of classes that a file may use; the weights of all of them are plain arrays."""

_DAMAGE = (
    AttributeError,
    IndexError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
)
"""What h5py and Keras raise for files with missing or changed bytes (152 were tried)."""


class KerasFile(NamedTuple):
    """A file that has been read but not loaded."""

    suffix: str
    """``.h5`` or ``.keras``, by its content."""
    keras: int
    """The major version of the Keras that wrote it."""
    config: object
    """Its layers and all names in them, as JSON."""


def read_keras_file(path: Path, content: bytes) -> KerasFile:
    """Read a file's own description.

    Args:
        path: Its path, for messages.
        content: Its content.

    Raises:
        WeightsError: It is neither HDF5 nor a ``.keras`` archive, is truncated, or has weights
            without a model.
    """
    try:
        if content.startswith(b"\x89HDF"):
            return _read_hdf5(content)
        if content.startswith(b"PK"):
            return _read_archive(content)
    except _DAMAGE as error:
        raise WeightsError(
            f"{path}: expected a whole Keras model, as model.save writes it; "
            f"found a file that is damaged or has weights only: {_shorten(error)}"
        ) from error
    raise WeightsError(
        f"{path}: expected a Keras model (HDF5, or a .keras archive); "
        f"found a file that begins with {content[:8]!r}"
    )


def _read_hdf5(content: bytes) -> KerasFile:
    import h5py

    with h5py.File(io.BytesIO(content), "r") as file:
        version = file.attrs.get("keras_version", "1")  # early versions wrote none
        return KerasFile(".h5", _major(version), json.loads(file.attrs["model_config"]))


def _read_archive(content: bytes) -> KerasFile:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        version = json.loads(archive.read("metadata.json"))["keras_version"]
        config = json.loads(archive.read("config.json"))
    config.pop("compile_config", None)  # for training; Keras, too, drops it here and only here
    return KerasFile(".keras", _major(version), config)


def _major(version: str | bytes) -> int:
    text = version.decode() if isinstance(version, bytes) else version
    return int(text.split(".")[0])


def find_code(config: object) -> Iterator[str]:
    """Yield the names in a configuration that may run code: all that are not on the list.

    Args:
        config: JSON; layers occur anywhere in it, as in wrappers and nested models.
    """
    if isinstance(config, Mapping):
        name, module = config.get("class_name"), config.get("module")
        registered = config.get("registered_name")
        if module is not None and str(module).split(".")[0] not in ("keras", "tf_keras"):
            yield f"{module}.{name}" if name else str(module)
        elif registered not in (None, name):
            yield str(registered)
        elif "class_name" in config and str(name) not in HARMLESS:
            yield str(name)
    if isinstance(config, Mapping | list):
        for part in config.values() if isinstance(config, Mapping) else config:
            yield from find_code(part)


def check_keras_model(path: Path, content: bytes, sha256: str, is_trusted: bool) -> KerasFile:
    """Read a file's description, and refuse code; TensorFlow is not needed.

    Args:
        path: Its path, for messages.
        content: The whole file.
        sha256: SHA-256 of ``content``, for messages.
        is_trusted: Accept it even if it contains code.

    Raises:
        WeightsError: It cannot be read, or contains code and is not trusted.
    """
    file = read_keras_file(path, content)
    code = sorted(set(find_code(file.config)))
    if code and not is_trusted:
        raise WeightsError(
            f"{path}: expected plain layers only, as others may run code from the file; "
            f"found: {', '.join(code)}. If you trust this file, set "
            f"[keras_emotions] sha256 = {sha256}"
        )
    return file


def load_keras_model(path: Path, content: bytes, sha256: str, is_trusted: bool) -> Any:
    """Load a model with the Keras that wrote it, 2 (tf_keras) or 3; never for training.

    Args:
        path: Its path, for messages; ``content``, which has been hashed, is loaded.
        content: The whole file.
        sha256: SHA-256 of ``content``, for messages.
        is_trusted: Load it even if it contains code.

    Returns:
        The model. Old files of Keras 2 load in tf_keras, not in Keras 3.

    Raises:
        WeightsError: It cannot be read, or contains code and is not trusted.
        SettingsError: It needs tf_keras, which is not installed.
    """
    file = check_keras_model(path, content, sha256, is_trusted)
    keras = _import_keras(path, file)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "model").with_suffix(file.suffix)
        copy.write_bytes(content)
        try:
            return keras.models.load_model(copy, compile=False, safe_mode=not is_trusted)
        except _DAMAGE as error:
            raise WeightsError(
                f"{path}: expected a model that Keras {keras.__version__} loads (written by "
                f"Keras {file.keras}); found: {_shorten(error)}"
            ) from error


def _import_keras(path: Path, file: KerasFile) -> Any:
    load_tensorflow()
    if file.keras >= 3:
        os.environ["KERAS_BACKEND"] = "tensorflow"  # read when it is imported
        import keras

        return keras
    try:
        import tf_keras
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{path}: expected tf_keras to be installed, because Keras {file.keras} "
            "wrote the file; not found. Run: pip install 'thumbnail-tasks[notebook]'"
        ) from error
    return tf_keras


def _shorten(error: BaseException) -> str:
    return textwrap.shorten(str(error), 200) or type(error).__name__
