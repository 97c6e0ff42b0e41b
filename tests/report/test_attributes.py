"""The bins of the report's controls, and the values behind them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thumbnail_tasks import schemas
from thumbnail_tasks.report.attributes import (
    LOWEST_CONFIDENCE,
    as_small_floats,
    choose_stops,
    describe_attributes,
    group_columns,
)

NUMBERS = st.lists(st.floats(-1e6, 1e12) | st.integers(0, 50), min_size=1, max_size=50)


@pytest.mark.parametrize(
    ("values", "stops"),
    [
        ([3, 0, 1], [0, 1, 2, 3]),
        ([7, 7], [7]),
        ([0, 90], [*range(0, 91, 5)]),
        ([0, 1, 3, 4000], [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]),
        ([300, 400, 90_000], [200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000]),
        ([0.0, 0.1, 0.29], [0.0, *(round(k * 0.01, 2) for k in range(1, 30))]),
        ([-0.5, 0.5], [round(k * 0.05, 2) for k in range(-10, 11)]),
        ([0.0, 5e-324], [0.0, 5e-324]),
        ([31.0, -5e-324], [-5e-324, *range(0, 33, 2)]),
    ],
)
def test_stops_are_round_numbers(values: list[float], stops: list[float]) -> None:
    assert choose_stops(np.array(values, float)).tolist() == pytest.approx(stops)


@settings(deadline=None)  # other tests may load the machine
@given(NUMBERS)
def test_every_value_is_in_one_bin(values: list[float]) -> None:
    items = pd.DataFrame({"views": [*values, np.nan]})
    (described,) = describe_attributes(items)
    stops = described["stops"]
    assert stops == sorted(set(stops))
    assert stops[0] <= min(values) <= max(values) <= stops[-1]
    assert sum(described["counts"]) == len(values)
    assert described["n_unknown"] == 1
    assert len(described["counts"]) == len(stops) - (not described["is_stepped"])


def test_counts_equal_those_of_pandas() -> None:
    values = pd.Series(np.random.default_rng(0).random(500).round(2))
    (described,) = describe_attributes(pd.DataFrame({"edges": values}))
    bins = pd.cut(values, described["stops"], right=False)
    expected = bins.value_counts(sort=False).tolist()
    expected[-1] += int((values == described["stops"][-1]).sum())
    assert described["counts"] == expected


def test_attributes_without_any_value_are_left_out() -> None:
    items = pd.DataFrame({"face_count": [1.0, np.nan], "likes": [np.nan, np.nan]})
    described = describe_attributes(items)
    assert [(each["key"], each["column"]) for each in described] == [("faces", "face_count")]
    assert described[0]["about"] == "Faces found"


def test_all_numeric_columns_of_an_export_are_attributes_once() -> None:
    numeric = [
        field.name
        for field in schemas.exported(1, has_objects=True)
        if str(field.type) in ("float", "int32")
    ]
    names = [name for labels in group_columns().values() for name in labels]
    assert set(numeric) <= set(names)
    assert len(names) == len(set(names))
    assert set(names) - set(numeric) == {LOWEST_CONFIDENCE, "views", "likes", "trending"}


@given(st.lists(st.floats(allow_infinity=False), max_size=20))
def test_numbers_are_stored_without_loss(values: list[float]) -> None:
    kept = as_small_floats(np.array(values, float))
    assert np.array_equal(kept.astype(float), np.array(values, float), equal_nan=True)


def test_numbers_of_32_bits_are_stored_in_as_many() -> None:
    values = np.array([0.1, np.nan], np.float32).astype(float)
    assert as_small_floats(values).dtype == np.float32
    assert as_small_floats(np.array([0.1])).dtype == np.float64
