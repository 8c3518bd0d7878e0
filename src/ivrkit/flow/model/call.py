"""The call: one phone call as a handler sees it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from ivrkit.errors import FlowError
from ivrkit.flow.model.attempts import Attempts, Counters, MemoryCounters, attempts_key

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
    """One phone call at one webhook: Twilio's request parameters, the caller's input, and the data of your handlers.

    Twilio describes the parameters: https://www.twilio.com/docs/voice/twiml#request-parameters. A parameter that Twilio
    did not send is ``""``.

    :param sid: ``CallSid``, the same at all webhooks of the call.
    :param from_: the caller: E.164, ``client:name``, ``sip:...``, or a word such as ``anonymous``.
    :param to: the number that was called.
    :param status: ``CallStatus``: ``ringing`` at first, then ``in-progress``.
    :param account_sid: ``AccountSid``.
    :param direction: ``inbound``, ``outbound-api`` or ``outbound-dial``.
    :param forwarded_from: the number that forwarded the call, if the carrier sends this number.
    :param caller_name: the caller's name, if the caller ID look-up is on for the called number.
    :param digits: the keys that the caller pressed, or ``""`` for no keys.
    :param speech: the words that the caller said, or ``""`` for no words.
    :param confidence: the confidence of the speech recognition, 0.0 to 1.0, or ``None`` without speech.
    :param outcome: the result of the verb that the call waited with: keys, ``no-input``, ``busy``, ``recorded`` and so
        on. It is ``None`` if the call did not wait.
    :param params: all of Twilio's request parameters at this webhook.
    :param now: the time of this webhook, in the time zone of the setting ``timezone``.
    :param started: the time of the first webhook of this call, in the same time zone.
    :param language: the call's language, such as ``en-US``.
    :param turn_key: an identifier of this webhook, made of the CallSid and the number of the webhook. A handler can run
        twice for the same webhook, for example if Twilio sends a request twice. The identifier is then the same, so use
        it to make side effects happen only once.
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
    started: datetime
    language: str
    turn_key: str
    outcome: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    #: The path of the session, which grows while the webhook is answered.
    _path: Sequence[Sequence[str | None]] = field(default=(), repr=False, compare=False)
    #: The wrong answers of all calls.
    _counters: Counters = field(default_factory=MemoryCounters, repr=False, compare=False)

    @property
    def path(self) -> tuple[tuple[str, str | None], ...]:
        """The states that the caller has entered, in order, each with the outcome that led out of it."""
        return tuple((str(state), outcome) for state, outcome in self._path)

    @property
    def has_ended(self) -> bool:
        """Whether the call is over. The status of such a call is neither ``ringing`` nor ``in-progress``."""
        return self.status not in LIVE_STATUSES

    def attempts(self, name: str, *key: str, max_attempts: int | None = None, minutes: int | None = None) -> Attempts:
        """Return the attempts to give a right answer, such as a PIN, counted over all calls.

        ``call.attempts("my-plugin.pin", call.from_).check(right)`` counts an answer. It returns ``right``, or ``False``
        while too many wrong answers count. The session store keeps the wrong answers, but neither the name nor the key:
        both are hashed with a secret.

        :param name: a name for the question. All plugins share the names, so begin it with the name of your plugin.
        :param key: one or more texts that the attempts are counted for, such as ``call.from_`` or the id of an account.
        :param max_attempts: the number of wrong answers at which the key is locked; by default the setting
            ``max_attempts``.
        :param minutes: the number of minutes for which a wrong answer counts; by default the setting
            ``attempt_minutes``.
        :raises FlowError: if the name or the key is not a text or is missing, or if a number is less than 1.
        """
        numbers = {"max_attempts": max_attempts, "minutes": minutes}
        for argument, number in numbers.items():
            if number is not None and number < 1:
                raise FlowError(
                    f"attempts: {argument} must be at least 1, not {number!r}", hint=f"leave {argument} out"
                )
        return Attempts(
            self._counters,
            attempts_key(name, key),
            max_attempts=max_attempts or self._counters.max_attempts,
            minutes=minutes or self._counters.minutes,
            now=self.now.timestamp(),
            sid=self.sid,
            turn_key=self.turn_key,
        )

    def copy_for_observers(self, *, secret: bool) -> Call:
        """Return a copy of the call, with a copy of ``data``, for hooks that must not change the call.

        :param secret: whether the input is secret. The copy then has ``(secret)`` in place of the input.
        """
        data = copy.deepcopy(self.data)
        if not secret:
            return replace(self, data=data)
        params = {name: HIDDEN_INPUT if name in INPUT_PARAMETERS else value for name, value in self.params.items()}
        return replace(self, digits=HIDDEN_INPUT, speech=HIDDEN_INPUT, outcome=HIDDEN_INPUT, params=params, data=data)


def make_call(
    params: Mapping[str, str],
    *,
    now: datetime,
    language: str,
    turn: int,
    data: dict[str, Any],
    started: datetime | None = None,
    path: Sequence[Sequence[str | None]] = (),
    counters: Counters | None = None,
) -> Call:
    """Return the :class:`Call` for a webhook.

    :param params: Twilio's request parameters.
    :param now: the time of the webhook, with a time zone.
    :param language: the language of the call, from its session.
    :param turn: the number of the webhook in its call, from 1.
    :param data: the ``data`` of the session, which the handlers change in place.
    :param started: the time of the first webhook of the call, with a time zone. If it is left out, it is ``now``.
    :param path: the ``path`` of the session, to which the engine adds states.
    :param counters: the wrong answers of all calls. If they are left out, they are counted for this object alone.
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
        started=now if started is None else started,
        language=language,
        turn_key=f"{sid}:{turn}",
        data=data,
        _path=path,
        _counters=counters or MemoryCounters(),
    )


def _parse_confidence(text: str) -> float | None:
    """Return a text as a number from 0.0 to 1.0, or ``None`` if the text is not such a number."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0.0 <= number <= 1.0 else None
