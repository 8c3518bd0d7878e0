"""Every error that ivrkit raises on purpose.

::

    IvrkitError            printed as one message with a hint, never as a traceback
    ├── SettingsError      a setting that is unknown, of the wrong kind, or missing
    ├── FlowError          a state, table or menu that cannot work as it is written
    ├── LoadError          every problem that was found in the installed plugins
    └── SessionError       a session store that cannot be opened, read or written
        └── StoreUnavailable   one that cannot be used at the moment, and may be in a while

A :class:`Problem` is one thing that is wrong, before anybody decides what to do about it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class IvrkitError(Exception):
    """An error on purpose: what is wrong, and how to mend it.

    :param message: who is at problem, what was found and what was expected.
    :param hint: the mend, as something to do; empty when the message already says it.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the message, with the hint on a line of its own."""
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class SettingsError(IvrkitError):
    """A setting is unknown, of the wrong kind, or missing; several of them are told at once."""

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> SettingsError:
        """Return the error that tells all of these problems."""
        if len(problems) == 1:
            return cls(problems[0].message, hint=problems[0].hint)
        return cls("\n".join([f"the settings have {len(problems)} problems:", *map(str, problems)]))


class FlowError(IvrkitError):
    """A state, a table of exits or a menu cannot work as it is written."""


class SessionError(IvrkitError):
    """A session store cannot be opened, read or written."""


class StoreUnavailable(SessionError):  # noqa: N818  how things are, and nothing that anybody did wrong
    """A session store cannot be used at the moment; it may be in a while."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a plugin or a state.

    :param message: who is at problem and what was found.
    :param hint: how to mend it.
    :param plugin: the distribution that has the problem, ``""`` when it is nobody's alone.
    :param state: the state that cannot be served because of it, ``None`` when there is none.
    """

    message: str
    hint: str
    plugin: str = ""
    state: str | None = None

    def __str__(self) -> str:
        """Return the problem as it is printed: the message, and the hint below it."""
        return str(IvrkitError(self.message, hint=self.hint))


class LoadError(IvrkitError):
    """The installed plugins have problems, and ``strict`` is on.

    :param problems: every problem that was found, in the order of loading.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "\n".join(str(problem) for problem in problems)
        super().__init__(f"the call flow has {count} and was not started:\n{lines}")
        self.problems = tuple(problems)


def hidden(error: BaseException) -> FlowError:
    """Return what stands for an error that may hold what a caller pressed or said in a secret state."""
    return FlowError(f"{type(error).__name__}, and what it says is hidden: the input was secret")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``", did you mean 'x'?"`` for the known name most like ``name``, or ``""``.

    :param name: what somebody wrote.
    :param known: the names that would have been right.
    """
    close = difflib.get_close_matches(name, list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def toml_key(name: str) -> str:
    """Return a name as the header of a TOML table needs it: quoted if it contains a dot.

    :param name: the name of a state or plugin, for the example in a hint.
    """
    return f'"{name}"' if "." in name else name
