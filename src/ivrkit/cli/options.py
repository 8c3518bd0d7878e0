"""What several commands take and do alike: --block, --json, and loading the call flow."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import click

from ivrkit.cli.mounted import mounted
from ivrkit.load_settings import load_settings
from ivrkit.plugins import Loaded, load
from ivrkit.settings import Settings

block_option = click.option(
    "--block", "block", multiple=True, metavar="PLUGIN", help="Leave a plugin out. May be repeated."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def settings_with(block: Sequence[str], **overrides: Any) -> Settings:
    """Return the settings, with more plugins blocked and single settings overridden.

    They are those of the working folder, or inside a Flask app those of the tree that is mounted there.
    """
    inside = mounted()
    if inside is not None:
        settings = replace(inside.host.settings, **overrides)
        return replace(settings, block=(*settings.block, *block))
    settings = load_settings(**overrides)
    return load_settings(**overrides, block=(*settings.block, *block)) if block else settings


def load_flow(block: Sequence[str]) -> Loaded:
    """Load what is installed, and print what is wrong with it but does not keep it from being served.

    Inside a Flask app it is what the tree that is mounted there was made of.
    """
    inside = mounted()
    if inside is not None and not block:
        loaded = inside.host.loaded
    else:
        loaded = load(settings_with(block), inside.host.plugins if inside else None)
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
