"""A transfer: somebody is rung, and each way in which that can go wrong leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import EllipsisType
from typing import Any, Unpack

from twilio.twiml.voice_response import Dial

from ivrkit.errors import FlowError
from ivrkit.flow.model.prompts import Prompt, Whisper
from ivrkit.flow.model.routes import Routes, Target
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Texts
from ivrkit.states.ready.common import Common, as_words, words_or

#: How many telephones Twilio rings for one ``Dial`` (https://www.twilio.com/docs/voice/twiml/dial).
MOST_NUMBERS = 10
#: For how long a telephone may ring, in seconds (the same page).
RINGS = (5, 600)
#: A number as Twilio dials it (https://www.twilio.com/docs/glossary/what-e164).
NUMBER = re.compile(r"\+[1-9]\d{1,14}")


def transfer(
    numbers: str | Sequence[str],
    *texts: Prompt,
    in_order: bool = False,
    rings: int = 20,
    caller_id: str | None = None,
    whisper: Prompt | Sequence[Prompt] = (),
    accept: str | None = None,
    routes: Mapping[str, Target] | None = None,
    otherwise: Target | EllipsisType = ...,
    **common: Unpack[Common],
) -> State:
    """Return a state that rings one or several telephones, and connects the first that takes the call.

    :param numbers: who is rung: ``+15550100``, ``client:ann`` or ``sip:ann@example.com``; up to ten of these.
    :param texts: what is said first; the core's words when left out.
    :param in_order: whether they are rung one after the other; all at once when left out.
    :param rings: for how long, in seconds, 5 to 600; each of them where they are rung in order.
    :param caller_id: the number that is shown; the caller's own when left out.
    :param whisper: what whoever picks up hears before both talk.
    :param accept: the key that takes the call, such as ``"1"``: whoever picks up is asked for it, so that no mailbox
        takes it; a call that is not taken is ``declined``.
    :param routes: where each outcome leads: ``answered``, ``busy``, ``no-answer``, ``failed``, ``canceled``,
        ``declined``. Left out, ``answered`` is the goodbye, and the others go HOME with the core's words.
    :param otherwise: where the outcomes lead that have no row.
    :param common: ``options``, ``on_error``, ``voice`` and ``language`` of the state.
    :raises FlowError: for numbers that can't be dialled, too many of them, a time that Twilio does not take, or a key
        that no telephone has.
    """
    rung = [numbers] if isinstance(numbers, str) else [*numbers]
    if not 1 <= len(rung) <= MOST_NUMBERS:
        raise FlowError(f"transfer has {len(rung)} numbers", hint=f"give it 1 to {MOST_NUMBERS}")
    if not RINGS[0] <= rings <= RINGS[1]:
        raise FlowError(
            f"transfer has rings={rings!r}", hint=f"it is a number of seconds from {RINGS[0]} to {RINGS[1]}"
        )
    attributes: dict[str, Any] = {"timeout": rings}
    if in_order:
        attributes["sequential"] = True
    if caller_id is not None:
        attributes["caller_id"] = caller_id
    dial = Dial(**attributes)
    for number in rung:
        _add(dial, number)
    whispered = as_words(whisper)
    asks = Whisper(*whispered, accept=accept) if whispered or accept is not None else None
    return State([*words_or(texts, Texts.transfer), dial], Routes(routes or {}, otherwise), whisper=asks, **common)


def _add(dial: Dial, number: str) -> None:
    """Let a number be rung.

    :raises FlowError: for what is none.
    """
    scheme, _, name = str(number).partition(":")
    if scheme == "client" and name:
        dial.client(name)
    elif scheme == "sip" and "@" in name:
        dial.sip(number)
    elif NUMBER.fullmatch(str(number)):
        dial.number(number)
    else:
        raise FlowError(
            f"transfer has the number {number!r}",
            hint="it is + and all digits, such as +15550100, or client:NAME, or sip:NAME@HOST",
        )
