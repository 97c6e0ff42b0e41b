"""Faces: the stage DetectFaces and face_recognition's two detectors; time and equal boxes."""

from collections.abc import Iterable, Sequence

import numpy as np

from benchmarks.accuracy.boxes import Box, overlap
from benchmarks.speed.ours import load_faces, load_faces_by_rules
from benchmarks.speed.parts import Setting
from benchmarks.speed.peers.plain import load_face_locations
from benchmarks.speed.spread import Spread
from benchmarks.speed.table import Row, ratio_row, time_rows
from benchmarks.speed.turns import Contender, Contest, cut_rounds, take_turns
from benchmarks.tables import Target
from thumbnail_tasks import settings
from thumbnail_tasks.pictures.batches import crop_bars
from thumbnail_tasks.pictures.decoding import ImageRGB, decode_image
from thumbnail_tasks.stages.faces import DetectFaces

PART = "faces"
_N_PICTURES = 16
_N_SLOW, _N_SLOWEST = 8, 2
_EQUAL_IOU = 0.9
_ANY_SCORE, _ANY_COLOUR, _EVERYWHERE = 0.0, 1.0, 0.0
_TARGET, _TARGET_BOXES, _TARGET_COUNTS = Target("≥", 15), Target("≥", 0.99), Target("≥", 0.98)


def measure_faces(setting: Setting) -> list[Row]:
    """Measure the time per picture, with and without bars; compare the boxes without bars."""
    n = int(settings.faces().upsamplings)
    rules = (n, _ANY_SCORE, _ANY_COLOUR, _EVERYWHERE)
    ours = Contender(
        f"ours: {DetectFaces.selected_engine().name()}", load_faces, n_warm_up=_N_PICTURES
    )
    cnn = Contender("face_recognition cnn", load_face_locations, ("cnn", n), _N_SLOWEST)
    hog = Contender("face_recognition hog", load_face_locations, ("hog", n))
    as_stored = [picture.read_bytes() for picture in setting.pictures]
    rounds = cut_rounds(as_stored, setting.n_rounds, _N_PICTURES)
    stored = take_turns([ours, cnn, hog], rounds, PART)

    name = "ours, dlib-cnn with dlib's own rules, no bars"
    ours_bare = Contender(name, load_faces_by_rules, rules, n_warm_up=_N_PICTURES)
    near = (*rules[:-1], settings.faces().min_proposal)
    ours_near = Contender("ours, only where CenterFace proposes faces", load_faces_by_rules, near)
    cnn_bare = Contender(f"{cnn.name}, no bars", cnn.load, cnn.arguments, _N_SLOW)
    without_bars = [_crop(content) for content in as_stored]
    bare_rounds = cut_rounds(without_bars, setting.n_rounds, _N_PICTURES)
    bare = take_turns([ours_bare, ours_near, cnn_bare], bare_rounds, f"{PART} without bars")

    notes = {ours.name: setting.note, hog.name: f"upsamplings {n}, as for all"}
    rows = [*time_rows(PART, "picture", stored, notes), *time_rows(PART, "picture", bare)]
    for contest, peer, us, target, note in (
        (stored, cnn, ours, None, "ours without the bars, with the settings' rules"),
        (stored, hog, ours, None, ""),
        (bare, cnn_bare, ours_bare, _TARGET, "both on the same pixels"),
        (bare, ours_bare, ours_near, None, "dlib's network everywhere, and only at proposals"),
    ):
        by_peer, by_us = contest.find(peer), contest.find(us)
        if by_peer and by_us:
            rows.append(ratio_row(PART, "time per picture, ratio", by_peer, by_us, target, note))
    return [*rows, *_compare(bare, ours_bare, cnn_bare)]


def _compare(contest: Contest, ours: Contender, theirs: Contender) -> list[Row]:
    by_us, by_them = contest.find(ours), contest.find(theirs)
    if not by_us or not by_them:
        return []
    pairs = [
        pair
        for us, them in zip(by_us.turns, by_them.turns, strict=True)
        for pair in zip(them.result, us.result, strict=False)  # dlib ran on the first of each round
    ]
    n_boxes = sum(len(wanted) for wanted, _ in pairs)
    n_equal = sum(count_equal(wanted, found) for wanted, found in pairs)
    n_same = sum(len(wanted) == len(found) for wanted, found in pairs)
    both = f"{ours.name} and {theirs.name}"
    rows = []
    if n_boxes:
        about = (f"dlib's boxes equal to ours (IoU ≥ {_EQUAL_IOU})", both, f"{n_boxes} boxes")
        share = _share(n_equal, n_boxes)
        rows.append(Row(PART, *about, share, unit="share", target=_TARGET_BOXES))
    about = ("pictures with equally many boxes", both, f"{len(pairs)} pictures")
    return [
        *rows,
        Row(PART, *about, _share(n_same, len(pairs)), unit="share", target=_TARGET_COUNTS),
    ]


def count_equal(wanted: Iterable[Box], found: Sequence[Box]) -> int:
    """Count the wanted boxes that equal a found one, one to one."""
    left, n_equal = list(found), 0
    for box in wanted:
        near = [other for other in left if overlap(box, other) >= _EQUAL_IOU]
        if near:
            left.remove(near[0])
            n_equal += 1
    return n_equal


def _share(part: int, whole: int) -> Spread:
    return Spread(*[part / whole] * 3)


def _crop(content: bytes) -> ImageRGB:
    return np.ascontiguousarray(crop_bars(decode_image(content)).image_rgb)
