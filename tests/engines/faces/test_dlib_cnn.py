"""dlib's CNN face detector: the same boxes as dlib's own, and our additional rules."""

from pathlib import Path

import luigi
import numpy as np
import pytest

from tests.conftest import EXAMPLES, needs
from thumbnail_tasks.engines.faces import dlib_network
from thumbnail_tasks.engines.faces.dlib_cnn import (
    ENGINE,
    Rules,
    clip_faces,
    configured_rules,
    load_face_detector,
    measure_flatness,
    plan_canvas,
    read_scores,
)
from thumbnail_tasks.engines.faces.dlib_pyramid import (
    Level,
    enlarged_size,
    find_boxes,
    lay_out,
    round_half_away,
    shrink_boxes,
    suppress,
)
from thumbnail_tasks.engines.faces.weights import DLIB_DETECTOR
from thumbnail_tasks.engines.interface import Face, FaceDetector
from thumbnail_tasks.errors import SettingsError, WeightsError
from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image

AS_DLIB = Rules(upsamplings=0, min_score=0.0, max_flatness=1.0, min_proposal=0.0)
SAMPLES = ("-sample0029", "sample00001", "sample00017", "sample00026", "sample00034")


def read(path: Path) -> ImageRGB:
    return np.ascontiguousarray(crop_bars(decode_image(path.read_bytes())).image_rgb)


def find_as_dlib(pictures: list[ImageRGB], upsamplings: int) -> list[list[Face]]:
    import dlib

    detector = dlib.cnn_face_detection_model_v1(str(DLIB_DETECTOR))
    found = []
    for picture in pictures:
        height, width = picture.shape[:2]
        faces = []
        for one in detector(picture, upsamplings):
            first = (max(one.rect.left(), 0), max(one.rect.top(), 0))
            end = (min(one.rect.right() + 1, width), min(one.rect.bottom() + 1, height))
            faces.append(Face(one.confidence, (*first, *end)))
        found.append(faces)
    return found


def test_a_missing_file_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dlib_network, "WEIGHTS_DIR", tmp_path)
    with pytest.raises(WeightsError, match=r"detector\.onnx: cannot be read; expected the shipped"):
        dlib_network.load_network.__wrapped__()


# The geometry.


def test_the_pyramid_levels_are_laid_out_in_two_columns() -> None:
    canvas = lay_out(480, 270)
    assert (canvas.width, canvas.height) == (502, 1028)
    assert canvas.levels[:2] == (Level(11, 11, 480, 270), Level(11, 291, 400, 225))
    right = [level for level in canvas.levels if level.left > 11]
    assert all(level.left + level.width == 491 for level in right)
    assert right == sorted(right, key=lambda level: -level.top)


@pytest.mark.parametrize(("width", "height"), [(480, 270), (270, 480), (962, 541), (37, 900)])
def test_levels_neither_overlap_nor_leave_the_canvas(width: int, height: int) -> None:
    canvas = lay_out(width, height)
    covered = np.zeros((canvas.height, canvas.width), np.int64)
    for level in canvas.levels:
        rows = slice(level.top, level.top + level.height)
        covered[rows, level.left : level.left + level.width] += 1
    assert covered.max() == 1
    assert covered.sum() == sum(level.width * level.height for level in canvas.levels)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 500), (500, 1)])
def test_a_picture_that_does_not_shrink_has_one_level(width: int, height: int) -> None:
    canvas = lay_out(width, height)
    assert canvas.levels[0] == Level(11, 11, width, height)
    assert canvas.width == width + 22


def test_a_window_maps_back_to_the_picture() -> None:
    canvas = lay_out(480, 270)
    first, second = canvas.levels[:2]
    centres = np.array([(first.left + 100, first.top + 100), (second.left + 100, second.top + 100)])
    boxes = find_boxes(centres, (80, 80), canvas)
    # 60.5 and 139.5, halves away from zero; one level down, times 6/5 plus 0.3.
    np.testing.assert_array_equal(boxes, [(61, 61, 140, 140), (73, 73, 168, 168)])


