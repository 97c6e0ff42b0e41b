"""Words on thumbnails, with boxes in pixels of the stored picture."""

from collections.abc import Callable, Collection, Iterator, Sequence

import luigi
import pyarrow as pa
import pytest

from tests.stages.conftest import ignore
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.interface import Word
from thumbnail_tasks.engines.text import keras_ocr, rapidocr
from thumbnail_tasks.errors import SettingsError
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.stages.words import (
    RecognizeText,
    expected_scripts,
    recognize_text,
    wanted_scripts,
)


def test_boxes_of_words_refer_to_the_stored_picture(thumbnails: pa.Table) -> None:
    words = recognize_text(
        thumbnails,
        [()] * len(thumbnails),
        lambda images, expected=(): [[Word("HI", 0.9, (0, 1, 2, 3))] * 2 for _ in images],
        ignore,
    )
    assert words.schema == schemas.WORDS
    assert words.select(["thumbnail_id", "word_index", "y_min"]).to_pylist() == [
        {"thumbnail_id": "barred", "word_index": 0, "y_min": 46},
        {"thumbnail_id": "barred", "word_index": 1, "y_min": 46},
        {"thumbnail_id": "plain", "word_index": 0, "y_min": 1},
        {"thumbnail_id": "plain", "word_index": 1, "y_min": 1},
    ]


def test_titles_belong_to_their_thumbnails_though_a_quarantined_one_has_none(
    thumbnails: pa.Table,
) -> None:
    listed = [
        {"thumbnail_id": "plain", "title_and_channel": "한국 여행"},
        {"thumbnail_id": "barred", "title_and_channel": "Как это работает"},
    ]
    shard = pa.Table.from_pylist(listed, schemas.SHARDS)
    assert expected_scripts(thumbnails, shard) == [{"Cyrillic"}, set(), {"Hangul"}]


def test_the_scripts_of_the_title_are_expected_on_its_thumbnail(thumbnails: pa.Table) -> None:
    expected = [{"Thai"}, {"Latin"}, {"Hangul"}]
    seen: list[Collection[str]] = []

    def recognize(
        images: Sequence[ImageRGB], scripts: Sequence[Collection[str]] = ()
    ) -> list[list[Word]]:
        seen.extend(scripts)
        return [[] for _ in images]

    recognize_text(thumbnails, expected, recognize, ignore)
    assert sorted(map(sorted, seen)) == [["Hangul"], ["Thai"]]  # one has no picture


@pytest.mark.parametrize(
    ("setting", "scripts"),
    [
        ("", rapidocr.SCRIPTS),
        ("hangul, Latin", ("Latin", "Hangul")),
        (",", rapidocr.SCRIPTS),
    ],
)
def test_scripts_to_read_are_named_in_any_order(
    set_scripts: Callable[[str], None], setting: str, scripts: tuple[str, ...]
) -> None:
    set_scripts(setting)
    assert wanted_scripts(rapidocr.ENGINE) == scripts


def test_each_choice_of_scripts_has_its_own_tag(set_scripts: Callable[[str], None]) -> None:
    abouts = []
    for setting in ("", "Latin,Hangul", "Latin"):
        set_scripts(setting)
        abouts.append(str(RecognizeText.selected_engine().about()))
    assert len(set(abouts)) == 3


def test_a_script_that_the_engine_does_not_read_is_refused(
    set_scripts: Callable[[str], None],
) -> None:
    set_scripts("Latin,Klingon")
    with pytest.raises(SettingsError, match=r"scripts: expected some of Latin, .*found: Klingon"):
        wanted_scripts(rapidocr.ENGINE)
    with pytest.raises(SettingsError, match="expected some of Latin, which keras-ocr"):
        wanted_scripts(keras_ocr.ENGINE._replace(name=lambda: "keras-ocr-0"))


@pytest.fixture
def set_scripts() -> Iterator[Callable[[str], None]]:
    config = luigi.configuration.get_config()
    yield lambda names: config.set("text", "scripts", names)
    config.remove_option("text", "scripts")
