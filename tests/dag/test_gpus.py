"""The real command on a host whose nvidia-smi lists two GPUs that do not exist."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import EXAMPLES, ROOT, needs
from tests.dag.runs import Finished, files_of, run, sample_ids, write_videos

pytestmark = pytest.mark.dag

FIRST, SECOND = "GPU 0 (NVIDIA Fake)", "GPU 1 (NVIDIA Fake)"


class Host:
    """A host with GPUs, and runs of the command there."""

    def __init__(self, folder: Path, n_pictures: int) -> None:
        self.folder = folder
        nvidia_smi = folder / "bin" / "nvidia-smi"
        nvidia_smi.parent.mkdir()
        nvidia_smi.write_text(
            "#!/bin/sh\necho '0, GPU-aa11, NVIDIA Fake'\necho '1, GPU-bb22, NVIDIA Fake'\n"
        )
        nvidia_smi.chmod(0o755)
        videos = write_videos(folder / "videos.csv", sample_ids(n_pictures))
        self.flags = ("--videos", str(videos), "--images-dir", str(EXAMPLES / "images"))

    def run(self, *flags: str, n_at_once: int = 2, data: str = "data") -> Finished:
        limits = self.folder / f"{n_at_once}.cfg"
        limits.write_text(f"[resources]\ngpu = {n_at_once}\n")
        environment = {
            "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "LUIGI_CONFIG_PATH": str(limits),
        }
        gpus = ("--gpus-devices", "auto", "--gpus-lock-dir", str(self.folder))
        flags = (*self.flags, *gpus, "--storage-shard-size", "4", *flags)
        return run(self.folder / data, *flags, environment=environment)


def place_of(path: Path) -> str:
    return str(pq.read_metadata(path).metadata[b"computed_on"].decode())


def places_of(data_dir: Path, tables: Sequence[str]) -> set[str]:
    return {place_of(path) for table in tables for path in (data_dir / table).rglob("*.parquet")}


@pytest.mark.parametrize("n_at_once", [pytest.param(2, marks=pytest.mark.slow), 3])
def test_concurrent_tasks_each_see_a_gpu_of_their_own(tmp_path: Path, n_at_once: int) -> None:
    host = Host(tmp_path, n_pictures=40)
    told = host.run("--module", "tests.dag.on_gpus", "--workers", "4", n_at_once=n_at_once)
    assert told.code == 0, told.printed
    seen = {
        (text, place_of(path))
        for path in (told.data_dir / "words").rglob("*.parquet")
        for text in pq.read_table(path)["text"].to_pylist()
    }
    assert seen
    assert seen <= {("GPU-aa11", FIRST), ("GPU-bb22", SECOND)}
    assert f"      on {FIRST}" in told.printed
    assert f"      on {SECOND}" in told.printed
    assert places_of(told.data_dir, ["words", "faces", "emotions"]) == {FIRST, SECOND}
    assert places_of(told.data_dir, ["thumbnails", "texts", "appearance"]) == {"CPU"}
    assert ("waiting for a GPU" in told.printed) == (n_at_once > 2)


@pytest.mark.thorough
def test_in_one_process_each_stage_leases_what_it_needs(tmp_path: Path) -> None:
    host = Host(tmp_path, n_pictures=8)
    told = host.run("--module", "tests.dag.on_gpus", "--workers", "1")
    assert told.code == 0, told.printed
    assert places_of(told.data_dir, ["words", "faces", "emotions"]) == {FIRST}
    assert places_of(told.data_dir, ["texts", "embeddings"]) == {"CPU"}


@pytest.mark.thorough
def test_results_computed_on_a_gpu_are_valid_on_a_host_without_one(tmp_path: Path) -> None:
    host = Host(tmp_path, n_pictures=2)
    on_gpu = host.run("--module", "tests.dag.on_gpus")
    assert on_gpu.code == 0, on_gpu.printed
    before = files_of(on_gpu.data_dir)
    on_processor = host.run("--module", "tests.dag.on_gpus", "--gpus-devices", "none")
    assert on_processor.code == 0, on_processor.printed
    assert files_of(on_gpu.data_dir) == before


@pytest.mark.thorough
@pytest.mark.model
def test_a_framework_that_sees_no_gpu_ends_the_run_and_devices_none_uses_the_cpu(
    tmp_path: Path,
) -> None:
    host = Host(tmp_path, n_pictures=2)
    refused = host.run()
    assert refused.code != 0, refused.printed
    assert f"{FIRST}: expected a framework that computes on it; found: onnx" in refused.printed
    assert "Traceback" not in refused.printed, refused.printed
    assert not list((tmp_path / "data").glob("words/*/*.parquet"))
    on_processor = host.run("--gpus-devices", "none")
    assert on_processor.code == 0, on_processor.printed
    assert "RecognizeText      on CPU" in on_processor.printed


def test_a_missing_required_gpu_ends_the_run(tmp_path: Path) -> None:
    host = Host(tmp_path, n_pictures=2)
    flags = ("--gpus-devices", "none", "--gpus-required", "true")
    refused = host.run(*flags)
    assert refused.code != 0, refused.printed
    assert "[gpus] required: expected a GPU; found: none" in refused.printed


@pytest.mark.thorough
@needs("dlib")
@pytest.mark.model
def test_a_cpu_only_detector_leases_no_gpu_and_one_that_sees_none_is_refused(
    tmp_path: Path,
) -> None:
    host = Host(tmp_path, n_pictures=2)
    refused = host.run("--module", "tests.dag.on_gpus", "--engines-faces", "face-recognition-cnn")
    assert refused.code != 0, refused.printed
    assert f"{FIRST}: expected a framework that computes on it; found: dlib" in refused.printed
    hog = host.run("--module", "tests.dag.on_gpus", "--engines-faces", "face-recognition-hog")
    assert hog.code == 0, hog.printed
    assert places_of(tmp_path / "data", ["faces"]) == {"CPU"}
