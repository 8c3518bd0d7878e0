"""The state kind ``voicemail``: record a message of the caller."""

from __future__ import annotations

from types import EllipsisType
from typing import Any, Unpack

from twilio.twiml.voice_response import Record

from ivrkit.errors import FlowError
from ivrkit.flow.model.outcomes import NO_MESSAGE, is_key_sequence
from ivrkit.flow.model.prompts import Prompt
from ivrkit.flow.model.routes import Goto, Routes, Target
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Text, Texts
from ivrkit.states.ready.argument_errors import named_errors
from ivrkit.states.ready.common import StateArguments, prompts_or_default

THANKS = Goto(None, say=Text(Texts.thanks))
#: The shortest and the longest recording, in seconds
#: (https://www.twilio.com/docs/voice/twiml/record#attributes-max-length).
MIN_LENGTH, MAX_LENGTH = 2, 14400


@named_errors
def voicemail(
    *texts: Prompt,
    max_length: int = 120,
    silence: int = 5,
    finish_on_key: str | None = None,
    beep: bool = True,
    then: Target = THANKS,
    no_message: Target | EllipsisType = ...,
    **state_arguments: Unpack[StateArguments],
) -> State:
    """Return a state that records a message of the caller.

    After the recording, the hook ``ivrkit_recorded`` is called, even if the caller hangs up.

    :param texts: the prompts before the recording; by default the core's text ``voicemail``.
    :param max_length: the maximum length of the message, in seconds, 2 to 14400.
    :param silence: the seconds of silence after which the recording ends, or 0 if silence does not end the recording.
    :param finish_on_key: the keys that end the recording, such as ``"#"``; by default any key. With ``""``, no key ends
        the recording.
    :param beep: whether to play a beep before the recording.
    :param then: the target after a recording; by default the caller hears the core's text ``thanks``, then the call
        ends.
    :param no_message: the target for a caller who left no message; by default the caller hears the core's text
        ``no_message`` and goes HOME.
    :param state_arguments: ``options``, ``on_error``, ``voice`` and ``language`` of :class:`~ivrkit.State`.
    :raises FlowError: if ``max_length``, ``silence`` or ``finish_on_key`` is invalid.
    """
    if not MIN_LENGTH <= max_length <= MAX_LENGTH:
        raise FlowError(
            f"voicemail: max_length must be {MIN_LENGTH} to {MAX_LENGTH} seconds, not {max_length!r}",
            hint="leave it out for 120 seconds",
        )
    if silence < 0:
        raise FlowError(
            f"voicemail: silence must be at least 0 seconds, not {silence!r}", hint="use 0 to never end at silence"
        )
    attributes: dict[str, Any] = {"max_length": max_length, "timeout": silence, "play_beep": beep}
    if finish_on_key is not None:  # Twilio's default is any key, and "" is no key
        if finish_on_key and not is_key_sequence(finish_on_key):
            raise FlowError(
                f"voicemail: finish_on_key must be a string of 0-9, * and #, not {finish_on_key!r}",
                hint='use "" if no key ends the recording',
            )
        attributes["finish_on_key"] = finish_on_key
    prompts = prompts_or_default(texts, Texts.voicemail)
    routes: dict[str, Target] = {"recorded": then} if no_message is ... else {"recorded": then, NO_MESSAGE: no_message}
    return State([*prompts, Record(**attributes)], Routes(routes), **state_arguments)
