"""An engine, GPU or quality that cannot work ends a run with one line before its first request."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT, Answer, Server, needs
from tests.dag.runs import Finished, run, sample_ids, write_videos
from tests.test_packages import NOTEBOOK

pytestmark = pytest.mark.dag

GPUS = "#!/bin/sh\necho '0, GPU-aa11, NVIDIA Fake'\n"
BROKEN_DRIVER = "#!/bin/sh\necho 'no driver'\nexit 9\n"
ON_GPU = ("--gpus-devices", "auto")
needs_notebook = needs(*NOTEBOOK)

SETTINGS = {
    "text": ("--engines-text nonsense", "[engines] text: expected one of rapidocr"),
    "correction": ("--engines-correction nonsense", "[engines] correction: expected one of"),
    "embedding": (
        "--engines-embedding nonsense",
        "[engines] embedding: expected one of use-multilingual",
    ),
    "faces": ("--engines-faces nonsense", "[engines] faces: expected one of dlib-cnn"),
    "emotions": ("--engines-emotions nonsense", "[engines] emotions: expected one of fer2013"),
    "objects": (
        "--objects-detect true --engines-objects nonsense",
        "[engines] objects: expected one of nanodet, yolo-detections",
    ),
    "objects detected earlier": (
        f"--objects-detect true --engines-objects yolo-detections --yolo-detections-path "
        f"{ROOT / 'README.md'}",
        "README.md: expected",
    ),
    "confidence of objects": (
        "--objects-detect true --objects-min-confidence 7",
        "--objects-min-confidence: expected",
    ),
    "preset": ("--engines-preset nonsense", "[engines] preset: expected one of embedded"),
    "quality": ("--thumbnails-quality nonsense", "[thumbnails] quality: expected one of"),
    "gpu without driver": ("--gpus-devices 7", "[gpus] devices = 7: expected NVIDIA's driver"),
    "gpus": ("--gpus-devices nonsense", "[gpus] devices: expected auto, none"),
    "required gpu": ("--gpus-required true", "[gpus] required: expected a GPU; found: none"),
    "texts of the notebook": (
        "--engines-text filename2text --filename2text-path no/such.json",
        "no/such.json: cannot be read",
    ),
    "wrong texts of the notebook": (
        f"--engines-text filename2text --filename2text-path {ROOT / 'README.md'}",
        "README.md: expected",
    ),
}
"""Flags, and what the line says."""

NOTEBOOK_SETTINGS = {
    "keras without a file": ("--engines-emotions keras", "[keras_emotions] path: expected"),
    "keras": (
        "--engines-emotions keras --keras-emotions-path no/such.h5",
        "no/such.h5: expected the Keras file",
    ),
    "another file as keras": (
        f"--engines-emotions keras --keras-emotions-path {ROOT / 'README.md'}",
        "README.md: expected a Keras model",
    ),
    "keras-ocr": (
        "--engines-text keras-ocr --keras-ocr-detector-weights no/such.h5",
        "no/such.h5: expected an HDF5 file of weights",
    ),
    "another file as keras-ocr": (
        f"--engines-text keras-ocr --keras-ocr-recognizer-weights {ROOT / 'README.md'}",
        "README.md: expected an HDF5 file of weights",
    ),
    "tensorflow-hub": (
        "--engines-embedding tensorflow-hub --tensorflow-hub-handle no/such",
        "[tensorflow_hub] handle: no/such: expected an http(s) handle",
    ),
    "weights out of reach": (
        "--engines-embedding tensorflow-hub --tensorflow-hub-handle http://127.0.0.1:1/encoder/4",
        "tensorflow-hub-encoder: ",
    ),
}

MACHINES = {
    "no onnxruntime": ({"MISSING": "onnxruntime"}, "not installed: onnxruntime"),
    "no rapidocr": ({"MISSING": "rapidocr"}, "not installed: rapidocr"),
    "no sentencepiece": ({"MISSING": "sentencepiece"}, "not installed: sentencepiece"),
    "no spellchecker": ({"MISSING": "spellchecker"}, "not installed: spellchecker"),
    "damaged detector": ({"DAMAGED": "detector.onnx"}, "detector.onnx: not the file that was"),
    "damaged encoder": ({"DAMAGED": "encoder.onnx.gz"}, "encoder.onnx.gz: not the file that was"),
    "damaged tokenizer": ({"DAMAGED": "tokenizer.model"}, "tokenizer.model: not the file that was"),
    "damaged emotions": ({"DAMAGED": "emotions.onnx"}, "emotions.onnx: not the file that was"),
    "damaged landmarks": ({"DAMAGED": "landmarks.npz"}, "landmarks.npz: not the file that was"),
}
"""Environment of ``broken_engines``, and what the line says."""

HOSTS = {
    "unknown gpu": (GPUS, ["--gpus-devices", "7"], "expected GPUs that nvidia-smi lists (0, GPU"),
    "broken driver": (BROKEN_DRIVER, ON_GPU, "nvidia-smi: expected the list of this host's GPUs"),
    "onnxruntime without CUDA": (
        GPUS,
        ON_GPU,
        "GPU 0 (NVIDIA Fake): expected a framework that computes on it; found: onnxruntime",
    ),
    "onnxruntime without CUDA, three workers": (
        GPUS,
        [*ON_GPU, "--workers", "3"],
        "GPU 0 (NVIDIA Fake): expected a framework that computes on it; found: onnxruntime",
    ),
    "a folder for locks that does not exist": (
        GPUS,
        [*ON_GPU, "--gpus-lock-dir", "/no/such"],
        "expected a lock file that can be created or opened",
    ),
}
"""nvidia-smi, flags, and what the line says."""


SLOW = {
    *("correction", "embedding", "faces", "emotions", "gpus", "texts of the notebook", "keras"),
    *("no rapidocr", "no sentencepiece", "no spellchecker", "damaged encoder", "damaged tokenizer"),
    *("damaged emotions", "unknown gpu", "onnxruntime without CUDA, three workers"),
}


def cases(table: Mapping[str, object]) -> Iterable[object]:
    """The names of a table's rows; some are only for ``make test-all``."""
    return [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in table]


