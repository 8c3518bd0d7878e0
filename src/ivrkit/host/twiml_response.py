"""The response of the host to a webhook."""

from __future__ import annotations

from dataclasses import dataclass

from ivrkit.flow.model.notifications import Notification
from ivrkit.flow.model.state import State


@dataclass(frozen=True, slots=True)
class TwimlResponse:
    """The response to a webhook.

    :param twiml: the whole TwiML document.
    :param state: the state of the call, or ``None`` if the call has not entered a state. Also ``None`` if a deploy has
        removed the state.
    :param cookie: the value of the cookie with the session, or ``""`` for no cookie.
    :param notification: the notification that the request was, or ``None`` if the request was a webhook of the call.
    :param path: the names of the states that the webhook entered, in order. For a repeated webhook it is only the state
        of the call, because the states of the first response are not stored.
    """

    twiml: bytes
    state: State | None
    cookie: str
    notification: Notification | None = None
    path: tuple[str, ...] = ()
