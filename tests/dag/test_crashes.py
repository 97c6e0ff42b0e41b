"""A picture that kills a model costs only itself; concurrent runs do not disturb each other."""

import re
import shutil
import signal
from collections import Counter
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.conftest import EXAMPLES, STAGE_TABLES
from tests.dag.poison import TOO_LARGE
from tests.dag.runs import (
    QUICKLY,
    Finished,
    files_of,
    run,
    sample_ids,
    start,
    wait_for,
    write_videos,
)
from thumbnail_tasks import schemas

pytestmark = pytest.mark.dag

HARMLESS = sample_ids(5)
POISON = ("--module", "tests.dag.poison")
QUICK_POISON = ("--module", "tests.dag.quick_poison")


def kill_by(sign: signal.Signals) -> tuple[int, int, int]:
    return (1, 2, sign)


def make_pictures(folder: Path, **first_pixels: tuple[int, int, int]) -> tuple[str, ...]:
    """The harmless pictures, and one per name whose first pixel has this colour; returns flags."""
    folder.mkdir()
    for name in HARMLESS:
        shutil.copy(EXAMPLES / "images" / f"{name}.jpg", folder)
    for name, colour in first_pixels.items():
        with Image.open(EXAMPLES / "images" / f"{HARMLESS[0]}.jpg") as picture:
            picture.putpixel((0, 60), colour)
            picture.crop((0, 60, 480, 330)).save(folder / f"{name}.png")
    ids = sorted(path.stem for path in folder.iterdir())
    videos = write_videos(folder.with_suffix(".csv"), ids)
    return ("--videos", str(videos), "--images-dir", str(folder))


def kill_the_decoder(picture: Path, sign: signal.Signals) -> None:
    about = PngInfo()
    about.add_text("comment", f"kill-with:{sign:d}")
    with Image.open(picture) as image:
        image.save(picture, pnginfo=about)


def poisoned(data_dir: Path, *flags: str, **environment: str) -> Finished:
    return run(data_dir, *flags, *QUICK_POISON, environment=environment)


def statuses_of(attributes: pa.Table) -> dict[str, str]:
    columns = attributes.select(["thumbnail_id", "thumbnail_status"]).to_pydict()
    return dict(zip(*columns.values(), strict=True))


def all_but(**others: str) -> dict[str, str]:
    return dict.fromkeys(HARMLESS, "ok") | others


@pytest.mark.parametrize(
    ("workers", "engines", "poison"),
    [
        ("2", QUICKLY, QUICK_POISON),
        pytest.param("1", (), POISON, marks=[pytest.mark.model, pytest.mark.slow]),
    ],
)
def test_each_poisonous_picture_costs_only_itself(
    tmp_path: Path, workers: str, engines: tuple[str, ...], poison: tuple[str, ...]
) -> None:
    flags = make_pictures(
        tmp_path / "images",
        segv_reader=kill_by(signal.SIGSEGV),
        abrt_reader=kill_by(signal.SIGABRT),
        bus_decoder=(0, 0, 0),
    )
    kill_the_decoder(tmp_path / "images" / "bus_decoder.png", signal.SIGBUS)
    undisturbed = run(tmp_path / "undisturbed", *flags, *engines)
    assert undisturbed.code == 0, undisturbed.printed

    finished = run(tmp_path / "data", *flags, *poison, "--workers", workers)
    assert finished.code == 0, finished.printed
    table = finished.attributes
    crashed = dict.fromkeys(("segv_reader", "abrt_reader", "bus_decoder"), "crashed_decoder")
    assert statuses_of(table) == all_but(**crashed)
    is_ok = pc.equal(table["thumbnail_status"], "ok")
    assert table.filter(is_ok).equals(undisturbed.attributes.filter(is_ok))
    for name in set(schemas.attributes(512).names) - {"thumbnail_id", "thumbnail_status"}:
        has_none = undisturbed.attributes[name].is_null()
        assert table[name].is_null().equals(pc.or_(has_none, pc.invert(is_ok))), name
    assert "segv_reader: crashed_decoder: killed by SIGSEGV: a native" in finished.printed
    assert "ERROR" not in finished.printed
    assert "Traceback" not in finished.printed, finished.printed

    before = files_of(tmp_path / "data")
    again = run(tmp_path / "data", *flags, *poison, "--workers", workers)
    assert "Nothing to do" in again.printed
    assert files_of(tmp_path / "data") == before


