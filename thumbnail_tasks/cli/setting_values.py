"""Settings on the command line of ``thumbnail-tasks``: how they are applied, and listed."""

import argparse
import textwrap

import luigi
from luigi.task_register import Register

from thumbnail_tasks import luigi_parsing, settings
from thumbnail_tasks.errors import SettingsError, suggest


def apply_settings(options: argparse.Namespace) -> None:
    """Set what ``--set`` and the other options give; they override luigi.cfg.

    Raises:
        SettingsError: A setting does not exist, or its value cannot be parsed.
    """
    config = luigi.configuration.get_config()
    for assignment in options.set:
        name, _, value = assignment.partition("=")
        section, _, key = name.strip().partition(".")
        _check_setting(assignment, section, key, value)
        config.set(section, key, value.replace("%", "%%"))
    if options.out:
        config.set("storage", "data_dir", options.out.replace("%", "%%"))
    if getattr(options, "cluster", None):
        config.set("execution", "engine", "ray")
        config.set("execution", "address", options.cluster)
    if getattr(options, "luigid", None):
        config.set("core", "local_scheduler", "false")
        config.set("core", "scheduler_url", options.luigid)


def _check_setting(assignment: str, section: str, name: str, value: str) -> None:
    parameters = {
        (task, parameter): about
        for task, _, parameter, about in Register.get_all_params()
        if issubclass(Register.get_task_cls(task), luigi.Config)
    }
    if section == "resources" and name.isidentifier():
        parameters[section, name] = luigi.IntParameter()
    if "=" not in assignment:
        raise SettingsError(
            f"--set {assignment}: expected SECTION.NAME=VALUE, as in thumbnails.quality=default"
        )
    if (section, name) not in parameters:
        hint = suggest(f"{section}.{name}", map(".".join, parameters))
        raise SettingsError(f"--set {assignment}: no such setting.{hint}")
    luigi_parsing.parse_value(f"--set {section}.{name}", parameters[section, name], value)


def list_settings() -> str:
    """All settings as in luigi.cfg: values in effect but the access key, and descriptions."""
    lines = []
    for section in settings.sections():
        values = section()
        lines += ["", f"[{section.__name__}]"]
        for name, parameter in section.get_params():
            if name not in getattr(section, "old_names", ()):
                description = parameter.description.removesuffix("\n")
                lines += textwrap.wrap(description, 98, initial_indent="# ", subsequent_indent="# ")
                value = parameter.serialize(getattr(values, name))
                is_secret = (section, name) == (settings.s3, "secret_access_key")
                lines.append(f"{name} = {'(set, not shown)' if is_secret and value else value}")
    return "\n".join(lines[1:])
