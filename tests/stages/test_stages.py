"""Each stage as a pure function: a small table and a lambda."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tests.conftest import Answer, Server
from tests.pictures.test_batches import letterboxed
from tests.pictures.test_decoding import GREY, encoded
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.emotions import face_quality
from thumbnail_tasks.engines.emotions.face_quality import FaceQuality
from thumbnail_tasks.engines.interface import Face, Word
from thumbnail_tasks.network.downloads import FetchResult
from thumbnail_tasks.pictures.decoding import ImageRGB
from thumbnail_tasks.stages.appearance import measure_appearances
from thumbnail_tasks.stages.embeddings import embed_texts
from thumbnail_tasks.stages.emotions import ClassifyEmotions, classify_emotions
from thumbnail_tasks.stages.faces import detect_faces
from thumbnail_tasks.stages.texts import Thresholds, correct_texts, count_tokens
from thumbnail_tasks.stages.thumbnails import fetch_thumbnails
from thumbnail_tasks.stages.vocabulary import build_vocabulary
from thumbnail_tasks.stages.words import recognize_text


def ignore(_: int) -> None:
    pass


def find_nothing_wrong(_: ImageRGB, box_xyxy: object) -> FaceQuality:
    return FaceQuality(is_too_small=False, is_blurred=False, is_turned=False)


@pytest.fixture
def thumbnails() -> pa.Table:
    """A letterboxed picture, a missing one, and a plain one."""
    rows = [
        {"thumbnail_id": "barred", "status": "ok", "image": encoded(letterboxed(0))},
        {"thumbnail_id": "gone", "status": "not_found"},
        {"thumbnail_id": "plain", "status": "ok", "image": encoded(GREY)},
    ]
    return pa.Table.from_pylist(rows, schemas.THUMBNAILS)


NOTHING = schemas.THUMBNAILS.empty_table()


def test_words_boxes_refer_to_the_stored_picture(thumbnails: pa.Table) -> None:
    words = recognize_text(
        thumbnails, lambda images: [[Word("HI", 0.9, (0, 1, 2, 3))] * 2 for _ in images], ignore
    )
    assert words.schema == schemas.WORDS
    assert words.select(["thumbnail_id", "word_index", "y_min"]).to_pylist() == [
        {"thumbnail_id": "barred", "word_index": 0, "y_min": 46},
        {"thumbnail_id": "barred", "word_index": 1, "y_min": 46},
        {"thumbnail_id": "plain", "word_index": 0, "y_min": 1},
        {"thumbnail_id": "plain", "word_index": 1, "y_min": 1},
    ]


def test_faces_are_counted_from_left_to_right(thumbnails: pa.Table) -> None:
    found = [Face(1.0, (50, 0, 60, 10)), Face(2.0, (5, 0, 15, 10))]
    faces = detect_faces(thumbnails, lambda images: [found for _ in images], ignore)
    assert faces.schema == schemas.FACES
    assert faces["x_min"].to_pylist() == [5, 50, 5, 50]
    assert faces["face_index"].to_pylist() == [0, 1, 0, 1]


def test_each_face_has_the_emotion_of_its_own_crop(thumbnails: pa.Table) -> None:
    found = [Face(1.0, (10, 10, 30, 30)), Face(1.0, (60, 10, 80, 30))]
    faces = detect_faces(thumbnails, lambda images: [found for _ in images], ignore)
    levels = []

    def classify(crops: Sequence[ImageRGB]) -> np.ndarray:
        levels.extend([int(crop.mean()) for crop in crops])
        probabilities = np.zeros((len(crops), 7), np.float32)
        probabilities[:, 3 if levels[-1] == 200 else 5] = 1
        return probabilities

    emotions = classify_emotions(thumbnails, faces, classify, find_nothing_wrong, ignore)
    assert emotions.schema == schemas.EMOTIONS
    assert emotions["emotion"].to_pylist() == ["happy", "happy", "sad", "sad"]
    assert levels == [200, 200, 128, 128]


def test_a_face_of_low_quality_keeps_its_emotion_and_is_flagged(
    thumbnails: pa.Table,
) -> None:
    found = [Face(1.0, (10, 10, 30, 30)), Face(1.0, (60, 10, 100, 50))]
    faces = detect_faces(thumbnails, lambda images: [found for _ in images], ignore)
    faces = faces.take([3, 1, 0, 2])  # the order of the faces need not be that of the pictures
    classify = lambda crops: np.full((len(crops), 7), 1 / 7, np.float32)  # noqa: E731

    def judge(picture: ImageRGB, box_xyxy: Iterable[float]) -> FaceQuality:
        x_min, y_min, x_max, _ = box_xyxy
        assert y_min == 10  # in pixels of the picture without its bars
        return FaceQuality(x_max - x_min < 30, bool(picture.mean() < 150), bool(x_min > 50))

    emotions = classify_emotions(thumbnails, faces, classify, judge, ignore)
    assert emotions.schema == schemas.EMOTIONS
    assert emotions["is_too_small"].to_pylist() == [False, False, True, True]
    assert emotions["is_blurred"].to_pylist() == [True, False, False, True]
    assert emotions["is_turned"].to_pylist() == [True, True, False, False]
    assert emotions["emotion"].null_count == 0
    np.testing.assert_allclose(emotions["fear"].to_numpy(), 1 / 7)


def test_what_flags_a_face_is_in_the_engine_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    about = ClassifyEmotions.selected_engine().about()
    assert about["weights"]
    assert about["min_side_px"] == face_quality.MIN_SIDE_PX
    monkeypatch.setattr(face_quality, "MAX_TURN", 0.5)
    assert ClassifyEmotions.selected_engine().about() != about


def test_texts_hold_confident_words_and_distinguish_empty_from_missing(
    thumbnails: pa.Table,
) -> None:
    rows = [
        {
            "thumbnail_id": "barred",
            "text": text,
            "confidence": sure,
            "y_min": 10,
            "y_max": bottom,
        }
        for text, sure, bottom in (
            ("I", 0.9, 40),
            ("QUTI!", 0.8, 40),
            ("QUTI!", 0.98, 40),
            ("noise", 0.79, 40),
            ("texture", 0.96, 23),
            ("print", 0.97, 23),
        )
    ]
    words = pa.Table.from_pylist(rows, schemas.WORDS)
    shard = pa.Table.from_pylist(
        [{"thumbnail_id": "barred", "title_and_channel": "I quit! Channel"}], schemas.SHARDS
    )

    def correct(said: Sequence[str], are_sure: Sequence[bool], titles: Sequence[str]) -> list[str]:
        assert set(titles) == {"I quit! Channel"}
        return ["QUIT!" if not sure else word for word, sure in zip(said, are_sure, strict=True)]

    texts = correct_texts(
        thumbnails, words, shard, correct, Thresholds(0.8, 14, 0.97, 0.98), ignore
    )
    assert texts.schema == schemas.TEXTS
    assert [tuple(row.values())[1:] for row in texts.to_pylist()] == [
        ("I QUTI! QUTI! print", "QUIT! QUIT! QUTI! QUIT!", 8),
        (None, None, None),
        ("", "", 0),
    ]


def test_tokens_are_counted_as_nltk_does() -> None:
    assert [count_tokens(text) for text in ("", "I QUIT!", "don't $5")] == [0, 3, 4]


def test_vectors_are_zero_without_text_and_null_without_a_picture() -> None:
    rows = [
        {"thumbnail_id": name, "ocr": text} for name, text in (("a", "x"), ("b", ""), ("c", None))
    ]
    texts = pa.Table.from_pylist(rows, schemas.TEXTS)
    embeddings = embed_texts(texts, lambda said: np.ones((len(said), 4), np.float32), ignore)
    assert embeddings.schema == schemas.embeddings(4)
    assert embeddings["ocr_embed"].to_pylist() == [[1, 1, 1, 1], [0, 0, 0, 0], None]


def test_appearance_is_null_without_a_picture(thumbnails: pa.Table) -> None:
    appearance = measure_appearances(thumbnails, ignore)
    assert appearance.schema == schemas.APPEARANCE
    assert appearance["gray_median"].to_pylist() == [200, None, 128]


@pytest.mark.parametrize("memory_for", [1, 2, 9])
def test_out_of_memory_halves_the_batch_and_keeps_the_tables(
    memory_for: int,
) -> None:
    def limited(engine: Callable[[Sequence[Any]], Any]) -> Callable[[Sequence[Any]], Any]:
        def run(batch: Sequence[Any]) -> Any:
            if len(batch) > memory_for:
                raise MemoryError
            return engine(batch)

        return run

    def find(images: Sequence[ImageRGB]) -> list[list[Face]]:
        return [[Face(1.0, (0, 0, int(image[0, 0, 0]), 9))] for image in images]

    def read(images: Sequence[ImageRGB]) -> list[list[Word]]:
        return [[Word(str(image[0, 0, 0]), 0.9, (0, 0, 9, 9))] for image in images]

    def classify(crops: Sequence[ImageRGB]) -> np.ndarray:
        return np.array([[crop.mean()] + [0] * 6 for crop in crops], np.float32)

    def encode(said: Sequence[str]) -> np.ndarray:
        return np.array([[int(text), 1] for text in said], np.float32).reshape(-1, 2)

    def run_stages(limit: Callable[[Any], Any]) -> list[pa.Table]:
        faces = detect_faces(pictures, limit(find), ignore)
        emotions = classify_emotions(pictures, faces, limit(classify), find_nothing_wrong, ignore)
        vectors = embed_texts(texts, limit(encode), ignore)
        return [faces, emotions, recognize_text(pictures, limit(read), ignore), vectors]

    levels = range(20, 90, 10)
    rows = [
        {"thumbnail_id": f"{level}", "status": "ok", "image": encoded(np.full_like(GREY, level))}
        for level in levels
    ]
    pictures = pa.Table.from_pylist(rows, schemas.THUMBNAILS)
    said = [{"thumbnail_id": f"{level}", "ocr": f"{level}"} for level in levels]
    texts = pa.Table.from_pylist(said, schemas.TEXTS)
    assert run_stages(limited) == run_stages(lambda engine: engine)


def test_empty_tables_stay_empty() -> None:
    none: list[list[Word]] = []
    assert len(recognize_text(NOTHING, lambda images: none, ignore)) == 0
    assert len(measure_appearances(NOTHING, ignore)) == 0
    encode = lambda said: np.zeros((0, 4), np.float32)  # noqa: E731
    assert embed_texts(schemas.TEXTS.empty_table(), encode, ignore).schema == schemas.embeddings(4)
    faces = schemas.FACES.empty_table()
    classify = lambda crops: np.zeros((0, 7), np.float32)  # noqa: E731
    assert len(classify_emotions(NOTHING, faces, classify, find_nothing_wrong, ignore)) == 0


def test_the_vocabulary_is_of_titles_and_descriptions() -> None:
    videos = pa.table(
        {
            "title": ["Zorbix unboxed", "Zorbix again"],
            "description ": ["plumbus here", "another plumbus"],
        }
    )
    vocabulary = build_vocabulary(videos)
    assert vocabulary.schema == schemas.VOCABULARY
    assert {"zorbix", "plumbus"} <= set(vocabulary["word"].to_pylist())
    assert len(build_vocabulary(pa.table({"video_id": ["a"]}))) == 0


def wanted(**row: str) -> pa.Table:
    return pa.Table.from_pylist([{"thumbnail_id": "a", **row}], schemas.SHARDS)


def fetch_one(shard: pa.Table, results: dict[str, FetchResult]) -> dict[str, object]:
    def fetch(url: str) -> FetchResult:
        return results.get(url, FetchResult(url, "not_found", http_status=404))

    rows: list[dict[str, object]] = fetch_thumbnails(shard, fetch, 2, ignore).to_pylist()
    (row,) = rows
    return row


def test_the_next_smaller_quality_is_taken_where_one_is_missing() -> None:
    small = "http://h/vi/a/mqdefault.jpg"
    results = {small: FetchResult(small, "ok", http_status=200, image=encoded(GREY))}
    row = fetch_one(wanted(url="http://h/vi/a/default.jpg"), results)
    assert (row["status"], row["url"], row["width_px"]) == ("ok", small, 160)


def test_a_placeholder_is_not_a_thumbnail() -> None:
    placeholder = encoded(np.full((90, 120, 3), 100, np.uint8), "JPEG")
    urls = [f"http://h/vi/a/{quality}.jpg" for quality in ("hqdefault", "mqdefault")]
    results = {url: FetchResult(url, "ok", http_status=200, image=placeholder) for url in urls}
    row = fetch_one(wanted(url=urls[0]), results)
    assert (row["status"], row["image"], row["http_status"]) == ("not_found", None, 404)
    smallest = "http://h/vi/a/default.jpg"
    results[smallest] = results[urls[0]]
    assert fetch_one(wanted(url=urls[0]), results)["status"] == "placeholder"
    real = encoded(np.full((90, 120, 3), 200, np.uint8), "JPEG")
    results[smallest] = FetchResult(smallest, "ok", http_status=200, image=real)
    assert fetch_one(wanted(url=urls[0]), results)["status"] == "ok"


def test_a_file_is_read_and_a_missing_or_damaged_one_has_its_status(tmp_path: Path) -> None:
    good, broken = tmp_path / "good.png", tmp_path / "broken.jpg"
    good.write_bytes(encoded(GREY))
    broken.write_bytes(encoded(GREY)[:100])
    assert fetch_one(wanted(path=str(good)), {})["image"] == encoded(GREY)
    assert fetch_one(wanted(path=str(broken)), {})["status"] == "not_an_image"
    assert fetch_one(wanted(path=str(tmp_path / "no")), {})["status"] == "not_found"
    assert fetch_one(wanted(), {})["status"] == "not_found"


def test_many_thumbnails_keep_their_order(server: Server, picture: bytes) -> None:
    from thumbnail_tasks.network.downloads import Downloader

    names = [f"{number:011}" for number in range(30)]
    for name in names[::2]:
        server.lay_down(f"/vi/{name}/hqdefault.jpg", Answer(200, picture))
    rows = [
        {"thumbnail_id": name, "url": f"{server.url}/vi/{name}/hqdefault.jpg"} for name in names
    ]
    shard = pa.Table.from_pylist(rows, schemas.SHARDS)
    told: list[int] = []
    table = fetch_thumbnails(shard, Downloader().fetch, 8, told.append)
    assert table["thumbnail_id"].to_pylist() == names
    assert table["status"].to_pylist() == ["ok", "not_found"] * 15
    assert sum(told) == 30
