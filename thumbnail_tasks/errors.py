"""What can go wrong in a way that a person can mend.

Every message reads: where, what, what was expected, what was found.
"""


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


class HostDownError(ThumbnailTasksError):
    """A host failed so often that the run ends; the next one goes on."""
