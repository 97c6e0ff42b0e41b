"""What the package asks of the place where results are: a folder, or a bucket."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar

import pyarrow as pa

Item = TypeVar("Item")
Result = TypeVar("Result")


class Entry(NamedTuple):
    """A file that exists."""

    address: str
    n_bytes: int
    revision: str
    """Another one after each write: the modification time, or the ETag."""
    written_at: float
    """Seconds since the epoch."""


class NewFolder(NamedTuple):
    """A folder of files that replaces an earlier one when it is complete."""

    path: Path
    """Where to write them, on this machine."""
    take: Callable[[str], bool]
    """Takes a file of the earlier folder, given by its path within it; False if it has none."""


class ChangedError(Exception):
    """A file is there, or has changed, so that it was not written."""


class Backend(Protocol):
    """The operations, by the address of a file or folder; errors are OSError unless named."""

    def find(self, address: str) -> Entry | None:
        """The file; None if there is none."""

    def list_files(self, folder: str, below: bool = False) -> list[Entry]:
        """The files of a folder (``below``: and of its folders), by address; none without it."""

    def list_folders(self, folder: str) -> list[str]:
        """The addresses of a folder's folders, in order."""

    def is_folder(self, folder: str) -> bool:
        """Whether there is such a folder, or anything in it."""

    def open(self, address: str, columns: Sequence[str] | None = None) -> pa.NativeFile:
        """Open one state of a file for reading, wherever in it.

        Args:
            address: The file.
            columns: The columns that will be read; None: all of the file.
        """

    def map_reads(self, read: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """What ``read``, which reads files, gives for each item; raises the first error."""

    def read_start(self, address: str, n_bytes: int) -> bytes:
        """The first bytes of a file, or all of it."""

    def publish(
        self,
        address: str,
        *,
        made_from: str = "",
        if_absent: bool = False,
        if_revision: str = "",
    ) -> AbstractContextManager[Path]:
        """Give a path to write to; when the block ends, the file appears complete and durable.

        Args:
            address: The file; it is replaced if it exists.
            made_from: The file whose content this one shows otherwise: see ``is_made_from``.
            if_absent: Write only if there is none.
            if_revision: Write only if the file still has this revision.

        Raises:
            ChangedError: It was not written, because of ``if_absent`` or ``if_revision``.
            StorageError: It cannot be written.
        """

    def replace_folder(
        self, folder: str, *, made_from: Mapping[str, str], last: str
    ) -> AbstractContextManager[NewFolder]:
        """Replace all files of a folder when the block ends.

        Args:
            folder: Its address.
            made_from: Of its files, those that show others otherwise: see ``is_made_from``.
            last: The file whose presence says that the folder is complete.

        Raises:
            StorageError: It cannot be written.
        """

    def local_copy(self, address: str) -> AbstractContextManager[Path]:
        """Give a path on this machine at which a file can be read while the block runs."""

    def scratch_folder(self, data_dir: str) -> AbstractContextManager[Path]:
        """Give an empty folder on this machine; it is removed when the block ends.

        Raises:
            StorageError: It cannot be made.
        """

    def state_of(self, address: str) -> str:
        """A text that changes whenever a file is written, even if its times are set back.

        It may also change when nothing is written, as when a link is made.
        """

    def is_made_from(self, address: str, of: str) -> bool:
        """Whether both exist, and the first was published as made from this state of ``of``."""

    def copy(self, source: str, address: str) -> None:
        """Publish the same content under another address, at once if the place can.

        Raises:
            StorageError: It cannot be written.
        """

    def move(self, address: str, to: str) -> None:
        """Give a file another name."""

    def remove(self, addresses: Collection[str]) -> None:
        """Remove files; those that do not exist are no error."""

    def remove_folders(self, folder: str) -> None:
        """Remove a folder and those in it, as far as they are empty."""

    def point(self, address: str, name: str) -> None:
        """Make ``address`` a pointer to its neighbour ``name``.

        Raises:
            StorageError: It cannot be written.
        """

    def pointed(self, address: str) -> str:
        """The name that a pointer points to; empty if there is none."""

    def hold_lock(
        self,
        data_dir: str,
        name: str,
        on_wait: Callable[[], None],
        shared: bool = False,
        on_renewal: Callable[[float], None] | None = None,
    ) -> AbstractContextManager[None]:
        """See ``storage.locks.hold_lock``."""

    def reserve(self, address: str, n_bytes: int) -> None:
        """Write as many bytes, where space can run out.

        Raises:
            StorageError: There is not enough.
        """

    def find_orphans(self, folder: str) -> list[Entry]:
        """Temporary files below a folder that killed writers have left."""

    def measure_freed(self, entries: Collection[Entry]) -> int:
        """The bytes freed by removing these files."""

    def check_place(self, folder: str) -> None:
        """See ``storage.files.check_place``."""

    def describe_room(self, folder: str) -> str:
        """That files can be written there, and how much room there is, in a few words.

        Raises:
            StorageError: They cannot.
        """
