"""The commands as a user has them: the wheel is installed, and the folder has no luigi.cfg."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import EXAMPLES, ROOT
from tests.dag.runs import Finished, interrupt, sample_ids, wait_for, write_videos

pytestmark = pytest.mark.dag

Command = Callable[..., subprocess.Popen[str]]

LUIGI = ("-m", "luigi", "--module", "thumbnail_tasks", "ExportAttributes")
OWN = ("-m", "thumbnail_tasks", "export")
IMAGES = f"--images-dir={EXAMPLES / 'images'}"
VIDEOS = str(EXAMPLES / "videos.csv")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built as a release is."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys; from setuptools import build_meta as b; print(b.build_wheel(sys.argv[1]))"
    source = folder / "source"
    shutil.copytree(ROOT / "thumbnail_tasks", source / "thumbnail_tasks")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    subprocess.run(
        [sys.executable, "-c", build, str(folder)], cwd=source, check=True, capture_output=True
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment with the wheel, and the dependencies of this environment."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    packages = next(folder.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    # A folder named in a .pth file has its own .pth files ignored: not the checkout.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "python"


@pytest.fixture
def start(python: Path, tmp_path: Path) -> Command:
    """Starts a command in an empty folder."""
    here = tmp_path / "empty"
    here.mkdir()

    def start(*words: str, quick: bool = False) -> subprocess.Popen[str]:
        environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        if quick:
            environment |= {"PYTHONPATH": str(tmp_path), "SECONDS_A_BATCH": "1"}
            (tmp_path / "quick.py").write_bytes((ROOT / "tests/dag/quick.py").read_bytes())
        return subprocess.Popen(
            [str(python), *words],
            cwd=here,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    return start


def run(start: Command, *words: str) -> Finished:
    process = start(*words)
    printed, _ = process.communicate(timeout=600)
    return Finished(process.returncode, printed, Path("data"))


def test_the_package_is_that_of_the_wheel(start: Command, python: Path) -> None:
    printed = run(start, "-c", "import thumbnail_tasks; print(thumbnail_tasks.__file__)").printed
    assert Path(printed.strip()).is_relative_to(python.parent.parent)


@pytest.mark.model
@pytest.mark.parametrize("command", [OWN, LUIGI], ids=["thumbnail-tasks", "luigi"])
def test_the_sample_is_exported_once(
    start: Command, tmp_path: Path, command: Sequence[str]
) -> None:
    videos = str(write_videos(tmp_path / "videos.csv", sample_ids(8)))
    table = [videos] if command is OWN else ["--videos", videos]
    first = run(start, *command, *table, IMAGES)
    assert first.code == 0, first.printed
    assert "ERROR" not in first.printed
    exported = tmp_path / "empty" / "data" / "exports" / "attributes.parquet"
    assert pq.read_metadata(exported).num_rows == 8

    again = run(start, *command, *table, IMAGES)
    assert again.code == 0
    assert again.printed == (
        "Nothing to do: data/exports/attributes.parquet is up to date with this input and these "
        "engines.\n"
    )


@pytest.mark.thorough
@pytest.mark.model
def test_a_report_without_a_table_leaves_the_export_as_it_is(
    start: Command, tmp_path: Path
) -> None:
    videos = str(write_videos(tmp_path / "videos.csv", sample_ids(4)))
    flags = ("--objects", "--embed-columns", "video_id")
    assert run(start, *OWN, videos, IMAGES, *flags).code == 0
    exported = tmp_path / "empty" / "data" / "exports" / "attributes.parquet"
    before = exported.read_bytes()
    assert {"person_count", "video_id_embed"} <= set(pq.read_schema(exported).names)
    for words in (("search", "a cat"), ("report",)):
        finished = run(start, "-m", "thumbnail_tasks", *words)
        assert finished.code == 0, finished.printed
        assert exported.read_bytes() == before


@pytest.mark.thorough
@pytest.mark.parametrize("command", [OWN, LUIGI], ids=["thumbnail-tasks", "luigi"])
def test_a_missing_file_and_a_wrong_column_are_one_line_and_exit_code_30(
    start: Command, tmp_path: Path, command: Sequence[str]
) -> None:
    (tmp_path / "wrong.csv").write_text("name,age\nx,3\n")
    for path, message in (
        ("missing.csv", "ERROR: --videos missing.csv: no such file\n"),
        (f"{tmp_path}/wrong.csv", f"ERROR: {tmp_path}/wrong.csv: no column 'thumbnail_link'"),
    ):
        finished = run(start, *command, *([path] if command is OWN else ["--videos", path]))
        assert finished.code == 30
        lines = finished.printed.splitlines(keepends=True)
        assert lines[0].startswith(message)
        assert len([line for line in lines if "ERROR" in line]) == 1
        assert "Traceback" not in finished.printed, finished.printed


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("ExportAttributs",), "ERROR: no task ExportAttributs. Did you mean ExportAttributes?\n"),
        (
            ("ExportAttributes", "--vidoes", "a.csv"),
            "ERROR: unrecognized arguments: --vidoes a.csv. Did you mean --videos? "
            "All flags: luigi --module … ExportAttributes --help\n",
        ),
        (
            ("ExportAttributes", "--workers", "two"),
            "ERROR: --workers: expected a whole number; found: 'two'\n",
        ),
        (
            ("Nightly", "--date", "2026-13-01"),
            "ERROR: --date: expected a date, as in 2026-01-31; found: '2026-13-01'\n",
        ),
        (("SearchTexts",), "ERROR: SearchTexts: --query is required\n"),
        (
            ("ExportAttributes", "--retcode-task-failed", "x"),
            "ERROR: --retcode-task-failed: expected a whole number; found: 'x'\n",
        ),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else "",
)
def test_a_typo_is_one_line(start: Command, words: Sequence[str], message: str) -> None:
    finished = run(start, "-m", "luigi", "--module", "thumbnail_tasks", *words)
    assert finished.code != 0
    assert finished.printed == message


@pytest.mark.thorough
def test_ctrl_c_and_the_same_command_again(start: Command, tmp_path: Path) -> None:
    words = ("-m", "luigi", "--module", "quick", "ExportAttributes", "--videos", VIDEOS, IMAGES)
    data_dir = tmp_path / "empty" / "data"
    process = start(*words, quick=True)
    wait_for(data_dir, "thumbnails/*/*.parquet")
    printed = interrupt(process)
    assert "Interrupted. Finished work is kept" in printed
    assert not (data_dir / "exports").exists()

    process = start(*words, quick=True)
    printed, _ = process.communicate(timeout=600)
    assert process.returncode == 0, printed
    assert "DownloadThumbnails        43" not in printed.split("this run")[0]
    assert pq.read_metadata(data_dir / "exports" / "attributes.parquet").num_rows == 47
