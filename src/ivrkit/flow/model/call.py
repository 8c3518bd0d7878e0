"""One phone call as a handler sees it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

#: What stands where the input of a secret state would have stood.
HIDDEN_INPUT = "(secret)"

#: The status of a call that comes in, at its first webhook (https://www.twilio.com/docs/voice/twiml).
RINGING = "ringing"

#: A caller with one of these statuses is on the line (the same page).
LIVE_STATUSES = frozenset({RINGING, "in-progress"})

#: The call is over with one of these statuses (the same page).
FINAL_STATUSES = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})

#: The parameters that hold what a caller pressed or said.
INPUT_PARAMETERS = ("Digits", "SpeechResult")


@dataclass(frozen=True, slots=True)
class Call:
    """One phone call at one webhook: its facts, this webhook's input, and what is kept of it.

    The facts are Twilio's request parameters (https://www.twilio.com/docs/voice/twiml#request-parameters);
    one that did not come is ``""``.

    :param sid: ``CallSid``, the same for the life of the call.
    :param from_: the caller: E.164, ``client:name``, ``sip:...``, or a word such as ``anonymous``.
    :param to: the number that was called.
    :param status: ``CallStatus``: ``ringing`` at first, then ``in-progress``.
    :param account_sid: ``AccountSid``.
    :param direction: ``inbound``, ``outbound-api`` or ``outbound-dial``.
    :param forwarded_from: who forwarded the call, where the carrier says so.
    :param caller_name: the caller's name, where the look-up is on for the number.
    :param digits: the keys of this webhook, ``""`` for none.
    :param speech: what the caller said, ``""`` for nothing.
    :param confidence: how sure the recogniser is, 0.0 to 1.0, ``None`` when it does not say.
    :param outcome: what this webhook says happened, as one word; ``None`` when nothing did.
    :param params: every parameter of this webhook, as it came.
    :param now: when this webhook came, with its zone.
    :param language: the call's language, such as ``en-US``.
    :param turn_key: CallSid and turn: the same for every run of this webhook's handlers, and no other's.
        A handler is run at least once for each webhook: again where two copies of it race, or where a worker was
        killed before the turn was kept. Key your own side effects with it.
    :param data: a small JSON dict of yours, kept between the webhooks of this call. Change it in place.
    """

    sid: str
    from_: str
    to: str
    status: str
    account_sid: str
    direction: str
    forwarded_from: str
    caller_name: str
    digits: str
    speech: str
    confidence: float | None
    params: Mapping[str, str]
    now: datetime
    language: str
    turn_key: str
    outcome: str | None = None
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def has_ended(self) -> bool:
        """Whether the caller has left: a status that is neither ringing nor in-progress."""
        return self.status not in LIVE_STATUSES

    def copy_for_observers(self, *, secret: bool) -> Call:
        """Return the call for whoever does not handle it: with a copy of ``data``, and without secret input.

        :param secret: whether what was pressed and said is hidden.
        """
        data = copy.deepcopy(self.data)
        if not secret:
            return replace(self, data=data)
        params = {name: HIDDEN_INPUT if name in INPUT_PARAMETERS else value for name, value in self.params.items()}
        return replace(self, digits=HIDDEN_INPUT, speech=HIDDEN_INPUT, outcome=HIDDEN_INPUT, params=params, data=data)


def make_call(params: Mapping[str, str], *, now: datetime, language: str, turn: int, data: dict[str, Any]) -> Call:
    """Return the :class:`Call` that a webhook's parameters describe.

    :param params: Twilio's request parameters, one value for each name.
    :param now: when the webhook came, with its zone.
    :param language: the call's language, from its session.
    :param turn: the number of this webhook in its call, from 1.
    :param data: what the session keeps for the handlers; changed in place by them.
    """
    sid = params.get("CallSid", "")
    return Call(
        sid=sid,
        from_=params.get("From", ""),
        to=params.get("To", ""),
        status=params.get("CallStatus", "in-progress"),
        account_sid=params.get("AccountSid", ""),
        direction=params.get("Direction", ""),
        forwarded_from=params.get("ForwardedFrom", ""),
        caller_name=params.get("CallerName", ""),
        digits=params.get("Digits", ""),
        speech=params.get("SpeechResult", ""),
        confidence=_fraction(params.get("Confidence", "")),
        params=MappingProxyType(dict(params)),
        now=now,
        language=language,
        turn_key=f"{sid}:{turn}",
        data=data,
    )


def _fraction(text: str) -> float | None:
    """Return a number from 0.0 to 1.0, or ``None`` for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0.0 <= number <= 1.0 else None
