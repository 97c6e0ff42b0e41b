"""Any TF-Hub handle, or SavedModel folder, that maps strings to vectors, on TensorFlow.

The default is the Universal Sentence Encoder v4 (512 numbers; Apache-2.0):
https://tfhub.dev/google/universal-sentence-encoder/4.

A SavedModel is a program: TensorFlow runs its graphs, which may read and write files. Use only
models that you trust.
"""

import functools
import hashlib
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
from numpy.typing import NDArray

from thumbnail_tasks import settings
from thumbnail_tasks.engines.interface import Engine, TextEncoder, Weights
from thumbnail_tasks.engines.runtimes.tensorflow import check_gpu, load_tensorflow, silence
from thumbnail_tasks.errors import SettingsError, WeightsError
from thumbnail_tasks.fingerprints import digest_file

WEIGHTS_NAME: Final = "tensorflow-hub-encoder"
_ARCHIVE_QUERY: Final = ("tf-hub-format", "compressed")
"""Requests the .tar.gz of a handle from a TF-Hub server."""

_MODEL_FILES: Final = ("saved_model.pb", "saved_model.pbtxt")
_SIGNATURES: Final = ("default", "serving_default")
"""TF-Hub's old format, and SavedModels that are not callable, have one of these."""
_BATCH_TEXTS: Final = 64


def cache_folder() -> Path:
    """The cache of TF-Hub: TFHUB_CACHE_DIR, or a folder that survives a restart.

    TF-Hub's own default is in the temporary folder. Set TFHUB_CACHE_DIR to share a cache.
    """
    return Path(os.environ.get("TFHUB_CACHE_DIR") or Path.home() / ".cache" / "tfhub_modules")


def is_saved_model(folder: Path) -> bool:
    """Whether the folder exists and has a SavedModel."""
    return any((folder / name).is_file() for name in _MODEL_FILES)


def handle_of(weights: Weights) -> str | None:
    """The handle of the weights' archive; None if they are not an archive of TF-Hub."""
    ending = "=".join(_ARCHIVE_QUERY)
    return weights.url[: -len(ending) - 1] if weights.url.endswith(ending) else None


def load_text_encoder() -> TextEncoder:
    """Load the model in the settings, once per process.

    Returns:
        The encoder. Equal texts are encoded once, in batches of one size, the last one filled up:
        a text's vector depends on the others only if the model does so itself, for example by
        padding a batch to its longest text.

    Raises:
        WeightsError: There is no such model, or it does not map strings to vectors.
    """
    return _load(_model_folder(), settings.tensorflow_hub().handle)


def _weights() -> Sequence[Weights]:
    """The archive of the handle; empty for a folder."""
    handle, sha256 = settings.tensorflow_hub().handle, _pinned_sha256()
    if not _is_address(handle):
        return ()
    parts = urlsplit(handle)
    query = urlencode([*parse_qsl(parts.query), _ARCHIVE_QUERY])  # as TF-Hub's own resolver does
    return [
        Weights(
            name=WEIGHTS_NAME,
            url=parts._replace(query=query).geturl(),
            path=cache_folder() / hashlib.sha1(handle.encode()).hexdigest(),
            sha256=sha256,
            n_bytes=None,
            instead="[engines] embedding = use-multilingual",
        )
    ]


def _pinned_sha256() -> str | None:
    sha256 = settings.tensorflow_hub().sha256.strip().lower()
    if sha256 and not re.fullmatch("[0-9a-f]{64}", sha256):
        raise SettingsError(
            f"[tensorflow_hub] sha256: expected 64 hexadecimal digits or nothing; found: {sha256!r}"
        )
    return sha256 or None


def _is_address(handle: str) -> bool:
    return handle.startswith(("http://", "https://"))


def _model_folder() -> Path:
    """The model's local folder, which has a SavedModel."""
    handle = settings.tensorflow_hub().handle
    if _is_address(handle):
        folder = _weights()[0].path
        expected = f"the model of {handle}, as downloaded by FetchWeights"
    else:
        folder = Path(handle)
        expected = "an http(s) handle or the folder of a SavedModel"
    if not is_saved_model(folder):
        found = f"no {_MODEL_FILES[0]} in it" if folder.is_dir() else "no such folder"
        raise WeightsError(
            f"[tensorflow_hub] handle: {folder}: expected {expected}; found: {found}"
        )
    return folder


