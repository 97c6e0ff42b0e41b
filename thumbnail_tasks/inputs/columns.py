"""Columns of tables of videos: what they mean, which are needed, and which are refused."""

import contextlib
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import settings
from thumbnail_tasks.errors import InputError

LINK_COLUMN, ID_COLUMN = "thumbnail_link", "video_id"
TITLE_COLUMN, CHANNEL_COLUMN, DESCRIPTION_COLUMN = "title", "channel_title", "description"

_SIZES = ("maxres", "standard", "high", "medium", "default")
NAMES: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        LINK_COLUMN: (
            *("thumbnail_link", "thumbnail_url", "thumbnail"),
            *(f"snippet.thumbnails.{size}.url" for size in _SIZES),
            *(f"thumbnails.{size}.url" for size in _SIZES),
        ),
        ID_COLUMN: (
            *("video_id", "snippet.resourceId.videoId", "contentDetails.videoId", "id.videoId"),
            *("resourceId.videoId", "id", "Content"),
        ),
        TITLE_COLUMN: ("title", "video_title", "snippet.title"),
        CHANNEL_COLUMN: (
            *("channel_title", "channel", "channel_name", "uploader", "snippet.channelTitle"),
        ),
        DESCRIPTION_COLUMN: ("description", "video_description", "snippet.description"),
    }
)
"""Names of columns by meaning, in order of preference; case, spaces, - and _ do not matter.

``video_id`` is the name in Kaggle's trending lists; ``videoId``, ``id``, ``snippet.…`` are those of
YouTube's Data API as pandas flattens it, ``Video ID`` of Google Takeout, ``Content`` of YouTube
Studio, ``id``, ``thumbnail``, ``uploader`` of yt-dlp.
"""

_MAX_COLUMNS = 10_000
"""A hundred thousand take 1.4 GB and 6 s to write, for a single row (measured)."""


def plain_name(name: str) -> str:
    """A column's name without spaces around it, in small letters."""
    return name.strip().lower()


def find_columns(names: Sequence[str], meaning: str) -> list[str]:
    """The columns of a meaning, a key of ``NAMES``.

    Returns:
        None or one; more if names differ only in what does not matter.
    """
    for known in _known_names(meaning):
        if known in names and (is_general(known) or settings.columns().of(meaning)):
            return [known]  # beside MongoDB's _id
        if found := [name for name in names if squeezed(name) == squeezed(known)]:
            return found
    return []


def _known_names(meaning: str) -> Sequence[str]:
    """The name that the settings give a meaning, else the known ones in order of preference."""
    wanted = settings.columns().of(meaning)
    return [wanted] if wanted else NAMES[meaning]


def squeezed(name: str) -> str:
    """A column's name without what does not matter: case, spaces, ``-`` and ``_``."""
    return re.sub(r"[\s_-]", "", name).lower()


def is_general(name: str) -> bool:
    """Whether a name may mean anything, so that only its values show what it means."""
    return squeezed(name) in ("id", "content", "thumbnail")


def column_named(schema: pa.Schema, meaning: str) -> str | None:
    """The column of a meaning, a key of ``NAMES``; None if absent."""
    return next(iter(find_columns(schema.names, meaning)), None)


def columns_named(schema: pa.Schema, meaning: str) -> list[str]:
    """All columns of a meaning, in order of preference.

    Files with different known names, and objects of JSON, have values in different ones of them.
    """
    wanted = map(squeezed, _known_names(meaning))
    found = [name for known in wanted for name in schema.names if squeezed(name) == known]
    first = column_named(schema, meaning)
    return list(dict.fromkeys([first, *found])) if first else []


def texts_of(table: pa.Table | pa.RecordBatch, meaning: str) -> pa.ChunkedArray | pa.Array | None:
    """The texts of a meaning: of each row the first column that has one; None without a column."""
    names = columns_named(table.schema, meaning)
    return pc.coalesce(*(table[name].cast(pa.string()) for name in names)) if names else None


def match_columns(names: Sequence[str], known: Collection[str]) -> Mapping[str, str]:
    """Map each column of one file to a column of all files together.

    It is the one of the same name; else one whose name differs only in case, spaces, ``-`` and
    ``_``, unless the file has both; else a new one.
    """
    own, shared = set(names), set(known)
    variants = {squeezed(name) or name: name for name in known if name not in own}
    return {
        name: name if name in shared else variants.pop(squeezed(name) or name, name)
        for name in names
    }


def check_columns(path: Path, names: Sequence[str], how: str) -> None:
    """Refuse a table whose columns are ambiguous or too many.

    Args:
        path: The file.
        names: Its columns.
        how: How they were found, for the message.

    Raises:
        InputError: It has neither needed column, a name twice, or over 10,000 columns.
    """
    wanted = {key: find_columns(names, key) for key in (LINK_COLUMN, ID_COLUMN)}
    if not any(wanted.values()):
        known = ", ".join((*NAMES[LINK_COLUMN][:3], *NAMES[ID_COLUMN][:1], *NAMES[ID_COLUMN][-2:]))
        link, own = (settings.columns().of(key) or key for key in wanted)
        remedy = "Name another with --link-column or --id-column"
        if (link, own) != (LINK_COLUMN, ID_COLUMN):
            remedy = "--link-column or --id-column names a column that all files must have"
        raise InputError(
            f"{path}: no column {link!r} or {own!r} (columns {how}); "
            f"found: {_list_names(names) or 'an empty line'}. Known names: {known}. {remedy}"
        )
    if len(names) > _MAX_COLUMNS:
        raise InputError(f"{path}: expected at most {_MAX_COLUMNS} columns; found {len(names)}")
    repeated = next((name for name, count in Counter(names).items() if count > 1), None)
    if repeated is not None:
        raise InputError(f"{path}: column {repeated[:60]!r} occurs more than once")
    for key, found in wanted.items():
        if len(found) > 1:
            shown = ", ".join(map(repr, found))
            raise InputError(f"{path}: expected one column {key!r}; found: {shown}")


def check_named_columns(files: Sequence[Path], names: Sequence[str]) -> None:
    """Check that each column that the settings name exists; it would be ignored silently.

    Args:
        files: The files of a table.
        names: The columns of all files together.

    Raises:
        InputError: No file has a column of this name.
    """
    for meaning in NAMES:
        wanted = settings.columns().of(meaning)
        if wanted and not find_columns(names, meaning):
            where = files[0] if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
            raise InputError(
                f"{where}: no column {wanted!r}, which [columns] or a flag such as --id-column "
                f"names; found: {_list_names(names)}"
            )


def _list_names(names: Sequence[str]) -> str:
    return ", ".join(map(show, names[:20])) + (", …" if len(names) > 20 else "")


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn an OSError while the block reads a file into an ``InputError``."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error


def show(text: str, max_chars: int = 60) -> str:
    """The start of a text for one line on a terminal; invisible characters are escaped."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text[:max_chars])


def first_line(error: Exception) -> str:
    """The first line of Arrow's message, for a terminal."""
    return show(str(error).partition("\n")[0], 300)
