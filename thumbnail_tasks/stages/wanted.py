"""The thumbnails that a table of videos wants, each with where it is and what its video says."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas, settings
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

WANTED = pa.schema(
    [
        *(schemas.SHARDS.field(name) for name in ("thumbnail_id", "url", "path", "revision")),
        schemas.column("row", pa.int64(), "First row of the input that names it, from 0"),
    ]
)

TITLE_COLUMNS = (TITLE_COLUMN, CHANNEL_COLUMN)

MAX_DESCRIPTION = 300
"""Characters of a description that are kept: enough to tell its language."""


def want_thumbnails(ids: pa.Table, pictures: Mapping[str, Picture] | None) -> pa.Table:
    """The distinct thumbnails that a table of videos names, in the order of first mention.

    Args:
        ids: N rows of ``schemas.THUMBNAIL_IDS``.
        pictures: The pictures of the folder; None to fetch from the network.

    Returns:
        Rows of ``WANTED``; ``path`` and ``revision`` are null if the folder has no such picture.
    """
    chosen = choose_pictures(ids, pictures)
    encoded = chosen.dictionary_encode()
    thumbnail_ids = encoded.dictionary  # in the order of first mention
    is_named = chosen.is_valid().to_numpy(zero_copy_only=False)
    named = np.flatnonzero(is_named)
    codes = encoded.indices.drop_null().to_numpy()
    first = np.empty(len(thumbnail_ids), np.int64)
    first[codes[::-1]] = named[::-1]
    none = pa.nulls(len(first), pa.string())
    urls, paths, revisions = none, none, none
    if pictures is None:
        urls = _addresses(thumbnail_ids, ids["url"].take(first).combine_chunks())
    else:
        paths, revisions = find_pictures(thumbnail_ids, pictures)
    return pa.table([thumbnail_ids, urls, paths, revisions, first], schema=WANTED)


def add_texts(wanted: pa.Table, batches: Iterable[pa.RecordBatch | pa.Table]) -> Iterator[pa.Table]:
    """Add what the first video with each thumbnail says.

    Args:
        wanted: Rows of ``WANTED``, with or without ``attempt``, in the order of ``row``.
        batches: All rows of the input, in order, with the columns of title, channel and
            description that it has.

    Yields:
        For each batch, the thumbnails that it mentions first, as rows of ``schemas.SHARDS``;
        without ``attempt`` if they have none.
    """
    rows = wanted["row"].to_numpy()
    names = [name for name in schemas.SHARDS.names if name not in _TEXTS]
    names = [name for name in names if name in wanted.column_names]
    n_before = 0
    for batch in batches:
        start, end = np.searchsorted(rows, (n_before, n_before + len(batch)))
        mentioned = wanted.slice(start, end - start)
        columns = {name: mentioned[name] for name in names}
        for name, texts in _texts(batch).items():
            columns[name] = texts.take(pa.array(rows[start:end] - n_before))
        n_before += len(batch)
        fields = [field for field in schemas.SHARDS if field.name in columns]
        yield pa.table([columns[field.name] for field in fields], schema=pa.schema(fields))


def describe_keys(videos: ParquetTarget) -> str:
    """A value of each column that should have links or ids, for a message."""
    table = read_columns(videos, LINK_COLUMN, ID_COLUMN)
    shown = [
        f"{show(name)}: {show(str(value), 40)}"
        for name in table.column_names
        for value in table[name].drop_null().slice(0, 1).to_pylist()
    ]
    return f" ({', '.join(shown)}); --id-column and --link-column name others" if shown else ""


def choose_pictures(ids: pa.Table, pictures: Mapping[str, Picture] | None) -> pa.StringArray:
    """The thumbnail of each row; null if it names none."""
    return thumbnail_sources.choose_ids(ids, pa.array(list(pictures or ()), pa.string()))


def find_pictures(
    thumbnail_ids: pa.Array | pa.ChunkedArray, pictures: Mapping[str, Picture]
) -> tuple[pa.Array, pa.Array]:
    """The path and the revision of each thumbnail's picture; null where the folder has none."""
    rows = pc.index_in(thumbnail_ids, value_set=pa.array(list(pictures), pa.string()))
    paths, revisions = (
        pa.array([getattr(picture, name) for picture in pictures.values()], pa.string())
        for name in ("path", "revision")
    )
    return pc.take(paths, rows), pc.take(revisions, rows)


def _addresses(thumbnail_ids: pa.Array, links: pa.Array) -> pa.Array:
    """The address of each thumbnail: that of its link, or YouTube's if the link is null."""
    parts = thumbnail_sources.youtube_template().split("{video_id}")
    urls = pc.binary_join_element_wise(*parts, thumbnail_ids)
    if links.null_count < len(links):
        template = settings.thumbnails().url_template  # read once: Luigi takes 50 us each time
        others = [
            thumbnail_sources.address_of(link, template) if link else None
            for link in links.to_pylist()
        ]
        urls = pc.coalesce(pa.array(others, pa.string()), urls)
    return urls


_TEXTS = ("title_and_channel", "description")


def _texts(videos: pa.RecordBatch | pa.Table) -> dict[str, pa.Array | pa.ChunkedArray]:
    """The columns ``_TEXTS`` of each row."""
    joined: pa.Array | pa.ChunkedArray = pa.array([""] * len(videos), pa.string())
    for meaning in TITLE_COLUMNS:
        texts = texts_of(videos, meaning)
        if texts is not None:
            filled = texts.fill_null("")
            are_both = pc.and_(pc.not_equal(joined, ""), pc.not_equal(filled, ""))
            joined = pc.binary_join_element_wise(joined, filled, pc.if_else(are_both, " ", ""))
    descriptions = texts_of(videos, DESCRIPTION_COLUMN)
    if descriptions is None:
        descriptions = pa.nulls(len(videos), pa.string())
    return {
        "title_and_channel": joined,
        "description": pc.utf8_slice_codeunits(descriptions, 0, MAX_DESCRIPTION),
    }
