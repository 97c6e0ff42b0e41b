"""Rank correlation, compared with scipy and with known properties of random numbers."""

import numpy as np
import pytest
from scipy import stats

from thumbnail_tasks.report.correlation import correlate_ranks

RNG = np.random.default_rng(7)


def test_without_groups_rho_equals_spearmans() -> None:
    x, y = RNG.integers(0, 5, 300).astype(float), RNG.normal(size=300)
    y += x
    measured = correlate_ranks(x, y)
    assert measured is not None
    assert measured.rho == pytest.approx(stats.spearmanr(x, y).statistic)
    assert measured.n == 300
    assert -1 <= measured.low < measured.rho < measured.high <= 1


def test_unknown_values_are_ignored() -> None:
    x, y = RNG.normal(size=50), RNG.normal(size=50)
    with_gaps = np.concatenate([x, [np.nan, 1.0]]), np.concatenate([y, [1.0, np.nan]])
    assert correlate_ranks(*with_gaps) == correlate_ranks(x, y)


def test_too_few_or_equal_values_give_none() -> None:
    assert correlate_ranks(np.zeros(0), np.zeros(0)) is None
    assert correlate_ranks(np.arange(9.0), np.arange(9.0)) is None
    assert correlate_ranks(np.ones(100), np.arange(100.0)) is None


def test_differences_between_channels_have_no_effect_within_channels() -> None:
    channels = np.repeat(np.arange(20), 30)
    x, y = channels + RNG.random(600), channels + RNG.random(600)
    over_all, within = correlate_ranks(x, y), correlate_ranks(x, y, channels)
    assert over_all is not None
    assert within is not None
    assert over_all.rho > 0.95
    assert within.low < 0 < within.high


def test_a_group_of_one_and_an_unknown_group_are_not_compared() -> None:
    groups = np.array([*np.repeat(np.arange(10), 4), 10, -1, -1])
    x, y = RNG.random(43), RNG.random(43)
    measured = correlate_ranks(x, y, groups)
    assert measured is not None
    assert measured.n == 40
    assert measured == correlate_ranks(x[:40], y[:40], groups[:40])


def test_the_interval_contains_the_true_rho_in_about_95_percent_of_samples() -> None:
    rho = 0.5
    rank_rho = 6 / np.pi * np.arcsin(rho / 2)  # Spearman's rho of a normal pair
    n_inside = 0
    for _ in range(400):
        x = RNG.normal(size=80)
        y = rho * x + np.sqrt(1 - rho**2) * RNG.normal(size=80)
        measured = correlate_ranks(x, y)
        assert measured is not None
        n_inside += measured.low <= rank_rho <= measured.high
    assert 0.91 <= n_inside / 400 <= 0.985
