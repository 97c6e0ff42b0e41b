"""Addresses of files and folders: paths of a file system, or ``s3://bucket/key``."""

from pathlib import PurePath, PurePosixPath
from typing import Final

S3_SCHEME: Final = "s3://"


def is_s3(address: str) -> bool:
    """Whether an address is in a bucket."""
    return address.startswith(S3_SCHEME)


def join(folder: str, *names: str) -> str:
    """The address of something in a folder, as ``Path(folder, *names)``."""
    if is_s3(folder):
        return "/".join([folder.rstrip("/"), *names])
    return str(PurePath(folder, *names))


def folder_of(address: str) -> str:
    """The folder that holds a file."""
    return address.rpartition("/")[0] if is_s3(address) else str(PurePath(address).parent)


def name_of(address: str) -> str:
    """The file's own name, with its suffix."""
    return PurePosixPath(address).name


def stem_of(address: str) -> str:
    """The file's own name, without its suffix."""
    return PurePosixPath(address).stem


def relative_to(address: str, folder: str) -> str:
    """The part of an address below a folder.

    Raises:
        ValueError: It is not below the folder.
    """
    if not is_s3(folder):
        return str(PurePath(address).relative_to(folder))
    start = f"{folder.rstrip('/')}/"
    if not address.startswith(start):
        raise ValueError(f"{address}: expected an address below {start}")
    return address.removeprefix(start)
