"""The installed distributions with plugins. A distribution with damaged metadata is reported and left out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any, Literal, NamedTuple

import importlib_metadata

from ivrkit.errors import LoadError, Problem, Problems
from ivrkit.flow.model.state import CORE_PLUGIN, Owner
from ivrkit.plugin_errors import describe_error, plugin_errors
from ivrkit.settings.names import normal_name

#: The entry point groups. An entry point is a state in the first group, and a plugin with hooks in the second group.
STATES_GROUP, PLUGINS_GROUP = "ivrkit.states", "ivrkit.plugins"
GROUPS = (STATES_GROUP, PLUGINS_GROUP)
_ENTRY_POINTS_FILE = "entry_points.txt"
#: pip gives a folder that it cannot delete a name that begins with this character.
_LEFTOVER = "~"


class PluginDistribution(NamedTuple):
    """An installed distribution with entry points for ivrkit.

    :param owner: the name and version of the distribution.
    :param path: the folder with the metadata, such as ``.../site-packages/acme_states-1.0.dist-info``.
    :param entry_points: the entry points in the groups of ivrkit.
    """

    owner: Owner
    path: str
    entry_points: tuple[importlib_metadata.EntryPoint, ...]


def find_distributions(problems: Problems) -> list[PluginDistribution]:
    """Return the installed distributions with plugins, in the order of ``sys.path``.

    1. A distribution has plugins if its file ``entry_points.txt`` names the group ``ivrkit.states`` or
       ``ivrkit.plugins``. The metadata of other distributions is not parsed.
    2. A folder that pip could not delete during an upgrade is left out, with a warning.
    3. A distribution with plugins and damaged metadata is left out, with an error. A distribution without plugins whose
       metadata has no name is left out, with a warning.
    4. If a distribution is installed twice, Python imports the first installation on ``sys.path``. The second
       installation is left out. If its version or its entry points differ, a warning is recorded.

    :param problems: the collection to which problems are added. Each message has the path of the metadata.
    :raises LoadError: if the metadata of ivrkit itself is not installed.
    """
    first: dict[str, PluginDistribution] = {}
    for dist in importlib_metadata.distributions():
        path = _path_of(dist)
        try:
            found = _read(dist, path)
        except _DamageError as damage:
            problems.add(damage.problem)
            continue
        earlier = first.setdefault(_name_in_path(path) or normal_name(found.owner.plugin), found)
        if earlier.entry_points and found.entry_points and _differ(earlier, found):
            problems.warn(
                f"{found.path}: {found.owner} is left out, because {earlier.owner} is installed in {earlier.path}",
                "uninstall one of the two, or delete its folder",
                owner=found.owner.plugin,
            )
    if not any(each.owner.plugin == CORE_PLUGIN for each in first.values()):
        raise LoadError([_core_is_missing()])
    return [each for each in first.values() if each.entry_points]


class _DamageError(Exception):
    """The error of a distribution that must be left out. It contains the problem that is reported.

    Only :func:`find_distributions` catches this error.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def _read(dist: Any, path: str) -> PluginDistribution:
    """Return the name, version and entry points of an installed distribution.

    The metadata is only read if the distribution has plugins, or if the path of the metadata does not contain the name.

    :param dist: the distribution.
    :param path: the path of its metadata.
    :raises _DamageError: if the distribution must be left out.
    """
    name = _name_in_path(path)
    with _damage_in(path, name, f"its {_ENTRY_POINTS_FILE} cannot be read"):
        text = _read_entry_points(dist)
    has_plugins = any(group in text for group in GROUPS)
    if not has_plugins and name:
        return PluginDistribution(Owner(name), path, ())
    if has_plugins and name.startswith(_LEFTOVER):
        raise _DamageError(_left_out(path, name, "an installer could not delete it during an upgrade", "warning"))
    level: Literal["error", "warning"] = "error" if has_plugins else "warning"
    with _damage_in(path, name, "its metadata cannot be read", level):
        # An old version of the library returns empty metadata for a missing file.
        if not (dist.read_text("METADATA") or dist.read_text("PKG-INFO")):
            raise FileNotFoundError("it has no file METADATA")
        metadata = dist.metadata
        owner = Owner(metadata.get("Name") or "", metadata.get("Version") or "")
    if not owner.plugin:
        raise _DamageError(_left_out(path, name, "its metadata has no name", level))
    with _damage_in(path, name, f"its {_ENTRY_POINTS_FILE} cannot be read"):
        entry_points = tuple(each for each in dist.entry_points if each.group in GROUPS)
    return PluginDistribution(owner, path, entry_points)


def _read_entry_points(dist: Any) -> str:
    """Return the text of a distribution's file ``entry_points.txt``, or ``""`` if the file cannot name a plugin.

    :raises UnicodeDecodeError: if the file names a group of ivrkit, but is not encoded in UTF-8.
    """
    try:
        return dist.read_text(_ENTRY_POINTS_FILE) or ""
    except UnicodeDecodeError as error:
        if any(group.encode() in error.object for group in GROUPS):
            raise
        return ""


@contextmanager
def _damage_in(path: str, name: str, reason: str, level: Literal["error", "warning"] = "error") -> Iterator[None]:
    """Raise a ``_DamageError`` instead of any error in the ``with`` block.

    All errors are replaced because different versions of ``importlib.metadata`` raise different errors.

    :param path: the path of the distribution's metadata.
    :param name: the name of the distribution.
    :param reason: the beginning of the message.
    :param level: the level of the problem.
    """
    try:
        yield
    except plugin_errors() as error:
        raise _DamageError(_left_out(path, name, f"{reason}: {describe_error(error)}", level)) from error


def _left_out(path: str, name: str, reason: str, level: Literal["error", "warning"]) -> Problem:
    message = f"{path} is not a usable distribution: {reason}"
    return Problem(message, "reinstall the package, or delete this folder", level=level, owner=name)


def _path_of(dist: Any) -> str:
    """Return the path of a distribution's metadata. For a distribution without a path, return its ``str()``."""
    # A distribution of an import hook may have no path. The library has no public name for the path.
    return str(getattr(dist, "_path", dist))


def _name_in_path(path: str) -> str:
    """Return the normalized name of a distribution from the path of its metadata, or ``""`` if the path has no name.

    :param path: the path, such as ``.../acme_states-1.0.dist-info`` for the name ``acme-states``.
    """
    folder = PurePath(path)
    return normal_name(folder.stem.partition("-")[0]) if folder.suffix in (".dist-info", ".egg-info") else ""


def _differ(one: PluginDistribution, other: PluginDistribution) -> bool:
    """Return whether two installations of the same distribution have different versions or entry points.

    An editable install often has a second folder of metadata beside its source code. Such a folder does not differ.
    """
    entries = [{(each.group, each.name, each.value) for each in dist.entry_points} for dist in (one, other)]
    return one.owner.version != other.owner.version or entries[0] != entries[1]


def _core_is_missing() -> Problem:
    return Problem(
        "the metadata of the distribution 'ivrkit' is not installed, so no entry point of any state can be found",
        "install ivrkit with pip; or include the metadata in your bundle: for PyInstaller, "
        "--copy-metadata ivrkit and --copy-metadata with the name of each plugin",
        owner=CORE_PLUGIN,
    )
