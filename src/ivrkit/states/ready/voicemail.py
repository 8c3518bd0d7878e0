"""A voicemail: the caller leaves a message, and is thanked for it."""

from __future__ import annotations

from typing import Any, Unpack

from twilio.twiml.voice_response import Record

from ivrkit.errors import FlowError
from ivrkit.flow.model.outcomes import is_key_sequence
from ivrkit.flow.model.prompts import Prompt
from ivrkit.flow.model.routes import Goto, Routes, Target
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Text, Texts
from ivrkit.states.ready.common import Common, words_or

THANKS = Goto(None, say=Text(Texts.thanks))
#: The longest recording, in seconds (https://www.twilio.com/docs/voice/twiml/record#attributes-max-length).
LONGEST = 14400


def voicemail(
    *texts: Prompt,
    max_length: int = 120,
    silence: int = 5,
    finish_on_key: str | None = None,
    beep: bool = True,
    then: Target = THANKS,
    **common: Unpack[Common],
) -> State:
    """Return a state that records a message.

    Where the recording is, is told to the hook ``ivrkit_state_left`` with the outcome ``recorded``: ``call.params`` has
    Twilio's ``RecordingUrl``, ``RecordingSid`` and ``RecordingDuration``, also when the caller hung up to end it.

    :param texts: what is said before the tone; the core's words when left out.
    :param max_length: the longest message, in seconds, 2 to 14400.
    :param silence: after how many seconds of silence the message is over, 0 for never.
    :param finish_on_key: the keys that end it, such as ``"#"``; any key when left out.
    :param beep: whether a tone is played.
    :param then: where the call goes on; the caller is thanked, and the call ends, when left out.
    :param common: ``options``, ``on_error``, ``voice`` and ``language`` of the state.
    :raises FlowError: for a length, a silence or a key that Twilio does not take.
    """
    if not 1 < max_length <= LONGEST:
        raise FlowError(
            f"voicemail has max_length={max_length!r}", hint=f"it is a number of seconds from 2 to {LONGEST}"
        )
    if silence < 0:
        raise FlowError(f"voicemail has silence={silence!r}", hint="it is a number of seconds, 0 to record all silence")
    attributes: dict[str, Any] = {"max_length": max_length, "timeout": silence, "play_beep": beep}
    if finish_on_key is not None:
        if finish_on_key and not is_key_sequence(finish_on_key):
            hint = 'it is a string of 0-9, * and #, or "" for no key'
            raise FlowError(f"voicemail has finish_on_key={finish_on_key!r}", hint=hint)
        attributes["finish_on_key"] = finish_on_key
    return State([*words_or(texts, Texts.voicemail), Record(**attributes)], Routes({"recorded": then}), **common)
