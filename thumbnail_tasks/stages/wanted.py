"""The thumbnails that a table of videos wants, each with where it is and what its video says."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas
from thumbnail_tasks.inputs import thumbnail_sources
from thumbnail_tasks.inputs.columns import (
    CHANNEL_COLUMN,
    DESCRIPTION_COLUMN,
    ID_COLUMN,
    LINK_COLUMN,
    TITLE_COLUMN,
    show,
    texts_of,
)
from thumbnail_tasks.inputs.picture_folders import Picture
from thumbnail_tasks.stages.videos import read_columns
from thumbnail_tasks.storage.parquet_target import ParquetTarget

_WANTED = schemas.SHARDS.remove(schemas.SHARDS.get_field_index("attempt"))
TITLE_COLUMNS = (TITLE_COLUMN, CHANNEL_COLUMN)

MAX_DESCRIPTION = 300
"""Characters of a description that are kept: enough to tell its language."""


def want_thumbnails(
    ids: pa.Table, videos: pa.Table, pictures: Mapping[str, Picture] | None
) -> pa.Table:
    """The distinct thumbnails that a table of videos names, in the order of first mention.

    Args:
        ids: N rows of ``schemas.THUMBNAIL_IDS``.
        videos: N rows of the input, with title, channel and description if it has them.
        pictures: The pictures of the folder; None to fetch from the network.

    Returns:
        ``thumbnail_id``, ``url``, ``path``, ``revision``, ``title_and_channel``,
        ``description``; ``path`` and ``revision`` are null if the folder has no such picture.
    """
    titles = _titles_and_channels(videos, len(ids))
    descriptions = _descriptions(videos, len(ids))
    template = thumbnail_sources.youtube_template()
    wanted: dict[str, dict[str, str | None]] = {}
    thumbnail_ids = choose_pictures(ids, pictures)
    for thumbnail_id, link, title, description in zip(
        thumbnail_ids, ids["url"].to_pylist(), titles, descriptions, strict=True
    ):
        if thumbnail_id is None or thumbnail_id in wanted:
            continue
        if pictures is not None:
            url, picture = None, pictures.get(thumbnail_id)
        else:
            picture = None
            url = (
                thumbnail_sources.address_of(link)
                if link
                else template.replace("{video_id}", thumbnail_id)
            )
        wanted[thumbnail_id] = {
            "thumbnail_id": thumbnail_id,
            "url": url,
            "path": picture and picture.path,
            "revision": picture and picture.revision,
            "title_and_channel": title,
            "description": description,
        }
    return pa.Table.from_pylist(list(wanted.values()), _WANTED)


def describe_keys(videos: ParquetTarget) -> str:
    """A value of each column that should have links or ids, for a message."""
    table = read_columns(videos, LINK_COLUMN, ID_COLUMN)
    shown = [
        f"{show(name)}: {show(str(value), 40)}"
        for name in table.column_names
        for value in table[name].drop_null().slice(0, 1).to_pylist()
    ]
    return f" ({', '.join(shown)}); --id-column and --link-column name others" if shown else ""


def choose_pictures(ids: pa.Table, pictures: Mapping[str, Picture] | None) -> list[str | None]:
    """The thumbnail of each row."""
    available = pa.array(list(pictures or ()), pa.string())
    chosen: list[str | None] = thumbnail_sources.choose_ids(ids, available).to_pylist()
    return chosen


def _titles_and_channels(videos: pa.Table, n_rows: int) -> list[str]:
    texts = [texts_of(videos, meaning) for meaning in TITLE_COLUMNS]
    columns = [column.to_pylist() for column in texts if column is not None]
    if not columns:
        return [""] * n_rows
    return [" ".join(filter(None, row)) for row in zip(*columns, strict=True)]


def _descriptions(videos: pa.Table, n_rows: int) -> list[str | None]:
    texts = texts_of(videos, DESCRIPTION_COLUMN)
    if texts is None:
        return [None] * n_rows
    return list(pc.utf8_slice_codeunits(texts, 0, MAX_DESCRIPTION).to_pylist())
