"""The vectors of a table's own columns in an export, and the similarity of title and thumbnail."""

import html
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import luigi
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as numbers
from numpy.typing import NDArray

from tests.export.conftest import IDS, Archive
from thumbnail_tasks import schemas
from thumbnail_tasks.engines.interface import Engine
from thumbnail_tasks.export import attributes, column_vectors, windows, writing
from thumbnail_tasks.export.attributes import Attributes, fingerprint
from thumbnail_tasks.export.column_vectors import ColumnVectors, cosines
from thumbnail_tasks.export.completing import write_export_csv
from thumbnail_tasks.export.writing import Writer
from thumbnail_tasks.fingerprints import short_digest
from thumbnail_tasks.inputs.thumbnail_sources import identify_thumbnails, source_tag
from thumbnail_tasks.stages import embedded_columns, embeddings
from thumbnail_tasks.stages.embedded_columns import EmbedColumns, ReadVideos, WantedColumns
from thumbnail_tasks.stages.pipeline import last_stages
from thumbnail_tasks.stages.text_vectors import embed_distinct
from thumbnail_tasks.storage.parquet_target import LostFileError, ParquetTarget

Config = luigi.configuration.LuigiConfigParser


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """512 numbers that are those of no other text."""
    chances = [np.random.default_rng(zlib.crc32(text.encode())) for text in texts]
    return np.array([each.normal(size=512) for each in chances], np.float32).reshape(-1, 512)


