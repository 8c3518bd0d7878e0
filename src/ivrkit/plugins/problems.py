"""The problems of plugins: their messages, their hints, and states that are missing because of them."""

from __future__ import annotations

from enum import Enum

from ivrkit.errors import IvrkitError, Problem
from ivrkit.flow.model.state import Owner

#: The suffixes of plugins that are single files.
_FILE_SUFFIXES = (".py", ".toml")


class Unavailable(Enum):
    """The type of :data:`UNAVAILABLE`."""

    UNAVAILABLE = "unavailable"


#: Stands in place of a state that cannot be made. Its problem is recorded already.
UNAVAILABLE = Unavailable.UNAVAILABLE


def plugin_problem(owner: Owner, message: str, hint: str, location: str = "") -> Problem:
    """Return a problem of a plugin.

    :param message: the problem; it follows the plugin's name and version.
    :param location: the file, where the plugin is one.
    """
    return Problem(f"plugin {owner}: {message}", hint, location=location, owner=owner.plugin)


def describe_error(error: BaseException) -> str:
    """Return the message of an error; an error that ivrkit did not raise on purpose also has its type."""
    return error.message if isinstance(error, IvrkitError) else f"{type(error).__name__}: {error}"


def hint_of(error: BaseException, owner: Owner) -> str:
    """Return the hint of an error, or the hint to leave the plugin out if the error has none."""
    return getattr(error, "hint", "") or leave_out(owner)


def fix_or_leave_out(error: BaseException, owner: Owner) -> str:
    """Return a hint with two choices: fix the error, or leave the plugin out."""
    hint = getattr(error, "hint", "")
    if hint:
        return f"{hint}; or {leave_out(owner)}"
    fix = "fix the file" if owner.plugin.endswith(_FILE_SUFFIXES) else "fix or reinstall the package"
    return f"{fix}, or {leave_out(owner)}"


def leave_out(owner: Owner) -> str:
    """Return the hint to leave a plugin out."""
    return f'leave it out: block = ["{owner.plugin}"] in ivrkit.toml, or --block {owner.plugin}'
