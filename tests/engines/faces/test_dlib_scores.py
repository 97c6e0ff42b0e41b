"""dlib's scores at CenterFace's proposals: the same faces as on the whole picture."""

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import EXAMPLES
from thumbnail_tasks.engines.faces import dlib_cnn, dlib_scores
from thumbnail_tasks.engines.faces.centerface import Proposals, load_proposer
from thumbnail_tasks.engines.faces.dlib_cnn import (
    configured_rules,
    load_face_detector,
    plan_canvas,
)
from thumbnail_tasks.engines.faces.dlib_crops import count_scores
from thumbnail_tasks.engines.faces.dlib_network import load_network
from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image

SAMPLES = ("-sample0029", "sample00001", "sample00017", "sample00026", "sample00034")


def read(path: Path) -> ImageRGB:
    return np.ascontiguousarray(crop_bars(decode_image(path.read_bytes())).image_rgb)


def test_a_box_is_drawn_as_dlib_draws_it() -> None:
    # 84×131.25 has the area of a square of 105; dlib's has a side of 100, 5 to the left, 2.5 above.
    box = np.array([(158, 34.375, 242, 165.625)], np.float32)
    drawn = dlib_scores.draw_as_dlib(Proposals(box, np.ones(1, np.float32)))
    np.testing.assert_allclose(drawn, [(145, 47.5, 245, 147.5)], rtol=1e-5)


@pytest.mark.model
def test_at_proposals_the_same_faces_are_found_as_everywhere() -> None:
    pictures = [read(EXAMPLES / "images" / f"{name}.jpg") for name in SAMPLES]
    pictures += [picture[::4, ::4].copy() for picture in pictures]  # too small for proposals
    assert_equal_everywhere(pictures)


@pytest.mark.model
def test_at_proposals_the_same_faces_are_found_on_real_thumbnails(shared_data: Path) -> None:
    files = sorted((shared_data / "thumbnails" / "hqdefault").glob("*.jpg"))[:12]
    assert_equal_everywhere([read(file) for file in files])


def assert_equal_everywhere(pictures: list[ImageRGB]) -> None:
    rules = configured_rules()
    everywhere, near = (
        [faces for picture in pictures for faces in load_face_detector(each)([picture])]
        for each in (rules._replace(min_proposal=0.0), rules)
    )
    assert any(everywhere)
    for wanted, found in zip(everywhere, near, strict=True):
        assert [face.box_xyxy for face in found] == [face.box_xyxy for face in wanted]
        scores = [face.confidence for face in found]
        assert scores == pytest.approx([face.confidence for face in wanted], abs=1e-5)


@pytest.mark.model
def test_without_a_proposal_dlibs_network_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dlib_scores, "load_network", lambda: None)
    score = dlib_scores.load_scorer.__wrapped__(0.2)
    upsamplings, canvas = plan_canvas(480, 270, 1)
    scores = score(np.full((270, 480, 3), 90, np.uint8), upsamplings, canvas)
    assert scores.shape == count_scores(canvas)
    assert (scores == -np.inf).all()


@pytest.mark.thorough
@pytest.mark.model
def test_a_crowd_is_looked_at_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a proposal at each of a thousand places, crops would take longer than the canvas."""
    corners = np.mgrid[0:250:8, 0:450:14].reshape(2, -1).T[:, ::-1]
    boxes = np.hstack([corners, corners + 40]).astype(np.float32)
    crowd = Proposals(boxes, np.ones(len(boxes), np.float32))
    monkeypatch.setattr(dlib_scores, "load_proposer", lambda: lambda *_: crowd)
    picture = read(EXAMPLES / "images" / "sample00034.jpg")
    upsamplings, canvas = plan_canvas(picture.shape[1], picture.shape[0], 1)
    near, everywhere = (dlib_scores.load_scorer.__wrapped__(each) for each in (0.2, 0.0))
    expected = everywhere(picture, upsamplings, canvas)
    np.testing.assert_array_equal(near(picture, upsamplings, canvas), expected)


@pytest.mark.model
def test_threads_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [read(EXAMPLES / "images" / f"{name}.jpg") for name in SAMPLES]
    found = []
    for n_threads in ("1", "2", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
        monkeypatch.setattr(dlib_scores, "load_network", load_network.__wrapped__)
        monkeypatch.setattr(dlib_scores, "load_proposer", load_proposer.__wrapped__)
        monkeypatch.setattr(dlib_cnn, "load_scorer", dlib_scores.load_scorer.__wrapped__)
        detect = dlib_cnn._load.__wrapped__(configured_rules())
        found.append(detect(pictures))
    assert any(found[0])
    assert found[1:] == found[:1] * 2