def test_no_windows_give_no_boxes() -> None:
    assert find_boxes(np.empty((0, 2), np.int64), (80, 80), lay_out(480, 270)).shape == (0, 4)
    assert suppress(np.empty((0, 4)), 0.3) == []


def test_the_better_of_two_overlapping_boxes_is_kept() -> None:
    boxes = np.array([(0, 0, 99, 99), (10, 0, 109, 99), (90, 90, 189, 189)], np.float64)
    assert suppress(boxes, 0.34) == [0, 2]


def test_an_overlap_is_measured_against_the_rectangle_around_both() -> None:
    # They share 50×50; the union is 17,500, the rectangle around both 22,500.
    boxes = np.array([(0, 0, 99, 99), (50, 50, 149, 149)], np.float64)
    assert suppress(boxes, 0.12) == [0, 1]
    assert suppress(boxes, 0.11) == [0]


def test_halves_are_rounded_away_from_zero() -> None:
    values = np.array([0.5, 1.5, 2.5, -0.5, -1.5, 0.4, -0.4])
    assert round_half_away(values).tolist() == [1, 2, 3, -1, -2, 0, 0]


def test_an_enlarged_picture_has_dlibs_size_and_its_boxes_shrink_back() -> None:
    assert enlarged_size(480, 270) == (962, 541)
    boxes = np.array([(100, 100, 179, 179)], np.float64)
    np.testing.assert_array_equal(shrink_boxes(boxes, 1), [(49, 49, 88, 89)])
    np.testing.assert_array_equal(shrink_boxes(boxes, 0), boxes)


def test_a_large_picture_is_not_enlarged() -> None:
    assert plan_canvas(480, 270, 1)[0] == 1
    assert plan_canvas(1280, 720, 2)[0] == 1
    assert plan_canvas(4000, 3000, 1) == (0, lay_out(4000, 3000))


# Scores and faces.


def test_scores_are_sorted_best_first() -> None:
    scores = np.zeros((3, 4), np.float32)
    scores[0, 1], scores[2, 3], scores[1, 0] = 0.5, 0.9, 0.2
    centres, values = read_scores(scores, 0.2)
    assert centres.tolist() == [[14 + 3 * 8, 14 + 2 * 8], [14 + 8, 14]]
    assert values.tolist() == pytest.approx([0.9, 0.5])


def test_faces_are_clipped_to_the_picture() -> None:
    picture = np.zeros((50, 60, 3), np.uint8)
    boxes = np.array([(-5, -5, 99, 99), (10, 20, 29, 39), (60, 0, 80, 20)], np.float64)
    faces = clip_faces(picture, boxes, np.array([0.9, 0.8, 0.7], np.float32))
    assert [face.box_xyxy for face in faces] == [(0, 0, 60, 50), (10, 20, 30, 40)]
    assert [face.confidence for face in faces] == pytest.approx([0.9, 0.8])


