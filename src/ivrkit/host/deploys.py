"""What a release changed under a call that goes on."""

from __future__ import annotations

from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.flow.run.session import Session


def what_changed(flow: CallFlow, session: Session) -> str:
    """Return what is not any more as the caller found it, and what becomes of the caller; ``""`` for nothing."""
    if session.state is None or session.ended:
        return ""
    compiled = flow.states.get(session.state)
    if compiled is None:
        return f"the state {session.state!r}, where the caller stood, is gone; the caller goes home"
    if session.waits == "Gather" and session.routes_hash != compiled.routes_hash:
        return f"the exits of the state {session.state!r} are others than when the caller heard it"
    return ""
