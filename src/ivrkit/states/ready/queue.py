"""The state kind ``queue``: let the caller wait for an agent."""

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
from ivrkit.states.ready.argument_errors import named_errors
from ivrkit.states.ready.common import StateArguments, prompts_or_default

#: The greatest length of a queue's name (https://www.twilio.com/docs/voice/twiml/enqueue#queue-name).
MAX_NAME_LENGTH = 64


@named_errors
def queue(
    name: str,
    *texts: Prompt,
    wait_url: str | None = None,
    routes: Mapping[str, Target] | None = None,
    otherwise: Target | EllipsisType = ...,
    **state_arguments: Unpack[StateArguments],
) -> State:
    """Return a state that puts the caller in a queue of the Twilio account.

    :param name: the name of the queue, 1 to 64 characters. Twilio creates the queue when it is first used.
    :param texts: the prompts before the caller waits; by default the core's text ``queue``.
    :param wait_url: the URL of audio or TwiML to play to the waiting caller; by default Twilio's music.
    :param routes: the targets of the outcomes ``bridged``, ``leave``, ``hangup``, ``queue-full`` and ``failed``. By
        default, ``bridged`` (an agent has taken the call) leads to the goodbye. After any other outcome, the caller
        hears by default that the call was not connected, and goes HOME.
    :param otherwise: the target of all outcomes that are not in ``routes``, except ``bridged``.
    :param state_arguments: ``options``, ``on_error``, ``voice`` and ``language`` of :class:`~ivrkit.State`.
    :raises FlowError: if the name of the queue is invalid.
    """
    if not name.strip() or len(name) > MAX_NAME_LENGTH:
        raise FlowError(
            f"queue: name must have 1 to {MAX_NAME_LENGTH} characters, not {name!r}", hint='write name = "support"'
        )
    attributes: dict[str, Any] = {} if wait_url is None else {"wait_url": wait_url}
    prompts = prompts_or_default(texts, Texts.queue)
    return State([*prompts, Enqueue(name, **attributes)], Routes(routes or {}, otherwise), **state_arguments)
