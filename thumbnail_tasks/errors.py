"""Errors that a user can fix.

Every message says where, what was expected, and what was found.

* ThumbnailTasksError
    * InputError
    * SettingsError
    * StorageError
        · LostFileError (``storage.parquet_target``): a result must be regenerated
    * WeightsError
    * HostDownError
    · CrashError (``execution.crashes``): a computation killed its process
    · GpuError (``execution.gpus``): a GPU is expected but not visible
    · DataDirBusyError (``storage.directory_locks``): a night or a clean-up is running

Those marked with · are defined where they are raised.
"""


class ThumbnailTasksError(Exception):
    """The base class of this package's errors; printed as one line, without a stack trace."""


class InputError(ThumbnailTasksError):
    """The table of videos, or the folder of pictures, cannot be read as such."""


class SettingsError(ThumbnailTasksError):
    """A setting in luigi.cfg, or a flag, is invalid."""


class StorageError(ThumbnailTasksError):
    """A file of the data directory cannot be written, or is not as expected."""


class WeightsError(ThumbnailTasksError):
    """A model file is missing, or is not the expected one."""


class HostDownError(ThumbnailTasksError):
    """A host failed so often that the run stops; the next run resumes."""
