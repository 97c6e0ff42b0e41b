"""Texts of several languages and categories: their vectors should agree in meaning."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.labels import MissingError

PHRASES = Path(__file__).parents[1] / "phrases.csv"
"""Phrases as on thumbnails, written for this benchmark: a column for each language."""
N_NEIGHBOURS = 10

Vectors = NDArray[np.float32]


class Titles(NamedTuple):
    """Distinct titles of a table, and the category of each one's first video."""

    table: str
    titles: list[str]
    categories: NDArray[np.int64]


def read_phrases() -> dict[str, list[str]]:
    """Read the phrases: language to N phrases, the first language is English."""
    with PHRASES.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    return {language: list(phrases) for language, *phrases in zip(head, *rows, strict=True)}


def read_categories(data: Path) -> list[Titles]:
    """Read the tables with titles and categories, the one with the most titles first.

    Raises:
        MissingError: There is no such table.
    """
    tables = []
    for path in sorted((data / "videos").glob("*.csv")):
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            rows = csv.DictReader(file)
            if {"title", "category_id"} <= set(rows.fieldnames or ()):
                first: dict[str, int] = {}
                for row in rows:
                    if row["title"] and (row["category_id"] or "").strip().isdigit():
                        first.setdefault(row["title"], int(row["category_id"]))
                categories = np.array(list(first.values()), np.int64)
                tables.append(Titles(path.name, list(first), categories))
    if not tables:
        raise MissingError(f"no table with 'title' and 'category_id' in {data / 'videos'}")
    return sorted(tables, key=lambda table: -len(table.titles))


def find_twins(vectors: Vectors, twins: Vectors, others: Vectors) -> NDArray[np.bool_]:
    """Whether each text is nearer to its twin than to all other texts.

    Args:
        vectors: (N, D) of length 1.
        twins: (N, D), of the same texts in another language.
        others: (M, D), of texts in that language.

    Returns:
        (N,).
    """
    nearest = (vectors @ np.concatenate([twins, others]).T).argmax(axis=1)
    return np.asarray(nearest == np.arange(len(vectors)))


def share_category(
    vectors: Vectors,
    categories: NDArray[np.int64],
    known: Vectors,
    known_categories: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Share of each text's ten nearest known texts that are of its category.

    Args:
        vectors: (N, D) of length 1.
        categories: (N,).
        known: (M, D) of length 1, M > 10. If it is ``vectors``, no text is its own neighbour.
        known_categories: (M,).

    Returns:
        (N,), 0 to 1.
    """
    similarities = vectors @ known.T
    if vectors is known:
        np.fill_diagonal(similarities, -2)
    nearest = np.argpartition(-similarities, N_NEIGHBOURS, axis=1)[:, :N_NEIGHBOURS]
    return np.asarray((known_categories[nearest] == categories[:, None]).mean(axis=1))
