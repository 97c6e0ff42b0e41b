"""How Luigi parses flags and settings, where this package replaces it.

As in ``luigi_patches``, these are private parts of Luigi; ``tests/test_luigi_parsing.py`` checks
what each function relies on.
"""

import argparse
import configparser
import datetime
import functools
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

import luigi
from luigi.cmdline_parser import CmdlineParser
from luigi.configuration.cfg_parser import LuigiConfigParser
from luigi.parameter import OptionalParameterMixin
from luigi.task_register import Register

from thumbnail_tasks.errors import SettingsError, suggest

_build_parser = CmdlineParser._build_parser
_get_param_values: Callable[..., list[tuple[str, Any]]] = vars(luigi.Task)[
    "get_param_values"
].__func__
_get_value = luigi.Parameter._get_value


class PathParameter(luigi.Parameter[str]):
    """A path, or several separated by commas; ``~`` is the home folder, as in a shell."""

    def normalize(self, x: str) -> str:
        """The path or paths with the home folder written out."""
        return re.sub(r"(?:^|(?<=,))\s*~[^/,]*", lambda found: _expand(found[0]), x)


def _expand(name: str) -> str:
    try:
        return str(Path(name.strip()).expanduser())
    except RuntimeError:  # no user of this name
        return name


class OptionalDateParameter(  # type: ignore[misc] # as Luigi's own optional parameters
    OptionalParameterMixin[datetime.date], luigi.DateParameter
):
    """A date, or none."""

    expected_type = datetime.date


class _Ranged:
    """A number within a range."""

    def __init__(
        self,
        *,
        above: float = -math.inf,
        at_least: float = -math.inf,
        at_most: float = math.inf,
        **options: Any,
    ) -> None:
        self._above, self._at_least, self._at_most = above, at_least, at_most
        super().__init__(**options)

    def parse(self, text: str) -> Any:
        """Parse a number.

        Raises:
            ValueError: It is none, or outside of the range.
        """
        number = super().parse(text)  # type: ignore[misc]
        if not (self._above < number and self._at_least <= number <= self._at_most):
            raise ValueError(text)
        return number

    @property
    def range(self) -> str:
        """The range in words, as in `` from 0 to 1``."""
        if self._above > -math.inf:
            most = f" and up to {self._at_most:g}" if self._at_most < math.inf else ""
            return f" above {self._above:g}{most}"
        if self._at_most < math.inf:
            return f" from {self._at_least:g} to {self._at_most:g}"
        return f", {self._at_least:g} or more"


class IntInRange(_Ranged, luigi.IntParameter):
    """A whole number within a range."""


class FloatInRange(_Ranged, luigi.FloatParameter):
    """A number within a range."""


class ShareParameter(FloatInRange):
    """A number from 0 to 1."""

    def __init__(self, **options: Any) -> None:
        super().__init__(at_least=0, at_most=1, **options)


class _LiteralPercent(configparser.BasicInterpolation):
    """Takes ``%`` as it is written, unless it refers to another setting: ``%(name)s``.

    Addresses have it, as in ``%2F``.
    """

    def before_get(self, parser: Any, section: str, option: str, value: str, defaults: Any) -> str:
        try:
            return str(super().before_get(parser, section, option, value, defaults))
        except configparser.InterpolationSyntaxError:
            return value

    def before_set(self, parser: Any, section: str, option: str, value: str) -> str:
        return value


def accept_percent_signs() -> None:
    """Accept ``%`` in settings, where Luigi ends with a stack trace when it reads one."""
    LuigiConfigParser._DEFAULT_INTERPOLATION._interpolations[0] = _LiteralPercent()


_SYNONYMS: Final = {"--data-dir": "storage_data_dir"}
"""Flags of tasks that are the same as the flag of a setting, and the name of that setting."""
_SHORT_FLAGS: Final = {
    f"--{name}-column": f"--columns-{name}"
    for name in ("id", "link", "title", "channel", "description")
} | {"--embed-columns": "--embedding-columns"}
"""Other names of flags."""