class Here:
    """In place of the model process."""

    def call(self, work: object, report: object) -> pa.Table:
        return embed_distinct(work.args[0], encode)  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def config(monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    """Small chunks of vectors, by an encoder without a model, in windows of two rows."""
    engine = Engine(load=lambda: encode, name=lambda: "drawn", about=dict, width=512)
    monkeypatch.setitem(embeddings.ENCODERS, "use-multilingual", engine)
    monkeypatch.setattr(embedded_columns, "model_process", Here)
    monkeypatch.setattr(embedded_columns, "CHUNK_TEXTS", 2)
    monkeypatch.setattr(column_vectors, "_KEPT_CHUNKS", 1)
    monkeypatch.setattr(writing, "PART_ROWS", 4)
    monkeypatch.setattr(writing, "_BATCH_ROWS", 2)
    monkeypatch.setattr(attributes, "IN_MEMORY_BYTES", 0)
    config = luigi.configuration.get_config()
    config.set("embedding", "columns", "title,tags")
    yield config
    config.remove_section("embedding")


@pytest.fixture
def archive(tmp_path: Path, config: Config) -> Archive:
    return Archive(tmp_path)


VIDEOS = pa.table(
    {
        "video_id": [IDS[9], None, IDS[0], IDS[1], "no id", IDS[5], IDS[0], IDS[11], IDS[9]],
        "title": ["one", "two", "three", None, "four", " ", "one", "five", "one"],
        "tags": ['a|"b"', "[none]", "one", None, "c", 'a|"b"', "d", "e", "f"],
    }
)


def write(archive: Archive, videos: pa.Table, as_parts: bool = False) -> pa.Table:
    """Embed and export a table; returns the export."""
    path = archive.data_dir / f"videos-{zlib.crc32(repr(videos.to_pylist()).encode())}.parquet"
    ParquetTarget(str(path)).write(videos)
    table = {"data_dir": str(archive.data_dir), "videos": str(path), "videos_format": "auto"}
    read = ReadVideos(**table)
    if not read.complete():
        read.run()
    wanted = WantedColumns(videos.schema, "videos")
    task = EmbedColumns.of(table, wanted)
    if task and not task.complete():
        assert list(task.run()) == []
    ids = ParquetTarget(str(archive.data_dir / "ids.parquet"))
    ids.write(identify_thumbnails(videos, from_folder=False))
    attributes = Attributes(archive.plan, archive.source, str(archive.data_dir))
    writer = Writer(read.output(), ids, attributes, wanted, task)
    if as_parts:
        writer.write_dataset(str(archive.exports / "attributes"), "exports/attributes", "f")
        return archive.read()
    target = ParquetTarget(str(archive.exports / "attributes.parquet"), "exports/attributes")
    writer.write_file(target, "f")
    return target.read()


def vectors(texts: Sequence[str | None]) -> list[list[float] | None]:
    return [None if text is None else encode([text])[0].tolist() for text in texts]


TITLES = ["one", "two", "three", None, "four", None, "one", "five", "one"]
TAGS = ["a, b", None, "one", None, "c", "a, b", "d", "e", "f"]


@pytest.mark.parametrize("as_parts", [False, True])
def test_each_row_has_the_vectors_of_its_texts(archive: Archive, as_parts: bool) -> None:
    table = write(archive, VIDEOS, as_parts)
    ours = [*schemas.exported(512).names, "title_embed", "tags_embed"]
    assert table.column_names == [*VIDEOS.column_names, *ours]
    assert table.select(VIDEOS.column_names).equals(VIDEOS)
    assert table["title_embed"].to_pylist() == vectors(TITLES)
    assert table["tags_embed"].to_pylist() == vectors(TAGS)
    assert table.schema.field("tags_embed").type == pa.list_(pa.float32(), 512)


def test_the_similarity_is_the_cosine_of_title_and_thumbnail(archive: Archive) -> None:
    table = write(archive, VIDEOS)
    found = table["title_ocr_similarity"].to_pylist()
    assert table.schema.field("title_ocr_similarity").type == pa.float32()
    for row, similarity in enumerate(found):
        text, title = table["thumbnail_ocr_embed"][row].as_py(), TITLES[row]
        if text is None or title is None:
            assert similarity is None
        else:
            left, right = np.array(text, np.float64), encode([title])[0].astype(np.float64)
            expected = left @ right / np.sqrt((left @ left) * (right @ right))
            assert similarity == pytest.approx(expected, abs=1e-6)
    assert 0 < sum(similarity is not None for similarity in found) < len(found)


def test_rows_in_any_order_have_the_same_vectors(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = [8, 3, 5, 0, 7, 1, 6, 2, 4]
    expected = write(archive, VIDEOS).take(order)
    monkeypatch.setattr(windows, "_MAX_READS", 0)  # sorted on disk
    assert write(archive, VIDEOS.take(order)).equals(expected)
    assert write(archive, VIDEOS.take(order), as_parts=True).equals(expected)
    assert list((archive.data_dir / "unfinished" / "scratch").iterdir()) == []


def names_of_parts(archive: Archive) -> list[str]:
    return [part.name for part in archive.find().parts]


def test_the_columns_are_part_of_what_parts_are_made_from(archive: Archive, config: Config) -> None:
    write(archive, VIDEOS, as_parts=True)
    both = names_of_parts(archive)
    config.set("embedding", "columns", "title")
    write(archive, VIDEOS, as_parts=True)
    assert not set(both) & set(names_of_parts(archive))
    config.set("embedding", "columns", "title,tags")
    row = VIDEOS.slice(0, 1)
    write(archive, pa.concat_tables([VIDEOS, row]), as_parts=True)
    assert names_of_parts(archive)[:2] == both[:2]  # only the last is another


def test_without_columns_and_similarity_nothing_is_other_than_before(
    archive: Archive, config: Config
) -> None:
    config.set("embedding", "columns", "")
    config.set("embedding", "title_similarity", "false")
    table = write(archive, VIDEOS, as_parts=True)
    assert table.column_names == [*VIDEOS.column_names, *schemas.attributes(512).names]
    # As the version before these columns named the first part of this table.
    assert not (archive.data_dir / "text_vectors").exists()
    source = source_tag("")
    tags = [stage.tag(source) for stage in last_stages()]
    assert fingerprint(source, "table", 1) == short_digest(
        [attributes.VERSION, [source, "table", 1], tags], 16
    )


def test_the_columns_are_part_of_the_fingerprint(config: Config) -> None:
    source = source_tag("")
    digests = [fingerprint(source, "table", 1)]
    for name, value in (("columns", "title"), ("columns", ""), ("title_similarity", "false")):
        config.set("embedding", name, value)
        digests.append(fingerprint(source, "table", 1))
    assert len(set(digests)) == 4


def test_similarity_alone_adds_no_vectors(archive: Archive, config: Config) -> None:
    config.set("embedding", "columns", "")
    table = write(archive, VIDEOS)
    assert table.column_names == [*VIDEOS.column_names, *schemas.exported(512).names]
    assert table["title_ocr_similarity"].null_count < len(table)


def test_a_table_without_titles_has_no_similarity(archive: Archive, config: Config) -> None:
    config.set("embedding", "columns", "tags")
    table = write(archive, VIDEOS.drop_columns(["title"]))
    assert table["title_ocr_similarity"].null_count == len(table)
    assert table["tags_embed"].to_pylist() == vectors(TAGS)


def test_a_column_without_any_text_is_null(archive: Archive) -> None:
    blank = pa.table({"video_id": [IDS[0]], "title": [" "], "tags": ["[none]"]})
    (row,) = write(archive, blank).to_pylist()
    assert (row["title_embed"], row["tags_embed"], row["title_ocr_similarity"]) == (None,) * 3


def test_a_damaged_chunk_is_reported_as_lost(archive: Archive) -> None:
    write(archive, VIDEOS)
    chunk = next((archive.data_dir / "text_vectors").rglob("*.parquet"))
    chunk.write_bytes(chunk.read_bytes()[:-9])
    with pytest.raises(LostFileError):
        write(archive, VIDEOS)
    write(archive, VIDEOS)


def test_a_csv_leaves_all_vectors_out_silently(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    write(archive, VIDEOS)
    caplog.clear()
    write_export_csv(archive.find())
    header = (archive.exports / "attributes.csv").read_text().partition("\n")[0]
    assert "embed" not in header
    assert "title_ocr_similarity" in header
    assert caplog.text == ""


def test_an_export_with_vectors_given_back_is_the_table_that_it_was_made_from(
    archive: Archive, config: Config
) -> None:
    write(archive, VIDEOS)
    again = ReadVideos(
        data_dir=str(archive.data_dir / "again"),
        videos=str(archive.exports / "attributes.parquet"),
        videos_format="auto",
    )
    again.run()
    assert again.output().read().equals(VIDEOS)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["one", "two", " ", "", None, "a\tb", "a b", "&amp;", "Ärger", "three"]
            ),
            st.sampled_from(["[none]", None, "a", '"a"', 'a|"b"', "", "c|d|e", "one"]),
        ),
        min_size=1,
        max_size=12,
    ),
    st.integers(1, 4),
    st.sampled_from([0, 8]),
)
def test_any_rows_have_the_vectors_of_their_own_texts(
    texts: list[tuple[str | None, str | None]], window_rows: int, max_reads: int
) -> None:
    columns = {"title": [row[0] for row in texts], "tags": [row[1] for row in texts]}
    ids = [f"{number:011}" for number in range(len(texts))]
    videos = pa.table(
        {"video_id": ids, **{n: pa.array(c, pa.string()) for n, c in columns.items()}}
    )
    ocr = pa.nulls(len(texts), pa.list_(pa.float32(), 512))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "_MAX_READS", max_reads)
        target = ParquetTarget(f"{folder}/videos.parquet")
        target.write(videos)
        table = {"data_dir": f"{folder}/data", "videos": target.path, "videos_format": "auto"}
        ReadVideos(**table).run()
        wanted = WantedColumns(videos.schema, "videos")
        task = EmbedColumns.of(table, wanted)
        assert task is not None
        assert list(task.run()) == []
        rows = pa.table({"n": range(len(texts)), "thumbnail_ocr_embed": ocr})
        with ColumnVectors(target, wanted, task, window_rows) as vectors_of:
            parts = [
                vectors_of.append(rows.slice(start, window_rows), start)
                for start in range(0, len(texts), window_rows)
            ]
    found = pa.concat_tables(parts)
    assert found["n"].to_pylist() == list(range(len(texts)))
    titles = [" ".join(html.unescape(text or "").split()) or None for text in columns["title"]]
    tags = [
        ", ".join(filter(None, (tag.strip('"') for tag in (text or "").split("|")))) or None
        for text in (text if text != "[none]" else None for text in columns["tags"])
    ]
    assert found["title_embed"].to_pylist() == vectors(titles)
    assert found["tags_embed"].to_pylist() == vectors(tags)
    assert found["title_ocr_similarity"].null_count == len(texts)


