"""Read JSON files of the original notebook and its sisters: a value for each thumbnail's file name.

The names are those of the notebook's pictures, as in ``https:i.ytimg.comvi<ID>hqdefault``.
"""

import glob
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from thumbnail_tasks.errors import InputError
from thumbnail_tasks.fingerprints import digest_file
from thumbnail_tasks.inputs.picture_folders import id_of_notebook_file


class NotebookFiles(NamedTuple):
    """Where the files are, and what they hold."""

    setting: str
    """The setting that names them, as in ``filename2text``."""
    path: Callable[[], str]
    """The value of that setting: a path or a glob, or several separated by commas."""
    file: str
    """What the notebook called the file, as in ``filename2text.json``."""
    values: str
    """What it has of each picture, as in ``texts``."""
    expected: str
    """One of these values, for a message."""
    is_value: Callable[[Any], bool]
    """Whether a value is as expected."""

    def read(self) -> dict[str, Any]:
        """The value of each thumbnail id; the first one if it occurs in several sizes or files.

        Raises:
            InputError: A file is missing, or does not have the notebook's format.
        """
        found: dict[str, Any] = {}
        for path in self.find():
            for name, value in self._read_file(path).items():
                thumbnail_id = id_of_notebook_file(name)
                if thumbnail_id is None or not self.is_value(value):
                    raise InputError(
                        f"{path}: expected names such as 'https:i.ytimg.comvi<video id>hqdefault' "
                        f"with {self.expected}; found {name[:80]!r}: {str(value)[:80]!r}"
                    )
                found.setdefault(thumbnail_id, value)
        return found

    def find(self) -> list[Path]:
        """The files.

        Raises:
            InputError: The setting names none.
        """
        files = [
            Path(found)
            for part in filter(None, map(str.strip, self.path().split(",")))
            for found in sorted(glob.glob(part)) or [part]  # noqa: PTH207 - absolute globs
        ]
        if not files:
            raise InputError(
                f"[{self.setting}] path: expected the notebook's {self.file}; found nothing. "
                f"Set it in luigi.cfg, or with --set {self.setting}.path=FILE."
            )
        return files

    def digest(self) -> str:
        """A digest of their content.

        Raises:
            InputError: A file cannot be read.
        """
        try:
            digests = [digest_file(path) for path in self.find()]
        except OSError as error:
            raise InputError(f"{error.filename}: cannot be read: {error.strerror}") from error
        return hashlib.sha256(" ".join(digests).encode()).hexdigest()

    def _read_file(self, path: Path) -> dict[str, Any]:
        try:
            content = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path}: expected the notebook's JSON of file names and {self.values}; "
                f"found: {error}"
            ) from error
        if not isinstance(content, dict):
            raise InputError(
                f"{path}: expected a JSON object of file names and {self.values}; "
                f"found: {type(content).__name__}"
            )
        return content