def improve_flags() -> None:
    """End the command with one line if a task or a flag is unknown; make ``_SYNONYMS`` the same.

    Luigi prints a stack trace, or all of its flags. The first parser, without ``root_task``, only
    finds the name of the task.
    """

    def build_parser(
        root_task: str | None = None, help_all: bool = False
    ) -> argparse.ArgumentParser:
        if root_task is not None and root_task not in Register.task_names():
            tasks = [name for name in Register.task_names() if name[0].isupper()]
            raise SystemExit(f"ERROR: no task {root_task}.{suggest(root_task, tasks)}")
        return build_once(root_task, help_all, tuple(Register._reg))

    @functools.cache  # Luigi asks for nine in a run
    def build_once(
        root_task: str | None, help_all: bool, tasks: tuple[type[luigi.Task], ...]
    ) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = _build_parser(root_task=root_task, help_all=help_all)
        if root_task is None:  # --columns of a task is not short for settings of [columns]
            parser.add_argument("--columns", help=argparse.SUPPRESS)
        known = parser._option_string_actions
        known |= {short: known[flag] for short, flag in _SHORT_FLAGS.items() if flag in known}
        for flag, same_as in _SYNONYMS.items():
            if flag in known:
                known[flag].dest = same_as

        def end(message: str) -> NoReturn:
            flags = (word for word in message.split() if word.startswith("--"))
            hint = suggest(next(flags, ""), known)
            task = root_task or "TASK"
            parser.exit(2, f"ERROR: {message}.{hint} All flags: luigi --module … {task} --help\n")

        parser.error = end  # type: ignore[method-assign]
        return parser

    CmdlineParser._build_parser = staticmethod(build_parser)  # type: ignore[method-assign]


def name_bad_values() -> None:
    """Raise a ``SettingsError`` that names the flag or setting whose value cannot be parsed.

    Luigi raises what its parser raises, such as ``could not convert string to float``.
    """

    def get_param_values(cls: type[luigi.Task], *given: Any) -> list[tuple[str, Any]]:
        try:
            return list(_get_param_values(cls, *given))
        except ValueError as error:
            if isinstance(error.__cause__, SettingsError):  # Luigi wraps what get_value raises
                raise error.__cause__ from None
            raise
        except luigi.parameter.MissingParameterException as error:
            name = str(error).split("'")[-2]
            flag = f"--{name.replace('_', '-')}"
            raise SettingsError(f"{cls.get_task_family()}: {flag} is required") from error

    def get_value(parameter: luigi.Parameter[Any], section: str, name: str) -> Any:
        try:
            return _get_value(parameter, section, name)
        except (ValueError, ArithmeticError, configparser.Error) as error:
            parser = CmdlineParser.get_instance()
            given = parser and getattr(parser.known_args, f"{section}_{name}", None)
            if given:
                flag = name if section == "core" else f"{section}-{name}"
                raise bad_value(f"--{flag.replace('_', '-')}", parameter, given) from error
            if isinstance(error, configparser.Error):
                # Without the value, which may be secret.
                message = " ".join(str(error).partition("Raw value")[0].split())
                hint = " Write %% for a percent sign." if "%" in message else ""
                raise SettingsError(f"[{section}] {name}: {message}.{hint}") from error
            found = luigi.configuration.get_config().get(section, name)
            raise bad_value(f"[{section}] {name}", parameter, found) from error

    def get_task_kwargs(parser: CmdlineParser) -> dict[str, Any]:
        values = {}
        for name, parameter in parser._get_task_cls().get_params():
            if given := getattr(parser.known_args, name, None):
                values[name] = parse_value(f"--{name.replace('_', '-')}", parameter, given)
        return values

    luigi.Task.get_param_values = classmethod(get_param_values)  # type: ignore[method-assign, assignment]
    luigi.Parameter._get_value = get_value  # type: ignore[method-assign]
    CmdlineParser._get_task_kwargs = get_task_kwargs  # type: ignore[method-assign]


_EXPECTED: Final[dict[type, str]] = {
    luigi.DictParameter: 'an object in JSON, as in {"RecognizeText": 16}',
    luigi.DateParameter: "a date, as in 2026-01-31",
    luigi.IntParameter: "a whole number",
    luigi.FloatParameter: "a number",
    luigi.BoolParameter: "true or false",
    luigi.TimeDeltaParameter: "a duration, as in 90s or PT1H",
}


def bad_value(where: str, parameter: luigi.Parameter[Any], found: str) -> SettingsError:
    """The error for a value that a parameter cannot parse."""
    if isinstance(parameter, luigi.ChoiceParameter):
        expected = f"one of {', '.join(sorted(map(str, parameter._choices)))}"
    else:
        known = (text for kind, text in _EXPECTED.items() if isinstance(parameter, kind))
        expected = next(known, "another value") + getattr(parameter, "range", "")
    return SettingsError(f"{where}: expected {expected}; found: {found!r}")


def parse_value(where: str, parameter: luigi.Parameter[Any], given: str) -> Any:
    """The value that a text gives to a parameter.

    Raises:
        SettingsError: The parameter cannot parse it.
    """
    try:
        return parameter.parse(given)
    except (ValueError, ArithmeticError) as error:
        raise bad_value(where, parameter, given) from error
