"""``flask ivrkit``: the commands that make sense for a tree that is mounted in the app.

Flask imports this for every command of everybody who has ivrkit installed, so it imports nothing that takes long.
"""

from __future__ import annotations

from collections.abc import Mapping

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from ivrkit.cli.main import COMMANDS, Commands
from ivrkit.cli.mounted import Mounted, put_mounted
from ivrkit.errors import IvrkitError

#: The commands that work on a mounted tree: they load settings and states by ``cli.options`` alone.
NAMES = (
    "doctor",
    "phone",
    "plugins",
    "schema",
    "settings",
    "states",
)


class MountedCommands(Commands):
    """The commands for a tree that is mounted."""

    table: Mapping[str, str] = {name: COMMANDS[name] for name in NAMES}


@click.command("ivrkit", cls=MountedCommands)
@click.option("--tree", "name", metavar="NAME", help="Which tree, where the app has several.")
@with_appcontext
@click.pass_context
def ivrkit(context: click.Context, name: str | None) -> None:
    """Look at the phone tree that is mounted in the app, and call it."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # Flask calls the stand-in a Flask
    put_mounted(context, _chosen(app, name))


def _chosen(app: Flask, name: str | None) -> Mounted:
    """Return the tree of a name, or the only one.

    :raises IvrkitError: when there is none, or several and no name.
    """
    from ivrkit.web.extension import mounted_tree, mounted_trees

    names = list(mounted_trees(app))
    if not names:
        raise IvrkitError(f"the app {app.name!r} has no tree", hint="mount one: ivrkit.web.Ivrkit(app)")
    if name is None and len(names) > 1:
        raise IvrkitError(
            f"the app {app.name!r} has several trees: {', '.join(names)}",
            hint=f"say which is meant: flask ivrkit --tree {names[0]}",
        )
    chosen = names[0] if name is None else name
    return Mounted(app, chosen, mounted_tree(app, chosen))
