"""The same input gives the same result, to the last bit, however it is computed.

No tolerance is needed on one machine: every column of every table is compared exactly.
"""

import csv
import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import EXAMPLES, STAGE_TABLES
from tests.dag.contents import content_of
from tests.dag.runs import Finished, kill_after, run, start, wait_for
from thumbnail_tasks.engines.emotions import face_quality
from thumbnail_tasks.stages import appearance, detections, emotions
from thumbnail_tasks.stages.appearance import measure_appearances
from thumbnail_tasks.stages.embeddings import EmbedText, embed_texts
from thumbnail_tasks.stages.emotions import ClassifyEmotions, classify_emotions
from thumbnail_tasks.stages.faces import DetectFaces, detect_faces
from thumbnail_tasks.stages.words import RecognizeText, recognize_text

pytestmark = [pytest.mark.dag, pytest.mark.model]

IDS = (
    *("sample00001", "-sample0006", "_sample0009", "sample00011", "sample00015", "sample00017"),
    *("sample00022", "sample00027", "sample00028", "-sample0029", "sample00034", "sample00035"),
    *("sample00037", "sample00041", "sample00043"),
)
"""With and without text and faces, several times, no picture, no file."""


def hash_tables(data_dir: Path) -> dict[str, str]:
    """A digest of every table of a data directory; for stages, of each column.

    Which shard a thumbnail stands in does not count, and neither does the order of thumbnails,
    but in the exports. The input's own table is there in its order.
    """

    def digest(value: object) -> str:
        return hashlib.sha256(repr(value).encode()).hexdigest()

    digests = content_of(data_dir)
    for folder in ("shards", "plans"):
        rows = pq.read_table(data_dir / folder)
        for name in rows.column_names:
            if name != "shard":
                digests[f"{folder}.{name}"] = digest(rows.sort_by("thumbnail_id")[name].to_pylist())
    for folder in ("videos", "vocabularies"):
        digests[folder] = digest(pq.read_table(data_dir / folder).to_pylist())
    digests["attributes.csv"] = digest((data_dir / "exports" / "attributes.csv").read_bytes())
    return digests


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    """Part of the sample, and a row that names no thumbnail."""
    with (EXAMPLES / "videos.csv").open(encoding="utf-8", newline="") as file:
        chosen = [row for row in csv.DictReader(file) if row["video_id"] in IDS]
    assert len(chosen) > len(IDS)
    return [*chosen, dict.fromkeys(chosen[0], "")]


def write_videos(path: Path, rows: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Write a table; returns the flags to process it."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return ("--videos", str(path), "--images-dir", str(EXAMPLES / "images"))


@pytest.fixture(scope="module")
def flags(tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]) -> tuple[str, ...]:
    return write_videos(tmp_path_factory.mktemp("videos") / "videos.csv", rows)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, flags: tuple[str, ...]) -> Finished:
    """One worker, one shard, without interruption."""
    how = ("--workers", "1", "--storage-shard-size", "50")
    finished = run(tmp_path_factory.mktemp("first") / "data", *flags, *how)
    assert finished.code == 0, finished.printed
    return finished


def test_a_digest_changes_with_a_tables_content(first: Finished, tmp_path: Path) -> None:
    shutil.copytree(first.data_dir, tmp_path / "data")
    (file,) = (tmp_path / "data" / "faces").glob("*/*.parquet")
    table = pq.read_table(file)
    last_bit = pa.array(table["confidence"].to_numpy() * (1 + 2**-23), pa.float32())
    place = table.schema.get_field_index("confidence")
    pq.write_table(table.set_column(place, table.schema.field(place), last_bit), file)
    one, other = hash_tables(first.data_dir), hash_tables(tmp_path / "data")
    assert {name for name in one if one[name] != other[name]} == {"faces.confidence"}
    assert {name.partition(".")[0] for name in one} == {
        *(*STAGE_TABLES, "shards", "plans", "videos", "vocabularies", "attributes")
    }


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("n_workers", "shard_size", "hash_seed"),
    [
        (3, 3, "77"),
        pytest.param(1, 1, "random", marks=pytest.mark.slow),
        pytest.param(2, 7, "1", marks=pytest.mark.slow),
    ],
)
def test_workers_shards_hash_seeds_and_a_cold_start_change_nothing(
    first: Finished,
    flags: tuple[str, ...],
    tmp_path: Path,
    n_workers: int,
    shard_size: int,
    hash_seed: str,
) -> None:
    names = ("HOME", "XDG_CACHE_HOME", "PYTHONPYCACHEPREFIX", "TMPDIR")
    empty = {name: str(tmp_path / name) for name in names}
    for folder in empty.values():
        Path(folder).mkdir()
    how = ("--workers", str(n_workers), "--storage-shard-size", str(shard_size))
    finished = run(tmp_path / "data", *flags, *how, hash_seed=hash_seed, environment=empty)
    assert finished.code == 0, finished.printed
    assert hash_tables(finished.data_dir) == hash_tables(first.data_dir)


