"""The caches of models that are not shipped, with the layout that the models' own tools expect.

A model is complete or absent. Only files with the expected SHA-256 are published, and a different
file in the cache is never touched, because it may belong to another tool.
"""

import datetime
import gzip
import os
import re
import shutil
import socket
import tarfile
import zlib
from pathlib import Path
from typing import Final

from thumbnail_tasks.engines.embeddings.tensorflow_hub import handle_of, is_saved_model
from thumbnail_tasks.engines.interface import Weights
from thumbnail_tasks.errors import WeightsError
from thumbnail_tasks.fingerprints import digest_file
from thumbnail_tasks.network.resumable_download import (
    Advance,
    DownloadError,
    Part,
    download,
    hold_download_lock,
)
from thumbnail_tasks.storage.atomic import atomic_write, publish, writing

_CHUNK_BYTES: Final = 1 << 20


def is_cached(weights: Weights) -> bool:
    """Whether a model is in its cache.

    A file is checked by its SHA-256, read once per process and state of the file; a TF-Hub folder
    by the SHA-256 that ``fetch_into_cache`` recorded when unpacking it.

    Raises:
        WeightsError: The cache has another file or folder at its path.
    """
    path = weights.path
    if not path.exists() or (path.is_dir() and not any(path.iterdir())):
        return False
    if not handle_of(weights):
        return _is_file_cached(weights)
    if not is_saved_model(path):
        raise _wrong_file(weights, "no SavedModel")
    recorded = _recorded_sha256(path)
    if weights.sha256 not in (None, recorded):
        raise _wrong_file(weights, f"SHA-256 {recorded or 'unknown, as another tool unpacked it'}")
    return True


def fetch_into_cache(weights: Weights, advance: Advance) -> str | None:
    """Download a model unless it is cached; processes that need the same one wait for each other.

    Args:
        weights: The model. A TF-Hub archive next to its folder, as ``<folder>.tar.gz``, is not
            downloaded again.
        advance: Called with the progress.

    Returns:
        The SHA-256 of the downloaded file; None if the model was cached.

    Raises:
        WeightsError: It cannot be downloaded, is not the expected file, or the cache has another
            file at its path.
        StorageError: It cannot be written.
    """
    with writing(weights.path), hold_download_lock(weights.path):
        if is_cached(weights):
            return None
        handle = handle_of(weights)
        if not handle:
            return _fetch_file(weights, advance)
        archive = weights._replace(path=weights.path.with_name(f"{weights.path.name}.tar.gz"))
        if archive.path.exists() and _is_file_cached(archive):
            sha256 = digest_file(archive.path)
        else:
            sha256 = _fetch_file(archive, advance)
        _unpack(archive, weights.path, handle, sha256)
        return sha256


def _is_file_cached(weights: Weights) -> bool:
    n_bytes = weights.path.stat().st_size
    if weights.n_bytes not in (None, n_bytes):
        raise _wrong_file(weights, f"{n_bytes} bytes")
    if weights.sha256 and weights.sha256 != digest_file(weights.path):
        raise _wrong_file(weights, f"SHA-256 {digest_file(weights.path)}")
    return True


def _fetch_file(weights: Weights, advance: Advance) -> str:
    part = Part(weights.path)
    try:
        download(weights.url, part, weights.n_bytes, advance)
    except DownloadError as error:
        raise _fetch_failed(weights, str(error)) from error
    sha256 = digest_file(part.path)
    if weights.sha256 not in (None, sha256):
        part.remove()
        raise _fetch_failed(weights, f"SHA-256 {sha256}")
    publish(part.path, weights.path)
    part.forget_origin()
    return sha256


def _unpack(archive: Weights, folder: Path, handle: str, sha256: str) -> None:
    """Unpack a TF-Hub archive to the folder in which TF-Hub's own resolver looks for it."""
    hidden = folder.with_name(f".{folder.name}.unpacking")
    shutil.rmtree(hidden, ignore_errors=True)  # left by a killed process
    try:
        with gzip.open(archive.path) as content:
            with tarfile.open(fileobj=content, mode="r|") as tar:
                tar.extractall(hidden, filter="data")
            while content.read(_CHUNK_BYTES):
                pass  # to the end, where gzip checks its checksum; tar stops earlier
        if not is_saved_model(hidden):
            raise tarfile.ReadError("no saved_model.pb in it")
        with atomic_write(_descriptor(folder)) as temporary:
            # TF-Hub's own description, and a line with the checksum.
            temporary.write_text(
                f"Module: {handle}\nDownload Time: {datetime.datetime.today()}\n"
                f"Downloader Hostname: {socket.gethostname()} (PID:{os.getpid()})\n"
                f"Archive SHA-256: {sha256}\n"
            )
        publish(hidden, folder)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        archive.path.unlink()
        found = " ".join(f"no TF-Hub archive ({error}); it was removed".split())
        raise _fetch_failed(archive, found) from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    archive.path.unlink()


def _descriptor(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.descriptor.txt")


def _recorded_sha256(folder: Path) -> str | None:
    try:
        text = _descriptor(folder).read_text()
    except (OSError, UnicodeError):
        return None
    match = re.search("^Archive SHA-256: ([0-9a-f]{64})$", text, re.M)
    return match[1] if match else None


def _wrong_file(weights: Weights, found: str) -> WeightsError:
    return WeightsError(
        f"{weights.path}: not the {weights.name} of {weights.url}; expected "
        f"{_expected(weights)}; found {found}. Remove it and run again to download it."
    )


def _fetch_failed(weights: Weights, found: str) -> WeightsError:
    return WeightsError(
        f"{weights.name}: {weights.path.name} cannot be fetched from {weights.url}; expected "
        f"{_expected(weights)}; found: {found}. Put the file at {weights.path} and run again, "
        f"or choose the engine that needs none: {weights.instead}"
    )


def _expected(weights: Weights) -> str:
    size = f"{weights.n_bytes} bytes with " if weights.n_bytes else ""
    return f"{size}SHA-256 {weights.sha256 or '(not published)'}"
