"""Run the package's emotion engine on labelled faces, in a separate process on one core.

python -m benchmarks.accuracy.emotion_process FACES.npz OUT.npz
"""

import os
import sys
import time
from typing import Any

import numpy as np

BATCH = 64


def main() -> None:
    """Write the probabilities and the median milliseconds per face, of wall and CPU time."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    limit_threads()
    from thumbnail_tasks.stages.emotions import ClassifyEmotions

    faces_path, out_path = sys.argv[1:]
    with np.load(faces_path) as arrays:
        faces = [np.repeat(face[..., None], 3, axis=2) for face in arrays["images"]]
    classify = ClassifyEmotions.selected_engine().load()
    classify(faces[:BATCH])
    parts, wall_ms, cpu_ms = [], [], []
    for start in range(0, len(faces), BATCH):
        batch = faces[start : start + BATCH]
        wall, cpu = time.perf_counter(), time.process_time()
        parts.append(classify(batch))
        wall_ms.append(1000 * (time.perf_counter() - wall) / len(batch))
        cpu_ms.append(1000 * (time.process_time() - cpu) / len(batch))
    np.savez(
        out_path,
        probabilities0=np.concatenate(parts),
        ms0=np.median(wall_ms),
        cpu_ms0=np.median(cpu_ms),
    )


def limit_threads() -> None:
    """Limit every session of this process to one thread, whatever the engine requests.

    ONNX Runtime starts a thread for each core of the machine and ignores the affinity of this
    process: a face took 1.70 ms of wall time and 3.38 ms of CPU time.
    """
    import onnxruntime as ort

    make_session = ort.InferenceSession

    def make_limited_session(model: Any, sess_options: Any = None, *more: Any, **named: Any) -> Any:
        options = sess_options or ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        return make_session(model, options, *more, **named)

    ort.InferenceSession = make_limited_session


if __name__ == "__main__":
    main()
