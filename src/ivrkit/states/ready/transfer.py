"""The state kind ``transfer``: dial one or several phones, and connect the caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import EllipsisType
from typing import Any, Unpack

from twilio.twiml.voice_response import Dial

from ivrkit.errors import FlowError
from ivrkit.flow.model.caller_ids import E164
from ivrkit.flow.model.prompts import Prompt, Whisper
from ivrkit.flow.model.routes import Routes, Target
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Texts
from ivrkit.states.ready.argument_errors import named_errors
from ivrkit.states.ready.common import StateArguments, as_prompts, prompts_or_default

#: How many phones one ``Dial`` may ring (https://www.twilio.com/docs/voice/twiml/dial).
MAX_NUMBERS = 10
#: The shortest and the longest ``timeout`` of a ``Dial``, in seconds (the same page).
MIN_TIMEOUT, MAX_TIMEOUT = 5, 600


@named_errors
def transfer(
    numbers: str | Sequence[str],
    *texts: Prompt,
    in_order: bool = False,
    timeout: int = 20,
    time_limit: int | None = None,
    caller_id: str | None = None,
    whisper: Prompt | Sequence[Prompt] = (),
    accept: str | None = None,
    routes: Mapping[str, Target] | None = None,
    otherwise: Target | EllipsisType = ...,
    **state_arguments: Unpack[StateArguments],
) -> State:
    """Return a state that dials one or several phones, and connects the caller with the first person who answers.

    :param numbers: one to ten numbers, such as ``+15550100``, ``client:ann`` or ``sip:ann@example.com``.
    :param texts: the prompts before the phones ring; by default the core's text ``transfer``.
    :param in_order: whether to ring one phone after the other; by default all phones ring at once.
    :param timeout: how long each phone rings, in seconds, 5 to 600.
    :param time_limit: the longest talk, in seconds; by default the setting ``dial_time_limit``. After this time Twilio
        ends the talk, and the outcome is ``answered``.
    :param caller_id: the number to show to the person who is called; by default the caller's number. If the caller has
        no phone number, the default is the number that the caller has called.
    :param whisper: the prompts that the person who answers hears before the caller is connected.
    :param accept: the key that the person who answers must press, such as ``"1"``. If nobody presses the key, the
        outcome is ``declined``, so a mailbox is not connected.
    :param routes: the targets of the outcomes ``answered``, ``busy``, ``no-answer``, ``failed``, ``canceled`` and
        ``declined``. By default, ``answered`` leads to the goodbye. After any other outcome, the caller hears by
        default that the call was not connected, and goes HOME.
    :param otherwise: the target of all outcomes that are not in ``routes``, except ``answered``.
    :param state_arguments: ``options``, ``on_error``, ``voice`` and ``language`` of :class:`~ivrkit.State`.
    :raises FlowError: if a number, the count of numbers, a time or the key ``accept`` is invalid.
    """
    # A single string is one number, not a sequence of characters.
    dialled = [numbers] if isinstance(numbers, str) else [*numbers]
    if not 1 <= len(dialled) <= MAX_NUMBERS:
        raise FlowError(
            f"transfer: numbers must be 1 to {MAX_NUMBERS} numbers, not {len(dialled)}",
            hint='write numbers = ["+15550100", "+15550101"]',
        )
    if not MIN_TIMEOUT <= timeout <= MAX_TIMEOUT:
        raise FlowError(
            f"transfer: timeout must be {MIN_TIMEOUT} to {MAX_TIMEOUT} seconds, not {timeout!r}",
            hint="leave it out for 20 seconds",
        )
    if time_limit is not None and time_limit < 1:
        raise FlowError(
            f"transfer: time_limit must be at least 1 second, not {time_limit!r}",
            hint="leave it out for the setting dial_time_limit",
        )
    attributes: dict[str, Any] = {"timeout": timeout}
    if time_limit is not None:
        attributes["time_limit"] = time_limit
    if in_order:
        attributes["sequential"] = True
    if caller_id is not None:
        attributes["caller_id"] = caller_id
    dial = Dial(**attributes)
    for number in dialled:
        _add_number(dial, number)
    whispered = as_prompts(whisper)
    return State(
        [*prompts_or_default(texts, Texts.transfer), dial],
        Routes(routes or {}, otherwise),
        whisper=Whisper(*whispered, accept=accept) if whispered or accept is not None else None,
        **state_arguments,
    )


def _add_number(dial: Dial, number: str) -> None:
    """Add a number to a ``Dial``, as the noun ``Number``, ``Client`` or ``Sip``.

    :param dial: the ``Dial``.
    :param number: a phone number such as ``+15550100``, ``client:ann`` or ``sip:ann@example.com``.
    :raises FlowError: if the number is invalid.
    """
    scheme, _, name = str(number).partition(":")  # str, because authors may forget the quotes
    if scheme == "client" and name:
        dial.client(name)
    elif scheme == "sip" and "@" in name:
        dial.sip(number)
    elif E164.fullmatch(str(number)):
        dial.number(number)
    else:
        raise FlowError(
            f"transfer: a number must be a phone number, a client or a SIP address, not {number!r}",
            hint="write + and all digits, such as +15550100, or client:NAME, or sip:NAME@HOST",
        )
