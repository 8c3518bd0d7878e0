"""A plugin without states that gives each session store a minute for a request.

A store that is too slow counts as unavailable, and on a busy machine any store can be too slow. Calls then go on with
their cookies. But a new call whose first response is lost has no cookie, so Twilio's fallback request finds no session
and the call is dropped. A test of killed workers must not depend on that.
"""

import importlib
from collections.abc import Mapping

from ivrkit import Settings, State, hookimpl

_SECONDS = 60.0
#: Module and name of each time limit -> its new value.
TIME_LIMITS: Mapping[str, object] = {
    "ivrkit.sessions.remote.LIMIT": _SECONDS,
    "ivrkit.sessions.sqlite.LOCK_TIMEOUT": _SECONDS,
    "ivrkit.sessions.redis.CONNECT_TIMEOUT": _SECONDS,
    "ivrkit.sessions.redis.DATA_TIMEOUT": _SECONDS,
    "ivrkit.sessions.postgresql._SET_TIMEOUT": f"SET statement_timeout = '{_SECONDS:.0f}s'",
}


@hookimpl
def ivrkit_register_states(settings: Settings) -> Mapping[str, State]:
    """Set the time limits. This hook is called before the store is opened."""
    for path, value in TIME_LIMITS.items():
        module, _, name = path.rpartition(".")
        getattr(importlib.import_module(module), name)  # fails if the name has changed
        setattr(importlib.import_module(module), name, value)
    return {}
