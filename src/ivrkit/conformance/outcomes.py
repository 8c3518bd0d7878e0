"""The rule that every outcome is answered: no webhook makes a handler fail or traps a caller."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from ivrkit.conformance.checked_plugin import CheckedPlugin, ConformanceError
from ivrkit.conformance.failures import record_plugin_errors, refuse_errors
from ivrkit.conformance.webhook_runner import WebhookResult, WebhookRunner, describe_webhook
from ivrkit.flow.model.outcomes import is_key_sequence
from ivrkit.simulator import examine
from ivrkit.testing import Phone

#: Maximum number of actions in a call, and maximum number of calls that explore the phone tree from one state.
MAX_DEPTH, MAX_CALLS = 5, 250
#: Maximum number of bytes of JSON that handlers may keep in ``call.data``.
MAX_DATA = 2000

_RECORDING = {"RecordingUrl": "https://api.twilio.com/r/RE1", "RecordingSid": "RE1", "RecordingDuration": "3"}
_DIAL = ("completed", "answered", "busy", "no-answer", "failed", "canceled", "of-the-future")
_QUEUE = (
    "bridged", "bridging-in-process", "redirected", "redirected-from-bridged", "leave", "hangup", "queue-full", "error",
    "system-error", "of-the-future",
)  # fmt: skip
_PAY = ("success", "too-many-failed-attempts", "caller-interrupted-with-star", "internal-error")
#: Verb -> the parameters that Twilio may send: https://www.twilio.com/docs/voice/twiml and the pages of the verbs.
VERB_RESULTS: Mapping[str, list[dict[str, str]]] = {
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
    "Record": [
        *({**_RECORDING, **more} for more in ({}, {"Digits": ""}, {"Digits": "#"}, {"Digits": "hangup"})),
        {**_RECORDING, "RecordingDuration": "0"},
        {},
    ],
    "Pay": [{"Result": result} for result in _PAY],
    "Refer": [{"ReferCallStatus": "failed"}, {"ReferSipResponseCode": "405"}],
    "Connect": [{}],
}
#: The parameters of late webhooks. They belong to another verb than the verb that the call waits with.
LATE_RESULTS = ({"DialCallStatus": "busy"}, {"QueueResult": "leave"}, _RECORDING, {"Digits": "1"})
#: The ``CallStatus`` of webhooks after the end of a call.
FINAL_STATUSES = ("completed", "failed", "no-answer")


def every_outcome_is_answered(plugin: CheckedPlugin, start: str, language: str) -> None:
    """Check that each webhook gets a valid response, that no handler fails, and that each call can end.

    :param plugin: the plugin.
    :param start: the state in which the calls begin: a name from ``CheckedPlugin.starts``.
    :param language: the language of the calls.
    """
    where = f"{plugin.where(start)} in {language}"
    with plugin.phone(start, language=language) as phone, record_plugin_errors() as errors:
        examined = examine(phone.simulator, depth=MAX_DEPTH, max_calls=MAX_CALLS, position=phone.position)
        for problem in examined.problems:
            actions = ", ".join(map(str, problem.actions)) or "none"
            raise ConformanceError(f"{where}, after the actions {actions}: {problem.message}", hint=problem.hint)
        refuse_errors(f"{where} failed in a call", errors, plugin)
        runner = WebhookRunner(phone)
        first = runner.start_call()
        _refuse_much_data(where, first)
        for params in webhooks_for(phone, first.waiting_verb):
            webhook = describe_webhook(params)
            _refuse_much_data(f"{where}, {webhook}", runner.run(first.session, params))
            call = phone.call()
            # The simulator does not play Pay, Refer and Connect. After these verbs only the runner sends the webhook.
            if call.waiting is not None:
                call.verb_ends_with(**params)
            for warning in call.warnings:
                raise ConformanceError(f"{where}, {webhook}: {warning.what}", hint=warning.hint)
            refuse_errors(f"{where} failed for {webhook}", errors, plugin)
        _refuse_trap(where, phone, start)


def webhooks_for(phone: Phone, waiting_verb: str | None) -> Iterator[dict[str, str]]:
    """Yield the parameters of each webhook that Twilio may send next in a call.

    :param phone: a phone that calls the phone tree.
    :param waiting_verb: the TwiML verb that Twilio runs, such as ``Gather``, or ``None`` if the call has ended. A call
        that has ended gets no webhooks.
    """
    if waiting_verb is None:
        return
    results = VERB_RESULTS[waiting_verb]
    yield from results
    yield from (params for params in LATE_RESULTS if params not in results)
    yield from ({"CallStatus": status, **params} for status in FINAL_STATUSES for params in results[:2])
    states = phone.host.loaded.flow.states.values()
    yield from (
        {"Digits": key} for key in dict.fromkeys(key for each in states for key in each.routes) if is_key_sequence(key)
    )
    vocabularies = (localized.vocabulary for each in states for localized in each.localized.values())
    phrases = (phrase for vocabulary in vocabularies for phrase in vocabulary.phrases.keys)
    yield from ({"SpeechResult": phrase, "Confidence": "0.9"} for phrase in dict.fromkeys(phrases))


def _refuse_much_data(where: str, result: WebhookResult) -> None:
    size = len(json.dumps(result.data))
    if size > MAX_DATA:
        raise ConformanceError(
            f"{where}: handlers must keep at most {MAX_DATA} bytes in call.data, not {size}",
            hint="keep only the key of the data, such as an account number",
        )


def _refuse_trap(where: str, phone: Phone, start: str) -> None:
    """Press an invalid key again and again, and raise an error if only the setting ``max_turns`` ends the call.

    In such a call the invalid keys are not counted as failures, so the caller is trapped. States without a menu option
    are not checked.

    :raises ConformanceError: if the caller is trapped.
    """
    compiled = phone.host.loaded.flow.states.get(start)
    if compiled is not None and not compiled.state.menu_options:
        return
    call, presses = phone.call(), 0
    while call.waiting is not None and call.waiting.activity == "gather":
        call.press("*")
        presses += 1
    if presses >= phone.host.settings.max_turns - 1:
        raise ConformanceError(
            f"{where}: a caller who repeats a wrong key is asked {presses} times, because no failure is counted",
            hint="remove otherwise, or let it lead elsewhere; a function exit counts a failure if it returns SAME",
        )