def as_lists(values: NDArray[np.float32], missing: Sequence[bool] = ()) -> pa.FixedSizeListArray:
    mask = pa.array([*missing, *[False] * (len(values) - len(missing))])
    flat = pa.array(values.ravel(), pa.float32())
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1], mask=mask)


def test_cosines_of_known_vectors() -> None:
    left = as_lists(np.array([[1, 0], [1, 1], [2, 0], [0, 0], [1, 2]], np.float32))
    right = as_lists(
        np.array([[3, 0], [-1, -1], [0, 5], [1, 0], [1, 2]], np.float32), [False] * 4 + [True]
    )
    assert cosines(left, right).to_pylist() == pytest.approx([1, -1, 0, None, None])
    assert cosines(left.slice(1, 2), right.slice(1, 2)).to_pylist() == pytest.approx([-1, 0])
    assert cosines(left.slice(0, 0), right.slice(0, 0)).to_pylist() == []


@given(
    numbers.arrays(np.float32, (4, 3), elements=st.floats(-100, 100, width=32)),
    numbers.arrays(np.float32, (4, 3), elements=st.floats(-100, 100, width=32)),
)
def test_a_cosine_is_in_its_range_and_does_not_depend_on_the_order(
    left: NDArray[np.float32], right: NDArray[np.float32]
) -> None:
    found = cosines(as_lists(left), as_lists(right)).to_pylist()
    assert found == cosines(as_lists(right), as_lists(left)).to_pylist()
    for similarity, one, other in zip(found, left, right, strict=True):
        if similarity is None:
            assert min(np.linalg.norm(one), np.linalg.norm(other)) == 0
        else:
            assert -1 <= similarity <= 1


def test_a_table_in_one_file_reads_as_one_in_parts(archive: Archive) -> None:
    write(archive, VIDEOS)
    file = pq.read_table(archive.exports / "attributes.parquet")
    assert write(archive, VIDEOS, as_parts=True).equals(file)
