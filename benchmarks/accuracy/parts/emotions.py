"""Emotions: our network and three published ones on FER2013's test faces."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.accuracy.calibration import bin_confidences, calibration_error, draw_reliability
from benchmarks.accuracy.gallery import Card, Snippet
from benchmarks.accuracy.intervals import Estimate, bootstrap, mean_of_ratios, ratio
from benchmarks.accuracy.job import run_quietly
from benchmarks.accuracy.labels import EmotionFaces, read_emotions
from benchmarks.accuracy.parts import Measured, Setting
from benchmarks.accuracy.peers.keras_emotions import RAW, SIGNED, UNIT
from benchmarks.accuracy.table import Cost, Row, Target, skipped
from benchmarks.progress import say
from thumbnail_tasks.schemas import EMOTION_LABELS
from thumbnail_tasks.stages.emotions import ClassifyEmotions

PART = "emotions"
_TARGETS = {"accuracy": Target("≥", 0.70), "calibration": Target("≤", 0.05)}
_EACH, _FAST = Target(">", 0.50), Target("≤", 3)
_N_ERRORS_SHOWN = 60

_ALPHABETICAL = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
_KERAS = (
    ("the notebook's network, pixels 0 to 255", "emotion_model_v6_23.hdf5", RAW, _ALPHABETICAL),
    ("the notebook's network, scaled to 0 to 1", "emotion_model_v6_23.hdf5", UNIT, _ALPHABETICAL),
    (
        *("mini_XCEPTION", "fer2013_mini_XCEPTION.102-0.66.hdf5", SIGNED),
        ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"),
    ),
)
"""Name, file, scaling, order of classes."""

Probabilities = NDArray[np.floating]


def measure_emotions(setting: Setting) -> Measured:
    """Score every network on every available test split.

    Raises:
        MissingError: There is no test split.
    """
    measured = [
        _measure_split(setting, name, faces) for name, faces in read_emotions(setting.data).items()
    ]
    return Measured(
        [row for one in measured for row in one.rows],
        {heading: cards for one in measured for heading, cards in one.cards.items()},
    )


def _measure_split(setting: Setting, split: str, faces: EmotionFaces) -> Measured:
    name = f"ours: {ClassifyEmotions.selected_engine().name()}"
    say(f"emotions of {len(faces.labels)} faces of {split}")
    ours = _run_process(faces, "benchmarks.accuracy.emotion_process", [])
    found = {name: _reorder(ours["probabilities0"], EMOTION_LABELS, faces.classes)}
    costs = {name: Cost(float(ours["ms0"]))}
    available = [kind for kind in _KERAS if (setting.data / "models" / kind[1]).exists()]
    if available:
        models = [
            (str(setting.data / "models" / file), scaling) for _, file, scaling, _ in available
        ]
        flags = [item for pair in models for item in pair]
        theirs = _run_process(faces, "benchmarks.accuracy.peers.keras_emotions", flags)
        for index, (peer, _, _, order) in enumerate(available):
            found[peer] = _reorder(theirs[f"probabilities{index}"], order, faces.classes)
            costs[peer] = Cost(float(theirs[f"ms{index}"]))
    rows = [
        row
        for engine, probabilities in found.items()
        for row in _score(split, engine, probabilities, faces, costs[engine], engine == name)
    ]
    measures = list(dict.fromkeys(row.measured for row in rows))
    rows.sort(key=lambda row: measures.index(row.measured))
    cpu_ms = float(ours["cpu_ms0"])
    speed = Estimate(cpu_ms, float("nan"), float("nan"))
    measured = f"{split}: CPU time per face on one core, ms"
    rows.append(Row(PART, measured, name, len(faces.labels), "faces", speed, 2, target=_FAST))
    for peer, file, *_ in _KERAS:
        if peer not in found:
            reason = f"no file {setting.data / 'models' / file}"
            rows.append(skipped(PART, f"{split}: accuracy", peer, reason))
    charts = {engine: bin_confidences(own, faces.labels) for engine, own in found.items()}
    plot = setting.out / f"reliability_{split}.svg"
    plot.write_text(draw_reliability(charts), encoding="utf-8")
    cards = draw_errors(found[name], faces, setting.out / "faces" / split)
    return Measured(rows, {f"Emotions of {split}: our most confident errors": cards})


def _run_process(faces: EmotionFaces, module: str, flags: Sequence[str]) -> dict[str, Any]:
    """Run a module of this package that reads faces and writes probabilities."""
    with tempfile.TemporaryDirectory(prefix="accuracy-") as folder:
        faces_path, out_path = Path(folder, "faces.npz"), Path(folder, "out.npz")
        np.savez(faces_path, images=faces.images)
        command = [sys.executable, "-m", module, str(faces_path), str(out_path), *flags]
        run_quietly(command)
        with np.load(out_path) as arrays:
            return dict(arrays)


def _reorder(
    probabilities: Probabilities, order: Sequence[str], wanted: Sequence[str]
) -> Probabilities:
    """Reorder the columns from one order of classes to another."""
    return probabilities[:, [order.index(label) for label in wanted]]


def _score(
    split: str,
    engine: str,
    probabilities: Probabilities,
    faces: EmotionFaces,
    cost: Cost,
    is_ours: bool,
) -> list[Row]:
    is_right = probabilities.argmax(axis=1) == faces.labels
    is_class = faces.labels[:, None] == np.arange(len(faces.classes))
    recalls = np.hstack([is_class & is_right[:, None], is_class]).astype(float)
    n_classes = len(faces.classes)
    scores = {
        "accuracy": bootstrap(np.stack([is_right, np.ones(len(is_right))], axis=1), ratio),
        "mean recall of the classes": bootstrap(recalls, mean_of_ratios),
        "calibration error (ECE, 15 bins)": bootstrap(
            bin_confidences(probabilities, faces.labels), calibration_error
        ),
    }
    targets = dict(zip(scores, (_TARGETS["accuracy"], None, _TARGETS["calibration"]), strict=True))
    notes = dict.fromkeys(scores, "in batches of 64, one thread")
    notes["calibration error (ECE, 15 bins)"] = "its bootstrap is biased upwards"
    for index, label in enumerate(faces.classes):
        scores[f"recall of '{label}'"] = bootstrap(recalls[:, [index, index + n_classes]], ratio)
        targets[f"recall of '{label}'"] = _EACH
    return [
        Row(
            *(PART, f"{split}: {measured}", engine, len(faces.labels), "faces", score),
            cost=cost if measured in notes else None,
            target=targets[measured] if is_ours else None,
            note=notes.get(measured, ""),
        )
        for measured, score in scores.items()
    ]


def draw_errors(probabilities: Probabilities, faces: EmotionFaces, folder: Path) -> list[Card]:
    """Draw the 60 most confident errors; write their pictures to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != faces.labels)
    cards = []
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:_N_ERRORS_SHOWN]
    for rank, row in enumerate(worst, 1):
        picture = folder / f"{folder.name}-{row}.png"
        Image.fromarray(faces.images[row]).save(picture)
        lines = {
            "label": [Snippet("missed", faces.classes[faces.labels[row]])],
            "predicted": [
                Snippet("false", f"{faces.classes[predicted[row]]} {confidence[row]:.2f}")
            ],
        }
        cards.append(Card(f"{rank:02d} (face {row})", picture, [], lines, 1, 1, True))
    return cards
