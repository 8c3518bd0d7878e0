"""Every outcome of Twilio, on every state, in every language: each is answered, and nobody is trapped."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from ivrkit.conformance.bench import Bench, Run
from ivrkit.conformance.subject import Nonconformity, Subject, failures
from ivrkit.flow.model.outcomes import is_key_sequence
from ivrkit.simulator import examine
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


def every_outcome_is_answered(subject: Subject, begun: str, language: str) -> None:
    """Whatever Twilio tells, the answer can be played, no code fails, and nobody is kept on the line.

    :param subject: the distribution.
    :param begun: where calls begin.
    :param language: what they are held in.
    """
    where = f"{subject.where(begun)} in {language}"
    with subject.phone_to(begun, language=language) as phone, failures() as failed:
        for problem in examine(phone.simulator, depth=2):
            done = ", ".join(map(str, problem.actions)) or "nothing"
            raise Nonconformity(f"{where}, after the caller did: {done}: {problem.message}", hint=problem.hint)
        _refuse_failures(where, "somebody called", failed, subject)
        bench = Bench(phone)
        first = bench.begin()
        _refuse_much_data(where, first)
        for params in outcomes_of(phone, first.waiting_verb):
            told = ", ".join(f"{name}={value!r}" for name, value in params.items()) or "no parameters"
            _refuse_much_data(f"{where}, told {told}", bench.run(first.kept, params))
            call = phone.call()
            if call.waiting is not None:  # a Pay, a Refer or a Connect is told by the bench alone
                call.verb_ends_with(**params)
            for warning in call.warnings:
                raise Nonconformity(f"{where}, told {told}: {warning.what}", hint=warning.hint)
            _refuse_failures(where, f"it was told {told}", failed, subject)
        _refuse_trap(where, phone, begun)


def outcomes_of(phone: Phone, waits: str | None) -> Iterator[dict[str, str]]:
    """Return what a call that waits with a verb may be told; nothing where it waits for nothing."""
    if waits is None:
        return
    comes = COMES[waits]
    yield from comes
    yield from (params for params in LATE if params not in comes)
    yield from ({"CallStatus": status, **params} for status in GONE for params in comes[:2])
    states = phone.host.loaded.flow.states.values()
    yield from (
        {"Digits": key} for key in dict.fromkeys(key for each in states for key in each.routes) if is_key_sequence(key)
    )
    phrases = (phrase for each in states for localized in each.localized.values() for phrase in localized.phrases)
    yield from ({"SpeechResult": phrase, "Confidence": "0.9"} for phrase in dict.fromkeys(phrases))


def _refuse_much_data(where: str, run: Run) -> None:
    size = len(json.dumps(run.data))
    if size > MOST_DATA:
        raise Nonconformity(
            f"{where}: its handlers keep {size} bytes in call.data, and {MOST_DATA} are the most",
            hint="keep what is needed to find the rest, such as the number of an account",
        )


def _refuse_trap(where: str, phone: Phone, begun: str) -> None:
    """Lean on a key that nobody offers: the tree's own limit of webhooks is to end no call of a tree that counts."""
    compiled = phone.host.loaded.flow.states.get(begun)
    if compiled is not None and not compiled.state.menu_options:
        return  # its HOME is a menu only in the tree of somebody who leads here
    call, pressed = phone.call(), 0
    while call.waiting is not None and call.waiting.activity == "gather":
        call.press("*")
        pressed += 1
    if pressed >= phone.host.settings.max_turns - 1:
        raise Nonconformity(
            f"{where}: whoever leans on a wrong key is asked again {pressed} times, and nobody counts it",
            hint="leave out otherwise, or lead elsewhere with it; a function counts by SAME",
        )


def _refuse_failures(where: str, when: str, failed: list[str], subject: Subject) -> None:
    """Refuse that code has failed; the place is the last of its own."""
    if not failed:
        return
    own = "|".join(map(re.escape, subject.folders()))
    places = re.findall(rf'File "(?:{own})[^"]*", line \d+', failed[0])
    raise Nonconformity(
        f"{where} failed when {when}: {failed[0].splitlines()[-1]}",
        hint="a state may be entered by any door, with nothing in call.data: use .get, and lead back without it; "
        f"it failed here: {places[-1] if places else failed[0].splitlines()[0]}",
    )
