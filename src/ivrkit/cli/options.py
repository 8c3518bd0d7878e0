"""What several commands take and do alike: --block, --json, and loading the call flow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import click

from ivrkit.cli.mounted import mounted
from ivrkit.errors import SettingsError
from ivrkit.load_settings import Gathered, gather_settings
from ivrkit.plugins import Loaded, load
from ivrkit.settings import Settings

block_option = click.option(
    "--block", "block", multiple=True, metavar="PLUGIN", help="Leave a plugin out. May be repeated."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def gathered_with(block: Sequence[str], **overrides: Any) -> Gathered:
    """Return the settings, with more plugins blocked and single settings overridden, and what is wrong with them.

    They are those of the working folder, or inside a Flask app those of the tree that is mounted there.
    """
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
    if gathered.faults:
        raise SettingsError.of(gathered.faults)
    return gathered.settings


def load_flow(block: Sequence[str]) -> Loaded:
    """Load what is installed, and print what is wrong with it but does not keep it from being served.

    Inside a Flask app it is what the tree that is mounted there was made of.
    """
    inside = mounted()
    if inside is not None and not block:
        loaded = inside.host.loaded
    else:
        gathered = gathered_with(block)
        loaded = load(gathered.settings, inside.host.plugins if inside else None, gathered.faults)
    for fault in loaded.faults:
        click.echo(f"Left out: {fault}", err=True)
    for notice in loaded.notices:
        click.echo(f"Warning: {notice}", err=True)
    return loaded


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows as columns under their heads, two blanks apart."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
