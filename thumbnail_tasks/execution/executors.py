"""Where the shards of a stage are computed: in this process, or on a Ray cluster."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, Protocol

from thumbnail_tasks import settings


class Place(NamedTuple):
    """Where a process computes, if not on the machine of the run."""

    node: str
    """IP address of the node."""
    actor: str
    attempt: int
    """1, or more if these shards have been given to actors before."""


class ShardsWork(Protocol):
    """Shards that one stage has to make; it can be pickled, and then works on another machine."""

    @property
    def stage(self) -> str:
        """Name of the stage's task."""

    @property
    def needs_gpu(self) -> bool:
        """Whether the stage computes on a GPU, where there is one."""

    def begin(self) -> None:
        """Reserve what the stage computes on until this process ends, and keep its model loaded."""

    def __call__(self, shards: Sequence[str]) -> int:
        """Make the files of these shards, unless they exist; returns the number of thumbnails."""

    def find_missing(self, shards: Collection[str]) -> list[str]:
        """Those of the shards whose files do not exist."""

    def list_checkpoints(self) -> frozenset[tuple[str, str]]:
        """The checkpoints of shards in progress, and their revisions."""


class Done(NamedTuple):
    """A shard that is done, or failed."""

    shard: str
    node: str
    n_thumbnails: int
    seconds: float
    """Time that the shard took, with reading and writing."""
    messages: Sequence[tuple[int, str]] = ()
    """What was logged meanwhile: levels and messages."""
    error: Exception | None = None


class Executor(Protocol):
    """Computes shards."""

    def run(self, work: ShardsWork, shards: Sequence[str], on_done: Callable[[Done], None]) -> None:
        """Make the files of all shards; ``on_done`` is called for each that another process makes.

        Raises:
            ThumbnailTasksError: A shard cannot be made; others may have been.
        """


class LocalExecutor:
    """Computes shards in this process, and its model process."""

    def run(self, work: ShardsWork, shards: Sequence[str], on_done: Callable[[Done], None]) -> None:
        """See ``Executor``; the work itself reports progress."""
        work(shards)


def is_on_cluster() -> bool:
    """Whether the settings choose a cluster."""
    return settings.execution().engine == "ray"


_place: Place | None = None


def set_place(place: Place) -> None:
    """This process computes for a run on another machine."""
    global _place
    _place = place


def this_place() -> Place | None:
    """Where this process computes; None: on the machine of the run."""
    return _place
