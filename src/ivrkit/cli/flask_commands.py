"""``flask ivrkit``: the commands for a phone tree that is mounted in a Flask app.

If ivrkit is installed, Flask imports this module for every ``flask`` command. So this module imports nothing slow.
"""

from __future__ import annotations

from collections.abc import Mapping

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from ivrkit.cli.app_tree import AppTree, set_app_tree
from ivrkit.cli.main import HELP_OPTIONS, SECTIONS, CommandGroup
from ivrkit.errors import IvrkitError

#: The commands that work on a mounted phone tree: they load settings and states through ``cli.options`` only.
NAMES = (
    "doctor",
    "phone",
    "plugins",
    "quarantine",
    "schema",
    "settings",
    "states",
)


class MountedCommandGroup(CommandGroup):
    """The group of the commands that work on a mounted phone tree."""

    sections: Mapping[str, Mapping[str, str]] = {
        heading: {name: module for name, module in section.items() if name in NAMES}
        for heading, section in SECTIONS.items()
        if not section.keys().isdisjoint(NAMES)
    }


@click.command("ivrkit", cls=MountedCommandGroup, context_settings=HELP_OPTIONS)
@click.option("--tree", "name", metavar="NAME", help="The phone tree to use, if the app has several.")
@with_appcontext
@click.pass_context
def ivrkit(context: click.Context, name: str | None) -> None:
    """Inspect and call this app's phone tree."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # Flask types the proxy as a Flask
    set_app_tree(context, _find_tree(app, name))


def _find_tree(app: Flask, name: str | None) -> AppTree:
    """Return the phone tree of an app.

    :param app: the app.
    :param name: the name of the phone tree, or ``None`` if the app has only one.
    :raises IvrkitError: if the app has no phone tree of that name, or if ``name`` is ``None`` and the app has several
        phone trees.
    """
    from ivrkit.web.extension import mounted_tree, mounted_trees

    names = list(mounted_trees(app))
    if not names:
        raise IvrkitError(f"the app {app.name!r} has no phone tree", hint="mount one: ivrkit.web.Ivrkit(app)")
    if name is None and len(names) > 1:
        raise IvrkitError(
            f"the app {app.name!r} has several phone trees: {', '.join(names)}",
            hint=f"choose one: flask ivrkit --tree {names[0]}",
        )
    chosen = names[0] if name is None else name
    return AppTree(app, chosen, mounted_tree(app, chosen))
