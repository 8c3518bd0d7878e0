"""``ivrkit plugins``: every plugin that is installed, and what became of it."""

from __future__ import annotations

import json

import click

from ivrkit.cli.options import json_option, load_flow, table, tree_options
from ivrkit.cli.packages.requirements import requirements


@click.command()
@tree_options
@json_option
@click.option("--requirements", "pinned", is_flag=True, help="Print lines for a requirements.txt, with versions.")
def plugins(block: tuple[str, ...], as_json: bool, pinned: bool) -> None:
    """List the plugins, what became of each, and its states and hooks."""
    found = load_flow(block).plugins
    if pinned:
        click.echo("\n".join(requirements(found)))
        return
    if as_json:
        told = [
            {
                "plugin": each.owner.plugin,
                "version": each.owner.version,
                "status": each.status,
                "states": list(each.states),
                "hooks": list(each.hooks),
            }
            for each in found
        ]
        click.echo(json.dumps(told, indent=2))
        return
    rows = [
        (each.owner.plugin, each.owner.version, each.status, ", ".join(each.states), ", ".join(each.hooks))
        for each in found
    ]
    click.echo(table(("PLUGIN", "VERSION", "STATUS", "STATES", "HOOKS"), rows))
