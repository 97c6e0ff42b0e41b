"""A circuit breaker: a run stops when a host is down, instead of sending more requests."""

import threading
from collections import Counter, deque
from typing import NamedTuple

from thumbnail_tasks.errors import HostDownError


class _Failure(NamedTuple):
    status: str
    detail: str | None


class CircuitBreaker:
    """Opens when too many of a host's last results are transient failures; thread-safe.

    Once open it stays open: it serves a single run.
    """

    def __init__(self, max_failure_rate: float, window: int) -> None:
        """Open when more than ``max_failure_rate`` (0 to 1) of a host's last ``window`` fail."""
        self._max_failure_rate, self._window = max_failure_rate, window
        self._lock = threading.Lock()
        self._results: dict[str, deque[_Failure | None]] = {}
        self._reason: str | None = None

    def check(self) -> None:
        """Raise if the circuit is open.

        Raises:
            HostDownError: A host is down.
        """
        if self._reason:
            raise HostDownError(self._reason)

    def record_success(self, host: str) -> None:
        """Record a response of the host, which may be a 404."""
        self._record(host, None)

    def record_failure(self, host: str, status: str, detail: str | None) -> None:
        """Record a transient failure of the host.

        Raises:
            HostDownError: This host, or another one, is down.
        """
        results = self._record(host, _Failure(status, detail))
        self.check()
        failures = [failure for failure in results if failure]
        is_full = len(results) == self._window
        if is_full and len(failures) > self._max_failure_rate * self._window:
            self._reason = self._describe(host, failures)
        self.check()

    def _record(self, host: str, failure: _Failure | None) -> list[_Failure | None]:
        with self._lock:
            results = self._results.setdefault(host, deque(maxlen=self._window))
            results.append(failure)
            return list(results) if failure else []

    def _describe(self, host: str, failures: list[_Failure]) -> str:
        statuses = Counter(failure.status for failure in failures).most_common()
        listed = ", ".join(f"{n} {status}" for status, n in statuses)
        return (
            f"{host}: expected at most {self._max_failure_rate:.0%} of its last {self._window} "
            f"thumbnails to fail ([thumbnails] max_failure_rate, stop_after); found "
            f"{len(failures)} ({listed}), the first: {failures[0].detail}. No more "
            "requests are sent, and nothing is exported; finished work is kept. Run the same "
            "command again to resume, or with max_failure_rate = 1 to request all thumbnails."
        )
