"""Objects on thumbnails, the most confident first, and those that were detected earlier."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import luigi
import pyarrow as pa
import pytest

from tests.stages.conftest import ignore
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.interface import DetectedObject
from thumbnail_tasks.engines.objects.coco import COCO_CLASSES
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.stages.objects import DetectObjects, detect_objects
from thumbnail_tasks.stages.pipeline import STAGES, last_stages, selected_stages
from thumbnail_tasks.stages.yolo_detections import ENGINE, load_objects, take_objects

A, B = "aaaaaaaaaaa", "-b_bbbbbbbb"

Config = luigi.configuration.LuigiConfigParser


@pytest.fixture
def config() -> Iterator[Config]:
    """Settings of one test."""
    config = luigi.configuration.get_config()
    yield config
    for section in ("yolo_detections", "objects", "engines"):
        config.remove_section(section)


@pytest.fixture
def named(config: Config) -> Callable[[object], None]:
    """Sets ``[yolo_detections] path`` for one test."""
    return lambda path: config.set("yolo_detections", "path", str(path))


def write(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_objects_are_numbered_and_their_boxes_are_those_of_the_stored_picture(
    thumbnails: pa.Table,
) -> None:
    found = [
        DetectedObject("cat", 0.9, (5, 0, 15, 10)),
        DetectedObject("person", 0.5, (50, 1, 60, 11)),
    ]
    objects = detect_objects(thumbnails, lambda images: [found for _ in images], ignore)
    assert objects.schema == schemas.OBJECTS
    assert objects["thumbnail_id"].to_pylist() == ["barred"] * 2 + ["plain"] * 2
    assert objects["object_index"].to_pylist() == [0, 1, 0, 1]
    assert objects["class"].to_pylist() == ["cat", "person"] * 2
    bar_px = objects["y_min"][0].as_py()  # of the picture that has black bars
    assert bar_px > 0
    assert objects["y_min"].to_pylist() == [bar_px, bar_px + 1, 0, 1]
    assert objects["y_max"].to_pylist() == [bar_px + 10, bar_px + 11, 10, 11]


def test_objects_are_detected_only_if_the_settings_say_so(config: Config) -> None:
    assert selected_stages() == STAGES
    assert DetectObjects not in last_stages()
    config.set("objects", "detect", "true")
    assert selected_stages() == (*STAGES, DetectObjects)
    assert last_stages()[-1] is DetectObjects


def test_earlier_results_need_no_gpu(config: Config) -> None:
    assert DetectObjects.needs() == {"gpu": 1}
    config.set("engines", "objects", "yolo-detections")
    assert DetectObjects.needs() == {}


def test_earlier_results_have_neither_box_nor_confidence() -> None:
    rows = [{"thumbnail_id": name, "status": "ok"} for name in ("two", "none", "unknown")]
    rows.append({"thumbnail_id": "gone", "status": "not_found"})
    pictures = pa.Table.from_pylist(rows, schemas.THUMBNAILS)
    found = {"two": ["person", "tie"], "none": [], "gone": ["cat"]}
    objects = take_objects(pictures, found, ignore)
    assert objects.schema == schemas.OBJECTS
    assert objects.select(["thumbnail_id", "object_index", "class"]).to_pylist() == [
        {"thumbnail_id": "two", "object_index": 0, "class": "person"},
        {"thumbnail_id": "two", "object_index": 1, "class": "tie"},
        {"thumbnail_id": "unknown", "object_index": 0, "class": None},  # not looked at
    ]
    assert objects["confidence"].null_count == objects["x_max"].null_count == 3


def test_the_first_size_of_a_video_counts_and_a_live_stream_has_a_picture_of_its_own(
    tmp_path: Path, named: Callable[[object], None]
) -> None:
    detections = {
        f"https_i.ytimg.comvi{A}default.jpg": ["person", "person"],
        f"https_i.ytimg.comvi{A}hqdefault.jpg": ["cat"],
        f"https_i.ytimg.comvi{B}default_live.jpg": [],
    }
    named(write(tmp_path / "yolo_detections.json", detections))
    assert load_objects() == {A: ["person", "person"], f"{B}-default_live": []}


@pytest.mark.parametrize("value", ["person", ["human"], [["person", 0.9]], None, [1]])
def test_a_value_of_another_kind_is_reported(
    tmp_path: Path, named: Callable[[object], None], value: object
) -> None:
    named(write(tmp_path / "odd.json", {f"https_i.ytimg.comvi{A}default.jpg": value}))
    with pytest.raises(InputError, match=r"odd\.json: .*names of COCO's classes.*; found 'https_i"):
        ENGINE.check()


def test_a_missing_file_is_reported_with_its_setting(named: Callable[[object], None]) -> None:
    named("no/such.json")
    with pytest.raises(InputError, match=r"no/such\.json: cannot be read"):
        ENGINE.name()
    named("")
    with pytest.raises(
        InputError, match=r"\[yolo_detections\] path.*--set yolo_detections.path=FILE"
    ):
        ENGINE.about()


def test_the_file_of_the_notebooks_sister_is_read(
    shared_data: Path, named: Callable[[object], None]
) -> None:
    path = shared_data / "appearance" / "yolo_detections.json"
    named(path)
    found = load_objects()
    stored = json.loads(path.read_bytes())
    assert len(found) == len(stored)
    assert sum(map(len, found.values())) == sum(map(len, stored.values()))
    assert {name for names in found.values() for name in names} <= set(COCO_CLASSES)
