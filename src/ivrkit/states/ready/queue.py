"""The state kind ``queue``: let the caller wait for an agent."""

from __future__ import annotations

from collections.abc import Mapping
from types import EllipsisType
from typing import Any, Unpack

from twilio.twiml.voice_response import Enqueue

from ivrkit.errors import FlowError
from ivrkit.flow.compile.wait import wait_url as own_wait_url
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
    music: str | None = None,
    max_minutes: int | None = None,
    routes: Mapping[str, Target] | None = None,
    otherwise: Target | EllipsisType = ...,
    **state_arguments: Unpack[StateArguments],
) -> State:
    """Return a state that puts the caller in a queue of the Twilio account.

    :param name: the name of the queue, 1 to 64 characters. Twilio creates the queue when it is first used.
    :param texts: the prompts before the caller waits; by default the core's text ``queue``.
    :param wait_url: the URL of audio or TwiML to play to the waiting caller; by default Twilio's music. Such a wait has
        no limit.
    :param music: the URL of an audio file. The waiting caller hears it again and again, and leaves the queue after
        ``max_minutes``. The outcome is then ``leave``.
    :param max_minutes: the longest wait with ``music``, in minutes; by default the setting ``max_queue_minutes``. The
        caller hears the music to its end first.
    :param routes: the targets of the outcomes ``bridged``, ``leave``, ``hangup``, ``queue-full`` and ``failed``. By
        default, ``bridged`` (an agent has taken the call) leads to the goodbye. After any other outcome, the caller
        hears by default that the call was not connected, and goes HOME.
    :param otherwise: the target of all outcomes that are not in ``routes``, except ``bridged``.
    :param state_arguments: ``options``, ``on_error``, ``voice`` and ``language`` of :class:`~ivrkit.State`.
    :raises FlowError: if the name of the queue or the number of minutes is invalid, or if arguments exclude each other.
    """
    if not name.strip() or len(name) > MAX_NAME_LENGTH:
        raise FlowError(
            f"queue: name must have 1 to {MAX_NAME_LENGTH} characters, not {name!r}", hint='write name = "support"'
        )
    _check_wait(wait_url, music, max_minutes)
    url = wait_url if music is None else own_wait_url(music, max_minutes)
    attributes: dict[str, Any] = {} if url is None else {"wait_url": url}
    prompts = prompts_or_default(texts, Texts.queue)
    return State([*prompts, Enqueue(name, **attributes)], Routes(routes or {}, otherwise), **state_arguments)


def _check_wait(wait_url: str | None, music: str | None, max_minutes: int | None) -> None:
    """Raise an error if the arguments of a wait exclude each other, or if one of them is invalid.

    :raises FlowError: if both URLs are given, if ``max_minutes`` is given without ``music`` or is below 1, or if
        ``music`` is not a URL.
    """
    if music is not None and wait_url is not None:
        raise FlowError(
            "queue with music must not have wait_url", hint="remove music if your own document ends the wait"
        )
    if max_minutes is not None and music is None:
        raise FlowError("queue with max_minutes must have music", hint='write music = "https://example.com/music.mp3"')
    if max_minutes is not None and max_minutes < 1:
        raise FlowError(
            f"queue: max_minutes must be at least 1, not {max_minutes!r}",
            hint="leave it out for the setting max_queue_minutes",
        )
    if music is not None and not music.startswith(("https://", "http://")):
        raise FlowError(
            f"queue: music must be the URL of an audio file, not {music!r}",
            hint='write music = "https://example.com/music.mp3"',
        )
