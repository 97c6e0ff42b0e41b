"""Where a row's thumbnail comes from: a link, a YouTube id, or a folder of pictures."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.fingerprints import make_tag, short_digest
from thumbnail_tasks.inputs.columns import ID_COLUMN, LINK_COLUMN, column_named, is_general

_VIDEO_ID = r"[A-Za-z0-9_-]{11}"
_QUALITY_FILE = rf"(?:{'|'.join(settings.QUALITIES)})\.(?:jpg|webp)"
_YOUTUBE_LINK = (
    r"^(?i:https?://(?:i[0-9]?\.ytimg\.com|(?:img|i)\.youtube\.com))"
    rf"/(?:vi|vi_webp|an_webp)/(?P<id>{_VIDEO_ID})/"
)
_LINK = r"(?i)^https?://[^\s/?#\p{Cc}]+(?:[/?#][^\p{Cc}]*)?$"
_MAX_LINK_CHARS = 8192
"""No server accepts longer ones; a cell may contain a whole picture (``data:``)."""
_NOTEBOOK_STEM = rf"https?[:_]?i[0-9]?\.ytimg\.comvi({_VIDEO_ID})"
_NOTEBOOK_FILE = re.compile(_NOTEBOOK_STEM + _QUALITY_FILE)
_NOTEBOOK_NAME = re.compile(rf"{_NOTEBOOK_STEM}(?:{'|'.join(settings.QUALITIES)})")
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


class Picture(NamedTuple):
    """A picture of a folder."""

    path: str
    revision: str
    """Its size and modification time: another revision is another picture."""


def identify_thumbnails(videos: pa.Table | pa.RecordBatch, from_folder: bool) -> pa.Table:
    """Identify the thumbnail of each row.

    Args:
        videos: N rows of the input.
        from_folder: Pictures are files of a folder, named by video id.

    Returns:
        N rows of ``schemas.THUMBNAIL_IDS``: ``thumbnail_id`` is null if the row names none,
        ``url`` for YouTube's thumbnails (it follows from the id) and for folders; ``status`` is
        null, or why the row names no thumbnail: ``no_link``, ``invalid_link``.
    """
    links = _trimmed(videos, LINK_COLUMN, _LINK)
    ids = _trimmed(videos, ID_COLUMN, "" if from_folder else f"^{_VIDEO_ID}$")
    youtube_ids = pc.struct_field(pc.extract_regex(links, _YOUTUBE_LINK), "id")
    has_link = pc.is_valid(links)
    if from_folder:
        urls = pa.nulls(len(links), pa.string())
        # The link first: spreadsheets turn ids that begin with "-" into "#NAME?".
        thumbnail_ids = pc.coalesce(youtube_ids, ids)
    else:
        is_link = pc.match_substring_regex(links, _LINK)
        is_short = pc.less_equal(pc.utf8_length(links), _MAX_LINK_CHARS)
        is_other_host = pc.and_(pc.is_null(youtube_ids), pc.and_(is_link, is_short))
        urls = pc.if_else(is_other_host, links, None)
        is_youtube_id = pc.match_substring_regex(ids, f"^{_VIDEO_ID}$")
        ids_alone = pc.if_else(pc.and_(is_youtube_id, pc.invert(has_link)), ids, None)
        thumbnail_ids = pc.coalesce(youtube_ids, _digest_urls(urls), ids_alone)
    why_not = pc.if_else(pc.or_(has_link, pc.is_valid(ids)), "invalid_link", "no_link")
    status = pc.if_else(pc.is_valid(thumbnail_ids), None, why_not)
    return pa.table([thumbnail_ids, urls, status], schema=schemas.THUMBNAIL_IDS)


def _trimmed(videos: pa.Table | pa.RecordBatch, wanted: str, pattern: str) -> pa.Array:
    """The cells of a column; null if blank, or if its name is general and the pattern differs."""
    name = column_named(videos.schema, wanted)
    if name is None:
        return pa.nulls(len(videos), pa.string())
    column = videos.column(name).cast(pa.string())
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    texts = pc.utf8_trim_whitespace(column)
    if is_general(name):
        texts = pc.if_else(pc.match_substring_regex(texts, pattern), texts, None)
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _digest_urls(urls: pa.Array) -> pa.Array:
    """Ids for links of other hosts; all sizes of a thumbnail share one id, as on YouTube."""
    one_for_all_sizes = pc.replace_substring_regex(urls, f"/{_QUALITY_FILE}$", "/")
    return pa.array(
        [url and f"url-{short_digest(url, 16)}" for url in one_for_all_sizes.to_pylist()],
        pa.string(),
    )


def youtube_template() -> str:
    """The address of a YouTube thumbnail in the requested quality, with ``{video_id}`` in it."""
    template = settings.thumbnails().url_template
    return template.replace("{quality}", settings.wanted_quality())


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
    if not re.fullmatch(_QUALITY_FILE, file):
        return [url]
    suffix = file.partition(".")[2]
    return [f"{stem}{slash}{quality}.{suffix}" for quality in qualities]


def list_pictures(images_dir: str) -> Mapping[str, Picture]:
    """The pictures of a folder by video id.

    Names are ``<video_id>.jpg|.jpeg|.png|.webp``, or the notebook's: the link without slashes
    (with ``_`` for ``:`` on file systems that forbid it). The former take precedence.

    Raises:
        InputError: There is no such folder, or it cannot be read.
    """
    try:
        files = sorted(
            (path for path in Path(images_dir).iterdir() if path.suffix.lower() in _SUFFIXES),
            key=lambda path: (_SUFFIXES.index(path.suffix.lower()), path.name),
        )
    except OSError as error:
        raise InputError(
            f"--images-dir {images_dir}: expected a folder of pictures; found: {error.strerror}"
        ) from error
    if not files:
        folders = sorted(path.name for path in Path(images_dir).iterdir() if path.is_dir())
        found = f"none, but folders: {', '.join(folders[:10])}" if folders else "none"
        raise InputError(
            f"--images-dir {images_dir}: expected pictures named <video_id>.jpg, .jpeg, .png or "
            f".webp; found {found}"
        )
    plain: dict[str, Picture] = {}
    notebooks: dict[str, Picture] = {}
    for path in files:
        try:
            stat = path.stat()
        except OSError:  # removed meanwhile, or a broken link
            continue
        picture = Picture(str(path), f"{stat.st_size}-{stat.st_mtime_ns}")
        video_id = id_of_notebook_file(path.name)
        if video_id:
            notebooks.setdefault(video_id, picture)
        else:
            plain.setdefault(path.stem, picture)
    return notebooks | plain


def id_of_notebook_file(name: str) -> str | None:
    """The video id in the notebook's name for a picture, with or without its suffix.

    Example:
        ``https:i.ytimg.comviK0d_lOqB6tshqdefault`` gives ``K0d_lOqB6ts``.
    """
    match = _NOTEBOOK_FILE.fullmatch(name) or _NOTEBOOK_NAME.fullmatch(name)
    return match and match[1]


def source_tag(images_dir: str) -> str:
    """The name of a source of pictures, with a digest of every setting that changes them."""
    options = settings.thumbnails()
    limits = {"max_bytes": options.max_bytes, "max_pixels": options.max_pixels}
    if images_dir:
        return make_tag("folder", {"path": str(Path(images_dir).resolve()), **limits})
    about = {"fallback": options.fallback, "url_template": options.url_template, **limits}
    if options.allow_private_addresses:
        about["allow_private_addresses"] = True  # otherwise refused links would stay refused
    return make_tag(settings.wanted_quality(), about)
