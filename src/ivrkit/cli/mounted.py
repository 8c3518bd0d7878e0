"""The tree that a command is about, where it runs inside somebody's Flask app: ``flask ivrkit``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from ivrkit.web.extension import MountedTree

_KEY = "ivrkit.mounted"


class Mounted(NamedTuple):
    """A tree that is mounted in an app.

    :param app: the app.
    :param name: the tree's name in it.
    :param host: what the tree was made of.
    """

    app: Any
    name: str
    host: MountedTree


def put_mounted(context: click.Context, tree: Mounted) -> None:
    """Keep a tree for the commands below a context."""
    context.meta[_KEY] = tree


def mounted() -> Mounted | None:
    """Return the tree that the running command is about, ``None`` outside of an app."""
    context = click.get_current_context(silent=True)
    found: Mounted | None = context.meta.get(_KEY) if context else None
    return found
