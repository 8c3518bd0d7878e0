"""The stores that plugins offer for calls, each by the scheme of its URL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ivrkit.errors import IvrkitError, Problem, Problems
from ivrkit.flow.model.state import Owner
from ivrkit.plugins.problems import leave_out, plugin_problem
from ivrkit.session_store import SharedStore

#: The scheme of a URL: https://www.rfc-editor.org/rfc/rfc3986#section-3.1
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")


class Stores:
    """The stores that are there.

    :param problems: where problems are collected.
    """

    hook = "ivrkit_register_stores"

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._stores: dict[str, Callable[[str], SharedStore]] = {}
        self._owners: dict[str, Owner] = {}

    def all(self) -> Mapping[str, Callable[[str], SharedStore]]:
        """Return scheme -> what opens the store of a URL."""
        return self._stores

    def take(self, owner: Owner, offered: Any) -> None:
        """Take in what a plugin offers.

        :raises IvrkitError: when that is no table of functions.
        """
        if not isinstance(offered, Mapping):
            raise IvrkitError(f"it returned {offered!r}", hint="return a dict: scheme -> a function of the URL")
        for scheme, function in offered.items():
            if not isinstance(scheme, str) or not _SCHEME.fullmatch(scheme):
                mend = 'write it as in the URL, without the colon: {"redis": ...}'
                self._problems.add(plugin_problem(owner, f"it offers a store for the scheme {scheme!r}", mend))
            elif scheme in self._owners:
                message = f"the store for {scheme}: is offered by two plugins: {self._owners[scheme]} and {owner}"
                self._problems.add(Problem(message, leave_out(owner), owner=owner.plugin))
            elif not callable(function):
                message = f"its store for {scheme}: is {function!r}, which can't be called"
                self._problems.add(plugin_problem(owner, message, "give a function: (url) -> a store"))
            else:
                self._stores[scheme], self._owners[scheme] = function, owner