class Box:
    """A folder with a table of two links, and runs over it."""

    def __init__(self, folder: Path, server: Server, picture: bytes) -> None:
        self.folder, self.server = folder, server
        links = [server.lay_down(f"/{number}.jpg", Answer(200, picture)) for number in range(2)]
        self.videos = folder / "videos.csv"
        self.videos.write_text("\n".join(["thumbnail_link", *links]))

    def run(self, *flags: str, task: str = "", environment: Mapping[str, str]) -> Finished:
        return run(
            self.folder / "data",
            *("--videos", str(self.videos), "--storage-shard-size", "1"),
            *("--gpus-lock-dir", str(self.folder), "--scheduler-retry-delay", "0.1", *flags),
            task=task or "ExportAttributes",
            environment={"TFHUB_CACHE_DIR": str(self.folder / "hub"), **environment},
        )

    def refuses(self, said: str, *flags: str, **how: str | Mapping[str, str]) -> None:
        """Check that a run ends with one line that has ``said``, and without a request."""
        environment = how.pop("environment", {})
        finished = self.run(*flags, environment=environment, **how)  # type: ignore[arg-type]
        printed = finished.printed
        assert finished.code in (4, 30, 40), printed
        (error,) = [line for line in printed.splitlines() if line.startswith("ERROR")]
        assert said in error
        assert printed.count(said) == 1
        assert "Traceback" not in printed, printed
        assert self.server.asked == []
        assert not list((self.folder / "data").glob("thumbnails/*/*.parquet"))
        (record,) = (self.folder / "data" / "runs").glob("*.json")
        failures = json.loads(record.read_text())["failures"]
        assert [each["count"] for each in failures] == [1]

    def with_nvidia_smi(self, script: str) -> dict[str, str]:
        tool = self.folder / "bin" / "nvidia-smi"
        tool.parent.mkdir()
        tool.write_text(script)
        tool.chmod(0o755)
        return {"PATH": f"{tool.parent}:/usr/bin:/bin"}


@pytest.fixture
def box(tmp_path: Path, server: Server, picture: bytes) -> Box:
    return Box(tmp_path, server, picture)


@pytest.mark.parametrize("case", cases(SETTINGS))
def test_a_setting_that_cannot_work_is_one_line_before_the_first_request(
    box: Box, case: str
) -> None:
    flags, said = SETTINGS[case]
    box.refuses(said, *flags.split())


@pytest.mark.thorough
@needs_notebook
@pytest.mark.parametrize("case", cases(NOTEBOOK_SETTINGS))
def test_so_is_a_setting_of_the_notebooks_engines(box: Box, case: str) -> None:
    flags, said = NOTEBOOK_SETTINGS[case]
    box.refuses(said, *flags.split())


@pytest.mark.thorough
@pytest.mark.parametrize("case", cases(MACHINES))
def test_so_is_an_engine_that_is_not_installed_or_damaged(box: Box, case: str) -> None:
    environment, said = MACHINES[case]
    environment = {**environment, "PYTHONPATH": str(ROOT)}
    box.refuses(said, "--module", "tests.dag.broken_engines", environment=environment)


@pytest.mark.thorough
@pytest.mark.parametrize("case", cases(HOSTS))
def test_so_is_a_gpu_that_no_framework_sees(box: Box, case: str) -> None:
    script, flags, said = HOSTS[case]
    box.refuses(said, *flags, environment=box.with_nvidia_smi(script))


@needs("dlib")
def test_so_is_a_gpu_that_dlib_does_not_see(box: Box) -> None:
    flags = (*ON_GPU, "--engines-faces", "face-recognition-cnn", "--module", "tests.dag.on_gpus")
    environment = {**box.with_nvidia_smi(GPUS), "PYTHONPATH": str(ROOT)}
    box.refuses("computes on it; found: dlib", *flags, environment=environment)


@needs("tensorflow", "tensorflow_hub")
@pytest.mark.model
@pytest.mark.slow
def test_so_is_a_gpu_that_tensorflow_does_not_see(box: Box) -> None:
    model = box.folder / "model"
    model.mkdir()
    (model / "saved_model.pb").touch()  # it is not loaded
    flags = (*ON_GPU, "--engines-embedding", "tensorflow-hub", "--tensorflow-hub-handle")
    environment = {**box.with_nvidia_smi(GPUS), "PYTHONPATH": str(ROOT)}
    box.refuses(
        "expected a framework that computes on it; found: TensorFlow",
        *(*flags, str(model), "--module", "tests.dag.on_gpus"),
        environment=environment,
    )


@pytest.mark.parametrize(
    "flag", ["--engines-text", pytest.param("--engines-emotions", marks=pytest.mark.slow)]
)
def test_a_night_says_it_as_well(box: Box, flag: str) -> None:
    box.refuses("expected one of", flag, "nonsense", task="Nightly")


def test_with_pictures_of_a_folder_it_is_said_before_the_first_one(box: Box) -> None:
    write_videos(box.videos, sample_ids(2))
    images = str(ROOT / "examples" / "images")
    environment = box.with_nvidia_smi(GPUS)
    box.refuses("found: onnxruntime", "--images-dir", images, *ON_GPU, environment=environment)
