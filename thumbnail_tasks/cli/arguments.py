"""The arguments of ``thumbnail-tasks``, and the arguments of ``luigi`` that they stand for."""

import argparse
import importlib.metadata
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from thumbnail_tasks import settings
from thumbnail_tasks.cli.argument_types import cluster_address, count, date, place, query, url
from thumbnail_tasks.cli.examples import EXAMPLES
from thumbnail_tasks.defaults import DEFAULTS
from thumbnail_tasks.errors import InputError, suggest
from thumbnail_tasks.execution.executors import is_on_cluster
from thumbnail_tasks.runs.record_files import N_RECENT, read_records
from thumbnail_tasks.storage.addresses import is_s3

TASKS: Final = {
    "export": "ExportAttributes",
    "report": "BuildReport",
    "search": "SearchTexts",
    "nightly": "Nightly",
    "clean-up": "CleanUp",
    "copy": "CopyArchive",
    "fetch-weights": "FetchWeights",
}
"""Subcommand to the Luigi task that it runs."""

_REMEMBERED: Final = (
    *("engines.", "embedding.", "objects.", "filename2text.", "yolo_detections."),
    *("thumbnails.quality", "thumbnails.url_template"),
)
"""What a command without a table takes from the last run: else its export would be another one."""

COMMANDS: Final = (*TASKS, "doctor", "describe", "plan", "settings")

_REPORT_PORT: Final = 8090
"""Fixed, as a browser keeps a report's saved selections by address."""

_COLUMNS: Final = ("id", "link", "title", "channel", "description")
"""Columns of a table that can be named: settings of [columns]."""

_WORKERS_ON_CLUSTER: Final = 8
"""Blocks at the same time: each stage has one in progress, and the next is being downloaded."""


class Parser(argparse.ArgumentParser):
    """Reports a wrong argument in one line, and has examples in its help."""

    def __init__(self, **about: Any) -> None:
        name = about.get("prog", "").partition(" ")[2]
        examples = textwrap.indent(textwrap.dedent(EXAMPLES.get(name, "")).strip(), "  ")
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter,
            epilog=f"examples:\n{examples}",
            allow_abbrev=False,
            **about,
        )

    def parse_known_args(self, *given: Any) -> Any:  # type: ignore[override]
        """Report unknown arguments here, where the flags of the subcommand are known."""
        known, unknown = super().parse_known_args(*given)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return known, unknown

    def error(self, message: str) -> NoReturn:
        """End the command with one line and exit code 2."""
        found = re.search(r"(?:unrecognized arguments:|invalid choice:) '?([\w-]+)", message)
        known = [*self._option_string_actions, *COMMANDS]
        hint = (_as_setting(found[1]) or suggest(found[1], known)) if found else ""
        self.exit(2, f"ERROR: {message}.{hint} See {self.prog} --help\n")


