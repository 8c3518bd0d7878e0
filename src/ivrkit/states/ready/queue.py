"""A queue: the caller waits until somebody takes the call."""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType
from typing import Any, Unpack

from twilio.twiml.voice_response import Enqueue

from ivrkit.errors import FlowError
from ivrkit.flow.model.prompts import Prompt
from ivrkit.flow.model.routes import Routes, Target
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Texts
from ivrkit.states.ready.common import Common, words_or

#: The longest name (https://www.twilio.com/docs/voice/twiml/enqueue#queue-name).
LONGEST_NAME = 64


def queue(
    name: str,
    *texts: Prompt,
    wait_url: str | None = None,
    routes: Mapping[str, Target] | None = None,
    otherwise: Target | EllipsisType = ...,
    **common: Unpack[Common],
) -> State:
    """Return a state that waits in a queue of the account.

    :param name: the name of the queue, 1 to 64 characters; Twilio makes it when it is needed.
    :param texts: what is said first; the core's words when left out.
    :param wait_url: what is played meanwhile, as an address of audio or TwiML; Twilio's music when left out.
    :param routes: where each outcome leads: ``bridged``, ``leave``, ``hangup``, ``queue-full``, ``failed``. Left out,
        ``bridged`` is the goodbye, and the others go HOME with the core's words.
    :param otherwise: where the outcomes lead that have no row.
    :param common: ``options``, ``on_error``, ``voice`` and ``language`` of the state.
    :raises FlowError: for a name that Twilio does not take.
    """
    if not name.strip() or len(name) > LONGEST_NAME:
        raise FlowError(f"queue has the name {name!r}", hint=f"a name has 1 to {LONGEST_NAME} characters")
    attributes: dict[str, Any] = {} if wait_url is None else {"wait_url": wait_url}
    return State(
        [*words_or(texts, Texts.queue), Enqueue(name, **attributes)], Routes(routes or {}, otherwise), **common
    )
