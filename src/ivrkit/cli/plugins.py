"""``ivrkit plugins``: list the installed plugins."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from ivrkit.cli.options import find_installed, json_option, load_flow, table, tree_options
from ivrkit.cli.packages.requirements import requirements
from ivrkit.cli.quarantine_record import entries_to_show
from ivrkit.errors import LoadError, SettingsError
from ivrkit.plugins.load import Plugin


@click.command()
@tree_options
@json_option
@click.option("--requirements", "as_requirements", is_flag=True, help="Print lines for a requirements.txt.")
def plugins(block: tuple[str, ...], as_json: bool, as_requirements: bool) -> None:
    """List the plugins, their states and hooks.

    The status of a plugin is loaded, blocked or faulty. If the phone tree can't be loaded, its problems follow the
    list, and the exit code is 1.
    """
    try:
        loaded = load_flow(block)
    except (LoadError, SettingsError):
        # The list shows which plugin to block or to reinstall, so it is needed most now.
        _print(find_installed(block).plugins, (), as_json=as_json, as_requirements=as_requirements)
        raise
    closed = () if as_requirements else tuple(entries_to_show(loaded, block))
    _print(loaded.plugins, closed, as_json=as_json, as_requirements=as_requirements)


def _print(found: Sequence[Plugin], closed: Sequence[str], *, as_json: bool, as_requirements: bool) -> None:
    """Print the plugins.

    :param found: the plugins.
    :param closed: the names of the states in quarantine.
    """
    if as_requirements:
        click.echo("\n".join(requirements(found)))
    elif as_json:
        values = [
            {
                "plugin": each.owner.plugin,
                "version": each.owner.version,
                "status": each.status,
                "states": list(each.states),
                "hooks": list(each.hooks),
                "quarantine": [name for name in each.states if name in closed],
            }
            for each in found
        ]
        click.echo(json.dumps(values, indent=2))
    else:
        headings = ("PLUGIN", "VERSION", "STATUS", "STATES", "HOOKS", "QUARANTINE")
        rows = [
            (
                each.owner.plugin,
                each.owner.version,
                each.status,
                ", ".join(each.states),
                ", ".join(each.hooks),
                ", ".join(name for name in each.states if name in closed),
            )
            for each in found
        ]
        shown = len(headings) if closed else -1
        click.echo(table(headings[:shown], [row[:shown] for row in rows]))
