"""Where a row's thumbnail comes from: a link, a YouTube id, or a folder of pictures."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.fingerprints import make_tag
from thumbnail_tasks.inputs.columns import ID_COLUMN, LINK_COLUMN, columns_named, is_general
from thumbnail_tasks.inputs.links import PICTURE, QUALITY_FILE, drop_blanks, read_ids, read_links
from thumbnail_tasks.storage.addresses import is_s3


def identify_thumbnails(videos: pa.Table | pa.RecordBatch, from_folder: bool) -> pa.Table:
    """Identify the thumbnail of each row: the one that its link names, else the one of its id.

    Args:
        videos: N rows of the input.
        from_folder: Pictures are files of a folder, named by video id.

    Returns:
        N rows of ``schemas.THUMBNAIL_IDS``. ``thumbnail_id`` is null if the row names none;
        ``own_id`` is for a folder, see ``choose_ids``; ``url`` is null for folders and for
        YouTube's thumbnails, whose address follows from the id; ``status`` is null, or why the row
        names no thumbnail: ``no_link``, ``invalid_link``.
    """
    links = _cells(videos, LINK_COLUMN, _is_link)
    ids = _cells(videos, ID_COLUMN, pc.is_valid if from_folder else _is_id)
    meanings = read_links(links)
    own_ids = read_ids(ids)
    if from_folder:
        own_ids = pc.coalesce(own_ids, ids)
        linked = pc.coalesce(meanings.picture_ids, meanings.video_ids)
        urls = pa.nulls(len(links), pa.string())
    else:
        linked = pc.coalesce(meanings.picture_ids, meanings.video_ids, meanings.url_ids)
        urls = meanings.urls
    thumbnail_ids = pc.coalesce(linked, own_ids)
    why_not = pc.if_else(pc.or_(pc.is_valid(links), pc.is_valid(ids)), "invalid_link", "no_link")
    status = pc.if_else(pc.is_valid(thumbnail_ids), None, why_not)
    if from_folder:
        # Another picture of a video may be in the folder under the id of its video.
        others = pc.coalesce(own_ids, meanings.video_ids)
        own_ids = pc.if_else(pc.not_equal(others, thumbnail_ids), others, None)
    else:
        own_ids = pa.nulls(len(links), pa.string())
    return pa.table([thumbnail_ids, own_ids, urls, status], schema=schemas.THUMBNAIL_IDS)


def _cells(
    videos: pa.Table | pa.RecordBatch, meaning: str, fits: Callable[[pa.Array], pa.Array]
) -> pa.Array:
    """The cells of a meaning as texts, null if blank: of each row the first column that has one.

    Of a column with a general name, such as ``id``, only those that ``fits``: others need not be
    meant.
    """
    cells = pa.nulls(len(videos), pa.string())
    for name in columns_named(videos.schema, meaning):
        column = drop_blanks(_one_chunk(videos.column(name).cast(pa.string())))
        if is_general(name):
            column = pc.if_else(fits(column), column, None)
        cells = pc.coalesce(cells, column)
    return cells


def _is_link(cells: pa.Array) -> pa.Array:
    meanings = read_links(cells)
    return pc.or_(pc.is_valid(meanings.video_ids), pc.is_valid(meanings.urls))


def _is_id(cells: pa.Array) -> pa.Array:
    return pc.is_valid(read_ids(cells))


def choose_ids(ids: pa.Table, available: pa.Array) -> pa.Array:
    """The thumbnail of each row of a folder: its own id counts if the link's has no picture.

    Args:
        ids: N rows of ``schemas.THUMBNAIL_IDS``.
        available: The ids that have a picture.
    """
    linked, own = (_one_chunk(ids[name]) for name in ("thumbnail_id", "own_id"))
    is_own = pc.and_not(pc.is_in(own, available), pc.is_in(linked, available))
    return pc.if_else(pc.and_(is_own, pc.is_valid(own)), own, linked)


def _one_chunk(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def youtube_template() -> str:
    """The address of a YouTube thumbnail in the requested quality, with ``{video_id}`` in it."""
    template = settings.thumbnails().url_template
    return template.replace("{quality}", settings.wanted_quality())


def address_of(link: str, template: str = "") -> str:
    """The address to fetch for a link: another picture of a video comes from YouTube's mirror too.

    It is ``[thumbnails] url_template`` with the folder, the file and the query of the link. A
    caller with many links reads this setting once, and passes it as ``template``.
    """
    match = re.match(PICTURE, link)
    template = template or settings.thumbnails().url_template
    if not match or "/vi/" not in template or not template.endswith("/{quality}.jpg"):
        return link
    start = template.removesuffix("{quality}.jpg").replace("/vi/", f"/{match['folder']}/")
    return start.replace("{video_id}", match["id"]) + link[match.end() :]


def wanted_qualities() -> Sequence[str]:
    """The qualities to try in turn: the requested one, then smaller ones."""
    wanted = settings.QUALITIES.index(settings.wanted_quality())
    last = None if settings.thumbnails().fallback else wanted + 1
    return settings.QUALITIES[wanted:last]


def urls_by_quality(url: str, qualities: Sequence[str]) -> list[str]:
    """The addresses to try in turn, one for each quality.

    A link without one of YouTube's qualities is tried unchanged.
    """
    stem, slash, file = url.rpartition("/")
    if not re.fullmatch(QUALITY_FILE, file):
        return [url]
    suffix = file.partition(".")[2]
    return [f"{stem}{slash}{quality}.{suffix}" for quality in qualities]


def source_tag(images_dir: str) -> str:
    """The name of a source of pictures, with a digest of every setting that changes them."""
    options = settings.thumbnails()
    limits = {"max_bytes": options.max_bytes, "max_pixels": options.max_pixels}
    if images_dir:
        path = images_dir if is_s3(images_dir) else str(Path(images_dir).resolve())
        return make_tag("folder", {"path": path, **limits})
    about = {"fallback": options.fallback, "url_template": options.url_template, **limits}
    if options.allow_private_addresses:
        about["allow_private_addresses"] = True  # otherwise refused links would stay refused
    return make_tag(settings.wanted_quality(), about)
