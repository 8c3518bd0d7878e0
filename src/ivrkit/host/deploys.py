"""Deploys: a new version of the phone tree can change the state of a call in progress."""

from __future__ import annotations

from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.flow.run.session import Session


def describe_change(flow: CallFlow, session: Session) -> str:
    """Return a log message about a deploy that changed the state in which the caller waits.

    :param flow: the phone tree that is served now.
    :param session: the session of the call. An earlier version of the phone tree may have saved the session.
    :returns: one sentence, or ``""`` if no deploy changed the state.
    """
    if session.state is None or session.ended:
        return ""
    compiled = flow.states.get(session.state)
    if compiled is None:
        return f"the state {session.state!r} no longer exists after a deploy; the caller goes to the start menu"
    # Keys are pressed in reply to a prompt. The outcomes of other verbs, such as "recorded", do not depend on it.
    if session.waiting_verb == "Gather" and session.routes_hash != compiled.routes_hash:
        return f"the routes of the state {session.state!r} changed with a deploy; the caller hears the state again"
    return ""
