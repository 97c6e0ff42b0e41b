"""Errors that a user can fix.

Every message says where, what was expected, and what was found.

* ThumbnailTasksError
    * InputError (``inputs``, ``stages``, ``commands``)
    * SettingsError (wherever a setting is used)
    * StorageError (``storage``, and wherever a file is not as expected)
        · LostFileError (``storage.parquet_target``): a result must be regenerated
    * WeightsError (``weights``, ``engines``, ``tasks.fetch_weights``)
    * HostDownError (``network.circuit_breaker``)
    · ClusterError (``execution.cluster.setup``): the cluster cannot be reached, or lacks something
    · CrashError (``execution.crashes``): a computation killed its process
    · UnreachableError (``runs.channels``): a server of webhook or mail accepts no connection
    · LockLostError (``network.downloads``): this process may download no more
    · GpuError (``execution.gpus``): a GPU is expected but not visible
    · DataDirBusyError (``storage.directory_locks``): a night or a clean-up is running

In parentheses: where each is raised; for those marked with ·, where it is defined.
"""

import difflib
from collections.abc import Iterable


class ThumbnailTasksError(Exception):
    """The base class of this package's errors; printed as one line, without a stack trace."""


class InputError(ThumbnailTasksError):
    """The table of videos, or the folder of pictures, cannot be read or has wrong content."""


class SettingsError(ThumbnailTasksError):
    """A setting in luigi.cfg, or a flag, is invalid."""


class StorageError(ThumbnailTasksError):
    """A file of the data directory cannot be written, or is not as expected."""


class WeightsError(ThumbnailTasksError):
    """A model file is missing, or is not the expected one."""


class HostDownError(ThumbnailTasksError):
    """A host failed so often that the run stops; the next run resumes."""


def suggest(unknown: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """A sentence with the known name that is most similar; empty if none is.

    Args:
        unknown: What was written.
        known: What may be meant.
        cutoff: The smallest ratio of ``difflib`` that counts as similar, 0 to 1.
    """
    similar = difflib.get_close_matches(unknown, list(known), n=1, cutoff=cutoff)
    return f" Did you mean {similar[0]}?" if similar else ""
