"""The session stores that plugins offer. The URL scheme of the setting ``session_url`` chooses the store."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ivrkit.errors import IvrkitError, Problems
from ivrkit.flow.model.state import CORE_PLUGIN, Owner
from ivrkit.plugin_errors import describe_value
from ivrkit.plugins.plugin_store import StoreOpener
from ivrkit.plugins.problems import leave_out, plugin_problem
from ivrkit.session_store import SharedStore

#: The scheme of a URL: https://www.rfc-editor.org/rfc/rfc3986#section-3.1
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")


class Stores:
    """The session stores of all plugins.

    :param problems: the collection to which problems are added.
    """

    hook = "ivrkit_register_stores"

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._openers: dict[str, Callable[[str], SharedStore]] = {}
        self._owners: dict[str, Owner] = {}

    def all(self) -> Mapping[str, Callable[[str], SharedStore]]:
        """Return all stores as a mapping: URL scheme -> function that takes a URL and opens the store."""
        return self._openers

    def add(self, owner: Owner, offered: Any) -> None:
        """Add the session stores that a plugin offers. Record a problem for each invalid store.

        :param owner: the plugin.
        :param offered: the return value of the plugin's hook ``ivrkit_register_stores``.
        :raises IvrkitError: if the return value is not a dict.
        """
        if not isinstance(offered, Mapping):
            hint = "return a dict: scheme -> function (url) -> store"
            raise IvrkitError(f"it must return a dict, not {describe_value(offered)}", hint=hint)
        for scheme, function in offered.items():
            if not isinstance(scheme, str) or not _SCHEME.fullmatch(scheme):
                message = f"its store must have the scheme of a URL, not {describe_value(scheme)}"
                hint = 'write the scheme in small letters and without the colon: {"redis": ...}'
                self._problems.add(plugin_problem(owner, message, hint))
            elif scheme in self._owners:
                message = f"the store for {scheme}: is offered by two plugins: {self._owners[scheme]} and {owner}"
                self._problems.error(message, leave_out(owner), owner=owner.plugin)
            elif not callable(function):
                message = f"its store for {scheme}: must be a function, not {describe_value(function)}"
                self._problems.add(plugin_problem(owner, message, "write a function (url) -> store"))
            else:
                # Only the function for the scheme of session_url is called later, so no other store connects.
                is_own = owner.plugin == CORE_PLUGIN
                self._openers[scheme] = function if is_own else StoreOpener(owner, scheme, function)
                self._owners[scheme] = owner
