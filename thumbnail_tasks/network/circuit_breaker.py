"""Notice that a host is down, so that a run ends instead of asking on for nothing."""

import threading
from collections import Counter, deque
from typing import NamedTuple

from thumbnail_tasks.errors import HostDownError


class _Failure(NamedTuple):
    status: str
    detail: str | None


class CircuitBreaker:
    """Judges each host by its last answers; threads may share it.

    A host that once is found down stays so: this is for one run.
    """

    def __init__(self, max_share: float, n_judged: int) -> None:
        """More than ``max_share`` (0 to 1) of a host's last ``n_judged`` answers may not fail."""
        self._max_share, self._n_judged = max_share, n_judged
        self._lock = threading.Lock()
        self._answers: dict[str, deque[_Failure | None]] = {}
        self._found: str | None = None

    def refuse(self) -> None:
        """Raise if a host was found down.

        Raises:
            HostDownError: So it is.
        """
        if self._found:
            raise HostDownError(self._found)

    def succeeded(self, host: str) -> None:
        """The host has answered, if only with a 404."""
        self._note(host, None)

    def failed(self, host: str, status: str, detail: str | None) -> None:
        """The host has failed in a way that may pass.

        Raises:
            HostDownError: It, or another, is down.
        """
        answers = self._note(host, _Failure(status, detail))
        self.refuse()
        failures = [failure for failure in answers if failure]
        if len(answers) == self._n_judged and len(failures) > self._max_share * len(answers):
            self._found = self._describe(host, failures)
        self.refuse()

    def _note(self, host: str, failure: _Failure | None) -> list[_Failure | None]:
        with self._lock:
            answers = self._answers.setdefault(host, deque(maxlen=self._n_judged))
            answers.append(failure)
            return list(answers) if failure else []

    def _describe(self, host: str, failures: list[_Failure]) -> str:
        statuses = Counter(failure.status for failure in failures).most_common()
        listed = ", ".join(f"{n} {status}" for status, n in statuses)
        return (
            f"{host}: expected at most {self._max_share:.0%} of its last {self._n_judged} "
            f"thumbnails to fail ([thumbnails] max_failure_rate, stop_after); found "
            f"{len(failures)} ({listed}), the first: {failures[0].detail}. No more "
            "requests are sent, and nothing is exported; finished work is kept. Run the same "
            "command again to resume, or with max_failure_rate = 1 to request all thumbnails."
        )
