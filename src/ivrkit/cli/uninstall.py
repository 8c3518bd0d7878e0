"""``ivrkit uninstall``: uninstall plugins with pip, then list the plugins."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ivrkit.cli.packages.installer import print_plugins, uninstall_packages
from ivrkit.errors import IvrkitError, Problems, nearest
from ivrkit.flow.model.state import CORE_PLUGIN
from ivrkit.plugins.distributions import find_distributions
from ivrkit.plugins.entry_points import FILE
from ivrkit.plugins.load import find_plugins
from ivrkit.settings.load import try_load_settings
from ivrkit.settings.names import normal_name


@click.command()
@click.argument("plugins", nargs=-1, required=True, metavar="PLUGIN...")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def uninstall(context: click.Context, plugins: tuple[str, ...], yes: bool) -> None:
    """Uninstall plugins with pip.

    Then the command lists the other plugins, as "ivrkit plugins" does. The exit code is 1 if the phone tree can't be
    loaded.
    """
    names = _installed_names(plugins)
    if not yes:
        click.confirm(f"Uninstall {', '.join(names)}?", abort=True)
    uninstall_packages(names)
    context.exit(print_plugins())


def _installed_names(names: Sequence[str]) -> list[str]:
    """Return the names of plugins, spelled as in the metadata of the installed packages.

    :raises IvrkitError: if a name is not the name of an installed plugin, or is the name of ivrkit itself.
    """
    installed = {normal_name(each.owner.plugin): each.owner.plugin for each in find_distributions(Problems())}
    found = []
    for name in names:
        normal = normal_name(name)
        if normal == CORE_PLUGIN:
            raise IvrkitError("ivrkit does not uninstall itself", hint="run: pip uninstall ivrkit")
        if normal not in installed:
            raise _unknown_plugin(name, [each for each in installed if each != CORE_PLUGIN])
        found.append(installed[normal])
    return found


def _unknown_plugin(name: str, installed: Sequence[str]) -> IvrkitError:
    """Return the error for a name that is not the name of an installed plugin package."""
    files = [each.owner.plugin for each in find_plugins(try_load_settings().settings).plugins if each.source == FILE]
    if normal_name(name) in map(normal_name, files):
        return IvrkitError(
            f"plugin {name!r} is a file, not a package", hint="delete the file, or its tables [states.*]"
        )
    listed = ", ".join(installed) or "none"
    return IvrkitError(
        f"plugin {name!r} is not installed{nearest(name, installed)}", hint=f"installed plugins: {listed}"
    )
