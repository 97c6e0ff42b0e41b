"""What a user would write today: RapidOCR, face_recognition and an emotion network, in a pool.

Each process of the pool takes one picture at a time and computes with one thread, as more than one
each would only compete for the cores. There is no correction, no vector and no colour, and a
failure or Ctrl-C loses the run.
"""

import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.accuracy.labels import MissingError
from benchmarks.speed.machine import inspect_machine
from benchmarks.speed.peers.notebook_emotions import load_network
from benchmarks.speed.peers.plain import load_face_locations
from benchmarks.speed.turns import Run
from thumbnail_tasks.pictures.decoding import decode_image

_UPSAMPLINGS = 1

_describe: list[Callable[[tuple[str, bytes]], Mapping[str, Any]]] = []
"""The script's function, in each process of the pool."""


def load_script(emotions: Path, model: str, out: Path) -> Run:
    """The script over pairs of video id and encoded picture, from its start to its table.

    Args:
        emotions: The notebook's network; without the file the script leaves out emotions.
        model: face_recognition's detector: ``hog``, its default, or ``cnn``.
        out: The Parquet file that it writes.

    Raises:
        MissingError: A library is not installed.
    """
    if not emotions.exists():
        raise MissingError(f"no file {emotions}")
    load_face_locations(model, _UPSAMPLINGS)  # whether it is installed

    def run(pictures: Sequence[tuple[str, bytes]]) -> int:
        n_processes = inspect_machine().cores_allowed
        spawn = multiprocessing.get_context("spawn")
        os.environ["OMP_NUM_THREADS"] = "1"
        with spawn.Pool(n_processes, _load, (emotions, model)) as pool:
            rows = pool.map(_describe_one, pictures, chunksize=4)
            pool.close()
            pool.join()
        pd.DataFrame(rows).to_parquet(out)
        return len(rows)

    return run


def _load(emotions: Path, model: str) -> None:
    import cv2
    from rapidocr import RapidOCR

    cv2.setNumThreads(1)
    one_thread = {"EngineConfig.onnxruntime.intra_op_num_threads": 1}
    read = RapidOCR(params={"Global.log_level": "error", **one_thread})
    locate = load_face_locations(model, _UPSAMPLINGS)
    classify = load_network(emotions)

    def describe(named: tuple[str, bytes]) -> Mapping[str, Any]:
        video_id, content = named
        image_rgb = decode_image(content)
        texts = read(image_rgb[:, :, ::-1]).txts or ()
        boxes = locate([image_rgb])[0]
        grey = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY)
        found = []
        for box in boxes:
            left, top, right, bottom = (max(0, int(edge)) for edge in box)
            found.append(int(np.argmax(classify(grey[None, top:bottom, left:right])[0])))
        return {"video_id": video_id, "text": " ".join(texts), "emotions": found}

    _describe[:] = [describe]


def _describe_one(named: tuple[str, bytes]) -> Mapping[str, Any]:
    return _describe[0](named)
