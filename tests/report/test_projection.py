"""The map of texts."""

import numpy as np
import pytest

from thumbnail_tasks.report import projection
from thumbnail_tasks.report.projection import project


def draw_groups(n: int, n_groups: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    middles = rng.normal(size=(n_groups, 60))
    groups = np.arange(n) % n_groups
    return (middles[groups] + 0.1 * rng.normal(size=(n, 60))).astype(np.float32), groups


@pytest.mark.parametrize("n", [0, 1, 2, 10])
def test_a_few_texts_have_places_too(n: int) -> None:
    vectors, _ = draw_groups(n)
    places = project(vectors)
    assert places.shape == (n, 2)
    assert np.isfinite(places).all()
    assert ((places >= 0) & (places <= 1)).all()


def test_texts_that_are_alike_lie_side_by_side_and_the_map_is_the_same_twice() -> None:
    vectors, groups = draw_groups(200)
    places = project(vectors)
    assert (places == project(vectors)).all()
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(200) * 9
    assert (groups[apart.argmin(axis=1)] == groups).mean() > 0.98


def test_more_texts_than_are_laid_out_come_beside_their_neighbours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(projection, "_MOST_FITTED", 100)
    vectors, groups = draw_groups(300)
    places = project(vectors)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(300) * 9
    assert (groups[apart.argmin(axis=1)] == groups).mean() > 0.95
