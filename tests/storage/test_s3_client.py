"""The connection to S3-compatible storage."""

import pytest

from thumbnail_tasks.storage import files, s3_client
from thumbnail_tasks.storage.addresses import join


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-29T18:11:32Z",
        "2026-11-29T18:11:32.123Z",
        "2026-11-29T18:11:32+02:00",
        "2026-11-29T18:11:32",
        "Sun, 29 Nov 2026 18:11:32 GMT",
        1764439892,
        "1764439892.5",
    ],
)
def test_times_are_those_of_botocores_own_parser(value: object) -> None:
    utils = pytest.importorskip("botocore.utils")
    assert s3_client._parse_timestamp(value) == utils.parse_timestamp(value)


def test_a_listing_has_times(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    parse = s3_client._parse_timestamp

    def note(value: object) -> object:
        parsed.append(value)
        return parse(value)

    monkeypatch.setattr(s3_client, "_parse_timestamp", note)
    s3_client._client.cache_clear()
    files.write_text(join(bucket, "a"), "text")
    (entry,) = files.list_files(bucket)
    assert entry.written_at == files.find(join(bucket, "a")).written_at  # type: ignore[union-attr]
    assert parsed  # botocore's own would take twenty times as long
    s3_client._client.cache_clear()
