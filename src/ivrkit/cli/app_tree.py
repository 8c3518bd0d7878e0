"""The phone tree of the Flask app in which ``flask ivrkit`` runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from ivrkit.web.extension import MountedTree

_KEY = "ivrkit.app_tree"


class AppTree(NamedTuple):
    """A phone tree that is mounted in a Flask app.

    :param app: the app.
    :param name: the name of the phone tree in the app.
    :param mounted: the settings, plugins and sessions of the phone tree.
    """

    app: Any
    name: str
    mounted: MountedTree


def set_app_tree(context: click.Context, tree: AppTree) -> None:
    """Store a phone tree in a click context, so that :func:`app_tree` returns this phone tree in the command."""
    context.meta[_KEY] = tree


def app_tree() -> AppTree | None:
    """Return the mounted phone tree that ``flask ivrkit`` works on, or ``None`` in the command ``ivrkit``."""
    context = click.get_current_context(silent=True)
    tree: AppTree | None = context.meta.get(_KEY) if context else None
    return tree
