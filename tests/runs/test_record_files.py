"""The files of run records: read back unchanged, and one table of all runs."""

import dataclasses
import json
from pathlib import Path

import pyarrow.dataset as ds

from tests.run_records import a_record, a_stage
from thumbnail_tasks.runs import records
from thumbnail_tasks.runs.record_files import read_records, write_json, write_record
from thumbnail_tasks.runs.records import FailureRecord, GpuRecord, NodeRecord

FULL = a_record(
    a_stage("DetectFaces", n_found=3),
    statuses={"ok": 990, "not_found": 10},
    settings={"storage.shard_size": "512"},
    gpus=[GpuRecord(index="0", name="NVIDIA X", busy_share=0.25)],
    failures=[FailureRecord(task="DetectFaces", count=2)],
    nodes=[
        NodeRecord(
            node="10.0.0.2", n_actors=3, n_shards=12, n_retried=1, n_thumbnails=6144, seconds=80.5
        )
    ],
    warnings=["ä line"],
    n_rows=1200,
)


def test_a_record_is_read_back_unchanged(tmp_path: Path) -> None:
    write_record(str(tmp_path), FULL)
    (read,) = read_records(str(tmp_path), 9)
    assert read == dataclasses.replace(FULL, stages=list(FULL.stages), nodes=list(FULL.nodes))


def test_the_runs_are_one_table(tmp_path: Path) -> None:
    write_record(str(tmp_path), FULL)
    write_record(str(tmp_path), a_record(run_id="2026-03-02T02-00-00-abc123", state="died"))
    files = sorted((tmp_path / "runs").glob("*.parquet"))
    table = ds.dataset(files, records.RUNS).to_table()
    assert table.schema == records.RUNS
    full, died = table.to_pylist()
    assert dict(full["statuses"]) == FULL.statuses
    assert full["started_at"] == FULL.started_at
    assert full["stages"][0]["n_found"] == 3
    assert full["gpus"] == [{"index": "0", "name": "NVIDIA X", "busy_share": 0.25}]
    assert [node["n_shards"] for node in full["nodes"]] == [12]
    assert (died["state"], died["statuses"], died["gpus"]) == ("died", None, None)


def test_records_of_other_versions_and_other_files_are_ignored(tmp_path: Path) -> None:
    write_record(str(tmp_path), FULL)
    found = json.loads(FULL.to_json()) | {"new_in_version_9": 1, "run_id": "2026-04-01T02-00-00-a"}
    del found["gpus"]
    found["stages"][0]["new_in_version_9"] = 1
    (tmp_path / "runs" / "2026-04-01T02-00-00-a.json").write_text(json.dumps(found))
    for name, text in (("x", "{"), ("y", "[]"), ("z", '{"run_id": "z"}'), ("zz", "")):
        (tmp_path / "runs" / f"{name}.json").write_text(text)
    old, other = read_records(str(tmp_path), 9)
    assert (other.run_id, other.gpus, other.stages) == (found["run_id"], None, old.stages)


def test_the_last_records_are_those_of_the_last_nights(tmp_path: Path) -> None:
    for day in (3, 1, 2):
        write_json(str(tmp_path), a_record(run_id=f"2026-03-0{day}T02-00-00-a"))
    assert [each.run_id[9] for each in read_records(str(tmp_path), 2)] == ["2", "3"]
    assert read_records(str(tmp_path / "none"), 2) == []
