"""Outputs of earlier networks on FER2013's training faces, as targets for the next network.

    python soft_labels.py --data fer2013.npz --network emotions.onnx \
        --keras fer2013_mini_XCEPTION.102-0.66.hdf5 --out soft_labels.npy

Averages the previously shipped network (any file written by ``export.py``) and
mini_XCEPTION (oarriaga/face_classification, MIT): float32 (28709, 7), rows sum to 1, emotions in
alphabetical order. Their accuracy on PublicTest is 68.5 % and 66.3 %.
Needs ``tf_keras`` besides this folder's requirements.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from export import classify
from numpy.typing import NDArray
from PIL import Image

# mini_XCEPTION's order: angry, disgust, fear, happy, sad, surprise, neutral.
TO_ALPHABETICAL = [0, 1, 2, 3, 6, 4, 5]
KERAS_INPUT_PX = 64


def main() -> None:
    """Write the averaged probabilities."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="FER2013 as .npz (see README)")
    parser.add_argument("--network", type=Path, required=True, help="the earlier ONNX file")
    parser.add_argument("--keras", type=Path, required=True, help="mini_XCEPTION's .hdf5")
    parser.add_argument("--out", type=Path, required=True, help="the .npy file to write")
    args = parser.parse_args()
    with np.load(args.data) as data:
        faces = data["training_images"]
    earlier = classify(args.network, faces[:, None].astype(np.float32))
    np.save(args.out, (earlier + classify_with_keras(args.keras, faces)) / 2)


def classify_with_keras(path: Path, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Run mini_XCEPTION on (N, 48, 48) grey faces and their mirror images; return (N, 7)."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tf_keras

    side = (KERAS_INPUT_PX, KERAS_INPUT_PX)
    enlarged = [Image.fromarray(face).resize(side, Image.Resampling.BILINEAR) for face in faces]
    scaled = np.stack(enlarged)[..., None].astype(np.float32) / 127.5 - 1
    network = tf_keras.models.load_model(path, compile=False)
    plain, mirrored = (network.predict(x, verbose=0) for x in (scaled, scaled[:, :, ::-1]))
    return ((plain + mirrored) / 2)[:, TO_ALPHABETICAL]


if __name__ == "__main__":
    main()
