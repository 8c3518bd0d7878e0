"""The state kind ``hours``: say whether the company is open now, then the opening hours of the week."""

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
from ivrkit.flow.model.text import Text, Texts, spoken_keys
from ivrkit.states.ready.argument_errors import named_errors
from ivrkit.states.ready.common import (
    StateArguments,
    as_prompts,
    check_repeat_key,
    gather_attributes,
    repeat_routes,
)
from ivrkit.states.ready.week import Week

OPEN, CLOSED = Text("We are open right now."), Text("We are closed at the moment.")


_HINT = 'write a line for each day: monday = "09:00-12:00, 13:00-18:00"; a night: friday = "16:00-02:00"'


@named_errors
def hours(
    week: Mapping[str, str],
    *,
    when_open: Prompt | Sequence[Prompt] = OPEN,
    when_closed: Prompt | Sequence[Prompt] = CLOSED,
    repeat: str = "1",
    repeat_text: Prompt | Sequence[Prompt] = (),
    then: Target = HOME,
    **state_arguments: Unpack[StateArguments],
) -> State:
    """Return a state that says whether the company is open now, then the opening hours of the week.

    Days and times are in the language of the call. The setting ``timezone`` decides whether the company is open.

    :param week: English weekday -> opening hours of the day, such as ``"09:00-18:00"``, or
        ``"09:00-12:00, 13:00-18:00"`` with a break. The last hours of a day may go on into the next day:
        ``"16:00-02:00"``. ``"00:00-00:00"`` is the whole day. ``"24:00"`` is midnight as a closing time. The company
        is closed on a day that is not in the mapping.
    :param when_open: the first prompts if the company is open.
    :param when_closed: the first prompts if the company is closed.
    :param repeat: the key that repeats the state. Any other key and silence lead to ``then``.
    :param repeat_text: the last prompts, which name the key ``repeat``; by default the core's text ``repeat``.
    :param then: the next target; by default the menu that the caller came from.
    :param state_arguments: ``options``, ``on_error``, ``voice`` and ``language`` of :class:`~ivrkit.State`.
    :raises FlowError: if a day, a time or the key ``repeat`` is invalid, or if the opening hours of a day overlap.
    """
    try:
        parsed = Week.from_table(week)
    except ValueError as error:
        raise FlowError(str(error), hint=_HINT) from error
    check_repeat_key("hours", repeat)
    sentences = functools.cache(parsed.sentences)  # built once for each language
    open_prompts, closed_prompts = as_prompts(when_open), as_prompts(when_closed)
    last = as_prompts(repeat_text) or (Text(Texts.repeat, key=spoken_keys(repeat)),)

    def read_out(call: Call) -> Gather:
        first = open_prompts if parsed.is_open(call.now) else closed_prompts
        return ask(*first, *sentences(call.language), *last, **gather_attributes(repeat))

    return State(read_out, repeat_routes(repeat, then), **state_arguments)
