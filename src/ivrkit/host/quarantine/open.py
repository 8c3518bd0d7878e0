"""Opening of the quarantine of a phone tree."""

from __future__ import annotations

import time
from collections.abc import Callable

from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.host.quarantine.quarantine import Quarantine
from ivrkit.host.quarantine.record import Rules
from ivrkit.host.quarantine.shared_record import SharedRecord, record_id
from ivrkit.host.workers.deaths import process_deaths
from ivrkit.sessions import SessionManager
from ivrkit.settings import Settings

#: The name of a phone tree that is the only one of its app.
DEFAULT_TREE = "ivrkit"


def open_quarantine(
    flow: CallFlow, sessions: SessionManager, settings: Settings, tree: str, clock: Callable[[], float] = time.time
) -> Quarantine:
    """Return the quarantine of a phone tree, which all processes with the same session store share.

    :param flow: the compiled phone tree.
    :param sessions: the session manager of the phone tree.
    :param settings: the settings of the phone tree.
    :param tree: the name of the phone tree in its app.
    :param clock: a function that returns the time in seconds since 1970.
    """
    return Quarantine(
        {name: compiled.state for name, compiled in flow.states.items()},
        SharedRecord(sessions.store, sessions.breaker, record_id(tree), clock),
        Rules(settings.quarantine_failures, settings.quarantine_seconds, settings.quarantine_retry),
        clock,
        process_deaths(),
    )