def _name() -> str:
    handle = settings.tensorflow_hub().handle
    if not _is_address(handle):
        return f"saved-model-{_digest_folder(_model_folder())[:8]}"
    parts = [part for part in urlsplit(handle).path.split("/") if part]
    return re.sub(r"[^A-Za-z0-9.]+", "-", "-".join(parts[-2:])).strip("-.")[:60] or "tensorflow-hub"


def _about() -> dict[str, Any]:
    handle = settings.tensorflow_hub().handle
    if _is_address(handle):
        model = {"handle": handle, "sha256": _pinned_sha256()}
    else:
        model = {"content": _digest_folder(_model_folder())}
    return {**model, "batch_texts": _BATCH_TEXTS}


def _digest_folder(folder: Path) -> str:
    """The SHA-256 of all files' names and contents."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{digest_file(path)}\n".encode())
    return digest.hexdigest()


@functools.lru_cache(maxsize=1)
def _load(folder: Path, handle: str) -> TextEncoder:
    tf = load_tensorflow()
    try:
        with silence():
            import tensorflow_hub as hub

            # Not by the handle: TF-Hub would download it if it is not in the cache.
            model = hub.load(str(folder))
        call = _callable_of(model, handle)
        run = functools.partial(_run, tf, call, handle)
        width = run(["a", "b"]).shape[1]
    except (OSError, ValueError, TypeError, RuntimeError, tf.errors.OpError) as error:
        raise _misfit(handle, " ".join(str(error).split())[:300]) from error

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        row_of = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        once = list(row_of)
        vectors = np.empty((len(once), width), np.float32)
        for start in range(0, len(once), _BATCH_TEXTS):
            batch = once[start : start + _BATCH_TEXTS]
            vectors[start : start + len(batch)] = run(batch)
        return vectors[[row_of[text] for text in texts]]

    return encode


def _callable_of(model: Any, handle: str) -> Callable[[Any], Any]:
    """The function from a tensor of strings to a tensor: the model itself, or its signature."""
    if callable(model):
        return model  # type: ignore[no-any-return]  # TensorFlow's objects are not typed
    signatures = getattr(model, "signatures", {})
    name = next((name for name in _SIGNATURES if name in signatures), None)
    if name is None:
        found = ", ".join(signatures) or "none"
        expected = " or ".join(_SIGNATURES)
        raise _misfit(handle, f"not callable, and no signature {expected} among its own: {found}")
    inputs = signatures[name].structured_input_signature[1]
    outputs = signatures[name].structured_outputs
    if len(inputs) != 1 or len(outputs) != 1:
        listed = f"inputs {', '.join(inputs)} and outputs {', '.join(sorted(outputs))}"
        raise _misfit(handle, f"signature {name} with {listed}")
    (key,), (output,) = inputs, outputs
    return lambda texts: signatures[name](**{key: texts})[output]


def _run(tf: Any, call: Callable[[Any], Any], handle: str, texts: Sequence[str]) -> Any:
    """Encode at most ``_BATCH_TEXTS`` texts in a batch of this size: (N, width) float32."""
    filled = [*texts, *[texts[-1]] * (_BATCH_TEXTS - len(texts))]
    output = call(tf.constant([text.encode() for text in filled]))
    if not isinstance(output, tf.Tensor):
        raise _misfit(handle, f"a {type(output).__name__} for {_BATCH_TEXTS} strings")
    if not output.dtype.is_floating or output.shape.rank != 2 or len(output) != _BATCH_TEXTS:
        found = f"{output.dtype.name} of shape {tuple(output.shape)}"
        raise _misfit(handle, f"{found} for {_BATCH_TEXTS} strings")
    return output.numpy()[: len(texts)].astype(np.float32)


def _misfit(handle: str, found: str) -> WeightsError:
    return WeightsError(
        f"[tensorflow_hub] handle: {handle}: expected a SavedModel that maps N strings to "
        f"(N, width) floats; found: {found}"
    )


ENGINE = Engine(
    load=load_text_encoder,
    name=_name,
    about=_about,
    weights=_weights,
    modules=("tensorflow", "tensorflow_hub"),
    check=check_gpu,  # the folder is checked when it is named
)
