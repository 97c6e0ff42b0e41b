"""CenterFace: peaks of drawn maps, and the real network."""

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import EXAMPLES
from thumbnail_tasks.engines.faces import centerface
from thumbnail_tasks.engines.faces.centerface import load_proposer, read_peaks, scale_picture
from thumbnail_tasks.errors import WeightsError
from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image


def read(name: str) -> ImageRGB:
    path = EXAMPLES / "images" / f"{name}.jpg"
    return np.ascontiguousarray(crop_bars(decode_image(path.read_bytes())).image_rgb)


def test_a_missing_file_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(centerface, "WEIGHTS_DIR", tmp_path)
    with pytest.raises(
        WeightsError, match=r"centerface\.onnx: cannot be read; expected the shipped"
    ):
        centerface.load_proposer.__wrapped__()


def test_a_peak_becomes_a_box() -> None:
    scores = np.zeros((6, 8), np.float32)
    log_sizes, offsets = np.zeros((2, 2, 6, 8), np.float32)
    scores[2, 3] = 0.8
    log_sizes[:, 2, 3] = np.log(6), np.log(4)  # 24 px high, 16 wide
    offsets[:, 2, 3] = 0.25, -0.25
    found = read_peaks(scores, log_sizes, offsets, 0.5)
    # The centre is at 4 × (3 + 0.5 - 0.25) = 13 and 4 × (2 + 0.5 + 0.25) = 11.
    np.testing.assert_allclose(found.boxes_xyxy, [(13 - 8, 11 - 12, 13 + 8, 11 + 12)], rtol=1e-6)
    assert found.scores.tolist() == pytest.approx([0.8])


def test_of_neighbours_the_highest_is_a_peak_and_low_peaks_do_not_count() -> None:
    scores = np.zeros((5, 9), np.float32)
    scores[0, 0], scores[1, 1], scores[3, 5], scores[3, 8] = 0.6, 0.7, 0.5, 0.4
    zeros = np.zeros((2, 5, 9), np.float32)
    assert read_peaks(scores, zeros, zeros, 0.5).scores.tolist() == pytest.approx([0.7, 0.5])
    assert read_peaks(scores, zeros, zeros, 0.9).boxes_xyxy.shape == (0, 4)


@pytest.mark.parametrize(
    ("size", "scale", "expected"),
    [((480, 270), 0.5, (256, 160)), ((480, 270), 1.0, (480, 288)), ((1, 1), 0.5, (32, 32))],
)
def test_a_picture_is_stretched_to_multiples_of_32(
    size: tuple[int, int], scale: float, expected: tuple[int, int]
) -> None:
    width, height = size
    scaled = scale_picture(np.full((height, width, 3), 7, np.uint8), scale)
    assert scaled.shape == (expected[1], expected[0], 3)
    assert (scaled == 7).all()


@pytest.mark.model
@pytest.mark.parametrize("scale", [0.5, 1.0])
def test_a_face_is_proposed_where_it_is(scale: float) -> None:
    found = load_proposer()(read("sample00026"), scale, 0.5)
    x_min, y_min, x_max, y_max = found.boxes_xyxy[0]
    assert len(found.scores) == 1
    assert x_min < 214 < 266 < x_max  # the outer corners of the eyes
    assert y_min < 234 < 262 < y_max  # the eyes, and the base of the nose


@pytest.mark.model
def test_a_plain_picture_has_no_proposals() -> None:
    assert len(load_proposer()(np.full((270, 480, 3), 90, np.uint8), 0.5, 0.1).scores) == 0
