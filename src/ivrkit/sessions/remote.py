"""What stores behind a network have in common: how long they may take, and how they are named to people."""

from __future__ import annotations

import re
import threading
import time

from ivrkit.errors import SessionError

#: How long a load or a save may take in all, in seconds: a store has two, and a busy machine wants some of them.
LIMIT = 1.6


class TimeLimit(threading.local):
    """How much time this thread has left for what it asks of a store."""

    _ends = 0.0

    def start(self) -> None:
        """Begin something that may take :data:`LIMIT`."""
        self._ends = time.monotonic() + LIMIT

    def left(self) -> float:
        """Return what is left of it, in seconds; 0 or less when it is over."""
        return self._ends - time.monotonic()


def shown(url: str) -> str:
    """Return a URL as people may read it: without user, password and options, wherever a password may stand."""
    scheme, slashes, rest = url.partition("://")
    if not slashes or "@" in rest.partition("?")[2]:
        return f"{scheme}://..." if slashes else "..."
    return f"{scheme}://{re.sub('^.*@', '...@', rest).partition('?')[0]}"


def missing(url: str, package: str, extra: str) -> SessionError:
    """Return the error that tells what is to be installed before a URL can be used.

    :param package: what is missing.
    :param extra: the extra of ivrkit that brings it.
    """
    return SessionError(
        f"the session store {shown(url)} needs {package}, which is not installed",
        hint=f"pip install 'ivrkit[{extra}]'",
    )
