"""The files of the embedding projector, read as its page and TensorBoard read them."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thumbnail_tasks import schemas
from thumbnail_tasks.errors import InputError
from thumbnail_tasks.export.projector import (
    MAX_PICTURES,
    METADATA,
    Point,
    PointColumns,
    Sprite,
    describe_files,
    file_name,
    iter_points,
    strongest_emotions,
)


def make_export(
    texts: Sequence[str | None],
    vectors: Sequence[list[float] | None],
    **own: pa.Array | Sequence[object],
) -> pa.Table:
    """An export with these texts of thumbnails, and columns of its own."""
    width = len(next(filter(None, vectors), [0.0, 0.0]))
    ours = {
        "thumbnail_id": [f"id{number}" for number in range(len(texts))],
        "thumbnail_ocr": pa.array(texts, pa.string()),
        "thumbnail_ocr_embed": pa.array(vectors, pa.list_(pa.float32(), width)),
        **{f"{label}_count": [0] * len(texts) for label in schemas.EMOTION_LABELS},
    }
    return pa.table({"video_id": list(map(str, range(len(texts)))), **(ours | own)})


def points(folder: Path, table: pa.Table, name: str = "thumbnail_ocr") -> list[Point]:
    path = folder / "attributes.parquet"
    pq.write_table(table, path, row_group_size=2)
    columns = PointColumns(table.schema, name)
    batches: Iterable[pa.RecordBatch] = pq.ParquetFile(path).iter_batches(columns=columns.names())
    return list(iter_points(batches, columns))


def lines(
    folder: Path, texts: Sequence[str | None], vectors: Sequence[list[float] | None]
) -> list[tuple[str, str]]:
    found = points(folder, make_export(texts, vectors))
    return [(point.cells[0], point.vector) for point in found]


def test_an_empty_export_has_no_points(tmp_path: Path) -> None:
    assert lines(tmp_path, [], []) == []


def test_each_distinct_text_is_one_point_in_the_order_of_first_mention(tmp_path: Path) -> None:
    texts = ["b", "a", "b", None, "", "c"]
    vectors = [[1.0, 2.0], [3.0, 4.0], [1.0, 2.0], None, [0.0, 0.0], [5.0, 6.0]]
    assert lines(tmp_path, texts, vectors) == [("b", "1\t2"), ("a", "3\t4"), ("c", "5\t6")]


@pytest.mark.parametrize("end", "\t\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
def test_nothing_in_a_text_ends_its_cell_or_line(tmp_path: Path, end: str) -> None:
    ((text, _),) = lines(tmp_path, [f"one{end}two{end}"], [[0.0]])
    assert text == "one two"
    assert len(f"{text}\n".splitlines()) == 1


def test_texts_that_differ_in_their_white_space_alone_are_one(tmp_path: Path) -> None:
    assert lines(tmp_path, ["a\tb", "a b"], [[1.0], [1.0]]) == [("a b", "1")]


def test_numbers_keep_all_their_bits(tmp_path: Path) -> None:
    vector = np.random.default_rng(3).normal(size=50).astype(np.float32)
    ((_, line),) = lines(tmp_path, ["x"], [vector.tolist()])
    assert (np.array(line.split("\t"), np.float32) == vector).all()


def test_a_point_has_the_metadata_of_the_first_row_with_its_text(tmp_path: Path) -> None:
    table = make_export(
        ["a", "b", "a"],
        [[1.0, 0.0]] * 3,
        Title=["one\ttab", None, "other"],
        viewCount=[7, None, 9],
        happy_count=[2, 0, 0],
        sad_count=[1, 0, 3],
    )
    table = table.select(["Title", "viewCount", *table.column_names[:-2]])
    assert [point.cells for point in points(tmp_path, table)] == [
        ("a", "id0", "one tab", "happy", "7"),
        ("b", "id1", "", "", ""),
    ]


def test_a_column_of_the_table_has_its_own_texts_and_vectors(tmp_path: Path) -> None:
    vectors = pa.array([[1, 2], [1, 2], None, [3, 4]], pa.list_(pa.float32(), 2))
    table = make_export(["x"] * 4, [[0.0, 0.0]] * 4)
    table = table.add_column(0, "tags", pa.array(['a|"b"', 'a|"b"', "crashed", "c"]))
    table = table.append_column("tags_embed", vectors)
    found = [(point.cells[0], point.vector) for point in points(tmp_path, table, "tags")]
    assert found == [("a, b", "1\t2"), ("c", "3\t4")]


def test_a_row_without_a_thumbnail_keeps_its_point(tmp_path: Path) -> None:
    table = make_export([None], [None], thumbnail_id=pa.array([None], pa.string()))
    table = table.add_column(0, "title", pa.array(["a"]))
    table = table.append_column("title_embed", pa.array([[1.0, 2.0]], pa.list_(pa.float32(), 2)))
    (point,) = points(tmp_path, table, "title")
    assert point == (("a", "", "a", "", ""), "1\t2")


def test_a_column_that_the_table_lacks_is_an_error() -> None:
    with pytest.raises(InputError, match="no column 'title'"):
        PointColumns(make_export([], []).schema, "title")


def test_the_strongest_emotion_is_that_of_most_faces() -> None:
    counts = np.zeros((7, 4), np.int32)
    counts[3, 0], counts[5, 0], counts[4:6, 1] = 2, 1, 1
    names = [f"{label}_count" for label in schemas.EMOTION_LABELS]
    batch = pa.record_batch([pa.array(row, mask=np.arange(4) == 3) for row in counts], names)
    assert strongest_emotions(batch) == ["happy", "neutral", "", ""]


def read_metadata(content: str) -> list[dict[str, str | None]]:
    """As ``parseMetadata`` of TensorBoard's data-provider.ts."""
    names, found = ["label"], []
    for number, line in enumerate(line for line in content.split("\n") if line.strip()):
        if number == 0 and "\t" in line:
            names = line.split("\t")
            continue
        cells = line.split("\t")
        values = (cells[column] if column < len(cells) else None for column in range(len(names)))
        found.append({name: value or None for name, value in zip(names, values, strict=True)})
    return found


