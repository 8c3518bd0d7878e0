"""Opening hours: whether somebody is there now, then the whole week."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Unpack

from twilio.twiml.voice_response import Gather

from ivrkit.errors import FlowError
from ivrkit.flow.model.call import Call
from ivrkit.flow.model.prompts import Prompt, ask
from ivrkit.flow.model.routes import HOME, Target
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Text, Texts
from ivrkit.states.ready.common import Common, as_words, check_repeat, heard_again, key_in_words, pressed
from ivrkit.states.ready.week import Week

OPEN, CLOSED = Text("We are open right now."), Text("We are closed at the moment.")


def hours(
    week: Mapping[str, str],
    *,
    opened: Prompt | Sequence[Prompt] = OPEN,
    closed: Prompt | Sequence[Prompt] = CLOSED,
    repeat: str = "1",
    again: Prompt | Sequence[Prompt] = (),
    then: Target = HOME,
    **common: Unpack[Common],
) -> State:
    """Return a state that says whether it is open now, and reads out the week.

    Days and times are said as they are in the language of the call, and are those of the setting ``timezone``.

    :param week: weekday in English -> its hours, such as ``"09:00-18:00"``, with a break
        ``"09:00-12:00, 13:00-18:00"``; a day that is left out is closed.
    :param opened: what is said first while it is open.
    :param closed: what is said first while it is closed.
    :param repeat: the key that reads it again; any other key, or none, goes on.
    :param again: what is said last; the core's sentence about repeating when left out.
    :param then: where the call goes on; the menu that the caller came from when left out.
    :param common: ``options``, ``on_error``, ``voice`` and ``language`` of the state.
    :raises FlowError: for a day or a time that there is not, for hours that overlap, and for a key that no telephone
        has.
    """
    try:
        known = Week.of(week)
    except ValueError as error:
        raise FlowError(str(error), hint='write a line for each day: monday = "09:00-12:00, 13:00-18:00"') from error
    check_repeat("hours", repeat)
    told = functools.cache(known.told)  # the same sentences for every caller of a language
    before, after = as_words(opened), as_words(closed)
    last = as_words(again) or (Text(Texts.repeat, key=key_in_words(repeat)),)

    def read_out(call: Call) -> Gather:
        return ask(*(before if known.is_open(call.now) else after), *told(call.language), *last, **pressed(repeat))

    return State(read_out, heard_again(repeat, then), **common)
