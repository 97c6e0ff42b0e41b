"""The pair of files for the embedding projector."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from thumbnail_tasks.commands.projector import iter_distinct_texts


def lines(
    folder: Path, texts: Sequence[str | None], vectors: Sequence[list[float] | None]
) -> list[tuple[str, str]]:
    width = len(next(filter(None, vectors), [0.0, 0.0]))
    table = pa.table(
        {
            "video_id": pa.array(map(str, range(len(texts))), pa.string()),
            "thumbnail_ocr": pa.array(texts, pa.string()),
            "thumbnail_ocr_embed": pa.array(vectors, pa.list_(pa.float32(), width)),
        }
    )
    path = folder / "attributes.parquet"
    pq.write_table(table, path, row_group_size=2)
    return list(iter_distinct_texts(pq.ParquetFile(path).iter_batches()))


def test_an_empty_export_has_no_lines(tmp_path: Path) -> None:
    assert lines(tmp_path, [], []) == []


def test_each_distinct_text_has_one_line_in_the_order_of_first_mention(tmp_path: Path) -> None:
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
