"""Which flags of a command are in its record."""

import pytest

from thumbnail_tasks.runs.command_line import without_secrets


@pytest.mark.parametrize(
    "secret",
    [
        ["--messages-webhook-url", "https://h/secret"],
        ["--messages-webhook-url=https://h/secret"],
        ["--smtp-password", "secret"],
        ["--smtp-no-tls"],
        ["--set", "messages.webhook_url=https://h/secret"],
        ["--set=smtp.password=secret"],
    ],
)
def test_flags_that_may_hold_a_secret_are_left_out(secret: list[str]) -> None:
    flags = ["ExportAttributes", "--videos", "a.csv", *secret, "--workers", "3"]
    kept = ["ExportAttributes", "--videos", "a.csv", "--workers", "3"]
    assert without_secrets(flags) == kept
