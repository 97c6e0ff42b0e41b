"""Which columns of a table are embedded, and what of their texts."""

from collections.abc import Iterator

import luigi
import pyarrow as pa
import pytest

from thumbnail_tasks import settings
from thumbnail_tasks.errors import InputError, SettingsError
from thumbnail_tasks.inputs.text_columns import (
    TextColumn,
    find_text_columns,
    find_title,
    join_tags,
    read_texts,
)

KAGGLE = pa.schema(
    [
        (name, pa.string())
        for name in ("video_id", "title", "channel_title", "tags", "description", "Publish Time")
    ]
    + [("views", pa.int64()), ("extra", pa.struct([("a", pa.string())]))]
)


@pytest.fixture
def config() -> Iterator[luigi.configuration.LuigiConfigParser]:
    config = luigi.configuration.get_config()
    yield config
    for section in ("embedding", "columns"):
        if config.has_section(section):
            config.remove_section(section)


def headers(schema: pa.Schema, *names: str) -> list[tuple[str, ...]]:
    return [column.headers for column in find_text_columns(schema, names, "videos.csv")]


def test_names_are_those_of_the_header_or_meanings() -> None:
    asked = ("title", "channel", "channel_title", "description", "tags", "publish_time", "views")
    assert headers(KAGGLE, *asked) == [
        ("title",),
        ("channel_title",),
        ("channel_title",),
        ("description",),
        ("tags",),
        ("Publish Time",),
        ("views",),
    ]


def test_a_meaning_is_found_whatever_the_table_calls_it() -> None:
    ytdlp = pa.schema(
        [("id", pa.string()), ("uploader", pa.string()), ("Video Title", pa.string())]
    )
    assert headers(ytdlp, "channel", "title") == [("uploader",), ("Video Title",)]
    assert find_title(ytdlp) == TextColumn("title", ("Video Title",))
    assert find_title(pa.schema([("id", pa.string())])) is None


def test_a_meaning_is_the_column_that_the_settings_name(
    config: luigi.configuration.LuigiConfigParser,
) -> None:
    config.set("columns", "title", "Publish Time")
    assert headers(KAGGLE, "title") == [("Publish Time",)]


def test_an_unknown_column_is_an_error_with_those_of_the_table() -> None:
    with pytest.raises(InputError, match="no column 'subtitle'; found: video_id, title, ch") as one:
        headers(KAGGLE, "title", "subtitle")
    assert str(one.value).startswith("videos.csv: --embed-columns: ")
    assert "\n" not in str(one.value)


def test_a_column_without_texts_is_an_error() -> None:
    with pytest.raises(InputError, match="column 'extra': expected texts to embed; found: struct"):
        headers(KAGGLE, "extra")


def test_vectors_overwrite_no_column_of_the_table() -> None:
    schema = KAGGLE.append(pa.field("title_embed", pa.string()))
    with pytest.raises(InputError, match="title_embed would be overwritten by"):
        headers(schema, "title")
    assert headers(schema, "tags") == [("tags",)]


@pytest.mark.parametrize("value", ["title,,tags", "title,", "title,title", "title, title", ","])
def test_an_empty_name_and_a_name_given_twice_are_errors(
    config: luigi.configuration.LuigiConfigParser, value: str
) -> None:
    config.set("embedding", "columns", value)
    with pytest.raises(SettingsError, match="expected different names separated by commas; found"):
        settings.check_all()


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("", []),
        (" ", []),
        ("title", ["title"]),
        ("title, tags", ["title", "tags"]),
        ('"Title, original",tags', ["Title, original", "tags"]),
    ],
)
def test_names_are_separated_by_commas(
    config: luigi.configuration.LuigiConfigParser, value: str, names: list[str]
) -> None:
    config.set("embedding", "columns", value)
    assert settings.embedding().names() == names


@pytest.mark.parametrize(
    ("tags", "text"),
    [
        ('racist superman|"rudy"|"king bach"', "racist superman, rudy, king bach"),
        ("SHANtell martin", "SHANtell martin"),
        ("[none]", ""),
        (" [none] ", ""),
        ("", ""),
        ("a||b|", "a, b"),
        ('"one"', "one"),
        ('["a", "b c"]', "a, b c"),
        ("[not json|b", "[not json, b"),
        ("[1, 2]", "1, 2"),
        ("a, b, c", "a, b, c"),
    ],
)
def test_tags_are_split(tags: str, text: str) -> None:
    assert join_tags(tags) == text


def texts(values: pa.Array, name: str = "title") -> list[str | None]:
    table = pa.table({name: values})
    read: list[str | None] = read_texts(table, TextColumn(name, (name,))).to_pylist()
    return read


def test_blank_texts_are_null() -> None:
    blank = [None, "", " ", "\t\n", "\u3000", "\u00a0", "\\n\\r", "&nbsp;"]
    assert texts(pa.array(blank)) == [None] * len(blank)
    assert texts(pa.array(["[none]", None, '""|']), "tags") == [None, None, None]
    assert texts(pa.nulls(2)) == [None, None]
    assert texts(pa.array([], pa.string())) == []


def test_entities_and_line_breaks_are_read_as_people_read_them() -> None:
    written = ["Tom &amp; Jerry", "it&#39;s", "two\nlines", "two\\nlines", " a \u00a0 b ", "AT&T"]
    assert texts(pa.array(written)) == [
        *("Tom & Jerry", "it's", "two lines", "two lines", "a b", "AT&T")
    ]


def test_pipes_are_split_in_tags_alone() -> None:
    trailer = pa.array(['The "End" | Trailer'])
    assert texts(trailer) == ['The "End" | Trailer']
    assert texts(trailer, "Video Tags") == ['The "End, Trailer']


def test_other_types_than_text_are_read_as_text() -> None:
    assert texts(pa.array([2020, None])) == ["2020", None]
    assert texts(pa.array([["a", "b"], [], None, ["c", None]]), "tags") == ["a, b", None, None, "c"]
    assert texts(pa.array(["x", "x", None]).dictionary_encode()) == ["x", "x", None]
    assert texts(pa.chunked_array([["a"], ["b"]])) == ["a", "b"]


def test_of_several_columns_the_first_with_a_text_counts() -> None:
    table = pa.table({"title": ["a", " ", None], "video_title": ["b", "b", None]})
    read = read_texts(table, TextColumn("title", ("title", "video_title")))
    assert read.to_pylist() == ["a", "b", None]
