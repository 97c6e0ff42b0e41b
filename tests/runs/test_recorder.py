"""What of a command stands in a record."""

import pytest

from thumbnail_tasks import settings
from thumbnail_tasks.runs.command_line import without_secrets


@pytest.mark.parametrize(
    "secret",
    [
        ["--messages-webhook-url", "https://h/secret"],
        ["--messages-webhook-url=https://h/secret"],
        ["--smtp-password", "secret"],
        ["--smtp-no-tls"],
    ],
)
def test_flags_that_may_hold_a_secret_are_left_out(secret: list[str]) -> None:
    flags = ["ExportAttributes", "--videos", "a.csv", *secret, "--workers", "3"]
    kept = ["ExportAttributes", "--videos", "a.csv", "--workers", "3"]
    assert without_secrets(flags) == kept


def test_the_settings_of_a_record_are_all_but_the_messages() -> None:
    found = settings.effective_settings()
    assert found["storage.shard_size"] == "512"
    assert found["engines.preset"] == "embedded"
    assert "messages.webhook_url" not in found
    assert not any("webhook" in name for name in found)
