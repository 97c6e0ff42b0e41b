import numpy as np
import pytest

from benchmarks.accuracy.calibration import bin_confidences, calibration_error, draw_reliability
from benchmarks.accuracy.intervals import (
    bootstrap,
    difference_of_ratios,
    mean_of_ratios,
    ratio,
)


def test_the_same_cases_give_the_same_interval() -> None:
    cases = [(1, 2), (2, 2), (0, 1), (3, 4)]
    assert bootstrap(cases, ratio) == bootstrap(cases, ratio)
    assert bootstrap(cases, ratio).score == 6 / 9


def test_the_interval_of_a_share_is_about_two_standard_errors_wide() -> None:
    cases = [(i < 70, 1) for i in range(100)]
    score, low, high = bootstrap(cases, ratio)
    assert score == 0.7
    assert low == pytest.approx(0.7 - 1.96 * 0.0458, abs=0.015)
    assert high == pytest.approx(0.7 + 1.96 * 0.0458, abs=0.015)


def test_equal_results_of_two_engines_have_a_difference_of_zero() -> None:
    assert bootstrap([(1, 2, 1, 2), (0, 3, 0, 3)], difference_of_ratios) == (0, 0, 0)


def test_draws_without_any_word_are_left_out() -> None:
    score, low, high = bootstrap([(1, 1), (0, 0), (0, 0)], ratio)
    assert (score, low, high) == (1, 1, 1)


def test_a_score_that_is_never_defined_has_no_interval() -> None:
    assert np.isnan(bootstrap([(0, 0)], ratio)).all()


def test_every_class_has_the_same_weight_in_the_mean_recall() -> None:
    assert mean_of_ratios(np.array([9.0, 0.0, 10.0, 1.0])) == pytest.approx(0.45)


def test_the_calibration_error_is_the_weighted_distance_of_confidence_and_accuracy() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.0, 1.0]])
    sums = bin_confidences(probabilities, np.array([0, 1, 1, 1])).sum(axis=0)
    assert calibration_error(sums) == pytest.approx((2 * 0.4 + 0.4 + 0) / 4)


def test_always_right_and_certain_means_no_calibration_error() -> None:
    sums = bin_confidences(np.eye(7), np.arange(7)).sum(axis=0)
    assert calibration_error(sums) == 0


def test_the_chart_is_well_formed_with_any_title() -> None:
    from xml.etree import ElementTree

    cases = bin_confidences(np.eye(7), np.arange(7))
    assert ElementTree.fromstring(draw_reliability({"a < b & c": cases})).tag.endswith("svg")
