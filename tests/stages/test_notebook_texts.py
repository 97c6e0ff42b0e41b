"""Texts that the original notebook recognised."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import luigi
import pyarrow as pa
import pytest

from tests.stages.conftest import ignore
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.languages import Languages
from thumbnail_tasks.engines.spelling import load_text_corrector
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.inputs.picture_folders import id_of_notebook_file
from thumbnail_tasks.stages.notebook_texts import ENGINE, load_texts, take_words
from thumbnail_tasks.stages.texts import Thresholds, correct_texts

A, B = "aaaaaaaaaaa", "-b_bbbbbbbb"
STRICT = Thresholds(0.8, 14, 0.97, 0.98)

Named = Callable[[object], None]
"""Sets the path of the texts."""


@pytest.fixture
def named() -> Iterator[Named]:
    """Sets ``[filename2text] path`` for one test."""
    config = luigi.configuration.get_config()
    yield lambda path: config.set("filename2text", "path", str(path))
    config.remove_section("filename2text")


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def thumbnails(**statuses: str) -> pa.Table:
    rows = [{"thumbnail_id": name, "status": status} for name, status in statuses.items()]
    return pa.Table.from_pylist(rows, schemas.THUMBNAILS)


@pytest.mark.parametrize(
    "name",
    [
        f"https:i.ytimg.comvi{B}hqdefault",
        f"https:i.ytimg.comvi{B}default",
        f"https_i.ytimg.comvi{B}hqdefault",
        f"https:i.ytimg.comvi{B}hqdefault.jpg",
    ],
)
def test_the_notebooks_file_names_give_the_video(name: str) -> None:
    assert id_of_notebook_file(name) == B


@pytest.mark.parametrize("name", ["", B, "photo", f"https:i.ytimg.comvi{B}hqdefault.jpg.part"])
def test_other_file_names_give_no_video(name: str) -> None:
    assert id_of_notebook_file(name) is None


def test_of_several_files_the_first_counts(tmp_path: Path, named: Named) -> None:
    write(tmp_path / "filename2text.json", {f"https:i.ytimg.comvi{A}hqdefault": "one two"})
    write(
        tmp_path / "filename2text_not_trending.json",
        {f"https:i.ytimg.comvi{A}default": "other", f"https:i.ytimg.comvi{B}hqdefault": ""},
    )
    named(tmp_path / "filename2text*.json")
    assert load_texts() == {A: "one two", B: ""}


def test_another_file_is_another_engine(tmp_path: Path, named: Named) -> None:
    named(write(tmp_path / "a.json", {}))
    one = ENGINE.name(), ENGINE.about()
    named(write(tmp_path / "b.json", {f"https:i.ytimg.comvi{A}hqdefault": ""}))
    assert (ENGINE.name(), ENGINE.about()) != one


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], r"expected a JSON object of file names and texts; found: list"),
        ({"photo": "x"}, r"expected names such as .*; found 'photo': 'x'"),
        ({f"https:i.ytimg.comvi{A}hqdefault": ["x"]}, r".*words read there; found .*\['x'\]"),
    ],
)
def test_a_file_of_another_kind_is_reported(
    tmp_path: Path, named: Named, content: object, message: str
) -> None:
    named(write(tmp_path / "odd.json", content))
    with pytest.raises(InputError, match=rf"odd\.json: {message}"):
        load_texts()


def test_a_truncated_or_missing_file_is_reported(tmp_path: Path, named: Named) -> None:
    (tmp_path / "cut.json").write_text('{"https:i.yt')
    named(tmp_path / "cut.json")
    with pytest.raises(InputError, match=r"cut\.json: expected the notebook's JSON"):
        load_texts()
    named(tmp_path / "none.json")
    with pytest.raises(InputError, match=r"none\.json: cannot be read: No such file"):
        ENGINE.name()
    named("")
    with pytest.raises(InputError, match=r"path: expected the notebook's filename2text\.json"):
        ENGINE.about()


def test_words_keep_their_order_and_have_neither_box_nor_confidence() -> None:
    words = take_words(thumbnails(**{A: "ok", B: "ok"}), {A: "two one", B: ""}, ignore)
    assert words.schema == schemas.WORDS
    assert words["text"].to_pylist() == ["two", "one"]
    assert words["word_index"].to_pylist() == [0, 1]
    assert words["confidence"].null_count == words["x_min"].null_count == 2


def tell(read: Sequence[str], contexts: Sequence[str]) -> list[Languages]:
    return [(("en", 0.9),) for _ in read]


def test_read_and_empty_differs_from_not_read_and_from_no_picture() -> None:
    pictures = thumbnails(read="ok", wordless="ok", unread="ok", missing="not_found")
    words = take_words(pictures, {"read": "helo world", "wordless": "", "missing": "x"}, ignore)
    listed = [
        {"thumbnail_id": name, "title_and_channel": ""}
        for name in ("read", "wordless", "unread", "missing")
    ]
    shard = pa.Table.from_pylist(listed, schemas.SHARDS)
    correct = load_text_corrector({})
    texts = correct_texts(pictures, words, shard, correct, tell, STRICT, ignore)
    assert texts["ocr_raw"].to_pylist() == ["helo world", "", None, None]
    assert texts["ocr_length"].to_pylist() == [2, 0, None, None]
