"""``CopyArchive``: copy a data directory from a folder to a bucket, or back, or to another."""

import contextlib
import logging
import time
from collections.abc import Iterator

from thumbnail_tasks.console import SECONDS_BETWEEN_LINES, format_count, print_result
from thumbnail_tasks.errors import SettingsError, StorageError
from thumbnail_tasks.luigi_parsing import PathParameter
from thumbnail_tasks.storage import files
from thumbnail_tasks.storage.addresses import folder_of, join, relative_to
from thumbnail_tasks.storage.backend import Entry
from thumbnail_tasks.storage.checksums import ChecksumError, check
from thumbnail_tasks.storage.directory_locks import hold_unused_data_dir, share_data_dir
from thumbnail_tasks.storage.retention import LATEST, latest_date
from thumbnail_tasks.tasks.data_task import DataTask
from thumbnail_tasks.tasks.progress import report_progress

logger = logging.getLogger(__name__)

_PARQUET = "attributes.parquet"
_COPIED = ".copied.tsv"
"""The file that lists what was copied to a data directory, and from which states."""


class CopyArchive(DataTask):
    """Copy a data directory to another place, and check every checksum on the way.

    Files that were copied before and have not changed since are left out, so that the same command
    resumes a copy that was interrupted. Nothing is removed. A damaged file is not copied: the next
    run there regenerates it.
    """

    to: str = PathParameter(description="Data directory to copy to: a folder, or s3://bucket/key")

    retry_count = 1
    _has_run = False

    def complete(self) -> bool:
        """False until it has run: a copy may be out of date."""
        return self._has_run

    def run(self) -> None:
        if not files.is_folder(self.data_dir):
            raise StorageError(f"{self.data_dir}: expected a data directory; found none")
        if _within(self.to, self.data_dir) or _within(self.data_dir, self.to):
            raise SettingsError(
                f"--to {self.to}: expected a place outside of {self.data_dir}, and not around it; "
                "found the same folder, or one within the other"
            )
        share_data_dir(self.to)
        with hold_unused_data_dir(self.data_dir):
            entries = _to_copy(self.data_dir)
            damaged = list(self._copy(entries))
            exports = join(self.data_dir, "exports")
            if latest := latest_date(exports):
                copied = join(self.to, "exports", LATEST)
                files.backend_of(self.to).point(copied, latest)
        for address, why in damaged:
            logger.warning("%s was not copied: %s", address, why)
        n_bytes = sum(entry.n_bytes for entry in entries)
        print_result(
            f"{self.to} has {format_count(len(entries) - len(damaged), 'file')}, "
            f"{n_bytes / 1e6:.1f} MB; left out because of damage: {len(damaged)}"
        )
        self._has_run = True

    def _copy(self, entries: list[Entry]) -> Iterator[tuple[str, str]]:
        """Copy files; yields those that are damaged, and what was found."""
        started = last_line = time.monotonic()
        total, n_bytes = sum(entry.n_bytes for entry in entries), 0
        there = _states_of_copies(self.to)
        # A copy may have been removed or cut off since.
        sizes = {
            relative_to(entry.address, self.to): entry.n_bytes
            for entry in files.list_files(self.to, below=True)
        }
        copied: dict[str, str] = {}
        renewed: set[str] = set()  # what was made from them must be newer
        for number, entry in enumerate(entries, 1):
            name = relative_to(entry.address, self.data_dir)
            state = f"{entry.n_bytes} {entry.revision}"
            is_there = there.get(name) == state and sizes.get(name) == entry.n_bytes
            if not is_there or (renewed and self._source_of(entry.address) in renewed):
                try:
                    self._copy_one(entry.address, name)
                except ChecksumError as damage:
                    yield entry.address, str(damage)
                    continue
                renewed.add(join(self.to, name))
            copied[name] = state
            n_bytes += entry.n_bytes
            now = time.monotonic()
            if now - last_line > SECONDS_BETWEEN_LINES or number == len(entries):
                last_line = now
                left_s = (now - started) * (total - n_bytes) / max(n_bytes, 1)
                _write_states(self.to, copied)
                report_progress(
                    self,
                    f"{number}/{len(entries)} files, {n_bytes / 1e6:.0f} of {total / 1e6:.0f} MB, "
                    f"{left_s:.0f} s left",
                    n_bytes / max(total, 1),
                )

    def _copy_one(self, address: str, name: str) -> None:
        """Copy a file.

        Raises:
            ChecksumError: It is a damaged Parquet file.
            StorageError: It cannot be read or written.
        """
        made_from = self._source_of(address)
        try:
            with files.backend_of(address).local_copy(address) as path:
                if name.endswith(".parquet"):
                    check(path)
                files.publish_copy(path, join(self.to, name), made_from)
        except OSError as error:
            raise StorageError(f"{address}: cannot be read; found: {error}") from error

    def _source_of(self, address: str) -> str:
        """The copy of the export that a file was made from; empty if it was made from none."""
        exports = join(self.data_dir, "exports")
        if _within(address, exports) and not address.endswith(".parquet"):
            for folder in dict.fromkeys((folder_of(address), exports)):
                parquet = join(folder, _PARQUET)
                if files.is_made_from(address, parquet):
                    return join(self.to, relative_to(parquet, self.data_dir))
        return ""


def _within(address: str, folder: str) -> bool:
    with contextlib.suppress(ValueError):
        relative_to(address, folder)
        return True
    return address == folder


def _to_copy(data_dir: str) -> list[Entry]:
    """The files of a data directory that belong to no process, the oldest first.

    So the newest plan and table are the newest there, too, and what an export was made from is
    there before it.
    """
    copied = []
    for entry in files.list_files(data_dir, below=True):
        name = relative_to(entry.address, data_dir)
        is_hidden = any(part.startswith(".") for part in name.split("/"))
        if not is_hidden and name != f"exports/{LATEST}.json":
            copied.append(entry)
    return sorted(copied, key=lambda each: (not each.address.endswith(".parquet"), each.written_at))


def _states_of_copies(to: str) -> dict[str, str]:
    """For each file that was copied there, the state of the original."""
    try:
        lines = files.read_text(join(to, _COPIED)).splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    return dict(line.split("\t") for line in lines if line.count("\t") == 1)


def _write_states(to: str, copied: dict[str, str]) -> None:
    lines = (f"{name}\t{state}\n" for name, state in copied.items())
    files.write_text(join(to, _COPIED), "".join(lines))
