"""``ivrkit plugins``: list the installed plugins."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from ivrkit.cli.options import find_installed, json_option, load_flow, table, tree_options
from ivrkit.cli.packages.requirements import requirements
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
        found = load_flow(block).plugins
    except (LoadError, SettingsError):
        # The list shows which plugin to block or to reinstall, so it is needed most now.
        _print(find_installed(block).plugins, as_json=as_json, as_requirements=as_requirements)
        raise
    _print(found, as_json=as_json, as_requirements=as_requirements)


def _print(found: Sequence[Plugin], *, as_json: bool, as_requirements: bool) -> None:
    if as_requirements:
        click.echo("\n".join(requirements(found)))
    elif as_json:
        rows = [
            {
                "plugin": each.owner.plugin,
                "version": each.owner.version,
                "status": each.status,
                "states": list(each.states),
                "hooks": list(each.hooks),
            }
            for each in found
        ]
        click.echo(json.dumps(rows, indent=2))
    else:
        cells = [
            (each.owner.plugin, each.owner.version, each.status, ", ".join(each.states), ", ".join(each.hooks))
            for each in found
        ]
        click.echo(table(("PLUGIN", "VERSION", "STATUS", "STATES", "HOOKS"), cells))
