"""One message about a run that needs a person: what happened, and what to do."""

import html
import json
import shlex
import smtplib
import warnings
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from luigi import notifications

from thumbnail_tasks import settings
from thumbnail_tasks.runs.records import Record
from thumbnail_tasks.tasks.progress import say

_MAX_ERROR = 600
_HAPPENED = {
    "failed": "FAILED",
    "stopped": "STOPPED before its end",
    "died": "DIED: its process was killed, its machine went down, or nothing could be written",
    "succeeded": "succeeded oddly",
}


def needs_a_person(record: Record) -> bool:
    """Whether somebody is to hear of it; who pressed Ctrl-C knows."""
    return record.state in ("failed", "stopped", "died") or bool(record.warnings)


def compose(record: Record, path: str) -> str:
    """The message: its first line says all that a subject can.

    Args:
        record: A run that ``needs_a_person``.
        path: Where the record is, or why there is none.
    """
    code = "" if record.exit_code is None else f" (exit code {record.exit_code})"
    lines = [f"{record.task} on {record.host} {_HAPPENED[record.state]}{code}{_lasted(record)}"]
    lines += [f"Input: {record.videos or 'none'}{_counted(record)}", *record.warnings]
    if record.state in ("failed", "stopped") and not record.failures:
        lines.append("No task of this process failed: Luigi did not run all, or others have them")
    if record.failures:
        failed = ", ".join(f"{each.task} {_times(each.count)}" for each in record.failures)
        lines.append(f"Failures: {failed}")
    if record.first_error:
        lines.append(f"The first: {_cut(record.first_error)}")
    if record.state != "succeeded":
        lines += [
            "What is done is kept; the same command goes on from there. To look closer:",
            f"  cd {shlex.quote(record.folder)} && {record.command} --log-level INFO --workers 1",
        ]
    return "\n".join([*lines, f"Record: {path}"])


def _lasted(record: Record) -> str:
    lasted = record.updated_at - record.started_at
    return f" after {timedelta(seconds=round(lasted.total_seconds()))}"


def _counted(record: Record) -> str:
    if record.n_thumbnails is None:
        return ""
    left = sum(stage.n_shards_left for stage in record.stages)
    return (
        f": {record.n_thumbnails} thumbnails, {record.n_new} of them new"
        + f"; {left} shards not made" * bool(left)
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _cut(error: str) -> str:
    return error if len(error) <= _MAX_ERROR else f"{error[:_MAX_ERROR]} …"


def send(text: str, record: Record) -> None:
    """Send a message by all ways that are set; one that fails is named and fails nothing."""
    _send_email(text)
    url = settings.messages().webhook_url
    if url:
        _post(url, {"text": text, "record": json.loads(record.to_json())})


def _send_email(text: str) -> None:
    """By Luigi's [email] and [smtp]; without a receiver, or at a terminal, it sends none."""
    subject = f"Thumbnail Tasks: {text.partition(chr(10))[0]}"
    if notifications.email().format == "html":
        text = f"<pre>{html.escape(text)}</pre>"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Luigi about its own defaults
            notifications.send_error_email(subject, text)
    except (OSError, smtplib.SMTPException) as error:
        say(f"[email]: expected the message to be taken; found: {type(error).__name__}: {error}")


def _post(url: str, content: dict[str, Any]) -> None:
    try:
        with requests.post(
            url,
            json=content,
            timeout=settings.messages().webhook_timeout_s,
            allow_redirects=False,
            stream=True,  # its answer's text is nobody's
        ) as answer:
            found = "" if 200 <= answer.status_code < 300 else f"HTTP {answer.status_code}"
    except (requests.RequestException, ValueError, OSError) as error:
        found = type(error).__name__  # what it says holds the whole address, a secret
    if found:
        host = urlsplit(url).hostname
        say(f"[messages] webhook_url ({host}): expected the message to be taken; found: {found}")
