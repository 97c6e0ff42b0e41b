"""A host that is down is noticed; a host that only stumbles is not."""

import pytest

from thumbnail_tasks.errors import HostDownError
from thumbnail_tasks.network.circuit_breaker import CircuitBreaker


def fail(watch: CircuitBreaker, times: int, host: str = "a.example") -> None:
    for _ in range(times):
        watch.failed(host, "timed_out", "no whole answer in 60.0 s")


def succeed(watch: CircuitBreaker, times: int, host: str = "a.example") -> None:
    for _ in range(times):
        watch.succeeded(host)


def test_a_host_that_is_down_from_the_beginning_is_found_after_those_to_be_judged() -> None:
    watch = CircuitBreaker(0.5, 100)
    fail(watch, 99)
    watch.refuse()
    with pytest.raises(HostDownError):
        fail(watch, 1)


def test_a_host_that_goes_down_late_is_found_as_soon() -> None:
    watch = CircuitBreaker(0.5, 100)
    succeed(watch, 5000)
    fail(watch, 50)
    with pytest.raises(HostDownError):
        fail(watch, 1)


def test_scattered_failures_are_no_outage() -> None:
    watch = CircuitBreaker(0.5, 100)
    for _ in range(1000):
        fail(watch, 1)
        succeed(watch, 1)
    watch.refuse()


def test_a_share_of_one_is_never_exceeded() -> None:
    watch = CircuitBreaker(1.0, 10)
    fail(watch, 1000)
    watch.refuse()


def test_each_host_is_judged_by_its_own_answers_and_one_that_is_down_stops_all() -> None:
    watch = CircuitBreaker(0.5, 10)
    succeed(watch, 100, "b.example")
    fail(watch, 9)
    fail(watch, 5, "b.example")
    watch.refuse()
    with pytest.raises(HostDownError, match=r"^a\.example: "):
        fail(watch, 1)
    with pytest.raises(HostDownError, match=r"^a\.example: "):
        fail(watch, 1, "b.example")
    with pytest.raises(HostDownError, match=r"^a\.example: "):
        watch.refuse()


def test_the_message_says_who_how_often_why_and_which_settings_decide() -> None:
    watch = CircuitBreaker(0.25, 4)
    succeed(watch, 2)
    watch.failed("a.example", "refused", "NewConnectionError: no")
    with pytest.raises(HostDownError) as raised:
        watch.failed("a.example", "timed_out", "ReadTimeoutError: late")
    said = str(raised.value)
    assert said.startswith("a.example: expected at most 25% of its last 4 thumbnails to fail")
    assert "[thumbnails] max_failure_rate, stop_after" in said
    assert "found 2 (1 refused, 1 timed_out), the first of them: NewConnectionError: no." in said
