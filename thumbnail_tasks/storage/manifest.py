"""The manifest of a dataset: a JSON file, written last, that names the files that belong to it.

A folder of Parquet files cannot be replaced at once. Readers take the files that its manifest
names, and nothing else: a dataset is complete, or has no manifest.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from thumbnail_tasks.storage.atomic import atomic_write, writing

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


def write_manifest(folder: str | Path, manifest: Manifest) -> None:
    """Publish a dataset whose files are complete, in place of an earlier one.

    Raises:
        StorageError: The file cannot be written.
    """
    content = asdict(manifest)
    with atomic_write(Path(folder, MANIFEST_NAME)) as temporary:
        text = json.dumps(content | {"sha256": _digest(content)}, indent=1)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: str | Path) -> Manifest | None:
    """The manifest of a dataset; None if there is none, or it is damaged."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads(Path(folder, MANIFEST_NAME).read_text(encoding="utf-8"))
        if content.pop("sha256") == _digest(content):
            parts = tuple(Part(**part) for part in content.pop("parts"))
            return Manifest(**content, parts=parts)
    return None


def remove_files(*paths: Path) -> None:
    """Remove files, if they exist; a dataset without its manifest is withdrawn.

    Raises:
        StorageError: A file cannot be removed.
    """
    for path in paths:
        if path.exists():  # else its folder would be made
            with writing(path):
                path.unlink(missing_ok=True)


def list_unnamed(folder: str | Path) -> list[Path]:
    """The Parquet files of a dataset's folder that its manifest does not name."""
    manifest = read_manifest(folder)
    named: Iterable[str] = {part.file for part in manifest.parts} if manifest else ()
    return sorted(path for path in Path(folder).glob("*.parquet") if path.name not in named)


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
