"""Progress of a run, from the files of the shards."""

from pathlib import Path

import pyarrow as pa
import pytest

from thumbnail_tasks import schemas
from thumbnail_tasks.runs.records import NodeRecord
from thumbnail_tasks.runs.tally import RunTally
from thumbnail_tasks.stages.faces import DetectFaces
from thumbnail_tasks.stages.texts import CorrectText

STATUSES = {"one": ["ok", "ok", "not_found"], "two": ["ok"]}
ENGINES = {"DetectFaces": "dlib-1", "CorrectText": None}


@pytest.fixture
def tally(tmp_path: Path) -> RunTally:
    return RunTally(str(tmp_path), ENGINES)


def detection(data_dir: Path, shard: str) -> DetectFaces:
    """The task for a shard with downloaded thumbnails."""
    task = DetectFaces(data_dir=str(data_dir), source="web", engine="dlib-1", shards=shard)
    pictures = [{"thumbnail_id": str(n), "status": each} for n, each in enumerate(STATUSES[shard])]
    thumbnails = pa.Table.from_pylist(pictures, schemas.THUMBNAILS)
    task.target("thumbnails", "web", shard).write(thumbnails)
    return task


def make(task: DetectFaces, *thumbnail_ids: str) -> None:
    faces = [{"thumbnail_id": each} for each in thumbnail_ids]
    table = pa.Table.from_pylist(faces, schemas.FACES)
    task.output_for(task.shards).write(table, {"seconds": "1.5"})


def test_a_shard_counts_when_its_file_exists(tally: RunTally, tmp_path: Path) -> None:
    one, two = (detection(tmp_path, shard) for shard in ("one", "two"))
    tally.expect(one)
    tally.expect(two)
    tally.update()
    faces, texts = tally.stages()
    assert (faces.n_shards, faces.n_shards_left, faces.n_thumbnails) == (0, 2, 0)
    assert (texts.stage, texts.engine, texts.n_shards_left) == ("CorrectText", None, 0)

    make(one, "0", "0")
    for _ in range(2):
        tally.update()
        tally.expect(one)  # Luigi discovers a task more than once
    faces, _ = tally.stages()
    assert (faces.n_shards, faces.n_shards_left, faces.n_thumbnails) == (1, 1, 3)
    assert faces.statuses == {"ok": 2, "not_found": 1}
    assert faces.thumbnails_per_second == 2
    assert tally.shards_made("DetectFaces") == {"one"}

    make(two)
    tally.update()
    faces, _ = tally.stages()
    assert (faces.n_shards_left, faces.n_found, faces.seconds) == (0, 1, 3.0)


def test_only_thumbnails_with_text_count_as_found(tally: RunTally, tmp_path: Path) -> None:
    tally.expect(detection(tmp_path, "one"))
    task = CorrectText(data_dir=str(tmp_path), source="web", engine="e", shards="one")
    tally.expect(task)
    rows = [{"thumbnail_id": str(n), "ocr_length": n_words} for n, n_words in enumerate([2, 0])]
    rows.append({"thumbnail_id": "2"})
    task.output_for("one").write(pa.Table.from_pylist(rows, schemas.TEXTS), {"seconds": "1"})
    tally.update()
    assert tally.stages()[1].n_found == 1


def test_a_damaged_file_is_read_again(tally: RunTally, tmp_path: Path) -> None:
    task = detection(tmp_path, "one")
    tally.expect(task)
    path = Path(task.output_for("one").path)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    tally.update()
    assert tally.stages()[0].n_shards_left == 1
    make(task)
    tally.update()
    assert (tally.stages()[0].n_shards_left, tally.stages()[0].n_found) == (0, 0)


def test_only_files_missing_before_count_as_the_runs_work(tmp_path: Path) -> None:
    old, new = (detection(tmp_path, shard) for shard in ("one", "two"))
    make(old, "0")
    tally = RunTally(str(tmp_path), ENGINES)
    make(new)
    tally.expect_planned({old: 2, new: 3})
    tally.update()
    assert tally.shards_made("DetectFaces") == {"two"}


def test_nodes_of_a_cluster_are_counted(tally: RunTally, tmp_path: Path) -> None:
    one, two = (detection(tmp_path, shard) for shard in ("one", "two"))
    tally.expect(one)
    tally.expect(two)
    for task, actor, attempt, n in ((one, "aa", "1", "3"), (two, "bb", "2", "1")):
        about = {"node": "10.0.0.2", "actor": actor, "attempt": attempt}
        table = pa.Table.from_pylist([], schemas.FACES)
        made = {"seconds": "1.5", "n_thumbnails": n, **about}
        task.output_for(task.shards).write(table, made)
    tally.update()
    assert tally.nodes() == [
        NodeRecord(
            node="10.0.0.2", n_actors=2, n_shards=2, n_retried=1, n_thumbnails=4, seconds=3.0
        )
    ]


def test_without_a_cluster_there_are_no_nodes(tally: RunTally, tmp_path: Path) -> None:
    task = detection(tmp_path, "one")
    tally.expect(task)
    make(task, "0")
    tally.update()
    assert tally.nodes() == []
