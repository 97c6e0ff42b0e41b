"""Which files a folder of a data directory holds, from one listing."""

from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import folder_of, join, stem_of
from thumbnail_tasks.storage.backend import Entry
from thumbnail_tasks.storage.file_target import FileTarget


def list_revisions(data_dir: str, folder: str) -> dict[str, str]:
    """The Parquet files of a folder, without subfolders, sorted by name.

    Args:
        data_dir: The data directory.
        folder: The folder's path within it; none of its files exist if it does not.

    Returns:
        Name without suffix to revision: a text that changes whenever the file is written again.

    Raises:
        StorageError: The folder cannot be read.
    """
    found = files.list_files(join(data_dir, folder), suffix=".parquet")
    return {stem_of(entry.address): entry.revision for entry in found}


class Listings:
    """The Parquet files of some folders, each of which is listed once, when it is first asked for.

    To ask for each of the 41,000 files of ten million rows takes a request each on S3.
    """

    def __init__(self) -> None:
        self._found: dict[str, dict[str, Entry]] = {}

    def find(self, address: str) -> Entry | None:
        """The file as it was listed; None if there was none.

        Raises:
            StorageError: Its folder cannot be read.
        """
        folder = folder_of(address)
        if folder not in self._found:
            found = files.list_files(folder, suffix=".parquet")
            self._found[folder] = {entry.address: entry for entry in found}
        return self._found[folder].get(address)

    def lacks(self, target: FileTarget) -> bool:
        """Whether there was no such file.

        Raises:
            StorageError: As ``find``.
        """
        return self.find(target.path) is None
