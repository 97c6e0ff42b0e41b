"""The connection to S3-compatible storage: credentials, retries, and errors in one line."""

import contextlib
import datetime
import functools
import os
from collections.abc import Iterator
from typing import Any, Final, cast

from thumbnail_tasks import settings
from thumbnail_tasks.errors import SettingsError

ATTEMPTS: Final = 6
"""Of each request; the waits between them grow to 20 s."""
_CONNECT_TIMEOUT_S: Final = 10
READ_TIMEOUT_S: Final = 60
_MAX_CONNECTIONS: Final = 50
"""Pictures are read by as many threads as ``[thumbnails] concurrency`` says."""

_IS_ABSENT: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_IS_CHANGED: Final = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})


class S3Error(OSError):
    """A request failed, also when repeated; the message names the object, and what was answered."""


class ConditionError(S3Error):
    """A condition of a request did not hold: the object is there, is not, or has changed."""


def split(address: str) -> tuple[str, str]:
    """The bucket and the key of an address."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return bucket, key


def client() -> Any:
    """The client of this process: a fork may not use that of its parent.

    Raises:
        SettingsError: boto3 is not installed, or credentials or region are missing.
    """
    return _client(os.getpid())


@functools.cache
def _client(pid: int) -> Any:
    try:
        import boto3
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise SettingsError(
            "s3:// needs boto3, which is not installed: pip install 'thumbnail-tasks[s3]'"
        ) from error
    options = settings.s3()
    config = Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=_CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        tcp_keepalive=True,
        max_pool_connections=_MAX_CONNECTIONS,
        s3={"addressing_style": options.addressing_style},
    )
    try:
        core = botocore.session.get_session()
        parsers = core.get_component("response_parser_factory")
        parsers.set_parser_defaults(timestamp_parser=_parse_timestamp)
        session = boto3.Session(
            botocore_session=core,
            aws_access_key_id=options.access_key_id or None,
            aws_secret_access_key=options.secret_access_key or None,
            profile_name=options.profile or None,
            region_name=options.region or None,
        )
        return session.client("s3", endpoint_url=options.endpoint_url or None, config=config)
    except (BotoCoreError, ValueError) as error:
        raise SettingsError(f"[s3]: {error}") from error


def _parse_timestamp(value: Any) -> datetime.datetime:
    """As botocore's own parser, in a twentieth of its time, which is half of a listing's."""
    from botocore.utils import parse_timestamp

    with contextlib.suppress(ValueError, TypeError):
        parsed = datetime.datetime.fromisoformat(value)
        if parsed.tzinfo:
            return parsed
    return cast(datetime.datetime, parse_timestamp(value))


@contextlib.contextmanager
def naming_errors(address: str) -> Iterator[None]:
    """Errors of requests in the block become OSError with one line that names the object.

    Raises:
        FileNotFoundError: There is no such object.
        ConditionError: A condition of the request did not hold.
        S3Error: Any other failure; requests that can be repeated were.
    """
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        HTTPClientError,
        NoCredentialsError,
    )

    try:
        yield
    except ClientError as error:
        answer = error.response.get("Error", {})
        code = str(answer.get("Code", "an error"))
        if code in _IS_ABSENT:
            raise FileNotFoundError(f"{address}: no such object") from error
        said = " ".join(str(answer.get("Message", "")).split()).rstrip(".")
        reason = f"{error.operation_name}: {code}: {said}"
        kind = ConditionError if code in _IS_CHANGED else S3Error
        raise kind(f"{reason}{_advise(code)}") from error
    except NoCredentialsError as error:
        raise S3Error(
            "found no credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, "
            "or [s3] access_key_id and secret_access_key"
        ) from error
    except (BotoCoreError, HTTPClientError) as error:
        raise S3Error(" ".join(str(error).split())) from error


def _advise(code: str) -> str:
    if code == "RequestTimeTooSkewed":
        return ". Set this machine's clock"
    if code in (
        "ExpiredToken",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
    ):
        return ". Renew the credentials, and run again"
    if code in ("AccessDenied", "403"):
        return ". docs/OPERATIONS.md lists the permissions that are needed"
    return ""
