"""Which files a folder of a data directory holds, from one listing."""

from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import join, stem_of


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
