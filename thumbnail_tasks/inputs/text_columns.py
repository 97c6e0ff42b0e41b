"""The columns of a table whose texts get vectors: how they are named, and their texts."""

import contextlib
import html
import json
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from thumbnail_tasks import schemas
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.columns import (
    CHANNEL_COLUMN,
    DESCRIPTION_COLUMN,
    TITLE_COLUMN,
    columns_named,
    show,
    squeezed,
)

_MEANINGS: Final[Mapping[str, str]] = {
    "title": TITLE_COLUMN,
    "channel": CHANNEL_COLUMN,
    CHANNEL_COLUMN: CHANNEL_COLUMN,
    "description": DESCRIPTION_COLUMN,
}
"""Names of columns that stand for a meaning, whatever the table calls it."""

_TAGS: Final = frozenset({"tags", "videotags", "snippet.tags", "keywords"})
"""Columns of lists of tags, as ``squeezed`` writes their names."""

_NO_TAGS: Final = "[none]"
"""How Kaggle's lists of trending videos write that a video has no tags."""

_BLANK: Final = r"(?:\\[rn]|[\s\p{Z}\x{85}])+"
"""Blanks of Unicode, and line breaks as Kaggle's lists write them: a backslash and a letter."""


class TextColumn(NamedTuple):
    """A column of a table whose texts get vectors."""

    name: str
    """As it was asked for."""
    headers: tuple[str, ...]
    """The table's columns: of each row the first that has a text counts."""

    @property
    def is_tags(self) -> bool:
        """Whether its texts are lists of tags."""
        return any(squeezed(header) in _TAGS for header in self.headers)


def find_text_columns(schema: pa.Schema, names: Sequence[str], where: str) -> list[TextColumn]:
    """The columns of a table that these names stand for.

    Args:
        schema: The table's columns.
        names: ``title``, ``channel`` and ``description`` mean what ``[columns]`` says; other names,
            and these if the table has no column of the meaning, are those of the header, where
            case, spaces, ``-`` and ``_`` need not match.
        where: The table, for messages.

    Raises:
        InputError: There is no such column, it has no texts, or the table already has a column of
            the name that the vectors would have.
    """
    columns = [find_text_column(schema, name, where) for name in names]
    for column in columns:
        for header in column.headers:
            if not _has_texts(schema.field(header).type):
                raise InputError(
                    f"{where}: column {show(header)!r}: expected texts to embed; "
                    f"found: {schema.field(header).type}"
                )
        if schemas.name_vector(column.name) in schema.names:
            raise InputError(
                f"{where}: column {schemas.name_vector(column.name)} would be overwritten by the "
                "column of the same name that is added here; rename it"
            )
    return columns


def find_title(schema: pa.Schema) -> TextColumn | None:
    """The titles of a table; None if it has none."""
    headers = tuple(columns_named(schema, TITLE_COLUMN))
    are_texts = all(_has_texts(schema.field(header).type) for header in headers)
    return TextColumn("title", headers) if headers and are_texts else None


def find_text_column(schema: pa.Schema, name: str, where: str) -> TextColumn:
    """The column of a table that a name stands for, as for ``find_text_columns``.

    Raises:
        InputError: There is none.
    """
    if name in _MEANINGS and (found := columns_named(schema, _MEANINGS[name])):
        return TextColumn(name, tuple(found))
    if name in schema.names:
        return TextColumn(name, (name,))
    if found := [each for each in schema.names if squeezed(each) == squeezed(name)]:
        return TextColumn(name, tuple(found))
    shown = ", ".join(map(show, schema.names[:20])) + (", …" if len(schema) > 20 else "")
    raise InputError(f"{where}: --embed-columns: no column {show(name)!r}; found: {shown}")


def _has_texts(dtype: pa.DataType) -> bool:
    """Whether values have a text: all but bytes and nested ones, and lists of texts."""
    if pa.types.is_dictionary(dtype):
        return _has_texts(dtype.value_type)
    if pa.types.is_list(dtype) or pa.types.is_large_list(dtype):
        return bool(pa.types.is_string(dtype.value_type))
    types = pa.types
    is_binary = types.is_binary(dtype) or types.is_large_binary(dtype)
    return not (types.is_nested(dtype) or is_binary or types.is_fixed_size_binary(dtype))


def read_texts(videos: pa.RecordBatch | pa.Table, column: TextColumn) -> pa.StringArray:
    """The texts of a column, as they are embedded.

    Tags become ``a, b, c``, from ``a|"b"|"c"``, a list, or a list in JSON; HTML entities become
    characters; line breaks and other blanks become single spaces, also those that Kaggle's lists
    write as a backslash and a letter.

    Args:
        videos: N rows of a table.
        column: A column of it.

    Returns:
        N texts; null where there is none, or none but blanks.
    """
    texts = [_clean(videos[header], column.is_tags) for header in column.headers]
    return pc.coalesce(*texts)


def _clean(values: pa.Array | pa.ChunkedArray, are_tags: bool) -> pa.StringArray:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        lists = values.to_pylist()
        values = pa.array([", ".join(filter(None, each or ())) for each in lists], pa.string())
    encoded = values.cast(pa.string()).dictionary_encode()
    texts = encoded.dictionary
    if are_tags:
        texts = pa.array(map(join_tags, texts.to_pylist()), pa.string())
    if pc.any(pc.match_substring(texts, "&")).as_py():
        texts = pa.array(map(html.unescape, texts.to_pylist()), pa.string())
    texts = pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, _BLANK, " "))
    texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    return texts.take(encoded.indices)


def join_tags(text: str) -> str:
    """The tags of a video as one text: ``a, b, c`` of ``a|"b"|"c"`` or ``["a", "b", "c"]``.

    A text is embedded, not the mean of the tags' vectors: see docs/COLUMNS.md.
    """
    if text.strip() == _NO_TAGS:
        return ""
    tags = text.split("|")
    if text.startswith("["):
        with contextlib.suppress(ValueError):
            tags = [str(tag) for tag in json.loads(text)]
    return ", ".join(bare for tag in tags if (bare := tag.strip().strip('"').strip()))