def test_a_painted_box_is_flat_and_a_shaded_one_is_not() -> None:
    painted = np.full((40, 40, 3), (240, 200, 160), np.uint8)
    painted[:10] = 0
    ramp = np.linspace(0, 255, 40).astype(np.uint8)
    shaded = np.repeat(np.tile(ramp, (40, 1))[..., None], 3, axis=2)
    whole = (0, 0, 40, 40)
    assert measure_flatness(painted, whole) == 0.75
    assert measure_flatness(shaded, whole) < 0.2
    assert measure_flatness(shaded // 4, whole) < 0.2  # dark is not flat
    assert measure_flatness(painted[:1, :1], (0, 0, 1, 1)) == 1


def test_rules_come_from_the_settings_and_are_in_the_tag() -> None:
    assert configured_rules() == Rules(1, 0.7, 0.4, 0.2)
    before = ENGINE.about()
    config = luigi.configuration.get_config()
    try:
        config.set("faces", "min_score", "0.5")
        assert ENGINE.about() != before
        config.set("faces", "upsamplings", "-1")
        with pytest.raises(
            SettingsError, match=r"\[faces\] upsamplings: expected a whole number, 0 or more"
        ):
            configured_rules()
    finally:
        config.remove_section("faces")


# The whole detector.


@pytest.fixture(scope="module")
def detect() -> FaceDetector:
    return load_face_detector(AS_DLIB)


@needs("dlib")
@pytest.mark.model
@pytest.mark.parametrize("upsamplings", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_boxes_equal_those_of_dlib_to_the_pixel(upsamplings: int) -> None:
    pictures = [read(EXAMPLES / "images" / f"{name}.jpg") for name in SAMPLES[upsamplings * 3 :]]
    ours = load_face_detector(AS_DLIB._replace(upsamplings=upsamplings))
    found = [faces for picture in pictures for faces in ours([picture])]
    assert_same(found, find_as_dlib(pictures, upsamplings))


@pytest.mark.thorough
@needs("dlib")
@pytest.mark.model
def test_boxes_on_real_thumbnails_equal_those_of_dlib(
    detect: FaceDetector, shared_data: Path
) -> None:
    files = sorted((shared_data / "thumbnails" / "hqdefault").glob("*.jpg"))[:5]
    pictures = [read(file) for file in files]
    assert len({picture.shape for picture in pictures}) == 1
    assert_same(detect(pictures), find_as_dlib(pictures, 0))


def assert_same(found: list[list[Face]], wanted: list[list[Face]]) -> None:
    assert any(wanted)
    for ours, theirs in zip(found, wanted, strict=True):
        assert [face.box_xyxy for face in ours] == [face.box_xyxy for face in theirs]
        scores = [face.confidence for face in ours]
        assert scores == pytest.approx([face.confidence for face in theirs], abs=0.02)


@pytest.mark.model
@pytest.mark.parametrize("min_proposal", [0.0, 0.2])
def test_a_picture_does_not_depend_on_its_batch_mates(min_proposal: float) -> None:
    pictures = [read(EXAMPLES / "images" / f"{name}.jpg") for name in SAMPLES]
    detect = load_face_detector(AS_DLIB._replace(min_proposal=min_proposal))
    together = detect(pictures)
    assert together == [faces for picture in pictures for faces in detect([picture])]
    assert together == [*detect(pictures[:2]), *detect(pictures[2:])]


@pytest.mark.model
def test_no_pictures_give_no_lists(detect: FaceDetector) -> None:
    assert detect([]) == []


@pytest.mark.model
@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (7, 7), (8, 6), (30, 40)])
@pytest.mark.parametrize("upsamplings", [0, 1])
@pytest.mark.parametrize("min_proposal", [0.0, 0.2])
def test_a_tiny_picture_has_no_faces(
    shape: tuple[int, int], upsamplings: int, min_proposal: float
) -> None:
    tiny = np.full((*shape, 3), 128, np.uint8)
    assert load_face_detector(Rules(upsamplings, 0.0, 1.0, min_proposal))([tiny, tiny]) == [[], []]


@pytest.mark.model
def test_faces_are_found_in_a_grey_photograph(detect: FaceDetector) -> None:
    picture = read(EXAMPLES / "images" / "sample00026.jpg")
    grey = np.repeat(picture.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    assert len(detect([grey])[0]) == len(detect([picture])[0]) == 1


@pytest.mark.model
def test_a_face_painted_in_one_colour_is_dropped() -> None:
    picture = read(EXAMPLES / "images" / "sample00026.jpg")
    rules = Rules(upsamplings=0, min_score=0.7, max_flatness=0.4, min_proposal=0.2)
    assert len(load_face_detector(rules)([picture])[0]) == 1
    assert load_face_detector(rules._replace(max_flatness=0.01))([picture]) == [[]]
