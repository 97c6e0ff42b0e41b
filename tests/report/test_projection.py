"""The map of texts."""

import numpy as np
import pytest

from thumbnail_tasks.report import projection
from thumbnail_tasks.report.projection import project


def draw_groups(n: int, n_groups: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    centres = rng.normal(size=(n_groups, 60))
    groups = np.arange(n) % n_groups
    return (centres[groups] + 0.1 * rng.normal(size=(n, 60))).astype(np.float32), groups


@pytest.mark.parametrize("n", [0, 1, 2, 10])
def test_a_few_texts_have_positions(n: int) -> None:
    vectors, _ = draw_groups(n)
    positions = project(vectors)
    assert positions.shape == (n, 2)
    assert np.isfinite(positions).all()
    assert ((positions >= 0) & (positions <= 1)).all()


def test_similar_texts_are_close_and_the_map_is_deterministic() -> None:
    vectors, groups = draw_groups(200)
    positions = project(vectors)
    assert (positions == project(vectors)).all()
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2) + np.eye(200) * 9
    assert (groups[distances.argmin(axis=1)] == groups).mean() > 0.98


def test_texts_that_are_not_fitted_are_placed_beside_their_neighbours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(projection, "_MAX_FITTED", 100)
    vectors, groups = draw_groups(300)
    positions = project(vectors)
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2) + np.eye(300) * 9
    assert (groups[distances.argmin(axis=1)] == groups).mean() > 0.95
