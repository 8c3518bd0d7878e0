"""``ivrkit uninstall``: take plugins out of the environment, and tell what went and what is left over."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ivrkit.cli.packages import environment
from ivrkit.cli.packages.changes import tell_changes, tell_start
from ivrkit.cli.packages.inventory import Inventory
from ivrkit.errors import IvrkitError, nearest
from ivrkit.flow.model.state import CORE_PLUGIN
from ivrkit.plugins.entry_points import FILE, find_entry_points
from ivrkit.plugins.load import find_plugins
from ivrkit.settings.load import gather_settings
from ivrkit.settings.types import normal_name


@click.command()
@click.argument("plugins", nargs=-1, required=True, metavar="PLUGIN...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def uninstall(context: click.Context, plugins: tuple[str, ...], yes: bool) -> None:
    """Uninstall plugins with pip, and tell what went and whether the tree starts.

    Routes with 1 when the tree does not start without them.
    """
    names = _installed(plugins)
    before = Inventory.taken()
    if not yes:
        click.confirm(f"Uninstall {', '.join(names)}?", abort=True)
    environment.uninstall(names)
    after = Inventory.taken()
    tell_changes(before, after)
    if not tell_start(after):
        context.exit(1)


def _installed(names: Sequence[str]) -> list[str]:
    """Return the distributions of these names.

    :raises IvrkitError: for one that is no installed plugin, with the mend.
    """
    known = {normal_name(point.owner.plugin): point.owner.plugin for point in find_entry_points()}
    found = []
    for name in names:
        normal = normal_name(name)
        if normal == CORE_PLUGIN:
            raise IvrkitError("ivrkit itself is no plugin to be uninstalled", hint="pip uninstall ivrkit")
        if normal not in known:
            raise _unknown(name, [each for each in known if each != CORE_PLUGIN])
        found.append(known[normal])
    return found


def _unknown(name: str, known: Sequence[str]) -> IvrkitError:
    """Return what is told of a plugin that no package is."""
    files = [each.owner.plugin for each in find_plugins(gather_settings().settings).plugins if each.source == FILE]
    if normal_name(name) in map(normal_name, files):
        return IvrkitError(f"plugin {name!r} is a file, and no package", hint="remove the file, or its tables")
    installed = ", ".join(known) or "no plugin"
    return IvrkitError(f"plugin {name!r} is not installed{nearest(name, known)}", hint=f"installed: {installed}")
