"""Results in a folder of a file system; the operations of ``storage.backend``."""

import contextlib
import os
import shutil
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow as pa

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage import atomic, kernel_locks
from thumbnail_tasks.storage.addresses import folder_of, join, name_of
from thumbnail_tasks.storage.backend import ChangedError, Entry, Item, NewFolder, Result


def find(address: str) -> Entry | None:
    """See ``Backend``."""
    try:
        return _describe(address, Path(address).stat())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _describe(address: str, stat: os.stat_result) -> Entry:
    revision = f"{stat.st_size}-{stat.st_mtime_ns}"
    return Entry(address, stat.st_size, revision, stat.st_mtime)


def list_files(folder: str, below: bool = False) -> list[Entry]:
    """See ``Backend``."""
    return sorted(_scan(folder, below))


def _scan(folder: str, below: bool) -> Iterator[Entry]:
    try:
        with os.scandir(folder) as found:
            for each in found:
                if each.is_dir(follow_symlinks=False):
                    if below:
                        yield from _scan(each.path, below)
                elif not (each.is_symlink() and each.is_dir()):
                    with contextlib.suppress(FileNotFoundError):  # renamed or removed meanwhile
                        yield _describe(each.path, each.stat(follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return


def list_folders(folder: str) -> list[str]:
    """See ``Backend``."""
    try:
        with os.scandir(folder) as found:
            return sorted(each.path for each in found if each.is_dir(follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return []


def is_folder(folder: str) -> bool:
    """See ``Backend``."""
    return Path(folder).is_dir()


def open(address: str, columns: Sequence[str] | None = None) -> pa.NativeFile:  # noqa: A001
    """See ``Backend``."""
    return pa.OSFile(address)


def map_reads(read: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """See ``Backend``."""
    return [read(item) for item in items]


def read_start(address: str, n_bytes: int) -> bytes:
    """See ``Backend``."""
    with Path(address).open("rb") as file:
        return file.read(n_bytes)


@contextlib.contextmanager
def publish(
    address: str, *, made_from: str = "", if_absent: bool = False, if_revision: str = ""
) -> Iterator[Path]:
    """See ``Backend``; conditions hold if all writers hold the lock on the file."""
    with atomic.atomic_write(Path(address)) as temporary:
        yield temporary
        entry = find(address) if if_absent or if_revision else None
        if (if_absent and entry) or (if_revision and (not entry or entry.revision != if_revision)):
            raise ChangedError(address)
        if made_from:
            _copy_times(temporary, Path(made_from))


def _copy_times(path: Path, of: Path) -> None:
    times = of.stat()
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def unfinished_folders(folder: str) -> tuple[str, str]:
    """The folders in which another is built, and in which the earlier one is until it is replaced.

    They are beside it, so that renaming is enough; a killed run leaves them.
    """
    place, name = folder_of(folder), name_of(folder)
    return join(place, f".{name}-new"), join(place, f".{name}-old")


@contextlib.contextmanager
def replace_folder(folder: str, *, made_from: Mapping[str, str], last: str) -> Iterator[NewFolder]:
    """See ``Backend``. If killed while it is renamed, there is none, and it is built again."""
    path = Path(folder)
    new, old = map(Path, unfinished_folders(folder))
    shutil.rmtree(new, ignore_errors=True)  # left by a killed run

    def take(name: str) -> bool:
        try:
            os.link(path / name, new / name)
        except FileNotFoundError:
            return False
        return True

    try:
        with atomic.writing(new / last):
            yield NewFolder(new, take)
            for name, of in made_from.items():
                _copy_times(new / name, Path(of))
            shutil.rmtree(old, ignore_errors=True)
            if path.exists():
                path.rename(old)
            atomic.publish(new, path)
            shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(new, ignore_errors=True)


@contextlib.contextmanager
def local_copy(address: str) -> Iterator[Path]:
    """See ``Backend``; the file itself."""
    yield Path(address)


@contextlib.contextmanager
def scratch_folder(data_dir: str) -> Iterator[Path]:
    """See ``Backend``; within the data directory, where there is room.

    A killed run leaves it to ``CleanUp``, with its checkpoints.
    """
    folder = Path(data_dir, "unfinished", "scratch", uuid.uuid4().hex)
    try:
        with atomic.writing(folder / "any"):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def state_of(address: str) -> str:
    """See ``Backend``; no program can set the time of the last change (ctime)."""
    stat = Path(address).stat()
    return f"{stat.st_dev}-{stat.st_ino}-{stat.st_size}-{stat.st_mtime_ns}-{stat.st_ctime_ns}"


def is_made_from(address: str, of: str) -> bool:
    """See ``Backend``.

    The modification times must be equal: an order of times would depend on the clock.
    """
    try:
        return Path(address).stat().st_mtime_ns == Path(of).stat().st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return False


def copy(source: str, address: str) -> None:
    """See ``Backend``; by a hard link, if the file system has them."""
    with atomic.atomic_write(Path(address)) as temporary:
        try:
            os.link(source, temporary)
        except OSError:
            shutil.copy2(source, temporary)


def move(address: str, to: str) -> None:
    """See ``Backend``."""
    Path(address).rename(to)


def remove(addresses: Collection[str]) -> None:
    """See ``Backend``."""
    for address in addresses:
        Path(address).unlink(missing_ok=True)


def remove_folders(folder: str) -> None:
    """See ``Backend``."""
    for each in list_folders(folder):
        remove_folders(each)
    with contextlib.suppress(OSError):  # it is not empty
        Path(folder).rmdir()


def point(address: str, name: str) -> None:
    """See ``Backend``; by a symbolic link."""
    with atomic.atomic_write(Path(address)) as temporary:
        temporary.symlink_to(name)


def pointed(address: str) -> str:
    """See ``Backend``."""
    path = Path(address)
    return path.resolve().name if path.is_dir() else ""


def hold_lock(
    data_dir: str,
    name: str,
    on_wait: Callable[[], None],
    shared: bool = False,
    on_renewal: Callable[[float], None] | None = None,
) -> AbstractContextManager[None]:
    """See ``Backend``; the kernel's locks are not renewed."""
    return kernel_locks.hold_lock(Path(data_dir), name, on_wait, shared)


def reserve(address: str, n_bytes: int) -> None:
    """See ``Backend``."""
    with atomic.atomic_write(Path(address)) as temporary:
        temporary.write_bytes(os.urandom(n_bytes))  # no file system compresses these


def find_orphans(folder: str) -> list[Entry]:
    """See ``Backend``."""
    return [_describe(str(path), path.lstat()) for path in atomic.find_orphans(Path(folder))]


def measure_freed(entries: Collection[Entry]) -> int:
    """See ``Backend``; files with other hard links free nothing."""
    stats = [Path(entry.address).lstat() for entry in entries]
    names = Counter((stat.st_dev, stat.st_ino) for stat in stats)
    freed = {(stat.st_dev, stat.st_ino): stat for stat in stats}
    return sum(stat.st_size for key, stat in freed.items() if names[key] == stat.st_nlink)


def check_place(folder: str) -> None:
    """See ``Backend``; nothing: the first stage reports a folder that cannot be written."""


def describe_room(folder: str) -> str:
    """See ``Backend``."""
    path = Path(folder).absolute()
    nearest = path
    while not nearest.exists():
        nearest = nearest.parent
    try:
        with tempfile.TemporaryFile(dir=nearest):
            free_gb = shutil.disk_usage(nearest).free / 1e9
    except OSError as error:
        raise StorageError(str(error)) from error
    is_new = "" if path.exists() else ", will be created"
    return f"{path}{is_new}, {free_gb:.1f} GB free"
