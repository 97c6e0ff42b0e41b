"""Results, wherever they are: each operation goes to the backend of the address."""

import contextlib
import re
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage import folder as folder_backend
from thumbnail_tasks.storage.addresses import S3_SCHEME, folder_of, is_s3
from thumbnail_tasks.storage.backend import Entry

if TYPE_CHECKING:
    from thumbnail_tasks.storage.backend import Backend

_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""The start of ``gs://bucket``, ``s3a://bucket``, or of ``s3:/bucket``."""


def backend_of(address: str) -> "Backend":
    """The operations on the place of an address.

    Raises:
        StorageError: The address is of another kind of storage, or is misspelled.
    """
    if is_s3(address):
        if not address.removeprefix(S3_SCHEME).strip("/"):
            raise StorageError(f"expected s3://bucket/prefix; found no bucket in {address!r}")
        from thumbnail_tasks.storage import s3  # only then is boto3 needed

        return s3
    if _SCHEME.match(address):
        raise StorageError(f"expected a folder or s3://bucket/prefix; found: {address!r}")
    return folder_backend


@contextlib.contextmanager
def _reading(address: str) -> Iterator[None]:
    """An OSError in the block becomes a StorageError that names what could not be read."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{address}: cannot be read; expected a folder or bucket of results; found: {error}"
        ) from error


def find(address: str) -> Entry | None:
    """The file; None if there is none.

    Raises:
        StorageError: The folder or bucket cannot be read.
    """
    with _reading(address):
        return backend_of(address).find(address)


def find_all(data_dir: str, addresses: Sequence[str]) -> list[Entry | None]:
    """As ``find``, for several files of a data directory, at the same time in a bucket.

    Raises:
        StorageError: Storage cannot be reached.
    """
    return backend_of(data_dir).map_reads(find, addresses)


def exists(address: str) -> bool:
    """Whether there is such a file.

    Raises:
        StorageError: As ``find``.
    """
    return find(address) is not None


def written_at(address: str) -> float:
    """When a file was published, in seconds since the epoch; 0 if there is none.

    Raises:
        StorageError: As ``find``.
    """
    entry = find(address)
    return entry.written_at if entry else 0.0


def list_files(folder: str, below: bool = False, suffix: str = "") -> list[Entry]:
    """The files of a folder whose names end so, by address; hidden ones only with ``below``.

    Raises:
        StorageError: The folder or bucket cannot be read.
    """
    with _reading(folder):
        found = backend_of(folder).list_files(folder, below)
    return [each for each in found if each.address.endswith(suffix) and (below or _is_shown(each))]


def _is_shown(entry: Entry) -> bool:
    return not entry.address.rpartition("/")[2].startswith(".")


def list_folders(folder: str) -> list[str]:
    """The addresses of a folder's folders, in order.

    Raises:
        StorageError: The folder or bucket cannot be read.
    """
    with _reading(folder):
        return backend_of(folder).list_folders(folder)


def publish(address: str, made_from: str = "") -> AbstractContextManager[Path]:
    """Give a path to write to; when the block ends, the file appears complete and durable.

    Raises:
        StorageError: It cannot be written.
    """
    return backend_of(address).publish(address, made_from=made_from)


def is_made_from(address: str, of: str) -> bool:
    """Whether both files exist, and the first was published as made from this state of ``of``.

    Raises:
        StorageError: The folder or bucket cannot be read.
    """
    with _reading(address):
        return backend_of(address).is_made_from(address, of)


def remove(addresses: Collection[str]) -> None:
    """Remove files of one place; those that do not exist are no error.

    Raises:
        StorageError: One cannot be removed.
    """
    if addresses:
        first = next(iter(addresses))
        try:
            backend_of(first).remove(addresses)
        except OSError as error:
            raise StorageError(
                f"{folder_of(first)}: cannot be removed from; found: {error}"
            ) from error


def check_place(folder: str) -> None:
    """Check, before a run begins, what would fail in its middle.

    Raises:
        StorageError: A bucket cannot be written, or its storage keeps no conditions of writes.
    """
    backend_of(folder).check_place(folder)


def is_folder(folder: str) -> bool:
    """Whether there is such a folder, or anything in it.

    Raises:
        StorageError: The bucket cannot be read.
    """
    with _reading(folder):
        return backend_of(folder).is_folder(folder)


def reserve(address: str, n_bytes: int) -> None:
    """Reserve space for a file that must be written when the disk is full.

    Raises:
        StorageError: There is not enough.
    """
    backend_of(address).reserve(address, n_bytes)


def pointed(address: str) -> str:
    """The name that a pointer points to; empty if there is none.

    Raises:
        StorageError: It cannot be read.
    """
    with _reading(address):
        return backend_of(address).pointed(address)


def find_orphans(folder: str) -> list[Entry]:
    """Temporary files below a folder that killed writers have left.

    Raises:
        StorageError: The folder cannot be read.
    """
    with _reading(folder):
        return backend_of(folder).find_orphans(folder)


def remove_orphans(folder: str) -> None:
    """Remove what ``find_orphans`` finds.

    Raises:
        StorageError: The folder cannot be read.
        OSError: They cannot be removed.
    """
    remove([entry.address for entry in find_orphans(folder)])


def remove_existing(addresses: Collection[str]) -> None:
    """Remove files, if they exist.

    Raises:
        StorageError: A file cannot be removed.
    """
    for address in addresses:
        if exists(address):
            try:
                remove([address])
            except OSError as error:
                raise StorageError(f"{address}: cannot be removed; found: {error}") from error


def write_text(address: str, text: str) -> None:
    """Publish a small file.

    Raises:
        StorageError: It cannot be written.
    """
    with publish(address) as path:
        path.write_text(text, encoding="utf-8")


def publish_copy(path: Path, address: str, made_from: str = "") -> None:
    """Publish a file of this machine.

    Raises:
        StorageError: It cannot be written.
    """
    with publish(address, made_from) as copy:
        shutil.copyfile(path, copy)


def read_start(address: str, n_bytes: int) -> bytes:
    """The first bytes of a file, or all of it.

    Raises:
        OSError: It cannot be read.
    """
    return backend_of(address).read_start(address, n_bytes)


def read_text(address: str) -> str:
    """The content of a small file.

    Raises:
        OSError: It cannot be read.
        UnicodeDecodeError: It is not UTF-8.
    """
    with backend_of(address).open(address) as file:
        return bytes(file.read()).decode()
