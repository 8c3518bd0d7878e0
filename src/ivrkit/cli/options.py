"""What several commands take and do alike: --block, --plugins-dir, --json, and loading the call flow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import click

from ivrkit.cli.mounted import mounted
from ivrkit.errors import SettingsError
from ivrkit.plugins.load import LoadedTree, load
from ivrkit.settings.core import Settings
from ivrkit.settings.load import Gathered, gather_settings

#: Where a command keeps what it was given for ``--plugins-dir``.
_FOLDER = "ivrkit.plugins_dir"

_block_option = click.option(
    "--block", "block", multiple=True, metavar="PLUGIN", help="Leave a plugin out. May be repeated."
)


def _keep_folder(context: click.Context, parameter: click.Parameter, folder: str | None) -> None:
    """Keep the folder for :func:`gathered_with`, so that no command has to hand it on."""
    context.meta[_FOLDER] = folder


_folder_option = click.option(
    "--plugins-dir",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, resolve_path=True),
    expose_value=False,
    callback=_keep_folder,
    help="Load the plugins that are files of a folder.",
)


def tree_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say what the tree is made of; it takes ``block``."""
    return _block_option(_folder_option(command))


def given_folder() -> str | None:
    """Return the folder that the running command was given, ``None`` for none."""
    context = click.get_current_context(silent=True)
    folder: str | None = context.meta.get(_FOLDER) if context else None
    return folder


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def gathered_with(block: Sequence[str], **overrides: Any) -> Gathered:
    """Return the settings, with more plugins blocked and single settings overridden, and what is wrong with them.

    They are those of the working folder, or inside a Flask app those of the tree that is mounted there.
    """
    folder = given_folder()
    overrides = {"plugins_dir": folder, **overrides} if folder else overrides
    inside = mounted()
    if inside is not None:
        settings = replace(inside.host.settings, **overrides)
        return Gathered(replace(settings, block=(*settings.block, *block)), ())
    gathered = gather_settings(**overrides)
    return gather_settings(**overrides, block=(*gathered.settings.block, *block)) if block else gathered


def settings_with(block: Sequence[str], **overrides: Any) -> Settings:
    """Return these settings.

    :raises SettingsError: with everything that is wrong with them.
    """
    gathered = gathered_with(block, **overrides)
    if gathered.problems:
        raise SettingsError.of(gathered.problems)
    return gathered.settings


def load_flow(block: Sequence[str]) -> LoadedTree:
    """Load what is installed, and print what is wrong with it but does not keep it from being served.

    Inside a Flask app it is what the tree that is mounted there was made of.
    """
    inside = mounted()
    if inside is not None and not block and not given_folder():
        loaded = inside.host.loaded
    else:
        gathered = gathered_with(block)
        loaded = load(gathered.settings, inside.host.plugins if inside else None, gathered.problems)
    for problem in loaded.problems:
        click.echo(f"Left out: {problem}", err=True)
    for problem in loaded.startup_warnings:
        click.echo(f"Warning: {problem}", err=True)
    return loaded


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows as columns under their heads, two blanks apart."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
