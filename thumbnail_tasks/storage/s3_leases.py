"""Locks in a bucket: objects that their holder renews, and that others take over if it does not.

A holder is taken for dead when its object has not changed for as long as it says (``[s3] lease_s``)
by the clock of the one who waits, so that no two clocks are compared. A holder that is only slow
may then be overtaken: results are published with conditions, so that work is done twice, and
nothing is lost.
"""

import contextlib
import json
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from thumbnail_tasks import settings
from thumbnail_tasks.storage.s3_client import ConditionError, client, naming_errors, split
from thumbnail_tasks.storage.s3_writing import writing

logger = logging.getLogger(__name__)

_RENEWALS: Final = 5
"""Within the time after which a holder that does not renew its lease is dead."""
POLL_S: Final = 1.0
_SECONDS_OF_SILENCE: Final = 3.0


_between_requests = threading.Lock()
"""Held by a thread during a request; a fork waits for it, as it would inherit its locks."""


def _renew_lock() -> None:
    global _between_requests
    _between_requests = threading.Lock()


os.register_at_fork(
    before=lambda: _between_requests.acquire(),
    after_in_parent=lambda: _between_requests.release(),
    after_in_child=_renew_lock,
)


def new_name() -> str:
    """A name that no other process has."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


class _Lease:
    """An object that this process renews while it holds it."""

    def __init__(self, address: str, on_renewal: Callable[[float], None] | None = None) -> None:
        self.address, self._on_renewal = address, on_renewal
        self._bucket, self._key = split(address)
        self._owner, self._pid = new_name(), os.getpid()
        self._lease_s = settings.s3().lease_s
        self._etag = ""
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True)

    def take(self, from_etag: str = "") -> bool:
        """Create the object, or take over one that has this ETag; whether it succeeded."""
        condition = {"IfMatch": from_etag} if from_etag else {"IfNoneMatch": "*"}
        try:
            self._put(condition)
        except (ConditionError, FileNotFoundError):
            # A request that was repeated may have met its own object.
            state = _look(self.address)
            if state is None or state.owner != self._owner:
                return False
            self._etag = state.etag
        self._thread.start()
        return True

    def _put(self, condition: dict[str, str]) -> None:
        about = {"owner": self._owner, "lease_s": self._lease_s, "renewed": time.time()}
        body = json.dumps(about).encode()
        asked = time.monotonic()
        with naming_errors(self.address):
            answer = client().put_object(Bucket=self._bucket, Key=self._key, Body=body, **condition)
        self._etag = answer["ETag"]
        if self._on_renewal:
            self._on_renewal(asked + self._lease_s)

    def _renew(self) -> None:
        while not self._released.wait(self._lease_s / _RENEWALS):
            try:
                with _between_requests:
                    self._put({"IfMatch": self._etag})
            except (ConditionError, FileNotFoundError):
                state = _look(self.address)
                if state is None or state.owner != self._owner:
                    logger.warning(
                        "%s: another process has taken over this lock, as it was not renewed for "
                        "%.0f s; work may be done twice, and nothing is lost",
                        *(self.address, self._lease_s),
                    )
                    return
                self._etag = state.etag
            except OSError as error:
                logger.warning("%s: the lock cannot be renewed: %s", self.address, error)

    def release(self) -> None:
        """Remove the object, unless another process holds it, or this is a fork.

        Ctrl-C meanwhile is raised once it is removed.
        """
        if os.getpid() != self._pid:
            return
        self._released.set()
        try:
            self._remove_own()
        except KeyboardInterrupt:
            self._remove_own()
            raise

    def _remove_own(self) -> None:
        if self._thread.is_alive():
            self._thread.join()
        with contextlib.suppress(OSError):
            if not self._etag:  # interrupted before the answer to its request
                state = _look(self.address)
                self._etag = state.etag if state and state.owner == self._owner else ""
            if self._etag:
                _remove(self.address, self._etag)


class _State(NamedTuple):
    """A lease at one moment."""

    etag: str
    owner: str
    lease_s: float
    """Its holder is dead if it has not changed for so long."""


def _look(address: str) -> _State | None:
    bucket, key = split(address)
    try:
        with naming_errors(address):
            answer = client().get_object(Bucket=bucket, Key=key)
            about = json.loads(answer["Body"].read())
            return _State(answer["ETag"], about["owner"], float(about["lease_s"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):  # cut off, or not ours
        return _State(answer["ETag"], "", settings.s3().lease_s)


class _Watch:
    """Finds out whether the holders of leases are alive."""

    def __init__(self, on_wait: Callable[[], None]) -> None:
        self._seen: dict[str, tuple[str, float]] = {}
        self._on_wait = on_wait
        self._has_waited = self._has_said = False

    def is_dead(self, address: str, state: _State) -> bool:
        """Whether a lease has not changed for too long; the first change calls ``on_wait``.

        A holder that ends meanwhile was none to wait for, and one that never renews is dead.
        """
        before, since = self._seen.get(address, ("", 0.0))
        if state.etag != before:
            self._seen[address] = (state.etag, time.monotonic())
            if before and not self._has_waited:
                self._has_waited = True
                self._on_wait()
            return False
        if not self._has_said and time.monotonic() - since > _SECONDS_OF_SILENCE:
            self._has_said = True
            logger.info("waiting for another run, or up to %.0f s if it has died", state.lease_s)
        return time.monotonic() - since > state.lease_s


@contextlib.contextmanager
def hold_lease(
    address: str,
    on_wait: Callable[[], None],
    on_renewal: Callable[[float], None] | None = None,
) -> Iterator[None]:
    """Hold a lease alone while the block runs, after those who share it have ended.

    Args:
        address: Its object.
        on_wait: Called once when another holder has shown to be alive; an exception ends the wait.
        on_renewal: See ``storage.locks.hold_lock``.

    Raises:
        StorageError: The bucket cannot be written.
    """
    lease, watch = _Lease(address, on_renewal), _Watch(on_wait)
    try:
        with writing(address):
            while not lease.take():
                state = _look(address)
                if state is None:
                    continue
                if watch.is_dead(address, state) and lease.take(state.etag):
                    break
                time.sleep(POLL_S)
            while sharers := _list_sharers(address):
                for sharer in sharers:
                    state = _look(sharer)
                    if state and watch.is_dead(sharer, state):
                        _remove(sharer, state.etag)
                time.sleep(POLL_S)
        yield
    finally:
        lease.release()


@contextlib.contextmanager
def share_lease(address: str, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold a lease together with others who share it, while the block runs.

    Both sides write first and look then, so that at least one of them sees the other.

    Args:
        address: Its object; those who share it have objects of their own beside it.
        on_wait: Called once when a sole holder has shown to be alive; an exception ends the wait.

    Raises:
        StorageError: The bucket cannot be written.
    """
    watch = _Watch(on_wait)
    while True:
        lease = _Lease(f"{address}.shared/{new_name()}")
        try:
            with writing(address):
                lease.take()
                state = _look(address)
            if state is None:
                yield
                return
        finally:
            lease.release()
        with writing(address):
            if watch.is_dead(address, state):
                _remove(address, state.etag)
        time.sleep(POLL_S)


def _list_sharers(address: str) -> list[str]:
    bucket, key = split(address)
    with naming_errors(address):
        answer = client().list_objects_v2(Bucket=bucket, Prefix=f"{key}.shared/")
    return [f"s3://{bucket}/{each['Key']}" for each in answer.get("Contents", ())]


def _remove(address: str, etag: str) -> None:
    bucket, key = split(address)
    with contextlib.suppress(OSError), naming_errors(address):
        client().delete_object(Bucket=bucket, Key=key, IfMatch=etag)
