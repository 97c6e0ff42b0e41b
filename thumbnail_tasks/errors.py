"""What can go wrong in a way that a person can mend.

Every message reads: where, what, what was expected, what was found.
"""

import logging
from typing import Self


class ThumbnailTasksError(Exception):
    """The root of this package's own errors; printed as one line, without a stack trace."""


class InputError(ThumbnailTasksError):
    """The videos table or the folder of pictures cannot be read as such."""


class SettingsError(ThumbnailTasksError):
    """A setting in luigi.cfg or on the command line has no meaning."""


class StorageError(ThumbnailTasksError):
    """A file of the data directory cannot be written or is not what it should be."""


class WeightsError(ThumbnailTasksError):
    """A model file is missing or is not the one that was shipped."""


class ReadableFailures:
    """Has Luigi log this package's own errors as one line, without a stack trace.

    luigi.cfg names it as ``[worker] task_process_context``; Luigi enters it around each task.
    """

    def __init__(self, task_process: object) -> None:
        self._logger = logging.getLogger("luigi-interface")

    def __enter__(self) -> Self:
        self._logger.addFilter(_drop_own_traces)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._logger.removeFilter(_drop_own_traces)


def _drop_own_traces(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, ThumbnailTasksError):
        record.msg, record.args, record.exc_info = "%s", (str(error),), None
    return True
