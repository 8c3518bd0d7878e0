"""``ivrkit install``: install plugins with pip, then list the plugins."""

from __future__ import annotations

import click

from ivrkit.cli.packages.installer import install_packages, print_plugins


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED, metavar="PACKAGE...")
@click.pass_context
def install(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Install plugins with pip.

    All arguments are passed to pip: --find-links dist parking-ivr, -e ./parking-ivr, --upgrade parking-ivr. The
    packages are installed in the environment in which ivrkit runs. Then the command lists the plugins, as "ivrkit
    plugins" does. The exit code is 1 if the phone tree can't be loaded.
    """
    install_packages(arguments)
    context.exit(print_plugins())
