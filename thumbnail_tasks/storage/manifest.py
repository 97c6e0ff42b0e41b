"""The manifest of a dataset: a JSON file, written last, that names the files that belong to it.

A folder of Parquet files cannot be replaced at once. Readers take the files that its manifest
names, and nothing else: a dataset is complete, or has no manifest.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join, name_of
from thumbnail_tasks.storage.backend import Entry

MANIFEST_NAME: Final = "_manifest.json"
"""The underscore makes Spark and Arrow skip it when they read a folder."""


@dataclass(frozen=True)
class Part:
    """One file of a dataset."""

    file: str
    """Its name, in the folder of the manifest."""
    first_row: int
    n_rows: int


@dataclass(frozen=True)
class Manifest:
    """What a dataset consists of."""

    fingerprint: str
    """A digest of what the dataset was made from."""
    n_rows: int
    parts: tuple[Part, ...]
    """In the order of the rows."""


def write_manifest(folder: str, manifest: Manifest) -> None:
    """Publish a dataset whose files are complete, in place of an earlier one.

    Raises:
        StorageError: The file cannot be written.
    """
    content = asdict(manifest)
    text = json.dumps(content | {"sha256": _digest(content)}, indent=1)
    files.write_text(join(folder, MANIFEST_NAME), text + "\n")


def read_manifest(folder: str) -> Manifest | None:
    """The manifest of a dataset; None if there is none, or it is damaged."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads(files.read_text(join(folder, MANIFEST_NAME)))
        if content.pop("sha256") == _digest(content):
            parts = tuple(Part(**part) for part in content.pop("parts"))
            return Manifest(**content, parts=parts)
    return None


def list_unnamed(folder: str) -> list[Entry]:
    """The Parquet files of a dataset's folder that its manifest does not name.

    Raises:
        StorageError: The folder cannot be read.
    """
    manifest = read_manifest(folder)
    named: Iterable[str] = {part.file for part in manifest.parts} if manifest else ()
    found = files.list_files(folder, suffix=".parquet")
    return [entry for entry in found if name_of(entry.address) not in named]


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
