"""What a link or an id of a table means: a YouTube video, one of its pictures, another host's."""

from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import settings
from thumbnail_tasks.fingerprints import short_digest

_VIDEO_ID: Final = r"[A-Za-z0-9_-]{11}"
QUALITY_FILE: Final = rf"(?:{'|'.join(settings.QUALITIES)})\.(?:jpg|webp)"

PICTURE: Final = (
    r"^(?i:https?://(?:i[0-9]?\.ytimg\.com|(?:img|i)\.youtube\.com))"
    rf"/(?P<folder>(?:vi|an)[a-z_]*)/(?P<id>{_VIDEO_ID})/"
)
"""The start of YouTube's address of a picture."""
_PICTURE_FILE: Final = r"/(?P<name>[A-Za-z0-9_-]+)\.(?:jpe?g|webp|png)(?:\?[^/\p{Cc}]*)?$"
_MAIN_FOLDERS: Final = pa.array(["vi", "vi_webp"])
"""The video's thumbnail as JPEG and as WebP; ``an_webp`` has previews that move."""
_MAIN_NAMES: Final = pa.array([*settings.QUALITIES, "0"])

_PAGE: Final = (
    r"^(?:(?i:(?:https?:)?(?://)?youtu\.be)/"
    r"|(?i:(?:https?:)?(?://)?(?:[a-z]+\.)?youtube(?:-nocookie)?\.com)/"
    r"(?:(?:shorts|embed|live|v|e|watch)/|(?:watch/?)?\?(?:[^#]*[&;])?v=)"
    rf"|(?i:yt:video:))(?P<id>{_VIDEO_ID})(?:[/?&#].*)?$"
)
"""The address of a video's page or player, or its name in YouTube's feeds."""
_BARE_ID: Final = rf"^'?(?P<id>{_VIDEO_ID})$"
"""An id; some spreadsheets need an apostrophe before one that begins with ``-``."""

_LINK: Final = r"(?i)^https?://[^\s/?#\p{Cc}]+(?:[/?#][^\p{Cc}]*)?$"
_WITHOUT_SCHEME: Final = r"(?i)^(?://[^\s/?#\p{Cc}]+\.|(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}(?::[0-9]+)?/)"
_MAX_LINK_CHARS: Final = 8192
"""No server accepts longer ones; a cell may contain a whole picture (``data:``)."""

_NOTHING: Final = r"(?i)^(?:|nan|none|null|nil|na|<na>|#?n/a|nat|undefined|\\n|-+|\[\]|\{\})$"
"""How programs write that a cell has no value."""


class LinkMeanings(NamedTuple):
    """What each of N links means: arrays of N strings."""

    video_ids: pa.Array
    """The YouTube video; null for other hosts."""
    picture_ids: pa.Array
    """The id of its own of another picture than the video's thumbnail; else null."""
    url_ids: pa.Array
    """The id of a picture of another host; null for YouTube, and where there is no link."""
    urls: pa.Array
    """The address of a picture of another host, or of another picture of a video."""


def drop_blanks(cells: pa.Array) -> pa.Array:
    """The cells without spaces around them; null where a program wrote that there is no value."""
    texts = pc.utf8_trim_whitespace(cells)
    return pc.if_else(pc.match_substring_regex(texts, _NOTHING), None, texts)


def read_ids(cells: pa.Array) -> pa.Array:
    """The ids of videos in a column of ids or of addresses of videos; null where there is none."""
    bare, page = (_extract(cells, pattern, "id") for pattern in (_BARE_ID, _PAGE))
    return pc.coalesce(bare, page)


def read_links(cells: pa.Array) -> LinkMeanings:
    """What the links of a column mean; all null where a cell is no link.

    A link without a scheme is completed (``i.ytimg.com/…``). The address of a video's page means
    the video. A picture of a video other than its thumbnail (``1.jpg``, ``oar2.jpg``,
    ``an_webp/…``) has an id of its own: ``<video id>-oar2``.
    """
    links = _complete(cells)
    of_pictures = pc.extract_regex(links, PICTURE)
    folders, in_pictures = (pc.struct_field(of_pictures, name) for name in ("folder", "id"))
    names = pc.if_else(pc.is_valid(in_pictures), _extract(links, _PICTURE_FILE, "name"), None)
    parts = [(folders, _MAIN_FOLDERS), (names, _MAIN_NAMES)]
    is_other = pc.invert(pc.and_(*(pc.is_in(part, main) for part, main in parts)))
    is_other = pc.and_(pc.is_valid(names), is_other)
    endings = [
        pc.if_else(pc.is_in(part, main), "", pc.binary_join_element_wise("-", part, ""))
        for part, main in parts
    ]
    picture_ids = pc.binary_join_element_wise(in_pictures, *endings, "")
    picture_ids = pc.if_else(is_other, picture_ids, None)
    video_ids = pc.coalesce(in_pictures, _extract(links, _PAGE, "id"))
    is_short = pc.less_equal(pc.utf8_length(links), _MAX_LINK_CHARS)
    is_link = pc.and_(pc.match_substring_regex(links, _LINK), is_short)
    other_hosts = pc.if_else(pc.and_(is_link, pc.is_null(video_ids)), links, None)
    urls = pc.if_else(pc.and_(is_link, is_other), links, other_hosts)
    return LinkMeanings(video_ids, picture_ids, _digest_urls(other_hosts), urls)


def _complete(links: pa.Array) -> pa.Array:
    bare = pc.replace_substring_regex(links, "^//", "")
    completed = pc.binary_join_element_wise("https://", bare, "")
    return pc.if_else(pc.match_substring_regex(links, _WITHOUT_SCHEME), completed, links)


def _extract(cells: pa.Array, pattern: str, group: str) -> pa.Array:
    return pc.struct_field(pc.extract_regex(cells, pattern), group)


def _digest_urls(urls: pa.Array) -> pa.Array:
    """Ids for links of other hosts; all sizes of a thumbnail share one id, as on YouTube."""
    one_for_all_sizes = pc.replace_substring_regex(urls, f"/{QUALITY_FILE}$", "/")
    return pa.array(
        [url and f"url-{short_digest(url, 16)}" for url in one_for_all_sizes.to_pylist()],
        pa.string(),
    )
