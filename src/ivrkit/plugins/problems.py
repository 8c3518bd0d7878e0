"""The messages and hints of plugin problems, and the object that stands for a state that cannot be made."""

from __future__ import annotations

import traceback
from enum import Enum
from pathlib import PurePath

from ivrkit.errors import Problem
from ivrkit.flow.model.state import Owner
from ivrkit.plugin_errors import describe_error, hint_of_error

#: The suffixes of plugins that are single files.
_FILE_SUFFIXES = (".py", ".toml")


class Unavailable(Enum):
    """The type of :data:`UNAVAILABLE`, the object that stands for a state that cannot be made."""

    UNAVAILABLE = "unavailable"


#: The mark that replaces a state that cannot be made. The problem of the state is already recorded.
UNAVAILABLE = Unavailable.UNAVAILABLE


def plugin_problem(owner: Owner, message: str, hint: str, location: str = "") -> Problem:
    """Return a problem of a plugin.

    :param owner: the plugin.
    :param message: the message. This function adds the name and version of the plugin in front of the message.
    :param hint: how to fix the problem.
    :param location: the path of a plugin that is a file, or ``""`` for any other plugin.
    """
    return Problem(f"plugin {owner}: {message}", hint, location=location, owner=owner.plugin)


def describe_with_location(error: BaseException, package: str) -> str:
    """Return the description of an error in a plugin's code, with the last line of the plugin that the error came from.

    :param error: the error. The message of a ``SyntaxError`` has its own file and line.
    :param package: the top-level package of the plugin. The error may come from a library that it uses.
    """
    lines = [] if isinstance(error, SyntaxError) else list(traceback.walk_tb(error.__traceback__))
    own = [(frame, line) for frame, line in lines if str(frame.f_globals.get("__name__")).partition(".")[0] == package]
    if not own:
        return describe_error(error)
    frame, line = own[-1]
    return f"{describe_error(error)} ({PurePath(frame.f_code.co_filename).name}, line {line})"


def hint_of(error: BaseException, owner: Owner) -> str:
    """Return the hint of an error. If the error has no hint, return a hint how to leave the plugin out."""
    return hint_of_error(error) or leave_out(owner)


def fix_or_leave_out(error: BaseException, owner: Owner) -> str:
    """Return a hint with two choices: fix the error, or leave the plugin out."""
    hint = hint_of_error(error)
    if hint:
        return f"{hint}; or {leave_out(owner)}"
    fix = "fix the file" if owner.plugin.endswith(_FILE_SUFFIXES) else "fix or reinstall the package"
    return f"{fix}, or {leave_out(owner)}"


def leave_out(owner: Owner) -> str:
    """Return a hint how to leave a plugin out, by the setting ``block`` or the option ``--block``."""
    return f'leave it out: block = ["{owner.plugin}"] in ivrkit.toml, or --block {owner.plugin}'
