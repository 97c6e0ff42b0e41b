"""Types of arguments, whose errors say what was expected."""

import argparse
import contextlib
import datetime
import re

from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.execution.cluster.executor import check_address


def date(text: str) -> str:
    """A date, as in 2026-01-31.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a date, as in 2026-01-31; found: {text!r}"
        ) from None


def count(text: str) -> int:
    """A whole number from 1, also as in 1e6.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    with contextlib.suppress(ValueError, OverflowError):
        number = float(text.replace(",", "").replace("_", ""))
        if number == int(number) and number >= 1:
            return int(number)
    raise argparse.ArgumentTypeError(
        f"expected a whole number from 1, as in 1000000 or 1e6; found: {text!r}"
    )


def query(text: str) -> str:
    """A text to search for.

    Raises:
        argparse.ArgumentTypeError: It is empty.
    """
    return _require(text, "a text to search for")


def place(text: str) -> str:
    """A folder, or an address on S3.

    Raises:
        argparse.ArgumentTypeError: It is empty, as is a variable of a shell that is not set.
    """
    return _require(text, "a folder or an s3:// address")


def _require(text: str, what: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError(f"expected {what}; found: {text!r}")
    return text


def url(text: str) -> str:
    """An http or https address.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    if not re.match(r"https?://[^/]", text):
        raise argparse.ArgumentTypeError(
            f"expected an address, as in http://127.0.0.1:8082; found: {text!r}"
        )
    return text


def cluster_address(text: str) -> str:
    """``auto``, or host and port.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    try:
        check_address(text)
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error).partition(": ")[2]) from None
    return text