def _as_setting(flag: str) -> str:
    """A sentence on how to give a flag of ``luigi`` that is a setting; empty if it is none."""
    for section in settings.sections():
        prefix = f"--{section.__name__}-".replace("_", "-")
        for name, _ in section.get_params():
            if flag == prefix + name.replace("_", "-"):
                return f" Use --set {section.__name__}.{name}=VALUE."
    return ""


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command."""
    parser = Parser(
        prog="thumbnail-tasks",
        description="Turn a table of videos into a table of what their thumbnails say and show.",
    )
    version = f"%(prog)s {importlib.metadata.version('thumbnail-tasks')}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, summary: str) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = commands.add_parser(
            name, help=summary, description=summary + ".", prog=f"thumbnail-tasks {name}"
        )
        return command

    export = add("export", "Write the table of what the thumbnails show")
    _add_videos(export, "+")
    export.add_argument(
        "--as-of",
        metavar="DATE",
        type=date,
        help="thumbnails as known on this day (UTC); fetches nothing",
    )
    _add_run_options(export)
    report = add("report", "Build the HTML report of an export")
    _add_videos(report, "*")
    _add_run_options(report)
    _add_serving(report)
    search = add("search", "Rank the texts of an export by meaning")
    search.add_argument("query", metavar="QUERY", type=query, help="text to search for")
    _add_videos(search, "*")
    search.add_argument("--most", metavar="N", type=int, help="number of texts (default: 20)")
    _add_run_options(search)
    nightly = add("nightly", "Export the newest table under its date")
    nightly.add_argument("tables", metavar="TABLES", help="folder of tables, or a glob")
    nightly.add_argument(
        "--date", metavar="DATE", type=date, help="date of the export (default: today)"
    )
    _add_run_options(nightly)
    clean_up = add("clean-up", "Remove files that no run will need again")
    clean_up.add_argument("--dry-run", action="store_true", help="list them, and remove nothing")
    copy = add("copy", "Copy all results to another folder or bucket, and check them")
    copy.add_argument("to", metavar="TO", type=place, help="a folder, or s3://bucket/prefix")
    fetch = add("fetch-weights", "Download models that are not shipped, by default the notebook's")
    fetch.add_argument(
        "--weights", metavar="NAMES", help="comma-separated models, or rapidocr-v5 for all of its"
    )
    doctor = add("doctor", "Check that this machine, or a cluster, can run the chosen engines")
    _add_cluster(doctor, "check the nodes of")
    description = add("describe", "Summarise an export")
    plan = add("plan", "Estimate time, storage and requests of many thumbnails")
    plan.add_argument(
        "--thumbnails", metavar="N", type=count, required=True, help="number, as in 1e8"
    )
    plan.add_argument("--nodes", metavar="N", type=count, default=1, help="default: 1")
    plan.add_argument("--cores", metavar="N", type=count, help="of each node (default: as here)")
    listed = add("settings", "List all settings with their values")
    commands_of = (export, report, search, nightly, clean_up, copy, fetch, doctor)
    for command in (*commands_of, description, plan, listed):
        _add_common_options(command)
    return parser


def _add_videos(parser: argparse.ArgumentParser, nargs: str) -> None:
    default = " (default: those of the last run)" if nargs == "*" else ""
    parser.add_argument(
        "videos",
        metavar="VIDEOS",
        nargs=nargs,
        help=f"CSV, JSON or Parquet files, folders or globs{default}",
    )


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--images-dir",
        metavar="DIR",
        type=place,
        help="read the pictures from this folder or s3:// address",
    )
    parser.add_argument(
        "--quality", choices=settings.QUALITIES, metavar="NAME", help="picture size: %(choices)s"
    )
    parser.add_argument(
        "--preset",
        choices=list(settings.PRESETS),
        metavar="NAME",
        help="set of engines: %(choices)s (default: embedded)",
    )
    parser.add_argument("--objects", action="store_true", help="also detect objects and persons")
    parser.add_argument(
        "--embed-columns",
        metavar="A,B",
        help="add vectors of these columns' texts, as of title,tags",
    )
    for name in _COLUMNS:
        about = "column of ids; also --link-column, --title-column, …"
        shown = about if name == _COLUMNS[0] else argparse.SUPPRESS  # the help fits a screen
        parser.add_argument(f"--{name}-column", metavar="NAME", help=shown)
    parser.add_argument(
        "--workers",
        metavar="N",
        type=count,
        help=f"stages at the same time (default: {DEFAULTS['core']['workers']}; on a cluster "
        f"{_WORKERS_ON_CLUSTER})",
    )
    _add_cluster(parser, "compute on")
    parser.add_argument(
        "--luigid", metavar="URL", type=url, help="use this central scheduler, and its page"
    )


def _add_serving(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--serve",
        action="store_true",
        help="show it in the browser until Ctrl-C",
    )
    parser.add_argument(
        "--port", metavar="N", type=int, default=_REPORT_PORT, help="default: %(default)s; 0: any"
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the address")


def _add_cluster(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        type=cluster_address,
        help=f"{what} this machine's Ray cluster: HOST:PORT, auto",
    )


def _add_common_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=place,
        help="folder or s3:// address of all results (default: data)",
    )
    parser.add_argument(
        "--set",
        metavar="SECTION.NAME=VALUE",
        action="append",
        default=[],
        help="any of thumbnail-tasks settings; may be repeated",
    )


def luigi_arguments(options: argparse.Namespace) -> list[str]:
    """The arguments of the command ``luigi`` that do what these options ask for.

    Raises:
        InputError: No table is given, and no run of the data directory has one.
    """
    given = vars(options)
    videos, images_dir = given.get("videos"), given.get("images_dir")
    remembered: dict[str, str] = {}
    if videos == []:
        videos, images_dir, used = last_input(settings.storage().data_dir)
        now = {assignment.partition("=")[0].strip() for assignment in options.set}
        remembered = {
            f"--{name.replace('.', '-').replace('_', '-')}": value
            for name, value in used.items()
            if name.startswith(_REMEMBERED) and name not in now
        }
    flags = {
        "--videos": ",".join(videos) if videos else None,
        "--images-dir": images_dir,
        "--tables": given.get("tables"),
        "--date": given.get("date"),
        "--as-of": given.get("as_of"),
        "--query": given.get("query"),
        "--most": given.get("most"),
        "--weights": given.get("weights"),
        "--to": given.get("to"),
        "--workers": given.get("workers") or (_WORKERS_ON_CLUSTER if is_on_cluster() else None),
        "--thumbnails-quality": given.get("quality"),
        "--engines-preset": given.get("preset"),
        "--embedding-columns": given.get("embed_columns"),
        **{f"--columns-{name}": given.get(f"{name}_column") for name in _COLUMNS},
        "--objects-detect": "true" if given.get("objects") else None,
    }
    words = ["--module", "thumbnail_tasks", TASKS[options.command]]
    chosen = {flag: str(value) for flag, value in flags.items() if value is not None}
    words += [f"{flag}={value}" for flag, value in (remembered | chosen).items()]
    return [*words, "--dry-run"] if given.get("dry_run") else words


def last_input(data_dir: str) -> tuple[list[str], str | None, Mapping[str, str]]:
    """The table, the folder of pictures and the settings of the last run on a data directory.

    Raises:
        InputError: There is none.
    """
    for record in reversed(read_records(data_dir, N_RECENT)):
        if record.videos and record.state == "succeeded":
            folder = Path(record.folder)
            videos = [_from(folder, path) for path in record.videos.split(",")]
            images_dir = _from(folder, record.images_dir) if record.images_dir else None
            return videos, images_dir, record.settings
    raise InputError(f"{data_dir}: expected a run that succeeded; found none. Name a table, VIDEOS")


def _from(folder: Path, path: str) -> str:
    return path if is_s3(path) else str(folder / path)
