"""Whether storage keeps the conditions of writes, on which locks and results depend."""

import contextlib

from thumbnail_tasks.errors import StorageError
from thumbnail_tasks.storage.addresses import join
from thumbnail_tasks.storage.s3_client import ConditionError, client, naming_errors, split
from thumbnail_tasks.storage.s3_leases import new_name


def check_conditions(folder: str) -> None:
    """Find out whether the storage keeps the conditions on which all locks and writes depend.

    Raises:
        StorageError: It does not.
        OSError: It cannot be written.
    """
    probe = join(folder, ".leases", "probe", new_name())
    bucket, key = split(probe)
    try:
        with naming_errors(probe):
            client().put_object(Bucket=bucket, Key=key, Body=b"1", IfNoneMatch="*")
        kept = []
        for condition in ({"IfNoneMatch": "*"}, {"IfMatch": '"0123456789abcdef"'}):
            try:
                with naming_errors(probe):
                    client().put_object(Bucket=bucket, Key=key, Body=b"2", **condition)
            except (ConditionError, FileNotFoundError):
                kept.append(condition)
    finally:
        with contextlib.suppress(OSError), naming_errors(probe):
            client().delete_object(Bucket=bucket, Key=key)
    if len(kept) < 2:
        raise StorageError(
            f"{folder}: expected storage that keeps conditions of writes (If-None-Match, "
            "If-Match), as Amazon S3, Cloudflare R2, MinIO and SeaweedFS do; found one that "
            "ignores them: two runs would overwrite each other's files"
        )
