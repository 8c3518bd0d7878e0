"""The call: one phone call as a handler sees it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

#: Replaces the input of a secret state.
HIDDEN_INPUT = "(secret)"

#: The status of an incoming call at its first webhook (https://www.twilio.com/docs/voice/twiml).
RINGING = "ringing"

#: The statuses of a call whose caller is on the line (the same page).
LIVE_STATUSES = frozenset({RINGING, "in-progress"})

#: The statuses of a call that is over (the same page).
FINAL_STATUSES = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})

#: The parameters with the caller's input.
INPUT_PARAMETERS = ("Digits", "SpeechResult")


@dataclass(frozen=True, slots=True)
class Call:
    """One phone call at one webhook: its facts, the webhook's input, and the handlers' data.

    The facts are Twilio's request parameters (https://www.twilio.com/docs/voice/twiml#request-parameters). A parameter
    that Twilio did not send is ``""``.

    :param sid: ``CallSid``, the same at all webhooks of the call.
    :param from_: the caller: E.164, ``client:name``, ``sip:...``, or a word such as ``anonymous``.
    :param to: the number that was called.
    :param status: ``CallStatus``: ``ringing`` at first, then ``in-progress``.
    :param account_sid: ``AccountSid``.
    :param direction: ``inbound``, ``outbound-api`` or ``outbound-dial``.
    :param forwarded_from: the number that forwarded the call, if the carrier sends it.
    :param caller_name: the caller's name, if the look-up is on for the number.
    :param digits: the keys of this webhook, ``""`` for none.
    :param speech: the words that the caller said, ``""`` for none.
    :param confidence: the confidence of the speech recognition, 0.0 to 1.0, or ``None`` without speech.
    :param outcome: the outcome of this webhook, as one word, or ``None`` if the webhook has no outcome.
    :param params: all parameters of this webhook.
    :param now: the time of this webhook, with its time zone.
    :param language: the call's language, such as ``en-US``.
    :param turn_key: a key of this webhook: CallSid and turn. A handler can run more than once for a webhook, if two
        copies of the request race, or a worker is killed before it saves the session. All runs have the same key. Use
        the key to make your side effects happen once.
    :param data: a small JSON dict for your handlers, stored between the webhooks of this call. Change it in place.
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
        """Whether the call is over: its status is neither ringing nor in-progress."""
        return self.status not in LIVE_STATUSES

    def copy_for_observers(self, *, secret: bool) -> Call:
        """Return a copy for plugins that only observe the call: with its own ``data``, and without secret input.

        :param secret: whether to hide the input.
        """
        data = copy.deepcopy(self.data)
        if not secret:
            return replace(self, data=data)
        params = {name: HIDDEN_INPUT if name in INPUT_PARAMETERS else value for name, value in self.params.items()}
        return replace(self, digits=HIDDEN_INPUT, speech=HIDDEN_INPUT, outcome=HIDDEN_INPUT, params=params, data=data)


def make_call(params: Mapping[str, str], *, now: datetime, language: str, turn: int, data: dict[str, Any]) -> Call:
    """Return the call at a webhook.

    :param params: Twilio's request parameters.
    :param now: the time of the webhook, with its time zone.
    :param language: the call's language, from its session.
    :param turn: the number of the webhook in its call, from 1.
    :param data: the ``data`` of the session, which the handlers change in place.
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
        confidence=_parse_confidence(params.get("Confidence", "")),
        params=MappingProxyType(dict(params)),
        now=now,
        language=language,
        turn_key=f"{sid}:{turn}",
        data=data,
    )


def _parse_confidence(text: str) -> float | None:
    """Return a number from 0.0 to 1.0, or ``None`` for anything else."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0.0 <= number <= 1.0 else None
