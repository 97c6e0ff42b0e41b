"""The command of a run as its record may show it."""

from collections.abc import Sequence

_SECRET_FLAGS = ("--messages-", "--smtp-", "--sendgrid-")
_SECRET_SETTINGS = ("messages.", "smtp.", "sendgrid.")


def without_secrets(flags: Sequence[str]) -> list[str]:
    """A command's flags without those that may hold a secret, and without their values."""
    kept: list[str] = []
    is_value = False
    for flag in flags:
        if flag.startswith(tuple(f"--set={section}" for section in _SECRET_SETTINGS)):
            continue
        if flag.startswith(_SECRET_SETTINGS) and kept[-1:] == ["--set"]:
            kept.pop()
            continue
        is_secret = flag.startswith(_SECRET_FLAGS)
        if not is_secret and not (is_value and not flag.startswith("--")):
            kept.append(flag)
        is_value = is_secret and "=" not in flag
    return kept
