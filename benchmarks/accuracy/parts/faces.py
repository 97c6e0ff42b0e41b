"""Faces: ours from the main job, and those of face_recognition's two detectors."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from PIL import Image

from benchmarks.accuracy.boxes import Box, LabelledFace, count_faces, is_found, place_face
from benchmarks.accuracy.gallery import Card
from benchmarks.accuracy.intervals import bootstrap, ratio, total
from benchmarks.accuracy.labels import MissingError, Thumbnail, read_crowds
from benchmarks.accuracy.ours import our_faces
from benchmarks.accuracy.parts import Measured, Setting
from benchmarks.accuracy.parts.face_cards import draw_crowds, draw_faces
from benchmarks.accuracy.peers.dlib_faces import face_recognition_cnn, face_recognition_hog
from benchmarks.accuracy.table import Cost, Row, Target, skipped
from benchmarks.accuracy.timing import Contestant, run_contest

PART = "faces"
_RECALL, _FALSE = "recall of clear faces", "false boxes per 100 pictures"
_DRAWN = "boxes on no real face, pictures with drawn faces"
_TARGETS = {_RECALL: Target("≥", 0.93), _FALSE: Target("≤", 5)}
_HEIGHTS_PX = (0, 16, 32, 48, 80, 100_000)

Found = Mapping[str, Sequence[Box]]
"""Video id to boxes."""


def measure_faces(setting: Setting) -> Measured:
    """Score the faces of labelled thumbnails and of crowds; either may be missing."""
    rows: list[Row] = []
    cards: dict[str, Sequence[Card]] = {}
    try:
        on_thumbnails = _measure_thumbnails(setting)
        rows += on_thumbnails.rows
        cards |= on_thumbnails.cards
    except MissingError as reason:
        rows.append(skipped(PART, _RECALL, "all", reason))
    try:
        on_crowds = _measure_crowds(setting)
        rows += on_crowds.rows
        cards |= on_crowds.cards
    except MissingError as reason:
        rows.append(skipped(PART, "recall on WIDER FACE", "all", reason))
    return Measured(rows, cards)


def _measure_thumbnails(setting: Setting) -> Measured:
    labels = [label for label in setting.thumbnails if label.faces is not None]
    if not any(label.faces for label in labels):
        raise MissingError(f"no face boxes in {setting.data / 'thumbnails' / 'face_boxes.csv'}")
    n_unboxed = len(setting.thumbnails) - len(labels)
    contestants = _contestants((0, 1))
    pictures = [label.picture for label in labels]
    outcomes = run_contest(contestants, pictures, setting.cache, "faces")
    rows = []
    for index, (contestant, outcome) in enumerate(zip(contestants, outcomes, strict=True)):
        found: Found = setting.results.faces
        if index:
            names = [label.video_id for label in labels]
            found = dict(zip(names, outcome.results, strict=True))
        note = f"{n_unboxed} with more faces than boxes left out" if n_unboxed else ""
        targets = {} if index else _TARGETS
        rows += _score(contestant.name, labels, found, outcome.cost, targets, note)
    rows.sort(key=lambda row: (_RECALL, _FALSE, _DRAWN).index(row.measured))
    rows += setting.rows_left_out(PART)
    return Measured(rows, {"Faces": draw_faces(labels, setting.results.faces)})


def _contestants(upsamplings: Sequence[int]) -> list[Contestant]:
    """Ours, hog, and cnn with these upsamplings."""
    return [our_faces(), face_recognition_hog(), *map(face_recognition_cnn, upsamplings)]


def _score(
    engine: str,
    labels: Sequence[Thumbnail],
    found: Found,
    cost: Cost,
    targets: Mapping[str, Target],
    note: str,
) -> list[Row]:
    counts = [
        count_faces(faces_as_stored(label), found.get(label.video_id, [])) for label in labels
    ]
    n_clear, n_false = (sum(getattr(c, name) for c in counts) for name in ("n_clear", "n_false"))
    recall = bootstrap([(c.n_found, c.n_clear) for c in counts], ratio)
    false = bootstrap([(100 * c.n_false, 1) for c in counts], ratio)
    pairs = zip(labels, counts, strict=True)
    drawn = [[count.n_false] for label, count in pairs if label.n_drawn]
    n_drawn = sum(label.n_drawn for label in labels)
    by_count = bootstrap(drawn, total) if drawn else None
    about = (len(counts), "pictures")
    return [
        Row(
            *(PART, _RECALL, engine, *about, recall, 3, cost, targets.get(_RECALL)),
            note="; ".join(filter(None, (f"{n_clear} clear faces", note))),
        ),
        Row(PART, _FALSE, engine, *about, false, 1, cost, targets.get(_FALSE), f"{n_false} boxes"),
        Row(
            PART, _DRAWN, engine, len(drawn), "pictures", by_count, 0, cost, note=f"{n_drawn} drawn"
        )
        if by_count
        else skipped(PART, _DRAWN, engine, "no picture with drawn faces"),
    ]


def faces_as_stored(label: Thumbnail) -> list[LabelledFace]:
    """Convert the faces of a labelled picture to pixels of its file."""
    with Image.open(label.picture) as picture:
        width_px, height_px = picture.size
    return [place_face(face, width_px, height_px) for face in label.faces or ()]


def _measure_crowds(setting: Setting) -> Measured:
    """Measure recall by face height; these pictures have more faces than thumbnails have."""
    crowds, absent = read_crowds(setting.data)
    contestants = _contestants((0,))
    pictures: list[Path] = [crowd.picture for crowd in crowds]
    outcomes = run_contest(contestants, pictures, setting.cache, "faces of WIDER FACE")
    rows = []
    for low, high in pairwise(_HEIGHTS_PX):
        span = f"{low} to {high - 1} px" if high < _HEIGHTS_PX[-1] else f"{low} px or more"
        for contestant, outcome in zip(contestants, outcomes, strict=True):
            cases = []
            for crowd, boxes in zip(crowds, outcome.results, strict=True):
                faces = [box for box in crowd.boxes_xyxy if low <= box[3] - box[1] < high]
                if faces:
                    cases.append((sum(is_found(face, boxes) for face in faces), len(faces)))
            measured = f"recall on WIDER FACE, faces of {span}"
            if not cases:
                rows.append(skipped(PART, measured, contestant.name, "no such face"))
                continue
            note = f"{sum(n for _, n in cases)} faces; whole pictures about 1024 px wide"
            score = bootstrap(cases, ratio)
            about = (len(cases), "pictures", score)
            rows.append(Row(PART, measured, contestant.name, *about, cost=outcome.cost, note=note))
    by_us = dict(zip(pictures, outcomes[0].results, strict=True))
    if absent:
        reason = f"no file {', '.join(absent)}"
        rows.append(skipped(PART, f"{len(absent)} pictures of WIDER FACE", "all", reason))
    return Measured(rows, {"Faces of WIDER FACE": draw_crowds(crowds, by_us)})
