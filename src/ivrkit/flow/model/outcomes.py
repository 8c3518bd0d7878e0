"""What a webhook says happened, as one word.

The parameters are Twilio's: https://www.twilio.com/docs/voice/twiml and the page of each verb below it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

NO_INPUT = "no-input"
NO_MATCH = "no-match"

#: The outcomes of each waiting verb, besides the key sequences of a Gather.
VERB_OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "Gather": (NO_MATCH, NO_INPUT),
    "Dial": ("answered", "busy", "no-answer", "failed", "canceled", "declined"),
    "Enqueue": ("bridged", "leave", "hangup", "queue-full", "failed"),
    "Record": ("recorded",),
    "Pay": ("ended",),
    "Refer": ("ended",),
    "Connect": ("ended",),
}

#: Every outcome that has a name of its own.
NAMED_OUTCOMES = tuple(dict.fromkeys(word for words in VERB_OUTCOMES.values() for word in words))

#: The outcomes after which a call has had what it came for.
SUCCESSFUL_OUTCOMES = frozenset({"answered", "bridged", "recorded", "ended"})

#: One or more keys of a telephone.
KEY_SEQUENCE = re.compile(r"[0-9*#]+")


def is_key_sequence(value: object) -> bool:
    """Return whether a value is one or more keys of a telephone, as a string."""
    return isinstance(value, str) and KEY_SEQUENCE.fullmatch(value) is not None


#: A request that carries one of these is about that verb and no other.
_MARKS = {
    "DialCallStatus": "Dial",
    "QueueResult": "Enqueue",
    "RecordingUrl": "Record",
    "RecordingSid": "Record",
    "ReferCallStatus": "Refer",
    "ReferSipResponseCode": "Refer",
    "Result": "Pay",
}

#: https://www.twilio.com/docs/voice/twiml/dial#dialcallstatus
_DIAL = {
    "completed": "answered",
    "answered": "answered",
    "busy": "busy",
    "no-answer": "no-answer",
    "failed": "failed",
    "canceled": "canceled",
}

#: https://www.twilio.com/docs/voice/twiml/enqueue#attributes-action
_QUEUE = {
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


def read_outcome(waiting_verb: str | None, params: Mapping[str, str], phrases: Mapping[str, str]) -> str | None:
    """Return what happened to the verb that the call waiting_verb with, or ``None`` when the request is not about it.

    :param waiting_verb: the name of the waiting verb, ``None`` when the call waiting_verb for nothing.
    :param params: the parameters of the webhook.
    :param phrases: spoken phrase (folded by :func:`normalize_phrase`) -> the key that it stands for.
    :returns: an outcome of the verb; for a Gather also the key sequence that was pressed or stood for.
    """
    if waiting_verb is None:
        return None
    marks = {_MARKS[name] for name in _MARKS if name in params}
    if waiting_verb == "Connect":
        return None if marks else "ended"
    if waiting_verb == "Gather":
        return None if marks else _gathered(params, phrases)
    if waiting_verb not in marks:
        return None
    if waiting_verb == "Dial":
        return _dialled(params["DialCallStatus"], params.get("DialBridged", ""))
    if waiting_verb == "Enqueue":
        return _QUEUE.get(params["QueueResult"], "failed")
    return VERB_OUTCOMES[waiting_verb][0]


def normalize_phrase(phrase: str) -> str:
    """Return a phrase as it is compared: no case, no punctuation, single blanks."""
    return " ".join(re.sub(r"[^\w\s]", " ", phrase.casefold()).split())


def _gathered(params: Mapping[str, str], phrases: Mapping[str, str]) -> str:
    """Return the keys, the key that the phrase stands for, ``no-match`` or ``no-input``."""
    digits = params.get("Digits", "").strip()
    if digits:
        return digits if KEY_SEQUENCE.fullmatch(digits) else NO_MATCH
    speech = normalize_phrase(params.get("SpeechResult", ""))
    if speech:
        return phrases.get(speech, NO_MATCH)
    return NO_INPUT


def _dialled(status: str, bridged: str) -> str:
    """Return the outcome of a Dial; a callee who picked up and did not accept has declined."""
    if status == "completed" and bridged == "false":
        return "declined"
    return _DIAL.get(status, "failed")
