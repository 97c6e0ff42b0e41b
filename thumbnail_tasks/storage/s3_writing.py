"""Write an object of a bucket, with its checksum and under a condition."""

import base64
import contextlib
import hashlib
import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage.s3_client import client, naming_errors, split

MADE_FROM: Final = "made-from"
"""Metadata of an object with the ETag of the one that it was made from."""
_MAX_ONE_REQUEST_BYTES: Final = 1 << 30
"""Larger files are uploaded in parts; S3 takes up to 5 GB in one request."""
_PART_BYTES: Final = 64 << 20


@contextlib.contextmanager
def writing(address: str) -> Iterator[None]:
    """An OSError in the block becomes a StorageError that names the object.

    Raises:
        StorageError: What the block writes cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{address}: cannot be written; expected a writable bucket; found: {error}"
        ) from error


def revision_of(address: str) -> str:
    """The ETag of an object, without quotes.

    Raises:
        OSError: There is none, or it cannot be read.
    """
    bucket, key = split(address)
    with naming_errors(address):
        return str(client().head_object(Bucket=bucket, Key=key)["ETag"].strip('"'))


def put(address: str, path: Path, about: dict[str, str], condition: dict[str, str]) -> None:
    """Write an object.

    Args:
        address: Its address.
        path: The file with its content.
        about: Its metadata.
        condition: ``IfNoneMatch`` or ``IfMatch``.

    Raises:
        ConditionError: The condition does not hold.
        OSError: It cannot be written.
    """
    bucket, key = split(address)
    target = {"Bucket": bucket, "Key": key}
    content_type = mimetypes.guess_type(key)[0] or "application/octet-stream"
    described = {"Metadata": about, "ContentType": content_type}
    with naming_errors(address), path.open("rb") as file:
        if path.stat().st_size > _MAX_ONE_REQUEST_BYTES:
            _put_parts(target, described, file, condition)
            return
        digest = _encode(hashlib.file_digest(file, "sha256").digest())
        file.seek(0)
        client().put_object(**target, **described, Body=file, ChecksumSHA256=digest, **condition)


def _put_parts(
    target: dict[str, str], described: dict[str, Any], file: BinaryIO, condition: dict[str, str]
) -> None:
    """Upload in parts; boto3's own upload takes no condition."""
    upload = client().create_multipart_upload(**target, **described, ChecksumAlgorithm="SHA256")
    target = {**target, "UploadId": upload["UploadId"]}
    parts: list[dict[str, Any]] = []
    try:
        while content := file.read(_PART_BYTES):
            part = {
                "PartNumber": len(parts) + 1,
                "ChecksumSHA256": _encode(hashlib.sha256(content).digest()),
            }
            answer = client().upload_part(**target, **part, Body=content)
            parts.append({**part, "ETag": answer["ETag"]})
        client().complete_multipart_upload(**target, **condition, MultipartUpload={"Parts": parts})
    except BaseException:
        with contextlib.suppress(OSError), naming_errors(target["Key"]):
            client().abort_multipart_upload(**target)
        raise


def _encode(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
