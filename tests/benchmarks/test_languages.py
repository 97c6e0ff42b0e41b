"""Measures of vectors across languages."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.labels import MissingError
from benchmarks.accuracy.languages import (
    find_twins,
    read_categories,
    read_phrases,
    share_category,
)


def test_every_language_has_a_different_phrase_for_each_english_one() -> None:
    phrases = read_phrases()
    assert next(iter(phrases)) == "en"
    assert {len(column) for column in phrases.values()} == {24}
    assert {len(set(column)) for column in phrases.values()} == {24}
    assert all(phrase == phrase.strip() != "" for column in phrases.values() for phrase in column)


def test_a_text_finds_its_twin_if_no_other_text_is_nearer() -> None:
    vectors = np.eye(3, dtype=np.float32)
    others = np.array([[0, 0.6, 0.8]], np.float32)
    assert find_twins(vectors, vectors, others).tolist() == [True, True, True]
    twins = vectors[[0, 2, 1]]
    assert find_twins(vectors, twins, others).tolist() == [True, False, False]
    assert find_twins(vectors[:2], np.array([[1, 0, 0], [0, 0.1, 0]]), others).tolist() == [
        True,
        False,
    ]


def test_a_text_is_not_its_own_neighbour() -> None:
    vectors = np.eye(12, dtype=np.float32)
    categories = np.arange(12)
    assert share_category(vectors, categories, vectors, categories).tolist() == [0] * 12
    shares = share_category(vectors, categories, vectors.copy(), categories)
    np.testing.assert_allclose(shares, [0.1] * 12)


def test_titles_have_the_category_of_their_first_video(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no table"):
        read_categories(tmp_path)
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "a.csv").write_text("title,category_id\nx,1\n")
    (folder / "b.csv").write_text("title,category_id\nx,1\ny,2\nx,3\n,4\nz,none\n")
    (folder / "c.csv").write_text("title\nx\ny\nz\n")
    tables = read_categories(tmp_path)
    assert [table.table for table in tables] == ["b.csv", "a.csv"]
    assert tables[0].titles == ["x", "y"]
    assert tables[0].categories.tolist() == [1, 2]
