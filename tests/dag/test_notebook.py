"""The notebook's engines through the real command, beside the embedded ones.

keras-ocr runs with weights that ``training/keras_ocr`` made, the sentence encoder and the emotion
file are drawn here: these show that the engines run, not how good the published models are.
"""

import json
import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import EXAMPLES, ROOT, needs
from tests.dag.runs import QUICKLY, Finished, files_of, run, write_videos
from tests.engines.embeddings.test_tensorflow_hub import WIDTH, embed_words, save
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.runtimes.tensorflow import load_tensorflow

pytestmark = [
    pytest.mark.dag,
    pytest.mark.model,
    needs("tensorflow", "tf_keras", "tensorflow_hub", "keras_ocr", "dlib"),
]

WEIGHTS = ROOT / "tests" / "weights"
CUT_FILE = ("--engines-emotions", "keras", "--keras-emotions-path", "{cut}")
VIDEO_IDS = ("sample00001", "sample00005", "sample00027")


def save_emotion_file(path: Path) -> Path:
    """A small untrained network of the right shape."""
    load_tensorflow()
    import tf_keras

    tf_keras.utils.set_random_seed(4)
    layers = [
        tf_keras.layers.Input((48, 48, 1)),
        tf_keras.layers.Conv2D(4, 5, strides=4, activation="relu"),
        tf_keras.layers.Flatten(),
        tf_keras.layers.Dense(7, activation="softmax"),
    ]
    tf_keras.Sequential(layers).save(path, save_format="h5")
    return path


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Flags that name a model for each of the notebook's engines."""
    folder = tmp_path_factory.mktemp("models")
    return (
        *("--keras-ocr-detector-weights", str(WEIGHTS / "craft_drawn.h5")),
        *("--keras-ocr-recognizer-weights", str(WEIGHTS / "crnn_drawn.h5")),
        *("--tensorflow-hub-handle", str(save(folder / "encoder", embed_words))),
        *("--keras-emotions-path", str(save_emotion_file(folder / "emotions.hdf5"))),
        *("--face-recognition-upsamplings", "0"),  # with 1, three seconds per picture
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    videos = write_videos(tmp_path_factory.mktemp("videos") / "videos.csv", VIDEO_IDS)
    return ("--videos", str(videos), "--images-dir", str(EXAMPLES / "images"))


@pytest.fixture(scope="module")
def notebook(
    tmp_path_factory: pytest.TempPathFactory, models: tuple[str, ...], source: tuple[str, ...]
) -> Finished:
    data_dir = tmp_path_factory.mktemp("notebook") / "data"
    return run(data_dir, *source, *models, "--engines-preset", "notebook")


@pytest.fixture
def data_dir(notebook: Finished, tmp_path: Path) -> Path:
    """A copy of the notebook's data directory, for further runs."""
    return Path(shutil.copytree(notebook.data_dir, tmp_path / "data"))


def engines_of(data_dir: Path, table: str) -> set[str]:
    return {folder.name.rpartition("-")[0] for folder in (data_dir / table).iterdir()}


def test_the_preset_fills_every_column(notebook: Finished) -> None:
    assert notebook.code == 0, notebook.printed
    table = notebook.attributes
    ours = schemas.exported(width=WIDTH)
    assert table.column_names[-len(ours) :] == ours.names
    assert table.schema.field("thumbnail_ocr_embed").type == ours.field("thumbnail_ocr_embed").type
    assert table["thumbnail_status"].to_pylist() == ["ok"] * len(VIDEO_IDS)
    times = "thumbnail_first_seen_at"  # pictures of a folder have none
    of_faces = [field.name for field in schemas.FACE_MEASURES]  # one picture has no face
    without_nulls = {name for name in ours.names if table[name].null_count == 0}
    assert set(ours.names) - without_nulls <= {times, *of_faces}
    assert all(table[name].null_count < len(table) for name in of_faces)
    # The drawn weights recognise letters; they do not always split words.
    assert "spacefacts" in table["thumbnail_ocr"].to_pylist()[0].replace(" ", "")


def test_each_table_names_the_engine_that_made_it(notebook: Finished) -> None:
    assert engines_of(notebook.data_dir, "words") == {"keras-ocr-0.9.3"}
    (faces,) = engines_of(notebook.data_dir, "faces")
    (emotions,) = engines_of(notebook.data_dir, "emotions")
    (vectors,) = engines_of(notebook.data_dir, "embeddings")
    assert faces.startswith("face-recognition-cnn-")
    assert emotions.startswith("keras-")
    assert vectors.startswith("saved-model-")


@pytest.mark.thorough
def test_two_presets_coexist_in_one_data_directory(
    notebook: Finished, data_dir: Path, models: tuple[str, ...], source: tuple[str, ...]
) -> None:
    before = files_of(data_dir)
    embedded = run(data_dir, *source, *QUICKLY)
    assert embedded.code == 0, embedded.printed
    assert len(engines_of(data_dir, "words")) == 2
    again = run(data_dir, *source, *models, "--engines-preset", "notebook")
    assert again.code == 0, again.printed
    assert again.attributes.equals(notebook.attributes)
    after = files_of(data_dir)
    stays = {path for path in before if not path.startswith("exports")}
    assert {path: after[path] for path in stays} == {path: before[path] for path in stays}


@pytest.mark.thorough
def test_engines_with_keras_2_keras_3_and_none_mix_in_one_process(
    data_dir: Path, models: tuple[str, ...], source: tuple[str, ...]
) -> None:
    mixed = run(
        data_dir,
        *source,
        *models,
        *("--engines-preset", "notebook", "--engines-faces", "dlib-cnn", "--workers", "1"),
        *("--engines-embedding", "minilm"),
    )
    assert mixed.code == 0, mixed.printed
    assert mixed.attributes.schema.field("thumbnail_ocr_embed").type.list_size == 384
    assert "dlib-cnn" in str(engines_of(mixed.data_dir, "faces"))
    assert len(engines_of(mixed.data_dir, "words")) == 1, "the text was read before"


def test_texts_of_the_notebook_are_not_recognised_again(
    tmp_path: Path, source: tuple[str, ...]
) -> None:
    first, second, *_ = VIDEO_IDS
    texts = {first: "spce facts", second: ""}
    read = {f"https:i.ytimg.comvi{video_id}hqdefault": text for video_id, text in texts.items()}
    file = tmp_path / "filename2text.json"
    file.write_text(json.dumps(read))
    flags = ("--engines-text", "filename2text", "--filename2text-path", str(file), *QUICKLY)
    finished = run(tmp_path / "data", *source, *flags)
    assert finished.code == 0, finished.printed
    assert finished.attributes["thumbnail_ocr_raw"].to_pylist() == ["spce facts", "", None]
    vectors = finished.attributes["thumbnail_ocr_embed"].to_pylist()
    assert [vector is not None for vector in vectors] == [True, False, False]
    assert finished.attributes["face_count"].null_count == 0


@pytest.mark.thorough
def test_the_projector_files_have_a_line_for_each_distinct_text(
    tmp_path: Path, source: tuple[str, ...]
) -> None:
    finished = run(tmp_path / "data", *source, *QUICKLY, task="ExportProjector")
    assert finished.code == 0, finished.printed
    folder = finished.data_dir / "exports" / "projector"
    header, *lines = (folder / "thumbnail_ocr_meta.tsv").read_text(encoding="utf-8").splitlines()
    assert header.startswith("text\tthumbnail_id\t")
    texts = [line.partition("\t")[0] for line in lines]
    vectors = (folder / "thumbnail_ocr_vecs.tsv").read_text(encoding="utf-8").splitlines()
    assert texts == list(
        dict.fromkeys(filter(None, finished.attributes["thumbnail_ocr"].to_pylist()))
    )
    assert {len(line.split("\t")) for line in vectors} == {512}
    assert len(vectors) == len(texts) > 0
    before = files_of(finished.data_dir)
    assert run(finished.data_dir, *source, *QUICKLY, task="ExportProjector").code == 0
    assert files_of(finished.data_dir) == before


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--engines-emotions", "keras"), "[keras_emotions] path: expected"),
        (
            CUT_FILE,
            "cut.hdf5: expected a whole Keras model",
        ),
        (
            (*CUT_FILE, "--keras-emotions-labels", "angry,sad"),
            "[keras_emotions] labels: expected angry, disgust",
        ),
        (
            (*CUT_FILE, "--keras-emotions-sha256", "0" * 64),
            "cut.hdf5: ",
        ),
        (
            ("--engines-text", "keras-ocr", "--keras-ocr-detector-weights", "none.h5"),
            "none.h5",
        ),
        (("--engines-text", "keras-ocr"), "craft_mlt_25k.h5 cannot be fetched"),
        (
            ("--engines-embedding", "tensorflow-hub", "--tensorflow-hub-handle", "nowhere"),
            "[tensorflow_hub] handle: nowhere: expected",
        ),
    ],
)
def test_a_model_that_cannot_be_loaded_is_one_line_and_leaves_no_partial_file(
    tmp_path: Path, source: tuple[str, ...], flags: tuple[str, ...], said: str
) -> None:
    cut = tmp_path / "cut.hdf5"
    cut.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(500))
    cache = tmp_path / "cache"
    finished = run(
        tmp_path / "data",
        *source,
        *QUICKLY,
        *(flag.format(cut=cut) for flag in flags),
        environment={
            "KERAS_OCR_CACHE_DIR": str(cache),
            "HTTPS_PROXY": "http://127.0.0.1:1",  # so that no machine downloads 118 MB here
        },
    )
    assert finished.code != 0
    (line,) = {line for line in finished.printed.splitlines() if said in line}
    assert line.startswith("ERROR: "), finished.printed
    assert "Traceback" not in finished.printed, finished.printed
    assert not (tmp_path / "data" / "exports").exists()
    assert not [path for path in cache.glob("*") if not path.name.startswith(".")]


@pytest.mark.skipif(
    "KERAS_OCR_CACHE_DIR" not in os.environ or "TFHUB_CACHE_DIR" not in os.environ,
    reason="set KERAS_OCR_CACHE_DIR and TFHUB_CACHE_DIR to caches with the published models",
)
def test_the_published_models_process_the_sample(tmp_path: Path) -> None:
    sample = ("--videos", str(EXAMPLES / "videos.csv"), "--images-dir", str(EXAMPLES / "images"))
    flags = ("--engines-preset", "notebook", "--engines-emotions", "fer2013")
    finished = run(tmp_path / "data", *sample, *flags, "--face-recognition-upsamplings", "0")
    assert finished.code == 0, finished.printed
    words = pq.read_table(next((tmp_path / "data" / "words").glob("keras-ocr-*")))
    read = {word.lower() for word in words["text"].to_pylist()}
    assert {"space", "facts", "judges", "hours"} <= read
    assert finished.attributes.schema.field("thumbnail_ocr_embed").type.list_size == 512
