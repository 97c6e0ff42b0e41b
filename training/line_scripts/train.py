"""Train the classifier of scripts and the readers of lines on drawn lines.

    python train.py --fonts FOLDER --out OUT classifier
    python train.py --fonts FOLDER --out OUT reader Cyrillic
    python train.py --fonts FOLDER --out OUT vietnamese-classifier

Both use the features that PP-OCR's recogniser computes of a line; see README.md.
"""

import argparse
import time
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from draw_lines import LOCALES, Line, draw_lines
from numpy.typing import NDArray
from reader_texts import LANGUAGES, choose_text

from thumbnail_tasks.engines.runtimes.onnx import open_session
from thumbnail_tasks.engines.text import ppocr
from thumbnail_tasks.engines.text.line_detection import scale_line
from thumbnail_tasks.engines.text.line_features import add_outputs
from thumbnail_tasks.engines.text.line_scripts import pool
from thumbnail_tasks.engines.text.vietnamese import is_vietnamese

LEARNING_RATE = 2e-3
HIDDEN = 192
N_CONVOLUTIONS = 3
KERNEL = 5
BATCH = 48
MIN_OCCURRENCES = 12


def extract_features(lines: Sequence[Line], are_fine: bool) -> list[NDArray[np.float16]]:
    """The (T, 504) features of each line, or the fine ones, (2T, 1656)."""
    model = ppocr.find_model(ppocr.RECOGNIZER).read_bytes()
    recognizer = open_session(add_outputs(model), n_threads=1)
    found = []
    for line in lines:
        image_bgr = np.ascontiguousarray(line.image_rgb[..., ::-1])
        _, line_tensors = ppocr.recognize_line(recognizer, scale_line(image_bgr))
        features = line_tensors.fine_features() if are_fine else line_tensors.features()
        found.append(features.astype(np.float16))
    return found


def train_classifier(lines: Sequence[Line], out: Path) -> None:
    """Fit the classifier of scripts on all classes of lines."""
    scripts = [line.script for line in lines]
    fit_classifier(lines, scripts, out / "classifier.npz")


def train_vietnamese_classifier(n_of_each: int, fonts: Sequence[Path], out: Path) -> None:
    """Fit the classifier that tells Vietnamese lines from those of other languages in Latin."""
    drawn = [
        draw_lines(n_of_each, fonts, [name], seed, choose_text)
        for seed, name in enumerate(("Latin", "Vietnamese"), 51)
    ]
    lines = [line for each in drawn for line in each]
    # Words without a Vietnamese letter are no sign of the language.
    names = ["Vietnamese" if is_vietnamese(line.text) else "Latin" for line in lines]
    fit_classifier(lines, names, out / "vietnamese_lines.npz")


def fit_classifier(lines: Sequence[Line], names: Sequence[str], path: Path) -> None:
    """Fit a logistic regression on the pooled features of lines; a tenth is held out."""
    from sklearn.linear_model import LogisticRegression

    features = extract_features(lines, are_fine=False)
    pooled = np.array([pool(each.astype(np.float32)) for each in features])
    scripts = np.array(names)
    is_test = np.arange(len(lines)) % 10 == 0
    mean, deviation = pooled[~is_test].mean(0), pooled[~is_test].std(0) + 1e-6
    model = LogisticRegression(max_iter=150, C=0.003)
    model.fit((pooled[~is_test] - mean) / deviation, scripts[~is_test])
    found = model.predict((pooled[is_test] - mean) / deviation)
    for name in model.classes_:
        of_class = scripts[is_test] == name
        print(f"{name:<12}{(found[of_class] == name).mean():.3f}")
    save_classifier(model, mean, deviation, path)


def save_classifier(
    model: Any, mean: NDArray[np.float32], deviation: NDArray[np.float32], path: Path
) -> None:
    """Write the regression with its scaling folded into the weights."""
    matrix = model.coef_.T / deviation[:, None]
    np.savez_compressed(
        path,
        classes=np.array(model.classes_, dtype=str),
        matrix=matrix.astype(np.float32),
        bias=(model.intercept_ - mean @ matrix).astype(np.float32),
    )


