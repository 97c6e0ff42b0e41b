"""Turn a table of videos into a table of what their thumbnails say and show.

The tasks that a user names on the command line::

    luigi --module thumbnail_tasks ExportAttributes --videos videos.csv
    luigi --module thumbnail_tasks ExportProjector --videos videos.csv
    luigi --module thumbnail_tasks BuildReport --videos videos.csv
    luigi --module thumbnail_tasks SearchTexts --videos videos.csv --query "a cat in space"
    luigi --module thumbnail_tasks Nightly --tables incoming
    luigi --module thumbnail_tasks CleanUp --dry-run
    luigi --module thumbnail_tasks FetchWeights
"""

import gc
import signal
import sys
import threading

# ruff: noqa: E402
# While a command imports its libraries, Ctrl-C ends it at once: they print a KeyboardInterrupt, or
# drop it, and nothing has begun. (argv[0] is -m while Python looks for the package.)
_is_command_starting = (
    sys.argv[0].rpartition("/")[2] in ("luigi", "thumbnail-tasks", "-m")
    and threading.current_thread() is threading.main_thread()
    and signal.getsignal(signal.SIGINT) is signal.default_int_handler
)
if _is_command_starting:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    gc.disable()  # modules are never freed; looking for garbage in them takes a tenth of a second

from thumbnail_tasks import luigi_parsing, luigi_patches
from thumbnail_tasks.commands.cleanup import CleanUp
from thumbnail_tasks.commands.copy_archive import CopyArchive
from thumbnail_tasks.commands.export import ExportAttributes
from thumbnail_tasks.commands.nightly import Nightly
from thumbnail_tasks.commands.projector import ExportProjector
from thumbnail_tasks.commands.report import BuildReport
from thumbnail_tasks.commands.search import SearchTexts
from thumbnail_tasks.console import set_up_logging
from thumbnail_tasks.defaults import set_defaults
from thumbnail_tasks.execution.forks import hold_interrupts
from thumbnail_tasks.export.newest import newest_export
from thumbnail_tasks.settings import accept_old_context
from thumbnail_tasks.tasks.fetch_weights import FetchWeights

set_defaults()
luigi_parsing.accept_percent_signs()
luigi_parsing.improve_flags()
luigi_parsing.name_bad_values()
luigi_patches.start_tasks_within(hold_interrupts)
set_up_logging()
accept_old_context()
if _is_command_starting:
    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGINT, signal.default_int_handler)

__all__ = [
    "BuildReport",
    "CleanUp",
    "CopyArchive",
    "ExportAttributes",
    "ExportProjector",
    "FetchWeights",
    "Nightly",
    "SearchTexts",
    "newest_export",
]
