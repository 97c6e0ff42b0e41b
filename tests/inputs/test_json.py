"""Tables in JSON: lists, lines, yt-dlp's and the Data API's answers, and what is refused."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.inputs.test_reading import csv_file, read
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs import json_reading
from thumbnail_tasks.inputs.columns import TITLE_COLUMN, column_named
from thumbnail_tasks.inputs.thumbnail_sources import identify_thumbnails

VIDEOS: list[dict[str, Any]] = [
    {
        "video_id": "abcdefghij1",
        "title": 'one "two"\n\\three [{',
        "views": 5,
        "score": 1,
        "likes": 2**62,
        "is_live": True,
        "tags": ["a", "b, c"],
        "when": None,
        "mixed": 1,
    },
    {
        "video_id": "-bcdefghij2",
        "title": "СРОЧНО \U0001f600",
        "views": None,
        "score": 0.1,
        "likes": -1,
        "is_live": False,
        "tags": [],
        "when": None,
        "mixed": "007",
        "extra": {"a": {"b": 1.5}},
    },
]

COLUMNS: dict[str, tuple[str, list[Any]]] = {
    "video_id": ("string", ["abcdefghij1", "-bcdefghij2"]),
    "title": ("string", [VIDEOS[0]["title"], VIDEOS[1]["title"]]),
    "views": ("int64", [5, None]),
    "score": ("double", [1.0, 0.1]),
    "likes": ("int64", [2**62, -1]),
    "is_live": ("bool", [True, False]),
    "tags": ("string", ['["a", "b, c"]', "[]"]),
    "when": ("string", [None, None]),
    "mixed": ("string", ["1", "007"]),
    "extra": ("string", [None, '{"a": {"b": 1.5}}']),
}

FORMS: dict[str, Callable[[], str]] = {
    "list": lambda: json.dumps(VIDEOS),
    "indented_list": lambda: json.dumps(VIDEOS, indent=4, ensure_ascii=False),
    "lines": lambda: "".join(json.dumps(video) + "\n" for video in VIDEOS),
    "lines_without_the_last_end": lambda: "\r\n".join(json.dumps(video) for video in VIDEOS),
    "indented_objects": lambda: "\n".join(json.dumps(video, indent=1) for video in VIDEOS),
    "with_a_byte_order_mark": lambda: "\ufeff" + json.dumps(VIDEOS, ensure_ascii=False),
    "blank_lines": lambda: "\n\n" + "\n\n".join(json.dumps(video) for video in VIDEOS),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("block_bytes", [7, 1 << 20])
@pytest.mark.parametrize("suffix", [".json", ".json.gz"])
def test_objects_are_rows_with_columns_of_their_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, block_bytes: int, suffix: str
) -> None:
    monkeypatch.setattr(json_reading, "_BLOCK_BYTES", block_bytes)
    path = tmp_path / f"videos{suffix}"
    data = FORMS[form]().encode()
    path.write_bytes(gzip.compress(data) if suffix.endswith(".gz") else data)
    table = read(path)
    found = {
        name: (str(table.schema.field(name).type), table[name].to_pylist()) for name in COLUMNS
    }
    assert found == COLUMNS
    assert table.column_names == list(COLUMNS)


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([1, 2.5], "double", [1.0, 2.5]),
        ([2**53 + 1, 0.5], "string", ["9007199254740993", "0.5"]),
        ([2**63, 1], "string", ["9223372036854775808", "1"]),
        ([True, 1], "string", ["true", "1"]),
        ([True, None], "bool", [True, None]),
        (["é", ["é"]], "string", ["é", '["é"]']),
        ([None, None], "string", [None, None]),
        ([1e300, -0.0], "double", [1e300, -0.0]),
        ([float("nan"), 1.5], "double", None),
    ],
)
def test_a_column_has_the_narrowest_type_that_loses_nothing(
    tmp_path: Path, values: list[Any], dtype: str, expected: list[Any] | None
) -> None:
    path = tmp_path / "videos.json"
    path.write_text(json.dumps([{"video_id": "a", "x": value} for value in values]))
    column = read(path)["x"]
    assert str(column.type) == dtype
    assert expected is None or column.to_pylist() == expected


def test_a_number_beyond_all_doubles_is_kept_as_text(tmp_path: Path) -> None:
    path = tmp_path / "videos.json"
    path.write_text('[{"video_id": "a", "x": 1e400}, {"video_id": "b", "x": 5}]')
    assert read(path)["x"].to_pylist() == ["1e400", "5"]


def test_rows_are_read_in_several_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_reading, "_BATCH_ROWS", 7)
    monkeypatch.setattr(json_reading, "_BLOCK_BYTES", 100)
    path = tmp_path / "videos.jsonl"
    path.write_text("".join(f'{{"video_id": "a{n}", "n": {n}}}\n' for n in range(100)))
    table = read(path)
    assert table["n"].to_pylist() == list(range(100))
    assert table["video_id"].to_pylist() == [f"a{n}" for n in range(100)]


YT_DLP = {
    "id": "abcdefghij1",
    "title": "a title",
    "channel": "a channel",
    "uploader": "someone",
    "thumbnail": "https://i.ytimg.com/vi_webp/abcdefghij1/maxresdefault.webp",
    "thumbnails": [{"url": "https://i.ytimg.com/vi/abcdefghij1/3.jpg", "preference": -37}],
    "tags": ["one", "two"],
    "description": "a\ndescription",
    "_type": "video",
}

API_VIDEO = {
    "kind": "youtube#video",
    "etag": "x",
    "id": "abcdefghij1",
    "snippet": {
        "title": "a title",
        "channelTitle": "a channel",
        "thumbnails": {"high": {"url": "https://i.ytimg.com/vi/abcdefghij1/hqdefault.jpg"}},
        "tags": ["one", "two"],
    },
    "statistics": {"viewCount": "5"},
}

API_FOUND = {
    "kind": "youtube#searchResult",
    "id": {"kind": "youtube#video", "videoId": "abcdefghij1"},
    "snippet": {"title": "a title"},
}


@pytest.mark.parametrize(
    ("content", "n_rows"),
    [
        (YT_DLP, 1),
        ([YT_DLP, YT_DLP], 2),
        ({"_type": "playlist", "id": "PL1", "entries": [YT_DLP, YT_DLP]}, 2),
        (
            {
                "_type": "playlist",
                "id": "UC1",
                "entries": [{"_type": "playlist", "entries": [YT_DLP]}],
            },
            1,
        ),
        (API_VIDEO, 1),
        ({"kind": "youtube#videoListResponse", "items": [API_VIDEO, API_VIDEO]}, 2),
        ([{"kind": "youtube#searchListResponse", "items": [API_FOUND]}], 1),
    ],
)
def test_what_yt_dlp_and_the_data_api_write_is_a_table(
    tmp_path: Path, content: Any, n_rows: int
) -> None:
    path = tmp_path / "videos.info.json"
    path.write_text(json.dumps(content))
    table = read(path)
    assert len(table) == n_rows
    title = column_named(table.schema, TITLE_COLUMN)
    assert title is not None
    assert table[title].to_pylist() == ["a title"] * n_rows
    ids = identify_thumbnails(table, from_folder=False)
    assert ids["thumbnail_id"].to_pylist() == ["abcdefghij1"] * n_rows


def test_a_video_that_yt_dlp_could_not_get_is_a_row_without_a_link(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text(json.dumps({"_type": "playlist", "entries": [None, YT_DLP]}))
    ids = identify_thumbnails(read(path), from_folder=False)
    assert ids["status"].to_pylist() == ["no_link", None]


def test_nested_objects_of_the_data_api_are_columns_as_pandas_names_them(tmp_path: Path) -> None:
    path = tmp_path / "videos.json"
    path.write_text(json.dumps([API_VIDEO]))
    assert read(path).column_names == [
        *("kind", "etag", "id", "snippet.title", "snippet.channelTitle"),
        *("snippet.thumbnails.high.url", "snippet.tags", "statistics.viewCount"),
    ]


def test_json_and_csv_files_are_one_table(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"video_id": "a", "views": 5, "title": "x"}\n')
    table = read(path, csv_file(tmp_path, "video_id,views,title\nb,6,y\n", "b.csv"))
    assert table.to_pylist() == [
        {"video_id": "a", "views": 5, "title": "x"},
        {"video_id": "b", "views": 6, "title": "y"},
    ]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            b'[{"video_id": "a"},\n{"video_id": "b"}',
            "line 2: expected a comma, or ']' at the end of the list; found the end",
        ),
        (b'[{"video_id": "a"},\n', "line 2: expected an object, or ']' at the end of the list"),
        (b'[{"video_id": "a"}\n{"video_id": "b"}]', "line 2: expected a comma, or ']'"),
        (b'{"video_id": "a"}\n{"video_id": "b', "line 2: expected JSON"),
        (b'{"video_id": "a"}\n{video_id: "b"}\n', "line 2: expected JSON (expecting property"),
        (b'{"video_id": "a"}\n\n"b"\n', 'line 3: expected an object for each video, as in {"video'),
        (b'["https://youtu.be/abcdefghij1"]', "line 1: expected an object for each video"),
        (b'{"video_id": "a"}\n[1]\n', "line 2: expected an object for each video"),
        (b'[{"video_id": "a"}]\n[{"video_id": "b"}]', "line 2: expected the end of the file"),
        (b'{"video_id": "a", "x": "\xff"}', "line 1: expected text in UTF-8; found the byte 0xff"),
        (b'{"video_id": "a"}\n{"video_id": "b", "t": "\\ud83d"}', "line 2: 't': expected text"),
        (b'{"video_id": ["a", "b"], "title": ["x", "y"]}', "'video_id': expected one value in the"),
        (b'{"video_id": {"0": "a", "1": "b"}}', "to_json(orient='records', lines=True)"),
        (b'{"video_id": "a", "t": 1, "t": 2}', "line 1: expected JSON (the name 't' twice"),
        (b'{"video_id": "a", "\\ud800": 1}', "expected names of columns; found half of a"),
        (b'{"key": "a"}', "(columns of the objects of a JSON file); found: key"),
        (b'{"video_id": "a", "x": ' + b"9" * 5000 + b"}", "line 1: expected JSON"),
        (b'{"video_id": "a", "x": ' + b"[" * 200_000, "line 1: expected JSON"),
        (b"[]", "no column 'thumbnail_link' or 'video_id'"),
        (b'{"video_id": "a", "Video ID": "b"}', "found: 'video_id', 'Video ID'"),
    ],
)
def test_what_is_not_json_of_videos_is_refused_with_its_line(
    tmp_path: Path, data: bytes, said: str
) -> None:
    path = tmp_path / "videos.json"
    path.write_bytes(data)
    with pytest.raises(InputError) as refused:
        read(path)
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"{path}: ")
    assert len(str(refused.value)) < 600


def test_floats_of_json_are_doubles_in_parquet(tmp_path: Path) -> None:
    path = tmp_path / "videos.json"
    path.write_text('[{"video_id": "a", "x": 57527.0}]')
    assert read(path)["x"].type == pa.float64()
