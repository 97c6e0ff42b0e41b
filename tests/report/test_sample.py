"""The report's sample is the same whatever else is in the table."""

import pyarrow as pa
import pytest

from thumbnail_tasks import schemas, settings
from thumbnail_tasks.report.sample import choose_sample

IDS = [f"video {number}" for number in range(40)]


class OfFour:
    """Settings of a report of at most four thumbnails."""

    max_thumbnails = 4


@pytest.fixture(autouse=True)
def at_most_four(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "report", OfFour)


def sample(*ids: str) -> list[str]:
    plan = pa.table([list(ids), ["shard"] * len(ids)], schema=schemas.PLANS)
    chosen: list[str] = choose_sample(plan)["thumbnail_id"].to_pylist()
    return chosen


@pytest.mark.parametrize("n", [0, 1, 4])
def test_few_thumbnails_are_all_shown(n: int) -> None:
    assert sample(*IDS[:n]) == IDS[:n]


def test_a_sample_is_in_the_order_of_the_table_and_depends_on_ids_only() -> None:
    shown = sample(*IDS)
    assert len(shown) == 4
    assert shown == sorted(shown, key=IDS.index)
    assert sorted(sample(*reversed(IDS))) == sorted(shown)


def test_a_table_that_grows_or_shrinks_keeps_what_it_can() -> None:
    shown = sample(*IDS)
    assert set(shown) <= set(sample(*shown, *IDS[:10]))
    assert set(shown[1:]) <= set(sample(*(each for each in IDS if each != shown[0])))


def test_a_sample_is_of_some_shards_and_of_several_thumbnails_in_each() -> None:
    shards = [f"shard {number}" for number in range(20)]
    names = [shard for shard in shards for _ in range(10)]
    plan = pa.table([[f"{each}" for each in range(200)], names], schema=schemas.PLANS)
    shown = choose_sample(plan)
    assert len(shown) == 4
    assert len(set(shown["shard"].to_pylist())) <= 2  # sixteen candidates are in two shards
