"""The message about a run that needs attention: what happened, and what to do."""

import contextlib
import html
import json
import logging
import shlex
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta

import requests
from luigi import notifications

from thumbnail_tasks import luigi_patches, settings
from thumbnail_tasks.console import format_count
from thumbnail_tasks.errors import ThumbnailTasksError
from thumbnail_tasks.runs.channels import find_email, find_webhook, read_quietly
from thumbnail_tasks.runs.record_files import record_path
from thumbnail_tasks.runs.records import Record

logger = logging.getLogger(__name__)

_MAX_ERROR = 600
_MAX_REASON = 300
_MAX_SENDING_S = 60.0
"""Seconds in which a channel must take the message, or twice its own timeout if that is longer.
Timeouts are for a single step: a server that sends a byte now and then would keep the run for ever.
"""
_HAPPENED = {
    "failed": "FAILED",
    "stopped": "STOPPED early",
    "died": "DIED: its process was killed, its machine went down, or nothing could be written",
    "succeeded": "succeeded with warnings",
}


def needs_attention(record: Record) -> bool:
    """Whether to send a message; not for an interrupted run, whose user knows."""
    return record.state in ("failed", "stopped", "died") or bool(record.warnings)


def compose(record: Record, path: str) -> str:
    """The message; its first line is a subject.

    Args:
        record: A run that ``needs_attention``.
        path: Where the record is, or why there is none.
    """
    code = "" if record.exit_code is None else f" (exit code {record.exit_code})"
    lines = [f"{record.task} on {record.host} {_HAPPENED[record.state]}{code}{_duration(record)}"]
    lines += [f"Input: {record.videos or 'none'}{_thumbnails(record)}", *record.warnings]
    if record.state in ("failed", "stopped") and not record.failures:
        lines.append(
            "No task of this process failed: some were not run, or other workers have them"
        )
    if record.failures:
        failed = ", ".join(f"{each.task} {_times(each.count)}" for each in record.failures)
        lines.append(f"Failures: {failed}")
    if record.first_error:
        lines.append(f"First error: {_shorten(record.first_error)}")
    if record.state != "succeeded":
        lines += [
            "Finished work is kept; run the same command again to resume. To see more:",
            f"  cd {shlex.quote(record.folder)} && {record.command} --log-level INFO --workers 1",
        ]
    return "\n".join([*lines, f"Record: {path}"])


def _duration(record: Record) -> str:
    lasted = record.updated_at - record.started_at
    return f" after {timedelta(seconds=round(lasted.total_seconds()))}"


def _thumbnails(record: Record) -> str:
    if record.n_thumbnails is None:
        return ""
    left = sum(stage.n_shards_left for stage in record.stages)
    return (
        f": {format_count(record.n_thumbnails, 'thumbnail')}, {record.n_new} of them new"
        + f"; {format_count(left, 'shard')} not made" * bool(left)
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _shorten(error: str) -> str:
    return error if len(error) <= _MAX_ERROR else f"{error[:_MAX_ERROR]} …"


def send_if_needed(data_dir: str, record: Record, is_written: bool) -> None:
    """Send a message about a run that needs attention, and log where its record is."""
    if needs_attention(record):
        path = str(record_path(data_dir, record.run_id)) if is_written else "could not be written"
        with _only_warn("The message about the run", record, _explain):
            send(compose(record, path), record)
        whose = "Its record" if record.state == "died" else "Record of this run"
        logger.info("%s: %s", whose, path)


def send(text: str, record: Record) -> None:
    """Send a message through all configured channels.

    A channel that fails, or does not take the message in time, is one logged warning, and the
    next one is tried: the error of the run itself stays what the user sees.
    """
    for find, deliver in ((find_email, _send_email), (find_webhook, _post)):
        with _only_warn("The message about the run", record, _name):
            if channel := find():
                explain = _explain if channel.is_email else _name
                time_limit = _time_limit(max(_MAX_SENDING_S, 2 * channel.timeout_s))
                with _only_warn(channel.name, record, explain), time_limit:
                    deliver(text, record)


class _RefusedError(Exception):
    """A server did not accept the message."""


class _TooLateError(BaseException):
    """A channel's time is over; no Exception, which a library would take for one of its own."""


@contextlib.contextmanager
def _only_warn(what: str, record: Record, explain: Callable[[Exception], str]) -> Iterator[None]:
    """Turn an error in the block into one warning; none if the record is about the same error."""
    try:
        yield
        return
    except _TooLateError as error:
        found = f"it was not taken in {error} s"
    except ThumbnailTasksError as error:
        if str(error) not in (record.first_error or ""):
            logger.warning("%s was not sent: %s", what, error)
        return
    except _RefusedError as error:
        found = str(error)
    except Exception as error:
        found = explain(error)
    logger.warning("%s: expected the message to be accepted; found: %s", what, found)


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise ``_TooLateError`` in the block after some seconds; only in the main thread.

    By a signal, because a process that is ending can start no thread. It cannot interrupt a look-up
    of a name, which the system ends after half a minute.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*about: object) -> None:
        raise _TooLateError(f"{seconds:.0f}")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1)  # again, if a destructor has dropped it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _name(error: Exception) -> str:
    """The kind of an error whose text may contain the webhook's address, a secret."""
    return type(error).__name__


def _explain(error: Exception) -> str:
    """An error in one line, without the password."""
    if isinstance(error, UnicodeError):  # its text has the letter
        return _name(error)
    text = " ".join(f"{_name(error)}: {error}".split())[:_MAX_REASON]
    with contextlib.suppress(ThumbnailTasksError):
        if password := read_quietly(notifications.smtp).password:
            text = text.replace(password, "…")
    return text


def _send_email(text: str, record: Record) -> None:
    """Send an e-mail with Luigi's [email]; none on a terminal."""
    text = text.encode(errors="backslashreplace").decode()  # names of files may be no Unicode
    subject = f"Thumbnail Tasks: {text.partition(chr(10))[0]}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Luigi warns of its own defaults
        if notifications.email().format == "html":
            text = f"<pre>{html.escape(text)}</pre>"
        with luigi_patches.raise_smtp_errors():
            notifications.send_error_email(subject, text)


def _post(text: str, record: Record) -> None:
    """Post a message to the webhook.

    Raises:
        _RefusedError: Its server answers with an error.
    """
    messages = settings.messages()
    with requests.post(
        messages.webhook_url,
        json={"text": text, "record": json.loads(record.to_json())},
        timeout=messages.webhook_timeout_s,
        allow_redirects=False,
        stream=True,  # the body is not needed
    ) as response:
        if not 200 <= response.status_code < 300:
            raise _RefusedError(f"HTTP {response.status_code}")
