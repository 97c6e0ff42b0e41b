"""Results in a bucket of S3-compatible storage; the operations of ``storage.backend``."""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage import s3_leases, s3_reading
from thumbnail_tasks.storage.addresses import join, name_of, relative_to
from thumbnail_tasks.storage.backend import ChangedError, Entry, Item, NewFolder, Result
from thumbnail_tasks.storage.s3_client import ConditionError, S3Error, client, naming_errors, split
from thumbnail_tasks.storage.s3_conditions import check_conditions
from thumbnail_tasks.storage.s3_reading import open_ranges, open_whole
from thumbnail_tasks.storage.s3_writing import MADE_FROM, put, revision_of, writing

_MAX_REMOVED_AT_ONCE: Final = 1000
_MAX_READS_AT_ONCE: Final = 8


def find(address: str) -> Entry | None:
    """See ``Backend``."""
    head = _head(address)
    return None if head is None else _describe(address, head)


def _head(address: str) -> Any:
    bucket, key = split(address)
    if not key:  # the bucket itself
        return None
    with contextlib.suppress(FileNotFoundError), naming_errors(address):
        return client().head_object(Bucket=bucket, Key=key)


def _describe(address: str, head: Any) -> Entry:
    written_at = head["LastModified"].timestamp()
    return Entry(address, int(head["ContentLength"]), head["ETag"], written_at)


def list_files(folder: str, below: bool = False) -> list[Entry]:
    """See ``Backend``."""
    bucket, _ = split(folder)
    return [
        Entry(
            f"s3://{bucket}/{each['Key']}",
            int(each["Size"]),
            each["ETag"],
            each["LastModified"].timestamp(),
        )
        for page in _list(folder, {} if below else {"Delimiter": "/"})
        for each in page.get("Contents", ())
        if not each["Key"].endswith("/")
    ]


def list_folders(folder: str) -> list[str]:
    """See ``Backend``."""
    bucket, _ = split(folder)
    return [
        f"s3://{bucket}/{each['Prefix'].rstrip('/')}"
        for page in _list(folder, {"Delimiter": "/"})
        for each in page.get("CommonPrefixes", ())
    ]


def _list(folder: str, options: dict[str, Any]) -> Iterator[Any]:
    bucket, key = split(folder)
    prefix = f"{key.rstrip('/')}/" if key else ""
    pages = client().get_paginator("list_objects_v2")
    with naming_errors(folder):
        yield from pages.paginate(Bucket=bucket, Prefix=prefix, **options)


def is_folder(folder: str) -> bool:
    """See ``Backend``."""
    return any(page.get("KeyCount") for page in _list(folder, {"MaxKeys": 1}))


def open(address: str, columns: Sequence[str] | None = None) -> pa.NativeFile:  # noqa: A001
    """See ``Backend``."""
    return open_whole(address) if columns is None else open_ranges(address)


