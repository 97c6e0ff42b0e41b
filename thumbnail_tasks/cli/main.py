"""The command ``thumbnail-tasks``: it turns its arguments into those of ``luigi``, and runs that.

So each subcommand is the Luigi task of the same purpose, with the same settings, exit codes and
records; ``doctor``, ``describe``, ``plan`` and ``settings`` only look, and run no task.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from luigi.cmdline import luigi_run

from thumbnail_tasks import settings
from thumbnail_tasks.cli.arguments import build_parser, luigi_arguments
from thumbnail_tasks.cli.capacity import describe_plan, plan_of
from thumbnail_tasks.cli.describe import describe
from thumbnail_tasks.cli.doctor import examine
from thumbnail_tasks.cli.setting_values import apply_settings, list_settings
from thumbnail_tasks.errors import SettingsError, ThumbnailTasksError
from thumbnail_tasks.report.serving import serve

EXIT_USAGE = 2
"""Exit code for a wrong argument, as argparse has it."""
EXIT_WRONG_INPUT = 30
"""Exit code for input that cannot be read: that of a failed task."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command.

    Args:
        arguments: The words after ``thumbnail-tasks``; None for those of this process.

    Raises:
        SystemExit: Always, with the exit code.
    """
    options = build_parser().parse_args(arguments)
    try:
        apply_settings(options)
        match options.command:
            case "doctor":
                sys.exit(examine())
            case "describe":
                print(describe())
            case "plan":
                print(describe_plan(plan_of(options)))
            case "settings":
                print(list_settings())
            case "report" if options.serve:
                _show_report(options)
            case _:
                luigi_run(luigi_arguments(options))
        sys.exit(0)
    except ThumbnailTasksError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        sys.exit(EXIT_USAGE if isinstance(error, SettingsError) else EXIT_WRONG_INPUT)
    except BrokenPipeError:  # of ``thumbnail-tasks doctor | head``; Python flushes again at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _show_report(options: argparse.Namespace) -> None:
    """Build the report if a table is named, and serve it until Ctrl-C."""
    if options.videos:
        try:
            luigi_run(luigi_arguments(options))
        except SystemExit as ended:
            if ended.code:
                raise
    serve(settings.storage().data_dir, options.port, not options.no_browser)
