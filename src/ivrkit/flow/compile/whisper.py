"""What whoever is dialled hears before both talk: https://www.twilio.com/docs/voice/twiml/number#attributes-url.

Twilio asks for it in a call of its own, that of whoever was dialled: with another CallSid, and while the caller's call
waits in its ``Dial``. So nothing of it is kept: the address says what is whispered, and how often it was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from xml.sax.saxutils import quoteattr

from twilio.twiml import TwiML

from ivrkit.flow.compile.languages import Language
from ivrkit.flow.compile.twiml import EMPTY_RESPONSE, HANGUP, WEBHOOK_ACTION, document, with_connection_overrides
from ivrkit.flow.model.prompts import Whisper

if TYPE_CHECKING:
    from ivrkit.flow.compile.call_flow import CallFlow

#: The last part of the address, below that of the webhook.
WHISPER_PATH = "whisper"
#: How often whoever picked up is asked to take the call.
MAX_ATTEMPTS = 2
#: How long they have for the key, in seconds.
ACCEPT_SECONDS = 7


def whisper_url(state: str, language: str, overrides: str = "") -> str:
    """Return the address of a state's whisper in a language, from any document that the flow serves.

    :param state: its name.
    :param language: that of the call.
    :param overrides: the connection overrides of the address, ``""`` for none.
    """
    return with_connection_overrides(f"{WEBHOOK_ACTION}/{_address(state, language)}", overrides)


def _address(state: str, language: str, **more: str) -> str:
    return f"{WHISPER_PATH}?{urlencode({'state': state, 'language': language, **more})}"


def whisper_prompts(whisper: Whisper, language: Language) -> list[str | TwiML]:
    """Return what is whispered, with the sentence that asks for the key."""
    if whisper.accept is None:
        return [*whisper.texts]
    return [*whisper.texts, language.texts.accept.format(key=language.texts.spell_keys(whisper.accept))]


def answer_whisper(flow: CallFlow, address: Mapping[str, str], digits: str) -> bytes:
    """Answer the call of whoever picked up.

    :param flow: the compiled states.
    :param address: the parameters of :func:`whisper_url`, and how often they were asked.
    :param digits: what they pressed.
    :returns: a document that connects the caller when it runs out, or hangs up. For a state that is gone, or whispers
        no more, it connects: a release in between is not to cost a call.
    """
    compiled = flow.states.get(address.get("state", ""))
    if compiled is None or compiled.state.whisper is None:
        return EMPTY_RESPONSE
    language, accept = flow.closest_language(address.get("language", "")), compiled.state.whisper.accept
    words = compiled.localized[language].whisper or b""
    if accept is None:
        return document([words])
    asked = address.get("asked", "0")
    if asked != "0" and digits == accept:
        return EMPTY_RESPONSE
    if asked not in map(str, range(MAX_ATTEMPTS)):
        return document([HANGUP])
    again = _address(compiled.name, language, asked=str(int(asked) + 1))
    action = with_connection_overrides(again, flow.config.connection_overrides)
    attributes = f'action={quoteattr(action)} numDigits="{len(accept)}" timeout="{ACCEPT_SECONDS}" finishOnKey=""'
    return document([f'<Gather {attributes} actionOnEmptyResult="true">'.encode(), words, b"</Gather>"])
