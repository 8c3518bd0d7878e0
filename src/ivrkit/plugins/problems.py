"""How the problems of plugins are told: who has it, what was found, and the mend."""

from __future__ import annotations

from enum import Enum

from ivrkit.errors import IvrkitError, Problem
from ivrkit.flow.model.state import Owner


class Unavailable(Enum):
    """The type of :data:`UNAVAILABLE`."""

    UNAVAILABLE = "unavailable"


#: Stands for a state that cannot be made. Its problem is recorded already.
UNAVAILABLE = Unavailable.UNAVAILABLE
#: How plugins are called that are files.
FILES = (".py", ".toml")


def problem_of(owner: Owner, message: str, hint: str, location: str = "") -> Problem:
    """Return a problem of a plugin."""
    return Problem(f"plugin {owner}: {message}", hint, location=location, owner=owner.plugin)


def told(error: BaseException) -> str:
    """Return what an error says: its own message when it was raised on purpose, else with its type."""
    return error.message if isinstance(error, IvrkitError) else f"{type(error).__name__}: {error}"


def mend_of(error: BaseException, owner: Owner) -> str:
    """Return the mend that an error brings, else how to do without the plugin."""
    return getattr(error, "hint", "") or leave_out(owner)


def mend_or_leave_out(error: BaseException, owner: Owner) -> str:
    """Return the mend that an error brings, else the usual one, and how to do without the plugin."""
    hint = getattr(error, "hint", "")
    if hint:
        return f"{hint}; or {leave_out(owner)}"
    usual = "mend the file" if owner.plugin.endswith(FILES) else "mend or reinstall the package"
    return f"{usual}, or {leave_out(owner)}"


def leave_out(owner: Owner) -> str:
    """Return how a plugin is left out."""
    return f'leave it out: block = ["{owner.plugin}"] in ivrkit.toml, or --block {owner.plugin}'
