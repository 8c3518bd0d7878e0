"""Every outcome of Twilio, on every state, in every language: each is answered, and nobody is trapped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from ivrkit.conformance.subject import Nonconformity, Subject, failures
from ivrkit.flow.compiled import CompiledState
from ivrkit.flow.outcomes import is_key
from ivrkit.flow.targets import SAME, aim
from ivrkit.simulator import SimulatedCall, examine
from ivrkit.testing import Phone

#: The most that handlers may keep of a call, in bytes of JSON.
MOST_DATA = 2000

_RECORDING = {"RecordingUrl": "https://api.twilio.com/r/RE1", "RecordingSid": "RE1", "RecordingDuration": "3"}
_DIAL = ("completed", "answered", "busy", "no-answer", "failed", "canceled", "of-the-future")
_QUEUE = (
    "bridged", "bridging-in-process", "redirected", "redirected-from-bridged", "leave", "hangup", "queue-full", "error",
    "system-error", "of-the-future",
)  # fmt: skip
_PAY = ("success", "too-many-failed-attempts", "caller-interrupted-with-star", "internal-error")
#: What Twilio may send for each verb: https://www.twilio.com/docs/voice/twiml and the pages of the verbs.
COMES: Mapping[str, list[dict[str, str]]] = {
    "Gather": [
        {},
        {"Digits": ""},
        {"Digits": "", "FinishedOnKey": "#"},
        *({"Digits": digits} for digits in ("7", "77", "*", "#", "00000000000000000000", "x")),
        {"SpeechResult": ""},
        {"SpeechResult": "elephants in the rain"},
        {"SpeechResult": "elephants in the rain", "Confidence": "0.1"},
        {"SpeechResult": "elephants in the rain", "Confidence": "nonsense"},
    ],
    "Dial": [
        {"DialCallStatus": status, **bridged}
        for status in _DIAL
        for bridged in ({}, {"DialBridged": "true"}, {"DialBridged": "false"})
    ],
    "Enqueue": [{"QueueResult": result, **more} for result in _QUEUE for more in ({}, {"QueueTime": "3"})],
    "Record": [{**_RECORDING, **more} for more in ({}, {"Digits": ""}, {"Digits": "#"}, {"Digits": "hangup"})],
    "Pay": [{"Result": result} for result in _PAY],
    "Refer": [{"ReferCallStatus": "failed"}, {"ReferSipResponseCode": "405"}],
    "Connect": [{}],
}
#: What comes late, for another verb than the one that waits.
LATE = ({"DialCallStatus": "busy"}, {"QueueResult": "leave"}, _RECORDING, {"Digits": "1"})
GONE = ("completed", "failed", "no-answer")


def every_outcome_is_answered(subject: Subject, state: str, language: str) -> None:
    """Whatever Twilio tells a state, the answer can be played, no code fails, and the call ends or waits.

    :param subject: the distribution.
    :param state: the state that calls begin in.
    :param language: what they are held in.
    """
    where = f"{subject.name}: the state {state!r} in {language}"
    with subject.phone_to(state, language=language) as phone, failures() as failed:
        for finding in examine(phone.simulator, depth=2):
            done = ", ".join(map(str, finding.actions)) or "nothing"
            raise Nonconformity(f"{where}, after the caller did: {done}: {finding.what}", hint=finding.mend)
        _refuse_failures(where, "somebody called", failed)
        for params in outcomes_of(phone, state):
            told = ", ".join(f"{name}={value!r}" for name, value in params.items()) or "no parameters"
            call = phone.call().comes_to(**params)
            _check(f"{where}, told {told}", call, phone)
            _refuse_failures(where, f"it was told {told}", failed)
        _refuse_uncounted(where, phone.host.loaded.flow.states[state])


def outcomes_of(phone: Phone, state: str) -> Iterator[dict[str, str]]:
    """Return what a call that begins in a state may be told; nothing where it waits for nothing."""
    first = phone.call()
    if first.waiting is None:
        return
    verb = first.waiting.verb
    yield from COMES.get(verb, [{}])
    yield from (params for params in LATE if params not in COMES.get(verb, ()))
    yield from ({"CallStatus": status, **params} for status in GONE for params in COMES.get(verb, [{}])[:2])
    compiled = phone.host.loaded.flow.states[state]
    yield from ({"Digits": key} for key in compiled.routes if is_key(key))
    phrases = (phrase for voiced in compiled.voiced.values() for phrase in voiced.phrases)
    yield from ({"SpeechResult": phrase, "Confidence": "0.9"} for phrase in phrases)


def _check(where: str, call: SimulatedCall, phone: Phone) -> None:
    """Look at what Twilio would complain of in a call, and at what is kept of it."""
    for warning in call.warnings:
        raise Nonconformity(f"{where}: {warning.what}", hint=warning.mend)
    session = phone.host.store.load(call.sid)
    size = len(json.dumps(session.data)) if session else 0
    if size > MOST_DATA:
        raise Nonconformity(
            f"{where}: its handlers keep {size} bytes in call.data, and {MOST_DATA} are the most",
            hint="keep what is needed to find the rest, such as the number of an account",
        )


def _refuse_uncounted(where: str, compiled: CompiledState) -> None:
    """Refuse a table that answers every wrong key with the state again: nobody counts them then."""
    if compiled.otherwise is not ... and aim(compiled.otherwise) in (SAME, compiled.name):
        raise Nonconformity(
            f"{where}: whoever leans on a wrong key hears the state again and again, and nobody counts it",
            hint="leave out otherwise, so that wrong keys are counted, or lead elsewhere with it",
        )


def _refuse_failures(where: str, when: str, failed: list[str]) -> None:
    if failed:
        told = failed[0].splitlines()
        raise Nonconformity(f"{where} failed when {when}: {told[-1]}", hint="\n".join(told[-6:-1]).strip() or told[0])
