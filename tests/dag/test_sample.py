"""The main job on the drawn sample, with every stage's real model."""

import csv
import unicodedata
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pytest

from tests.conftest import EXAMPLES, ROOT, STAGE_TABLES
from tests.dag.runs import SAMPLE, Finished, files_of, run
from thumbnail_tasks import schemas
from thumbnail_tasks.runs.record_files import read_records

pytestmark = [pytest.mark.dag, pytest.mark.model]


@pytest.fixture(scope="module")
def expected() -> dict[str, dict[str, str]]:
    with (EXAMPLES / "expected.csv").open(encoding="utf-8") as file:
        return {row["video_id"]: row for row in csv.DictReader(file)}


def test_the_run_succeeds_and_prints_a_summary(sample: Finished) -> None:
    assert sample.code == 0, sample.printed
    for said in ("47 rows", "with text", "faces", "RecognizeText", "per second", "attributes.csv"):
        assert said in sample.printed


def test_the_input_is_kept_in_order(sample: Finished) -> None:
    with (EXAMPLES / "videos.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in rows[0]:
        column = sample.attributes[name]
        if column.type != pa.string():
            continue
        assert column.to_pylist() == [row[name] for row in rows]
    assert sample.attributes["views"].to_pylist() == [int(row["views"]) for row in rows]


def test_the_columns_are_those_of_the_contract(sample: Finished) -> None:
    ours = schemas.exported(width=512)
    table = sample.attributes
    assert table.column_names[-len(ours) :] == ours.names
    assert [table.schema.field(name).type for name in ours.names] == ours.types
    for field in ours:
        assert table.schema.field(field.name).metadata == field.metadata


def test_every_status_is_right(sample: Finished, expected: dict[str, dict[str, str]]) -> None:
    for row in sample.attributes.select(["video_id", "thumbnail_status"]).to_pylist():
        assert row["thumbnail_status"] == expected[row["video_id"]]["thumbnail_status"]


NULL_WITHOUT_TEXT = (
    *("thumbnail_ocr_embed", "thumbnail_text_script"),
    *("text_center_x", "text_center_y", "ocr_confidence_mean"),
)
NULL_WITHOUT_JUDGED_FACE = tuple(f"{label}_mean" for label in schemas.EMOTION_LABELS)


def test_null_means_could_not_be_done(sample: Finished) -> None:
    table = sample.attributes
    for row in table.select(["thumbnail_status", *schemas.attributes(512).names]).to_pylist():
        is_ok = row["thumbnail_status"] == "ok"
        for name in schemas.attributes(512).names:
            if name in NULL_WITHOUT_TEXT:
                assert (row[name] is not None) == bool(row["thumbnail_ocr"]), name
            elif name.startswith("largest_face_"):
                assert (row[name] is not None) == bool(row["face_count"]), name
            elif name in NULL_WITHOUT_JUDGED_FACE:
                judged = is_ok and row["face_count"] > row["doubtful_face_count"]
                assert (row[name] is not None) == judged, name
            elif name == "thumbnail_text_language":  # null also where it is not known
                assert row[name] is None or row["thumbnail_ocr"]
            elif name in ("hue_mean", "hue_histogram_fixed"):  # null also for a grey picture
                assert row[name] is None or is_ok
            elif name == "thumbnail_first_seen_at":  # pictures of a folder have no times
                assert row[name] is None
            elif name not in ("thumbnail_id", "thumbnail_status"):
                assert (row[name] is not None) == is_ok, name


def test_every_face_is_counted(sample: Finished, expected: dict[str, dict[str, str]]) -> None:
    wrong = [
        row
        for row in sample.attributes.select(["video_id", "face_count"]).to_pylist()
        if row["face_count"] is not None
        and row["face_count"] != int(expected[row["video_id"]]["face_count"])
    ]
    assert len(wrong) <= 1, wrong


def test_each_face_has_one_emotion(sample: Finished) -> None:
    for row in sample.attributes.to_pylist():
        if row["face_count"] is not None:
            counts = [row[f"{label}_count"] for label in schemas.EMOTION_LABELS]
            assert sum(counts) == row["face_count"]


def test_most_words_are_recognised(sample: Finished, expected: dict[str, dict[str, str]]) -> None:
    hits = wanted = reported = 0
    done = set()
    for row in sample.attributes.select(["video_id", "thumbnail_ocr"]).to_pylist():
        if row["thumbnail_ocr"] is None or row["video_id"] in done:
            continue
        done.add(row["video_id"])
        said = _words(row["thumbnail_ocr"])
        drawn = _words(expected[row["video_id"]]["words"])
        hits += (said & drawn).total()
        wanted += drawn.total()
        reported += said.total()
    assert hits / wanted > 0.85
    assert hits / reported > 0.85


def _words(text: str) -> Counter[str]:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return Counter("".join(c if c.isalnum() else " " for c in plain).split())


def test_duplicates_have_the_same_attributes(sample: Finished) -> None:
    rows = sample.attributes.to_pylist()
    by_id: dict[str, list[object]] = {}
    names = schemas.attributes(512).names
    for row in rows:
        by_id.setdefault(row["video_id"], []).append([row[name] for name in names])
    assert max(map(len, by_id.values())) > 1
    for several in by_id.values():
        assert all(one == several[0] for one in several)


def test_the_csv_has_the_same_rows_without_vectors(sample: Finished) -> None:
    table = pa.csv.read_csv(
        sample.data_dir / "exports" / "attributes.csv",
        parse_options=pa.csv.ParseOptions(newlines_in_values=True),
    )
    expected_names = [n for n in sample.attributes.column_names if n != "thumbnail_ocr_embed"]
    assert table.column_names == expected_names
    assert table["views"].to_pylist() == sample.attributes["views"].to_pylist()
    assert table["video_id"].to_pylist() == sample.attributes["video_id"].to_pylist()


def test_a_second_run_does_nothing_and_says_so(sample: Finished) -> None:
    before = files_of(sample.data_dir)
    again = run(sample.data_dir, *SAMPLE)
    assert again.code == 0
    assert "Nothing to do" in again.printed
    assert files_of(sample.data_dir) == before


def test_every_table_folder_is_a_dataset(sample: Finished) -> None:
    for table, schema in STAGE_TABLES.items():
        (folder,) = (sample.data_dir / table).iterdir()
        assert pa.parquet.read_table(folder).schema.equals(schema), table


def test_the_record_counts_the_memory_of_the_models_in_other_processes(sample: Finished) -> None:
    record = read_records(str(sample.data_dir), 99)[0]
    assert record.task == "ExportAttributes"
    assert (record.peak_memory_bytes or 0) > 400e6


@pytest.mark.slow
def test_workers_shards_and_hash_seed_change_nothing(sample: Finished, tmp_path: Path) -> None:
    flags = ("--workers", "3", "--storage-shard-size", "7")
    other = run(tmp_path / "data", *SAMPLE, *flags, hash_seed="1")
    assert other.code == 0, other.printed
    assert other.attributes.equals(sample.attributes)


def test_the_bare_command_says_what_it_needs() -> None:
    finished = run(ROOT / "never-made")
    assert finished.code != 0
    assert "--videos: expected a CSV, JSON or Parquet file" in finished.printed
    assert not finished.data_dir.exists()
