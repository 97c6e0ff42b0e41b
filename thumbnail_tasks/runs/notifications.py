"""The message about a run that needs attention: what happened, and what to do."""

import html
import json
import logging
import shlex
import smtplib
import warnings
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from luigi import notifications

from thumbnail_tasks import settings
from thumbnail_tasks.runs.record_files import record_path
from thumbnail_tasks.runs.records import Record

logger = logging.getLogger(__name__)

_MAX_ERROR = 600
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
        f": {record.n_thumbnails} thumbnails, {record.n_new} of them new"
        + f"; {left} shards not made" * bool(left)
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _shorten(error: str) -> str:
    return error if len(error) <= _MAX_ERROR else f"{error[:_MAX_ERROR]} …"


def send_if_needed(data_dir: str, record: Record, is_written: bool) -> None:
    """Send a message about a run that needs attention, and log where its record is."""
    if needs_attention(record):
        path = str(record_path(data_dir, record.run_id)) if is_written else "could not be written"
        send(compose(record, path), record)
        whose = "Its record" if record.state == "died" else "Record of this run"
        logger.info("%s: %s", whose, path)


def send(text: str, record: Record) -> None:
    """Send a message through all configured channels; a failing channel is only logged."""
    _send_email(text)
    url = settings.messages().webhook_url
    if url:
        _post(url, {"text": text, "record": json.loads(record.to_json())})


def _send_email(text: str) -> None:
    """Send an e-mail with Luigi's [email]; none without a receiver, or on a terminal."""
    subject = f"Thumbnail Tasks: {text.partition(chr(10))[0]}"
    if notifications.email().format == "html":
        text = f"<pre>{html.escape(text)}</pre>"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Luigi warns of its own defaults
            notifications.send_error_email(subject, text)
    except (OSError, smtplib.SMTPException) as error:
        kind = type(error).__name__
        logger.warning("[email]: expected the message to be accepted; found: %s: %s", kind, error)


def _post(url: str, content: dict[str, Any]) -> None:
    try:
        with requests.post(
            url,
            json=content,
            timeout=settings.messages().webhook_timeout_s,
            allow_redirects=False,
            stream=True,  # the body is not needed
        ) as response:
            found = "" if 200 <= response.status_code < 300 else f"HTTP {response.status_code}"
    except (requests.RequestException, ValueError, OSError) as error:
        found = type(error).__name__  # its text contains the URL, a secret
    if found:
        host = urlsplit(url).hostname
        logger.warning(
            "[messages] webhook_url (%s): expected the message to be accepted; found: %s",
            host,
            found,
        )
