"""A host that is down is detected; occasional failures are not."""

import pytest

from thumbnail_tasks.errors import HostDownError
from thumbnail_tasks.network.circuit_breaker import CircuitBreaker


def fail(breaker: CircuitBreaker, times: int, host: str = "a.example") -> None:
    for _ in range(times):
        breaker.record_failure(host, "timed_out", "no complete response in 60.0 s")


def succeed(breaker: CircuitBreaker, times: int, host: str = "a.example") -> None:
    for _ in range(times):
        breaker.record_success(host)


def test_a_host_down_from_the_start_is_found_after_stop_after_thumbnails() -> None:
    breaker = CircuitBreaker(0.5, 100)
    fail(breaker, 99)
    breaker.check()
    with pytest.raises(HostDownError):
        fail(breaker, 1)


def test_a_host_that_goes_down_late_is_found_as_quickly() -> None:
    breaker = CircuitBreaker(0.5, 100)
    succeed(breaker, 5000)
    fail(breaker, 50)
    with pytest.raises(HostDownError):
        fail(breaker, 1)


def test_scattered_failures_are_no_outage() -> None:
    breaker = CircuitBreaker(0.5, 100)
    for _ in range(1000):
        fail(breaker, 1)
        succeed(breaker, 1)
    breaker.check()


def test_a_rate_of_one_is_never_exceeded() -> None:
    breaker = CircuitBreaker(1.0, 10)
    fail(breaker, 1000)
    breaker.check()


def test_each_host_is_judged_by_its_own_results_and_one_that_is_down_stops_all() -> None:
    breaker = CircuitBreaker(0.5, 10)
    succeed(breaker, 100, "b.example")
    fail(breaker, 9)
    fail(breaker, 5, "b.example")
    breaker.check()
    with pytest.raises(HostDownError, match=r"^a\.example: "):
        fail(breaker, 1)
    with pytest.raises(HostDownError, match=r"^a\.example: "):
        fail(breaker, 1, "b.example")
    with pytest.raises(HostDownError, match=r"^a\.example: "):
        breaker.check()


def test_the_message_has_the_host_the_counts_the_first_failure_and_the_settings() -> None:
    breaker = CircuitBreaker(0.25, 4)
    succeed(breaker, 2)
    breaker.record_failure("a.example", "refused", "NewConnectionError: no")
    with pytest.raises(HostDownError) as raised:
        breaker.record_failure("a.example", "timed_out", "ReadTimeoutError: late")
    said = str(raised.value)
    assert said.startswith("a.example: expected at most 25% of its last 4 thumbnails to fail")
    assert "[thumbnails] max_failure_rate, stop_after" in said
    assert "found 2 (1 refused, 1 timed_out), the first: NewConnectionError: no." in said
