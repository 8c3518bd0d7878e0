"""The numbers and addresses of callers and called parties, normalized so that they can be compared.

Twilio sends a phone number in E.164, ``client:NAME``, ``sip:USER@HOST``, a word for a caller who withholds the number,
or any other text from the phone network (https://www.twilio.com/docs/voice/twiml#request-parameters).
"""

from __future__ import annotations

import re

from ivrkit.errors import nearest

#: The one word for all callers who withhold their number.
ANONYMOUS = "anonymous"
#: A phone number in E.164 (https://www.twilio.com/docs/glossary/what-e164).
E164 = re.compile(r"\+[1-9]\d{1,14}")

#: The words that networks send in place of a number.
_WITHHELD_WORDS = (ANONYMOUS, "blocked", "private", "restricted", "unavailable", "unknown", "withheld")
_KEYPAD = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
#: The same words as numbers: some networks send ``+266696687``, which spells "anonymous" on a telephone's keys.
_WITHHELD_NUMBERS = frozenset("+" + word.translate(_KEYPAD) for word in _WITHHELD_WORDS)
_ANONYMOUS_IDS = frozenset((*_WITHHELD_WORDS, *_WITHHELD_NUMBERS))


def normalize_caller_id(number: str) -> str:
    """Return Twilio's parameter ``From`` or ``To`` in a normalized form, so that numbers and addresses can be compared.

    :param number: the value of the parameter. Any text is accepted.
    :returns: ``anonymous`` for every word or number that stands for a withheld number; a client or SIP address with
        scheme and host in small letters; otherwise the value without spaces at its ends.
    """
    number = number.strip()
    if number.casefold() in _ANONYMOUS_IDS:
        return ANONYMOUS
    scheme, colon, address = number.partition(":")
    if not colon:
        return number
    user, at, host = address.rpartition("@")
    if scheme.casefold() == "sip" and user.casefold() == ANONYMOUS:
        return ANONYMOUS
    return f"{scheme.casefold()}:{user}{at}{host.casefold() if at else host}"


def is_phone_number(number: str) -> bool:
    """Return whether Twilio's parameter ``From`` or ``To`` is a phone number that can be shown to a callee."""
    return E164.fullmatch(number) is not None and number not in _WITHHELD_NUMBERS


def nearest_withheld_word(word: str) -> str:
    """Return the words ", did you mean 'anonymous'?" for a misspelled word for a withheld number.

    :param word: the misspelled word.
    :returns: the words with the most similar known word, or ``""`` if no known word is similar.
    """
    return nearest(word.casefold(), _WITHHELD_WORDS)
