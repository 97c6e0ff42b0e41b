"""Time, requests and storage of many thumbnails."""

from typing import Any

import pytest

from thumbnail_tasks.cli.capacity import OBJECTS_CORE_S, Plan, describe_plan
from thumbnail_tasks.cli.main import main

MANY = Plan(100_000_000, 17, 16, 50.0, 2_048)


def test_a_polite_crawl_is_limited_by_its_requests() -> None:
    text = describe_plan(MANY)
    assert "100,000,000 thumbnails in 48,829 shards on 17 nodes of 16 cores" in text
    assert "compute    24 h 2 min: 6,536 core-hours" in text
    assert "download   23 days: 50 requests per second" in text
    assert "2.87 TB of pictures" in text
    assert "1,220,725 that write or list, 5,468,848 that read" in text
    assert "limited by the download: 12 cores keep up with 50 a second" in text


def test_a_mirror_is_limited_by_the_cores() -> None:
    text = describe_plan(MANY._replace(requests_per_second=5000, n_nodes=1))
    assert "on 1 node of 16 cores" in text
    assert "limited by the cores" in text


def test_objects_take_time_if_they_are_detected() -> None:
    plain, with_objects = MANY, MANY._replace(has_objects=True)
    added_core_s = (with_objects.compute_s - plain.compute_s) * 17 * 16
    assert added_core_s == pytest.approx(100_000_000 * OBJECTS_CORE_S)
    assert "at 4.25 thumbnails per second" in describe_plan(plain)
    assert "at 3.86 thumbnails per second" in describe_plan(with_objects)


def test_the_command_follows_the_settings(capsys: Any) -> None:
    flags = ["--thumbnails", "1e6", "--nodes", "2", "--cores", "4"]
    with pytest.raises(SystemExit) as ended:
        main(["plan", *flags, "--set", "thumbnails.requests_per_second=100"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert "1,000,000 thumbnails in 1,954 shards on 2 nodes of 4 cores" in printed
    assert "download   2 h 47 min: 100 requests per second" in printed


@pytest.mark.parametrize("number", ["0", "1.5", "-3", "many", "1e999", "nan"])
def test_a_number_that_is_none_is_refused(capsys: Any, number: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["plan", f"--thumbnails={number}"])
    assert ended.value.code == 2
    assert f"expected a whole number from 1, as in 1000000 or 1e6; found: '{number}'" in (
        capsys.readouterr().err
    )