@pytest.mark.thorough
def test_a_warm_start_changes_nothing(
    first: Finished, flags: tuple[str, ...], tmp_path: Path
) -> None:
    shutil.copytree(first.data_dir, tmp_path / "data")
    for folder in ("texts", "embeddings", "emotions", "appearance", "exports"):
        shutil.rmtree(tmp_path / "data" / folder)
    finished = run(tmp_path / "data", *flags, "--workers", "2", hash_seed="5")
    assert finished.code == 0, finished.printed
    assert hash_tables(finished.data_dir) == hash_tables(first.data_dir)


@pytest.mark.slow
def test_a_resumed_run_gives_the_same_as_an_uninterrupted_one(
    first: Finished, flags: tuple[str, ...], tmp_path: Path
) -> None:
    how = ("--storage-shard-size", "4", "--workers", "2")
    for made in ("thumbnails/*/*.parquet", "words/*/*.parquet"):
        process = start(tmp_path / "data", *flags, *how, hash_seed="3")
        wait_for(tmp_path / "data", made)
        kill_after(process, 0)
    assert not (tmp_path / "data" / "exports").exists()
    finished = run(tmp_path / "data", *flags, "--workers", "1", hash_seed="4")
    assert finished.code == 0, finished.printed
    assert hash_tables(finished.data_dir) == hash_tables(first.data_dir)


@pytest.mark.thorough
def test_the_order_of_the_input_does_not_change_attributes(
    first: Finished, rows: list[dict[str, str]], tmp_path: Path
) -> None:
    """With equal titles: a shard keeps the title of the first video with the thumbnail."""
    flags = write_videos(tmp_path / "videos.csv", rows[::-1])
    how = ("--workers", "2", "--storage-shard-size", "5")
    finished = run(tmp_path / "data", *flags, *how)
    assert finished.code == 0, finished.printed
    assert finished.attributes.to_pylist()[::-1] == first.attributes.to_pylist()
    one, other = hash_tables(first.data_dir), hash_tables(finished.data_dir)
    differing = {name.partition(".")[0] for name in one if one[name] != other[name]}
    assert differing <= {"videos", "attributes"}


@pytest.mark.parametrize(
    "batch_size", [5, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 64))]
)
def test_batches_change_nothing(
    first: Finished, monkeypatch: pytest.MonkeyPatch, batch_size: int
) -> None:
    for stage in (appearance, detections, emotions):
        assert batch_size != stage._BATCH_SIZE
        monkeypatch.setattr(stage, "_BATCH_SIZE", batch_size)
    kept = {name: read_stage(first.data_dir, name) for name in STAGE_TABLES}
    pictures, faces = kept["thumbnails"], kept["faces"]
    assert len(faces) > 5

    def done(n: int) -> None:
        pass

    recognize, detect = RecognizeText.selected_engine().load(), DetectFaces.selected_engine().load()
    classify, judge = ClassifyEmotions.selected_engine().load(), face_quality.load_face_judge()
    expected = [()] * len(pictures)  # the titles are in Latin letters
    same(recognize_text(pictures, expected, recognize, done), kept["words"])
    same(detect_faces(pictures, detect, done), faces)
    same(classify_emotions(pictures, faces, classify, judge, done), kept["emotions"])
    same(measure_appearances(pictures, done), kept["appearance"])
    encode = EmbedText.selected_engine().load()
    parts = [
        embed_texts(kept["texts"].slice(start, batch_size), encode, done)
        for start in range(0, len(kept["texts"]), batch_size)
    ]
    same(pa.concat_tables(parts), kept["embeddings"])


def read_stage(data_dir: Path, name: str) -> pa.Table:
    """The only file of a stage."""
    (file,) = (data_dir / name).glob("*/*.parquet")
    return pq.ParquetFile(file).read()


def same(made: pa.Table, kept: pa.Table) -> None:
    assert len(kept) > 0
    for name in kept.column_names:
        assert made[name].to_pylist() == kept[name].to_pylist(), name
