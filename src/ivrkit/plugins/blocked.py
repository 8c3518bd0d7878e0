"""The settings ``block`` and ``allow``, which leave out plugins before the code of these plugins runs."""

from __future__ import annotations

from collections.abc import Collection

from ivrkit.errors import Problems, nearest
from ivrkit.flow.model.state import CORE_PLUGIN
from ivrkit.settings import Settings
from ivrkit.settings.names import normal_name


def blocked_plugins(settings: Settings, distributions: Collection[str], problems: Problems) -> frozenset[str]:
    """Return the normalized names of the plugins to leave out.

    ``allow`` applies only to installed distributions, because a distribution can be installed by accident. Plugin files
    and objects of the host's own code are left out only by ``block``.

    A name in ``allow`` that is not installed is an error, because a plugin that the phone tree needs is missing.

    :param settings: the settings of the core.
    :param distributions: the names of the installed distributions with plugins.
    :param problems: the collection to which problems are added.
    """
    blocked = {normal_name(name) for name in settings.block}
    if settings.allow is None:
        return frozenset(blocked)
    installed = {normal_name(name) for name in distributions}
    for name in settings.allow:
        if normal_name(name) not in installed:
            problems.error(
                f"allow names {name!r}, which is not installed{nearest(name, installed)}",
                "install the plugin, or remove the name from allow",
                location=settings.location("allow"),
            )
    return frozenset(blocked | (installed - {CORE_PLUGIN, *map(normal_name, settings.allow)}))


def warn_of_unknown_blocks(settings: Settings, plugins: Collection[str], problems: Problems) -> None:
    """Report a startup warning for each name in ``block`` that is not an installed plugin.

    :param settings: the settings of the core.
    :param plugins: the names of all installed plugins.
    :param problems: the collection to which the warnings are added.
    """
    known = {normal_name(name) for name in plugins}
    for name in settings.block:
        if normal_name(name) not in known:
            problems.warn(f"block names {name!r}, which is not installed{nearest(name, known)}")
