"""Terminal output: log records as short lines on stderr; stdout is left to results.

Each module logs to a logger of its own under ``thumbnail_tasks``. ``TerminalHandler`` prints the
records. A user changes that as for any Luigi pipeline: ``[core] log_level`` (ERROR shows only
errors), ``[core] logging_conf_file``, ``[logging]`` in a TOML file, or
``[core] no_configure_logging``. With one of the last three the records go to the user's handlers.
"""

import logging
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

import luigi
from luigi.configuration import LuigiTomlParser
from luigi.interface import core

from thumbnail_tasks.errors import SettingsError, ThumbnailTasksError

COMMANDS: Final = ("luigi", "thumbnail-tasks", "thumbnail_tasks")
"""The commands that run this package's tasks; the last is ``python -m``."""

Progress = Callable[[int], None]
"""Called with the number of thumbnails completed since the last call."""

SECONDS_BETWEEN_LINES: Final = 5.0
"""Seconds between two progress lines of one task."""

TASK_LINE: Final = "%-18s %s"
"""Format of a log message about a task: its name and the message."""

EXIT_INTERRUPTED: Final = 130
"""Exit code that a shell expects of a command ended by Ctrl-C."""

INTERRUPTED: Final = "Interrupted. Finished work is kept; run the same command again to resume."


class TerminalHandler(logging.Handler):
    """Prints records to stderr: warnings and errors with their level, progress without."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record, unless the user's settings hide it."""
        if record.levelno < _lowest_level():
            return
        level = "" if record.levelno <= logging.INFO else f"{record.levelname}: "
        try:
            clear = _CLEAR_LINE if sys.stderr.isatty() else ""
            # One write: print makes two, between which another process may write its line.
            sys.stderr.write(f"{clear}{level}{self.format(record)}\n")
        except Exception:
            self.handleError(record)


_CLEAR_LINE: Final = "\r\x1b[K"
"""Terminal codes that erase the current line, which may be a status line of another process."""


def shows_status_lines() -> bool:
    """Whether stderr is a terminal, on which ``show_status`` updates one line in place."""
    return sys.stderr.isatty() and _lowest_level() <= logging.INFO


def show_status(line: str) -> None:
    """Show a line on the terminal until the next line is printed; an empty one erases it."""
    width = shutil.get_terminal_size().columns - 1
    print(f"{_CLEAR_LINE}{line[:width]}", end="", file=sys.stderr, flush=True)


def print_result(text: str) -> None:
    """Print a result on stdout, after erasing a status line."""
    if shows_status_lines():
        show_status("")
    print(text, flush=True)


def format_duration(seconds: float) -> str:
    """``45 s``, ``12 min``, ``3 h 20 min`` or ``5 days``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours / 24:.0f} days"


def format_count(n: int, noun: str) -> str:
    """``1 shard`` or ``2 shards``."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def command_name() -> str:
    """The command of this process, as in ``luigi``."""
    path = Path(sys.argv[0])
    return path.parent.name if path.name == "__main__.py" else path.name


def set_up_logging() -> None:
    """Show log records and this package's own errors as lines; calling it again does nothing."""
    package = logging.getLogger("thumbnail_tasks")
    if not any(isinstance(handler, TerminalHandler) for handler in package.handlers):
        package.addHandler(TerminalHandler())
        package.setLevel(logging.INFO)
        logging.getLogger("luigi-interface").addFilter(_shorten_own_errors)
        _show_own_errors_as_lines()


def _shorten_own_errors(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, ThumbnailTasksError):
        record.msg, record.args, record.exc_info = "%s", (str(error),), None
    return True


def _show_own_errors_as_lines() -> None:
    """Show errors and Ctrl-C before the run starts as one line; a script keeps stack traces."""
    if command_name() not in COMMANDS:
        return
    show_traceback = sys.excepthook

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, ThumbnailTasksError):
            print(f"ERROR: {error}", file=sys.stderr)
        elif isinstance(error, KeyboardInterrupt):
            print(INTERRUPTED, file=sys.stderr)
        else:
            show_traceback(kind, error, trace)

    sys.excepthook = show


def _lowest_level() -> int:
    """The lowest level to print; asked for each record, as flags are parsed after import."""
    try:
        options = core()
    except SettingsError:  # has been said, and ends the run
        return logging.INFO
    config = luigi.configuration.get_config()
    if (
        options.logging_conf_file
        or config.getboolean("core", "no_configure_logging", False)
        or (isinstance(config, LuigiTomlParser) and "logging" in config.data)
    ):
        return logging.CRITICAL + 1
    level = logging.getLevelNamesMapping().get(options.log_level, logging.INFO)
    return level if level > logging.WARNING else logging.INFO
