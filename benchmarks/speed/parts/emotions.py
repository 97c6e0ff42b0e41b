"""Emotions: our networks and the notebook's, in batches and one by one."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.accuracy.labels import MissingError, read_emotions
from benchmarks.speed.ours import load_emotions
from benchmarks.speed.parts import Setting
from benchmarks.speed.peers.notebook_emotions import FILE, load_notebook_emotions
from benchmarks.speed.table import Row, ratio_row, time_rows
from benchmarks.speed.turns import Contender, cut_rounds, take_turns
from thumbnail_tasks.stages.emotions import ClassifyEmotions

PART = "emotions"
_BATCH = 64
_N_FACES, _N_ONE_BY_ONE, _N_PREDICT = 256, 64, 16
_SIDE_PX = 48


def measure_emotions(setting: Setting) -> list[Row]:
    """Measure the time per face, of FER2013 or, without it, of the sample's pictures."""
    faces, source = _read_faces(setting)
    name = f"ours: {ClassifyEmotions.selected_engine().name()}"
    path = setting.data / "models" / FILE
    ours = Contender(f"{name}, batches of {_BATCH}", load_emotions, (_BATCH,), n_warm_up=_BATCH)
    ours_single = Contender(f"{name}, one by one", load_emotions, (1,), _N_ONE_BY_ONE)
    theirs = Contender(
        f"the notebook's network, batches of {_BATCH}",
        load_notebook_emotions,
        (path, _BATCH),
        n_warm_up=_BATCH,
    )
    theirs_single = Contender(
        "the notebook's network, one by one", load_notebook_emotions, (path, 1), _N_PREDICT
    )
    contenders = [ours, ours_single, theirs, theirs_single]
    rounds = cut_rounds(faces, setting.n_rounds, _N_FACES)
    contest = take_turns(contenders, rounds, PART)
    notes = {ours.name: source, theirs_single.name: "model.predict, as the notebook calls it"}
    rows = time_rows(PART, "face", contest, notes)
    for peer, us in ((ours_single, ours), (theirs, ours), (theirs_single, ours)):
        by_peer, by_us = contest.find(peer), contest.find(us)
        if by_peer and by_us:
            rows.append(ratio_row(PART, "time per face, ratio", by_peer, by_us))
    return rows


def _read_faces(setting: Setting) -> tuple[list[NDArray[np.uint8]], str]:
    """Read faces of (48, 48) grey pixels; also return a description."""
    try:
        split, labelled = next(iter(read_emotions(setting.data).items()))
    except MissingError:
        shrunk = [
            np.asarray(Image.open(path).convert("L").resize((_SIDE_PX, _SIDE_PX)))
            for path in setting.pictures
        ]
        return shrunk, "whole pictures at 48×48 pixels, which cost as much as faces"
    return list(labelled.images), f"faces of {split}"
