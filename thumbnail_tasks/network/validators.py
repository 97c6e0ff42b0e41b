"""Validators of a response, with which a later request asks for the body only if it has changed."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

_ETAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{0,256}"')
_DATE: Final = re.compile(r"[A-Za-z0-9 ,:+-]{1,64}")


class Validators(NamedTuple):
    """The state of a resource that a server has named (RFC 9110, section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None

    def headers(self) -> dict[str, str]:
        """The headers of a conditional request; none without a validator."""
        headers = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in headers.items() if value}


NO_VALIDATORS: Final = Validators()


def read_validators(headers: Mapping[str, str]) -> Validators:
    """The validators of a response; malformed ones, which cannot be sent back, are left out."""
    etag, last_modified = headers.get("ETag", ""), headers.get("Last-Modified", "")
    return Validators(
        etag if _ETAG.fullmatch(etag) else None,
        last_modified if _DATE.fullmatch(last_modified) else None,
    )
