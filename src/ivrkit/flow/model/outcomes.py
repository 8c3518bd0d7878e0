"""Outcomes: the result of a verb, as one word such as ``no-input`` or ``busy``, or as the keys that were pressed.

Twilio's request parameters contain the result. The page of each verb below https://www.twilio.com/docs/voice/twiml
describes the parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ivrkit.flow.model.call import RINGING
from ivrkit.flow.model.speech import Vocabulary, normalize_phrase

NO_INPUT = "no-input"
NO_MATCH = "no-match"
#: The outcome of a Record without a sound.
NO_MESSAGE = "no-message"

#: Waiting verb -> its named outcomes. A Gather also has key sequences.
VERB_OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "Gather": (NO_MATCH, NO_INPUT),
    "Dial": ("answered", "busy", "no-answer", "failed", "canceled", "declined"),
    "Enqueue": ("bridged", "leave", "hangup", "queue-full", "failed"),
    "Record": ("recorded", NO_MESSAGE),
    "Pay": ("ended",),
    "Refer": ("ended",),
    "Connect": ("ended",),
}

#: All named outcomes.
NAMED_OUTCOMES = tuple(dict.fromkeys(outcome for outcomes in VERB_OUTCOMES.values() for outcome in outcomes))

#: The outcomes after which a call has reached its purpose. Without a row they lead to the goodbye.
SUCCESSFUL_OUTCOMES = frozenset({"answered", "bridged", "recorded", "ended"})

#: One or more keys of a telephone.
KEY_SEQUENCE = re.compile(r"[0-9*#]+")

#: Parameter -> the verb that sends it. A request with one of these is about that verb only.
_VERBS_BY_PARAMETER = {
    "DialCallStatus": "Dial",
    "QueueResult": "Enqueue",
    "RecordingUrl": "Record",
    "RecordingSid": "Record",
    "ReferCallStatus": "Refer",
    "ReferSipResponseCode": "Refer",
    "Result": "Pay",
}

#: DialCallStatus -> outcome (https://www.twilio.com/docs/voice/twiml/dial#dialcallstatus).
_DIAL_OUTCOMES = {
    "completed": "answered",
    "answered": "answered",
    "busy": "busy",
    "no-answer": "no-answer",
    "failed": "failed",
    "canceled": "canceled",
}

#: QueueResult -> outcome (https://www.twilio.com/docs/voice/twiml/enqueue#attributes-action).
_QUEUE_OUTCOMES = {
    "bridged": "bridged",
    "bridging-in-process": "bridged",
    "redirected": "bridged",
    "redirected-from-bridged": "bridged",
    "leave": "leave",
    "hangup": "hangup",
    "queue-full": "queue-full",
    "error": "failed",
    "system-error": "failed",
}


def is_key_sequence(value: object) -> bool:
    """Return whether a value is a string of one or more keys of a telephone: ``0-9``, ``*`` and ``#``."""
    return isinstance(value, str) and KEY_SEQUENCE.fullmatch(value) is not None


def read_outcome(waiting_verb: str | None, params: Mapping[str, str], vocabulary: Vocabulary) -> str | None:
    """Return the outcome of the verb that a call waits with.

    :param waiting_verb: the name of the verb, or ``None`` if the call does not wait.
    :param params: the request parameters of the webhook.
    :param vocabulary: the words that a caller can say in the state.
    :returns: a named outcome, such as ``busy``. For a ``Gather``, also the keys that were pressed, or the key that
        the caller said. ``None`` if the call does not wait, or if the request is not about the verb.
    """
    if waiting_verb is None:
        return None
    verbs = {_VERBS_BY_PARAMETER[name] for name in _VERBS_BY_PARAMETER if name in params}
    # Connect and Gather send no parameter that is always there, so any other verb's parameter excludes them.
    if waiting_verb == "Connect":
        return None if verbs else "ended"
    if waiting_verb == "Gather":
        return None if verbs else _gather_outcome(params, vocabulary)
    if waiting_verb == "Record":
        return None if verbs - {"Record"} else _record_outcome(params)
    if waiting_verb not in verbs:
        return None
    if waiting_verb == "Dial":
        return _dial_outcome(params["DialCallStatus"], params.get("DialBridged", ""))
    if waiting_verb == "Enqueue":
        return _QUEUE_OUTCOMES.get(params["QueueResult"], "failed")
    return VERB_OUTCOMES[waiting_verb][0]


def _gather_outcome(params: Mapping[str, str], vocabulary: Vocabulary) -> str:
    """Return the outcome of a ``Gather``.

    :returns: the keys that were pressed, the key that the caller said, ``no-match`` or ``no-input``.
    """
    digits = params.get("Digits", "").strip()
    if digits:
        return digits if KEY_SEQUENCE.fullmatch(digits) else NO_MATCH
    speech = params.get("SpeechResult", "")
    return vocabulary.key_of(speech) or (NO_MATCH if normalize_phrase(speech) else NO_INPUT)


def _record_outcome(params: Mapping[str, str]) -> str | None:
    """Return the outcome of a ``Record``.

    Twilio's pages disagree about an empty recording. By the current page, Twilio requests the ``action`` with a
    duration of 0 seconds. By an older page, Twilio goes on to the next verb, which is a ``Redirect`` to the webhook.
    The request of the ``Redirect`` has no parameters about a recording or an input.

    :returns: ``recorded``, ``no-message`` for an empty recording, or ``None`` for a request that has other input.
    """
    if "RecordingUrl" in params or "RecordingSid" in params:
        return NO_MESSAGE if params.get("RecordingDuration", "").strip() == "0" else "recorded"
    # A copy of the first webhook, which still rings, or of a webhook with input led to the recording.
    is_earlier = params.get("CallStatus") == RINGING or "Digits" in params or "SpeechResult" in params
    return None if is_earlier else NO_MESSAGE


def _dial_outcome(status: str, bridged: str) -> str:
    """Return the outcome of a ``Dial``. If the callee picked up but did not accept the call, it is ``declined``.

    :param status: the request parameter ``DialCallStatus``.
    :param bridged: the request parameter ``DialBridged``, or ``""``.
    """
    if status == "completed" and bridged == "false":
        return "declined"
    return _DIAL_OUTCOMES.get(status, "failed")
