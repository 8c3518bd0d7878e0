"""The TwiML that the callee of a ``Dial`` hears before the caller is connected: the whisper."""

from __future__ import annotations

from collections.abc import Mapping

from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.flow.compile.fragments import quote_attribute
from ivrkit.flow.compile.twiml import EMPTY_RESPONSE, HANGUP, document
from ivrkit.flow.compile.whisper import attempt_url

#: How many times a callee is asked to take the call.
MAX_ATTEMPTS = 2
#: How long a callee has to press the key, in seconds.
ACCEPT_SECONDS = 7


def answer_whisper(flow: CallFlow, query: Mapping[str, str], digits: str) -> bytes:
    """Return the TwiML document for a callee who has picked up.

    Twilio connects both parties at the end of the document, unless the document hangs up.

    :param flow: the compiled states.
    :param query: the query parameters in the URL that :func:`whisper_url` or :func:`attempt_url` returned.
    :param digits: the keys that the callee pressed.
    :returns: a document with the whisper, a document that hangs up, or an empty document to connect at once.
    """
    compiled = flow.states.get(query.get("state", ""))
    if compiled is None or compiled.state.whisper is None:
        # A deploy has removed the state or its whisper. Connect, so that the caller does not lose the call.
        return EMPTY_RESPONSE
    language, accept = flow.closest_language(query.get("language", "")), compiled.state.whisper.accept
    prompts = compiled.localized[language].whisper or b""
    if accept is None:
        return document([prompts])
    attempt = query.get("attempt", "0")
    # Keys of the first request were pressed before the callee was asked.
    if attempt != "0" and digits == accept:
        return EMPTY_RESPONSE
    if attempt not in map(str, range(MAX_ATTEMPTS)):
        return document([HANGUP])
    action = attempt_url(compiled.name, language, int(attempt) + 1, flow.config.connection_overrides)
    attributes = f'action={quote_attribute(action)} numDigits="{len(accept)}" timeout="{ACCEPT_SECONDS}" finishOnKey=""'
    return document([f'<Gather {attributes} actionOnEmptyResult="true">'.encode(), prompts, b"</Gather>"])