def train_reader(lines: Sequence[Line], script: str, minutes: float, out: Path) -> None:
    """Train the convolutions of a script with CTC; 500 lines are held out."""
    import tensorflow as tf
    from rapidfuzz.distance import Levenshtein
    from tensorflow import keras

    features = extract_features(lines, are_fine=True)
    # Syllables are read part by part, and letters with two marks mark by mark.
    form = "NFD" if script in ("Hangul", "Vietnamese") else "NFC"
    texts = [unicodedata.normalize(form, line.text) for line in lines]
    counts = Counter(char for text in texts for char in text)
    letters = sorted(char for char, count in counts.items() if count >= MIN_OCCURRENCES)
    letters = [char for char in letters if char != " "] + [" "]
    number_of = {char: number for number, char in enumerate(letters, 1)}
    usable = [
        row
        for row, text in enumerate(texts)
        if set(text) <= set(letters) and len(features[row]) >= 2 * len(text)
    ]
    chance = np.random.default_rng(0)
    chance.shuffle(usable)
    test, train = usable[:500], usable[500:]
    means = np.array([features[row].astype(np.float32).mean(0) for row in train[:2000]])
    mean, deviation = means.mean(0), means.std(0) + 0.5

    inputs = keras.Input((None, features[0].shape[1]))
    x = keras.layers.LayerNormalization()(keras.layers.Dense(HIDDEN)(inputs))
    for _ in range(N_CONVOLUTIONS):
        y = keras.layers.Conv1D(HIDDEN, KERNEL, padding="same", activation="silu")(x)
        x = keras.layers.LayerNormalization()(x + keras.layers.Dropout(0.1)(y))
    model = keras.Model(inputs, keras.layers.Dense(len(letters) + 1)(x))
    optimizer = keras.optimizers.AdamW(LEARNING_RATE, weight_decay=1e-3)

    @tf.function(reduce_retracing=True)
    def step(batch: Any, labels: Any, lengths: Any) -> Any:
        with tf.GradientTape() as tape:
            scores = tf.transpose(model(batch, training=True), [1, 0, 2])
            losses = tf.nn.ctc_loss(labels, scores, None, lengths, blank_index=0)
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        gradients, _ = tf.clip_by_global_norm(gradients, 5.0)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    def read(row: int) -> str:
        scaled = (features[row].astype(np.float32) - mean) / deviation
        best = model(scaled[None], training=False).numpy()[0].argmax(1)
        kept = [n for i, n in enumerate(best) if n and (i == 0 or best[i - 1] != n)]
        return unicodedata.normalize("NFC", "".join(letters[number - 1] for number in kept))

    rows = sorted(train, key=lambda row: len(features[row]))
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    started = time.monotonic()
    while (share := (time.monotonic() - started) / (60 * minutes)) < 1:
        chance.shuffle(batches)
        optimizer.learning_rate.assign(LEARNING_RATE * max(0.02, 1 - share))
        losses = []
        for batch in batches:
            longest = max(len(features[row]) for row in batch)
            padded = np.zeros((len(batch), longest, len(mean)), np.float32)
            for number, row in enumerate(batch):
                scaled = (features[row].astype(np.float32) - mean) / deviation
                padded[number, : len(scaled)] = scaled
            labels = tf.ragged.constant([[number_of[char] for char in texts[row]] for row in batch])
            lengths = tf.constant([len(features[row]) for row in batch], tf.int32)
            labels = tf.cast(labels.to_sparse(), tf.int32)
            losses.append(float(step(tf.constant(padded), labels, lengths)))
        expected = {row: unicodedata.normalize("NFC", texts[row]) for row in test}
        errors = sum(Levenshtein.distance(read(row), expected[row]) for row in test)
        n_letters = sum(map(len, expected.values()))
        print(f"loss {np.mean(losses):.3f}, errors {errors / n_letters:.3f}")
    names = ("in", *(f"conv{number}" for number in range(1, N_CONVOLUTIONS + 1)))
    keys = [f"{n}_{part}" for n in names for part in ("matrix", "bias", "gamma", "beta")]
    weights = dict(zip([*keys, "out_matrix", "out_bias"], model.get_weights(), strict=True))
    np.savez_compressed(
        out / f"{script.lower()}.npz",
        letters=np.array(letters),
        mean=mean.astype(np.float32),
        deviation=deviation.astype(np.float32),
        **{name: weight.astype(np.float16) for name, weight in weights.items()},
    )


def main() -> None:
    """Draw, train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["classifier", "vietnamese-classifier", "reader"])
    parser.add_argument("script", nargs="?", choices=LANGUAGES)
    parser.add_argument("--fonts", type=Path, required=True, help="folder of fonts")
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--lines", type=int, default=2500, help="drawn lines of each class")
    parser.add_argument("--minutes", type=float, default=11, help="of training a reader")
    options = parser.parse_args()
    if options.what == "classifier":
        train_classifier(draw_lines(options.lines, [options.fonts], LOCALES, 11), options.out)
    elif options.what == "vietnamese-classifier":
        train_vietnamese_classifier(options.lines, [options.fonts], options.out)
    else:
        lines = draw_lines(options.lines, [options.fonts], [options.script], 31, choose_text)
        train_reader(lines, options.script, options.minutes, options.out)


if __name__ == "__main__":
    main()