def read_vectors(content: str) -> list[list[float]]:
    """As ``parseTensors`` of the same file, which takes a first cell that is no number as label."""
    rows = [line.strip().split("\t") for line in content.split("\n") if line.strip()]
    vectors = [[float(cell) for cell in row] for row in rows]
    assert all(len(vector) == len(vectors[0]) > 1 for vector in vectors)
    return vectors


@given(st.lists(st.text(), unique=True), st.text())
def test_the_projector_reads_as_many_rows_as_vectors(texts: list[str], title: str) -> None:
    texts = [text.encode(errors="ignore").decode() for text in texts]
    title = title.encode(errors="ignore").decode()
    vectors = [[float(number), 1.0] for number in range(len(texts))]
    table = make_export(texts, vectors, title=[title] * len(texts))
    table = table.select(["title", *table.column_names[:-1]])
    columns = PointColumns(table.schema, "thumbnail_ocr")
    found = list(iter_points(table.select(columns.names()).to_batches(), columns))
    metadata = read_metadata(
        "".join("\t".join(cells) + "\n" for cells in (METADATA, *(each.cells for each in found)))
    )
    numbers = read_vectors("".join(f"{point.vector}\n" for point in found))
    assert len(metadata) == len(numbers) == len(found)
    for about, vector, point in zip(metadata, numbers, found, strict=True):
        assert about["text"] == point.cells[0]
        assert about["thumbnail_id"] == f"id{int(vector[0])}"


@pytest.mark.parametrize("n_pictures", [0, 1, 2, 5, 9, 10, 2000, MAX_PICTURES])
def test_a_sprite_image_is_a_square_that_the_projector_takes(n_pictures: int) -> None:
    sprite = Sprite(n_pictures)
    width, height = sprite.image.size
    assert width == height <= 8192
    assert width % sprite.cell_px == 0
    assert (width // sprite.cell_px) ** 2 >= n_pictures
    assert 8 < sprite.cell_px <= 64


def test_each_picture_is_in_the_place_of_its_point() -> None:
    sprite = Sprite(7)
    colours = np.random.default_rng(1).integers(0, 256, (7, 3), dtype=np.uint8)
    for number, colour in enumerate(colours):
        sprite.paste(number, np.full((90, 160, 3), colour, np.uint8))
    pixels, n_rows = np.asarray(sprite.image), math.ceil(math.sqrt(7))
    for number, colour in enumerate(colours):
        # As the vertex shader of scatterPlotVisualizerSprites.ts: the index is divided by the rows.
        row, column = number // n_rows, number % n_rows
        top, left = row * sprite.cell_px, column * sprite.cell_px
        cell = pixels[top : top + sprite.cell_px, left : left + sprite.cell_px]
        assert (cell[32, 32] == colour).all()
        assert (cell[2, 32] == 255).all()  # above a wide picture
        assert (cell != 255).any(axis=2).sum() == 64 * 36


ODD_NAMES = ["thumbnail_ocr", 'a "b" \\ c', "título/…", "snippet.tags"]


def test_file_names_are_distinct_and_of_one_folder() -> None:
    names = [file_name(name, "vecs.tsv") for name in [*ODD_NAMES, "título-…", "../a"]]
    assert names[0] == "thumbnail_ocr_vecs.tsv"
    assert len(set(names)) == len(names)
    assert not any("/" in name for name in names)


def test_tensorboard_parses_the_configuration() -> None:
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed")
    from google.protobuf import text_format
    from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

    config = text_format.Parse(describe_files(ODD_NAMES, [64, 25, 64, 64]), ProjectorConfig())
    assert [each.tensor_name for each in config.embeddings] == ODD_NAMES
    assert [each.tensor_path for each in config.embeddings] == [
        file_name(name, "vecs.tsv") for name in ODD_NAMES
    ]
    assert config.embeddings[1].sprite.image_path == file_name(ODD_NAMES[1], "sprite.jpg")
    assert list(config.embeddings[1].sprite.single_image_dim) == [25, 25]
    plain = text_format.Parse(describe_files(["title"], []), ProjectorConfig())
    assert plain.embeddings[0].metadata_path == "title_meta.tsv"
    assert not plain.embeddings[0].HasField("sprite")
