"""The errors that ivrkit raises on purpose, and the problems that ivrkit collects before it raises an error.

::

    IvrkitError            printed as a message with a hint, never as a traceback
    ├── SettingsError      a setting is unknown, missing or invalid
    ├── FlowError          a state, a routes table or a menu cannot work as written
    ├── LoadError          all problems of the installed plugins
    └── SessionError       a session store cannot be opened, read or written
        └── StoreUnavailable   a session store cannot be used for the moment

A :class:`Problem` describes one thing that is wrong. :class:`Problems` collects problems, so that a user sees all
problems at once. The code that uses the collector decides whether the phone tree starts in spite of the problems.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass
from typing import Literal


class IvrkitError(Exception):
    """An error that ivrkit raises on purpose, with a hint on how to fix the problem.

    :param message: a text with the owner of the problem, the value that was found, and the value that is needed.
    :param hint: how to fix the problem, in the imperative, or ``""`` if the message says how.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return the message, with the hint on its own line."""
        return _with_hint(self.message, self.hint)


class SettingsError(IvrkitError):
    """A setting is unknown, missing or invalid. One error can report several settings."""

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> SettingsError:
        """Return one error that reports all problems.

        :param problems: one or more problems of settings.
        """
        problems = tuple(problems)
        if len(problems) == 1:
            return cls(problems[0].located_message, hint=problems[0].hint)
        return cls("\n".join([f"the settings have {len(problems)} problems:", *map(str, problems)]))


class FlowError(IvrkitError):
    """A state, a routes table or a menu cannot work as written."""


class SessionError(IvrkitError):
    """A session store cannot be opened, read or written."""


class StoreUnavailable(SessionError):  # noqa: N818  a condition that passes, not a mistake
    """A session store cannot be used for the moment. Try again later."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the settings, a plugin or a state.

    :param message: a text with the owner of the problem, and the value or the code that was found.
    :param hint: how to fix the problem, in the imperative, or ``""`` if the message says how.
    :param level: ``error`` or ``warning``. After a warning the phone tree can be served, but its author probably made a
        mistake.
    :param location: the file and line, such as ``ivrkit.toml:3``, or ``""`` if they are unknown.
    :param owner: the distribution name of the plugin that has the problem, or ``""`` if no single plugin has the
        problem.
    :param state: the state that cannot be served because of the problem, or ``None`` if no state is affected.
    """

    message: str
    hint: str = ""
    _: KW_ONLY
    level: Literal["error", "warning"] = "error"
    location: str = ""
    owner: str = ""
    state: str | None = None

    @property
    def located_message(self) -> str:
        """The message with its location in front: ``ivrkit.toml:3: tries must be ...``."""
        return f"{self.location}: {self.message}" if self.location else self.message

    def __str__(self) -> str:
        """Return the location and message, with the hint on its own line."""
        return _with_hint(self.located_message, self.hint)


class Problems:
    """A collector of problems. The problems keep the order in which they were found, and equal problems are kept once.

    :param problems: the first problems of the collector.
    """

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        self._found = dict.fromkeys(problems)

    def __iter__(self) -> Iterator[Problem]:
        """Iterate over all problems of both levels."""
        return iter(tuple(self._found))

    def __len__(self) -> int:
        """Return the number of problems. A collector without problems is false."""
        return len(self._found)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems of level ``error``."""
        return tuple(problem for problem in self._found if problem.level == "error")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems of level ``warning``."""
        return tuple(problem for problem in self._found if problem.level == "warning")

    def add(self, *problems: Problem) -> None:
        """Add problems. A problem that the collector already has is not added again."""
        self._found |= dict.fromkeys(problems)

    def error(
        self, message: str, hint: str = "", *, location: str = "", owner: str = "", state: str | None = None
    ) -> None:
        """Add a problem of level ``error``. The parameters are described in :class:`Problem`."""
        self.add(Problem(message, hint, location=location, owner=owner, state=state))

    def warn(
        self, message: str, hint: str = "", *, location: str = "", owner: str = "", state: str | None = None
    ) -> None:
        """Add a problem of level ``warning``. The parameters are described in :class:`Problem`."""
        self.add(Problem(message, hint, level="warning", location=location, owner=owner, state=state))

    @contextmanager
    def collect(self, *, location: str = "", owner: str = "", state: str | None = None) -> Iterator[None]:
        """Catch an :class:`IvrkitError` in the ``with`` block, and add the error as a problem.

        The code after the ``with`` block still runs. The parameters are described in :class:`Problem`.
        """
        try:
            yield
        except IvrkitError as error:
            self.error(error.message, error.hint, location=location, owner=owner, state=state)


class LoadError(IvrkitError):
    """The installed plugins have problems, so the phone tree was not started.

    :param problems: all problems, in the order of loading.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        lines = "\n".join(str(problem) for problem in self.problems)
        super().__init__(f"the phone tree has {count} and was not started:\n{lines}")


def _with_hint(message: str, hint: str) -> str:
    return f"{message}\n  hint: {hint}" if hint else message


def redacted(error: BaseException) -> FlowError:
    """Return an error with only the type of another error, whose message may contain secret input."""
    return FlowError(f"{type(error).__name__} (its message is hidden, because the input was secret)")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``", did you mean 'x'?"``, where x is the known name that is most similar to a wrong name.

    If no known name is similar, return ``""``.

    :param name: the wrong name that the user wrote.
    :param known: the valid names.
    """
    close = difflib.get_close_matches(name, list(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""


def toml_key(name: str) -> str:
    """Return a name as a key in TOML. The name is put in quotes, unless it has only ASCII letters, digits, - and _.

    :param name: the name of a state or plugin, for the example in a hint.
    """
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
