"""Run published Keras emotion networks on FER2013's faces, in a separate process.

    python -m benchmarks.accuracy.peers.keras_emotions FACES.npz OUT.npz MODEL SCALING ...

They require Keras 2 (tf_keras), which must be selected before TensorFlow is imported.
"""

import os
import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

BATCH = 64
RAW, UNIT, SIGNED = "raw", "unit", "signed"
"""Pixels from 0 to 255, from 0 to 1, and from -1 to 1."""

_SCALINGS = {RAW: (1, 0), UNIT: (1 / 255, 0), SIGNED: (1 / 127.5, 1)}


def main() -> None:
    """Write each network's probabilities, in its own order of classes, and its times."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core, like ours
    # TensorFlow reads these when it is imported.
    os.environ |= {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    import tf_keras

    faces_path, out_path, *models = sys.argv[1:]
    with np.load(faces_path) as arrays:
        faces = arrays["images"]
    found: dict[str, Any] = {}
    for index, (path, scaling) in enumerate(zip(models[::2], models[1::2], strict=True)):
        model = tf_keras.models.load_model(path, compile=False)
        side_px = model.input_shape[1]
        model.predict_on_batch(prepare(faces[:BATCH], side_px, scaling))
        parts, times_ms = [], []
        for start in range(0, len(faces), BATCH):
            batch = faces[start : start + BATCH]
            began = time.perf_counter()
            parts.append(model.predict_on_batch(prepare(batch, side_px, scaling)))
            times_ms.append(1000 * (time.perf_counter() - began) / len(batch))
        found[f"probabilities{index}"] = np.concatenate(parts)
        found[f"ms{index}"] = np.array(np.median(times_ms))
    np.savez(out_path, **found)


def prepare(faces: NDArray[np.uint8], side_px: int, scaling: str) -> NDArray[np.float32]:
    """Convert (N, 48, 48) faces to a network's input, (N, side, side, 1) float32."""
    import cv2

    small = [cv2.resize(face, (side_px, side_px)) for face in faces]
    factor, shift = _SCALINGS[scaling]
    pixels: NDArray[np.float32] = np.stack(small).astype(np.float32)[..., None]
    return pixels * np.float32(factor) - np.float32(shift)


if __name__ == "__main__":
    main()
