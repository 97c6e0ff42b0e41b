from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from benchmarks.accuracy.labels import (
    MissingError,
    read_crowds,
    read_emotions,
    read_thumbnails,
    read_titles,
)

NOT_BOXED = {"Sep0Otx4qO4", "gW1CShFy0NI", "hC4eog5cY9Q"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "thumbnails" / "hqdefault"
    folder.mkdir(parents=True)
    for name in ("aaa", "bbb"):
        Image.new("RGB", (480, 360)).save(folder / f"{name}.jpg")
    labels = "video_id,words,optional_words,faces_clear,faces_all,drawn_faces\n"
    labels += "aaa,HI,,1,1,0\nbbb,,logo,0,2,1\nccc,GONE,,0,0,0\n"
    (folder.parent / "labels.csv").write_text(labels)
    boxes = "video_id,x1,y1,x2,y2,clear\naaa,1,2,3,4,1\n"
    (folder.parent / "face_boxes.csv").write_text(boxes)
    return tmp_path


def test_labels_without_a_picture_are_listed(data: Path) -> None:
    labels, without = read_thumbnails(data)
    assert [label.video_id for label in labels] == ["aaa", "bbb"]
    assert without == ["ccc"]


def test_faces_are_unknown_if_there_are_more_faces_than_boxes(data: Path) -> None:
    labels, _ = read_thumbnails(data)
    assert labels[0].faces == (((1, 2, 3, 4), True),)
    assert labels[1].faces is None


def test_labels_of_words_only_are_sufficient(data: Path) -> None:
    (data / "thumbnails" / "face_boxes.csv").unlink()
    (data / "thumbnails" / "labels.csv").write_text("video_id,words\naaa,HI\n")
    ((label,), _) = read_thumbnails(data)
    assert (label.words, label.optional_words, label.n_all, label.faces) == ("HI", "", 0, ())


@pytest.mark.parametrize("read", [read_thumbnails, read_crowds, read_emotions, read_titles])
def test_missing_data_is_named(tmp_path: Path, read: Callable[[Path], object]) -> None:
    with pytest.raises(MissingError, match=str(tmp_path)):
        read(tmp_path)


def test_both_test_splits_are_read_but_not_the_training_split(tmp_path: Path) -> None:
    (tmp_path / "emotion").mkdir()
    arrays: dict[str, Any] = {
        f"{split}_{kind}": np.zeros((2, 48, 48) if kind == "images" else 2, np.uint8)
        for split in ("training", "publictest", "privatetest")
        for kind in ("images", "labels")
    }
    np.savez(tmp_path / "emotion" / "fer.npz", classes=np.array(["angry", "sad"]), **arrays)
    splits = read_emotions(tmp_path)
    assert list(splits) == ["PublicTest", "PrivateTest"]
    assert splits["PublicTest"].classes == ("angry", "sad")


def test_the_table_with_most_titles_is_used(tmp_path: Path) -> None:
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "few.csv").write_text("title\nA\nA\nA\n")
    (tmp_path / "videos" / "many.csv").write_text('title,x\nA,1\n"B\nC",2\n')
    (tmp_path / "videos" / "none.csv").write_text("name\nA\nB\nC\n")
    assert read_titles(tmp_path) == ("many.csv", ["A", "B\nC"])


def test_real_thumbnails_without_complete_boxes_have_no_faces(shared_data: Path) -> None:
    labels, without = read_thumbnails(shared_data)
    assert {label.video_id for label in labels if label.faces is None} == NOT_BOXED
    assert not without