@pytest.mark.thorough
def test_crashed_pictures_are_retried_on_request(tmp_path: Path) -> None:
    flags = make_pictures(tmp_path / "images", segv_reader=kill_by(signal.SIGSEGV))
    first = poisoned(tmp_path / "data", *flags)
    assert statuses_of(first.attributes)["segv_reader"] == "crashed_decoder"
    repaired = run(tmp_path / "data", *flags, *QUICKLY, "--thumbnails-retry-failed")
    assert repaired.code == 0, repaired.printed
    assert "1 thumbnail to do in 1 shard, " in repaired.printed
    assert statuses_of(repaired.attributes) == all_but(segv_reader="ok")


@pytest.mark.thorough
def test_out_of_memory_splits_the_batch_and_single_failures_are_retried_next_night(
    tmp_path: Path,
) -> None:
    flags = make_pictures(
        tmp_path / "images", too_large_01=TOO_LARGE, kill_reader=kill_by(signal.SIGKILL)
    )
    undisturbed = run(tmp_path / "undisturbed", *flags, *QUICKLY)
    finished = poisoned(tmp_path / "data", *flags)
    assert finished.code == 0, finished.printed
    too_large = dict.fromkeys(("too_large_01", "kill_reader"), "out_of_memory")
    assert statuses_of(finished.attributes) == all_but(**too_large)
    is_ok = pc.equal(finished.attributes["thumbnail_status"], "ok")
    assert finished.attributes.filter(is_ok).equals(undisturbed.attributes.filter(is_ok))
    assert "SIGKILL, most likely by the kernel because memory ran out" in finished.printed
    assert "memory ran out: RuntimeError: [ONNXRuntimeError] : 6" in finished.printed

    another_night = run(tmp_path / "data", *flags, *QUICKLY)
    assert "2 thumbnails to do in 1 shard, 5 already in shards" in another_night.printed
    assert another_night.attributes.equals(undisturbed.attributes)


@pytest.mark.thorough
def test_an_engine_that_crashes_without_a_picture_is_named_and_no_picture_is_blamed(
    tmp_path: Path,
) -> None:
    flags = make_pictures(tmp_path / "images")
    failed = poisoned(tmp_path / "data", *flags, KILLED_WHEN_LOADED=f"{signal.SIGILL:d}")
    assert failed.code != 0, failed.printed
    assert "ERROR: RecognizeText with rapidocr-" in failed.printed
    assert "SIGILL: a native library crashed, with any picture" in failed.printed
    assert "crashed_decoder" not in failed.printed
    assert "Traceback" not in failed.printed, failed.printed
    repaired = poisoned(tmp_path / "data", *flags)
    assert repaired.code == 0, repaired.printed
    assert statuses_of(repaired.attributes) == all_but()


@pytest.mark.thorough
@pytest.mark.parametrize("workers", ["1", "3"])
def test_a_kill_leaves_neither_processes_nor_a_lock(tmp_path: Path, workers: str) -> None:
    flags = (*make_pictures(tmp_path / "images"), *QUICKLY, "--workers", workers)
    process = start(tmp_path / "data", *flags, environment={"HELD": str(tmp_path)})
    wait_for(tmp_path / "data", "thumbnails/*/*.parquet")
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.kill()  # only this process, not its group
    assert psutil.wait_procs(children, timeout=600)[1] == []
    process.communicate(timeout=600)
    finished = run(tmp_path / "data", *flags)
    assert finished.code == 0, finished.printed
    assert "waiting" not in finished.printed
    assert statuses_of(finished.attributes) == all_but()


@pytest.mark.thorough
@pytest.mark.parametrize("workers", ["1", "2"])
def test_two_concurrent_commands_make_each_file_once(tmp_path: Path, workers: str) -> None:
    flags = (*make_pictures(tmp_path / "images"), "--storage-shard-size", "2", *QUICKLY)
    both = [start(tmp_path / "data", *flags, "--workers", workers) for _ in range(2)]
    printed = [process.communicate(timeout=600)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    line = r"^(\w+) +(?:1 thumbnail|[2-9] thumbnails) in "
    made = Counter(re.findall(line, "\n".join(printed), re.MULTILINE))
    assert len(made) == len(STAGE_TABLES)
    assert set(made.values()) == {3}, "\n".join(printed)
    left = [path.name for path in (tmp_path / "data").rglob(".*")]
    assert left == [".claims"]
