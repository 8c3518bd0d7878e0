"""Options that several commands share: --block, --plugins-dir, --safe and --json.

The functions of this module load the settings and the phone tree as these options require.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import click

from ivrkit.cli.app_tree import app_tree
from ivrkit.errors import SettingsError
from ivrkit.plugins.load import InstalledPlugins, LoadedTree, find_plugins, load
from ivrkit.settings import Settings
from ivrkit.settings.load import FILE, SettingsResult, try_load_settings

#: Key of the value of ``--plugins-dir`` in the context of a command.
_PLUGINS_DIR_KEY = "ivrkit.plugins_dir"
#: Key of the value of ``--safe`` in the context of a command.
_SAFE_KEY = "ivrkit.safe"
#: Key in the context of a command: whether :func:`print_missing_file` has printed its line.
_PRINTED_KEY = "ivrkit.printed_missing_file"

_block_option = click.option(
    "--block", "block", multiple=True, metavar="PLUGIN", help="Leave a plugin out. May be repeated."
)


def _store_plugins_dir(context: click.Context, parameter: click.Parameter, folder: str | None) -> None:
    """Store the value of --plugins-dir in the click context, so that the commands need no parameter for it."""
    context.meta[_PLUGINS_DIR_KEY] = folder


_plugins_dir_option = click.option(
    "--plugins-dir",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, resolve_path=True),
    expose_value=False,
    callback=_store_plugins_dir,
    help="Load the plugin files in a folder.",
)


def _store_safe(context: click.Context, parameter: click.Parameter, is_on: bool) -> None:
    """Store the value of --safe in the click context, so that the commands need no parameter for it."""
    context.meta[_SAFE_KEY] = is_on


_safe_option = click.option(
    "--safe",
    is_flag=True,
    expose_value=False,
    callback=_store_safe,
    help="Load only the core's states and the operator.",
)


def tree_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --block, --plugins-dir and --safe to a command.

    The function of the command must have the parameter ``block``.
    """
    return _block_option(_plugins_dir_option(_safe_option(command)))


def is_safe_given() -> bool:
    """Return whether --safe is given."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(_SAFE_KEY))


def given_plugins_dir() -> str | None:
    """Return the value of --plugins-dir, or ``None`` if the option is not given."""
    context = click.get_current_context(silent=True)
    folder: str | None = context.meta.get(_PLUGINS_DIR_KEY) if context else None
    return folder


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def try_load_settings_with(block: Sequence[str], **overrides: Any) -> SettingsResult:
    """Return the settings of the phone tree, and the problems of these settings.

    ``flask ivrkit`` uses the settings of the mounted phone tree. Any other command reads the settings from the working
    folder and the environment.

    :param block: plugins to block, in addition to the plugins that the settings block.
    :param overrides: single settings by name, which override the settings from all other sources.
    """
    folder = given_plugins_dir()
    overrides = {"plugins_dir": folder, **overrides} if folder else overrides
    overrides = {"safe": True, **overrides} if is_safe_given() else overrides
    in_app = app_tree()
    if in_app is not None:
        settings = replace(in_app.mounted.settings, **overrides)
        return SettingsResult(replace(settings, block=(*settings.block, *block)), ())
    result = try_load_settings(**overrides)
    if sys.stderr.isatty():
        print_missing_file(result.settings)
    return try_load_settings(**overrides, block=(*result.settings.block, *block)) if block else result


def print_missing_file(settings: Settings) -> None:
    """Print that no settings file was read, once for each run of a command. The working folder may be the wrong one."""
    click.echo(missing_file_line(settings), nl=False, err=True)


def missing_file_line(settings: Settings) -> str:
    """Return the line that says that no settings file was read.

    :returns: the line, or ``""`` if a settings file was read, or if this command has printed the line before.
    """
    printed = click.get_current_context().meta
    if settings.file is not None or printed.get(_PRINTED_KEY):
        return ""
    printed[_PRINTED_KEY] = True
    return f"No {FILE} in {settings.folder}: defaults\n"


def load_settings_with(block: Sequence[str], **overrides: Any) -> Settings:
    """Return the settings of :func:`try_load_settings_with`, or raise an error if the settings have problems.

    :raises SettingsError: with all problems of the settings.
    """
    result = try_load_settings_with(block, **overrides)
    if result.problems:
        raise SettingsError.of(result.problems)
    return result.settings


def load_flow(block: Sequence[str]) -> LoadedTree:
    """Load the installed phone tree, or return the phone tree that is mounted in the Flask app.

    Print the startup warnings. If the phone tree can be served although it has problems, print the problems too.

    :raises SettingsError: if only the settings of the core have problems.
    :raises LoadError: if plugins have problems and ``strict`` is on, or if no phone tree can be served.
    """
    in_app = app_tree()
    if in_app is not None and not block and not given_plugins_dir() and not is_safe_given():
        loaded = in_app.mounted.loaded
    else:
        result = try_load_settings_with(block)
        loaded = load(result.settings, in_app.mounted.plugins if in_app else None, result.problems)
    for problem in loaded.problems:
        click.echo(f"Left out: {problem}", err=True)
    for problem in loaded.startup_warnings:
        click.echo(f"Warning: {problem}", err=True)
    return loaded


def find_installed(block: Sequence[str]) -> InstalledPlugins:
    """Return the plugins of the working folder or of the mounted phone tree, also if they cannot be served."""
    in_app = app_tree()
    result = try_load_settings_with(block)
    return find_plugins(result.settings, in_app.mounted.plugins if in_app else None)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows as a text with aligned columns below the headings, with two spaces between the columns."""
    lines = [headings, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
