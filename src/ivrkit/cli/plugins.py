"""``ivrkit plugins``: list the installed plugins."""

from __future__ import annotations

import json

import click

from ivrkit.cli.options import json_option, load_flow, table, tree_options
from ivrkit.cli.packages.requirements import requirements


@click.command()
@tree_options
@json_option
@click.option("--requirements", "as_requirements", is_flag=True, help="Print lines for a requirements.txt.")
def plugins(block: tuple[str, ...], as_json: bool, as_requirements: bool) -> None:
    """List the plugins, their states and hooks.

    The status of a plugin is loaded, blocked or faulty.
    """
    found = load_flow(block).plugins
    if as_requirements:
        click.echo("\n".join(requirements(found)))
        return
    if as_json:
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
        return
    cells = [
        (each.owner.plugin, each.owner.version, each.status, ", ".join(each.states), ", ".join(each.hooks))
        for each in found
    ]
    click.echo(table(("PLUGIN", "VERSION", "STATUS", "STATES", "HOOKS"), cells))
