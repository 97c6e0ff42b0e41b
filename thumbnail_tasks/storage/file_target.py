"""A file of the data directory as a Luigi target."""

import luigi

from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.backend import Entry


class FileTarget(luigi.Target):
    """A file at an address: a path, or ``s3://bucket/key``."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.path!r})"

    def find(self) -> Entry | None:
        """The file; None if there is none."""
        return files.find(self.path)

    def exists(self) -> bool:
        """Whether there is such a file."""
        return self.find() is not None

    def remove(self) -> None:
        """Remove the file, if there is one."""
        files.remove([self.path])
