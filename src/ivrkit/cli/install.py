"""``ivrkit install``: put plugins into the environment, and tell what came of it."""

from __future__ import annotations

import click

from ivrkit.cli.packages import environment
from ivrkit.cli.packages.changes import tell_changes, tell_start
from ivrkit.cli.packages.inventory import Inventory


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED, metavar="PACKAGE...")
@click.pass_context
def install(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Install plugins with pip, and tell what came and whether the tree starts.

    Whatever pip takes may be given: --find-links dist parking-ivr, -e ./parking-ivr, --upgrade parking-ivr. It is
    installed where ivrkit runs. Routes with 1 when the tree does not start.
    """
    before = Inventory.taken()
    environment.install(arguments)
    after = Inventory.taken()
    if not tell_changes(before, after):
        click.echo("Nothing in the tree has changed: what was installed is no plugin, or was there.")
    if not tell_start(after):
        came = [name for name in after.plugins if name not in before.plugins]
        if came:
            click.echo(f"  hint: to go back: ivrkit uninstall {' '.join(came)}", err=True)
        context.exit(1)
