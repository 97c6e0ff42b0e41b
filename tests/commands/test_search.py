"""Ranking the texts of an export by meaning; for the report see tests/report."""

import numpy as np
import pyarrow as pa
import pytest

from thumbnail_tasks.commands.search import merge_nearest, rank_texts


def attributes(*rows: tuple[str, str | None, list[float] | None]) -> pa.Table:
    ids, texts, vectors = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            "thumbnail_id": pa.array(ids, pa.string()),
            "thumbnail_ocr": pa.array(texts, pa.string()),
            "thumbnail_ocr_embed": pa.array(vectors, pa.list_(pa.float32(), 2)),
        }
    )


QUERY = np.array([2.0, 0.0], np.float32)


def test_an_export_without_texts_has_nothing_to_rank() -> None:
    assert rank_texts(attributes(), QUERY, 5) == []
    nothing = attributes(("a", None, None), ("b", "", [0.0, 0.0]))
    assert rank_texts(nothing, QUERY, 5) == []


def test_the_nearest_text_comes_first_whatever_the_length_of_its_vector() -> None:
    table = attributes(("a", "far", [0.0, 9.0]), ("b", "near", [0.1, 0.0]), ("c", "by", [1.0, 1.0]))
    ranked = rank_texts(table, QUERY, 5)
    assert [(name, text) for _, name, text in ranked] == [("b", "near"), ("c", "by"), ("a", "far")]
    assert [cosine for cosine, _, _ in ranked] == pytest.approx([1, np.sqrt(0.5), 0])


def test_a_text_is_named_once_with_its_first_thumbnail() -> None:
    table = attributes(*[(name, "same", [1.0, 0.0]) for name in "cab"], ("d", "x", [0.0, 1.0]))
    assert [name for _, name, _ in rank_texts(table, QUERY, 5)] == ["c", "d"]
    assert len(rank_texts(table, QUERY, 1)) == 1


def test_parts_are_ranked_as_one_export() -> None:
    rows = [("c", "same", [1.0, 0.0]), ("d", "x", [0.0, 1.0]), ("a", "same", [1.0, 0.0])]
    rows += [("b", "y", [1.0, 0.1]), ("e", "z", [1.0, 0.0])]
    nearest = merge_nearest([], rank_texts(attributes(*rows[:2]), QUERY, 3))
    nearest = merge_nearest(nearest, rank_texts(attributes(*rows[2:]), QUERY, 3))
    assert nearest[:3] == rank_texts(attributes(*rows), QUERY, 3)