def map_reads(read: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """See ``Backend``; at the same time, as each waits for the network."""
    client()  # made here, as threads may not make one at the same time
    with ThreadPoolExecutor(_MAX_READS_AT_ONCE) as pool:
        try:
            results = pool.map(read, items)
        except RuntimeError:  # the interpreter ends, as when a run's record is completed
            results = map(read, items)
        return list(results)


def read_start(address: str, n_bytes: int) -> bytes:
    """See ``Backend``."""
    return s3_reading.read_start(address, n_bytes)


@contextlib.contextmanager
def publish(
    address: str, *, made_from: str = "", if_absent: bool = False, if_revision: str = ""
) -> Iterator[Path]:
    """See ``Backend``; written to a local temporary file, and then with one request."""
    with tempfile.TemporaryDirectory(prefix="thumbnail-tasks-") as folder:
        path = Path(folder, "file")
        yield path
        condition = {"IfNoneMatch": "*"} if if_absent else {}
        condition |= {"IfMatch": if_revision} if if_revision else {}
        with writing(address):
            about = {MADE_FROM: revision_of(made_from)} if made_from else {}
            try:
                put(address, path, about, condition)
            except (ConditionError, FileNotFoundError) as error:
                if not condition:
                    raise
                raise ChangedError(address) from error


@contextlib.contextmanager
def replace_folder(folder: str, *, made_from: Mapping[str, str], last: str) -> Iterator[NewFolder]:
    """See ``Backend``; without ``last``, which is removed first, a folder is not complete."""
    earlier = {relative_to(entry.address, folder) for entry in list_files(folder, below=True)}
    taken: set[str] = set()

    def take(name: str) -> bool:
        if name in earlier:
            taken.add(name)
        return name in earlier

    with tempfile.TemporaryDirectory(prefix="thumbnail-tasks-") as temporary, writing(folder):
        path = Path(temporary)
        yield NewFolder(path, take)
        remove([join(folder, last)])
        names = {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}
        for name in sorted(names, key=lambda name: (name == last, name)):
            about = {MADE_FROM: revision_of(made_from[name])} if name in made_from else {}
            put(join(folder, name), path / name, about, {})
        remove([join(folder, name) for name in earlier - names - taken])


@contextlib.contextmanager
def local_copy(address: str) -> Iterator[Path]:
    """See ``Backend``."""
    with tempfile.TemporaryDirectory(prefix="thumbnail-tasks-") as folder:
        path = Path(folder, name_of(address))
        with open_whole(address) as content, path.open("wb") as file:
            shutil.copyfileobj(content, file)
        yield path


@contextlib.contextmanager
def scratch_folder(data_dir: str) -> Iterator[Path]:
    """See ``Backend``; in the folder for temporary files."""
    with tempfile.TemporaryDirectory(prefix="thumbnail-tasks-") as folder:
        yield Path(folder)


def state_of(address: str) -> str:
    """See ``Backend``; the ETag."""
    return revision_of(address)


def is_made_from(address: str, of: str) -> bool:
    """See ``Backend``; the ETag of ``of`` is in the metadata of the file."""
    made, source = _head(address), _head(of)
    if made is None or source is None:
        return False
    return bool(made["Metadata"].get(MADE_FROM) == source["ETag"].strip('"'))


def copy(source: str, address: str) -> None:
    """See ``Backend``; within the storage, without a download."""
    from_bucket, from_key = split(source)
    bucket, key = split(address)
    with writing(address), naming_errors(address):
        made_from = _head(source)["Metadata"]
        client().copy(
            {"Bucket": from_bucket, "Key": from_key},
            bucket,
            key,
            ExtraArgs={"Metadata": made_from, "MetadataDirective": "REPLACE"},
        )


def move(address: str, to: str) -> None:
    """See ``Backend``; the copy is made first, so that a kill between both loses nothing."""
    entry = find(address)
    if entry is None:
        raise FileNotFoundError(f"{address}: no such object")
    from_bucket, from_key = split(address)
    bucket, key = split(to)
    with naming_errors(address):
        client().copy_object(
            Bucket=bucket,
            Key=key,
            CopySource={"Bucket": from_bucket, "Key": from_key},
            CopySourceIfMatch=entry.revision,
        )
        client().delete_object(Bucket=from_bucket, Key=from_key, IfMatch=entry.revision)


def remove(addresses: Collection[str]) -> None:
    """See ``Backend``."""
    todo = list(addresses)
    if len(todo) == 1:
        bucket, key = split(todo[0])
        with naming_errors(todo[0]):
            client().delete_object(Bucket=bucket, Key=key)  # costs nothing
        return
    for start in range(0, len(todo), _MAX_REMOVED_AT_ONCE):
        some = todo[start : start + _MAX_REMOVED_AT_ONCE]
        bucket, _ = split(some[0])
        keys = [{"Key": split(address)[1]} for address in some]
        with naming_errors(some[0]):
            answer = client().delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
        for error in answer.get("Errors", ()):
            raise S3Error(f"s3://{bucket}/{error['Key']}: DeleteObjects: {error['Code']}")


def remove_folders(folder: str) -> None:
    """See ``Backend``; nothing: a bucket has no folders."""


def point(address: str, name: str) -> None:
    """See ``Backend``; by a small JSON object, as buckets have no links."""
    with publish(f"{address}.json") as path:
        path.write_text(json.dumps({"name": name}), encoding="utf-8")


def pointed(address: str) -> str:
    """See ``Backend``."""
    try:
        with open_whole(f"{address}.json") as file:
            return str(json.loads(file.read())["name"])
    except FileNotFoundError:
        return ""
    except (ValueError, KeyError, TypeError) as error:
        raise StorageError(
            f'{address}.json: expected {{"name": …}}; found another content'
        ) from error


def hold_lock(
    data_dir: str,
    name: str,
    on_wait: Callable[[], None],
    shared: bool = False,
    on_renewal: Callable[[float], None] | None = None,
) -> AbstractContextManager[None]:
    """See ``Backend``."""
    lease = join(data_dir, ".leases", name)
    if shared:
        return s3_leases.share_lease(lease, on_wait)
    return s3_leases.hold_lease(lease, on_wait, on_renewal)


def reserve(address: str, n_bytes: int) -> None:
    """See ``Backend``; nothing: a bucket is not full."""


def find_orphans(folder: str) -> list[Entry]:
    """See ``Backend``; none: an object appears complete.

    The parts of uploads that were cut off are not listed; a lifecycle rule removes them.
    """
    return []


def measure_freed(entries: Collection[Entry]) -> int:
    """See ``Backend``."""
    return sum(entry.n_bytes for entry in entries)


def check_place(folder: str) -> None:
    """See ``Backend``."""
    with writing(folder):
        check_conditions(folder)


def describe_room(folder: str) -> str:
    """See ``Backend``."""
    check_place(folder)
    return f"{folder}, writable, with conditional writes"
