"""The URL and the prompts of a whisper: https://www.twilio.com/docs/voice/twiml/number#attributes-url.

Twilio requests the whisper for the call to the callee, while the caller's call still waits in its ``Dial``. The call
to the callee has another CallSid, so the whisper has no session. The URL of the whisper contains the state, the
language and the number of the attempt. :mod:`ivrkit.flow.run.whisper` answers the request.
"""

from __future__ import annotations

from urllib.parse import urlencode

from twilio.twiml import TwiML

from ivrkit.flow.compile.languages import Language
from ivrkit.flow.compile.twiml import WEBHOOK_ACTION, with_connection_overrides
from ivrkit.flow.model.prompts import Whisper

#: The path of whispers, below the path of the webhook.
WHISPER_PATH = "whisper"


def whisper_url(state: str, language: str, overrides: str = "") -> str:
    """Return the URL of a state's whisper in one language, relative to the URL of the webhook.

    :param state: the name of the state.
    :param language: the language of the call.
    :param overrides: Twilio's connection overrides for the URL, or ``""`` for Twilio's defaults.
    """
    return _with_query(f"{WEBHOOK_ACTION}/{WHISPER_PATH}", overrides, state=state, language=language)


def attempt_url(state: str, language: str, attempt: int, overrides: str = "") -> str:
    """Return the URL to which Twilio sends the key that a callee presses, relative to the URL of the whisper.

    :param state: the name of the state.
    :param language: the language of the call.
    :param attempt: how many times the callee was asked to take the call, from 1.
    :param overrides: Twilio's connection overrides for the URL, or ``""`` for Twilio's defaults.
    """
    return _with_query(WHISPER_PATH, overrides, state=state, language=language, attempt=attempt)


def _with_query(path: str, overrides: str, **query: object) -> str:
    """Return a URL whose query parameters are sorted by name.

    Twilio signs the URL. Some implementations of the signature sort the query parameters before, and others do not. If
    the parameters are already sorted, both signatures are equal.
    """
    return with_connection_overrides(f"{path}?{urlencode(sorted(query.items()))}", overrides)


def whisper_prompts(whisper: Whisper, language: Language) -> list[str | TwiML]:
    """Return the prompts of a whisper. If the callee must press a key, the last prompt asks for this key."""
    if whisper.accept is None:
        return [*whisper.texts]
    key = language.texts.spell_keys(whisper.accept)
    return [*whisper.texts, language.texts.accept.format(key=key)]
