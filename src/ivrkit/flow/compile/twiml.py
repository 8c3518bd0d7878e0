"""From what a state says to the bytes that Twilio is sent.

twilio's verb objects are never changed: what the flow needs is written with them, from their attributes, texts and
children. How Twilio executes a document: https://www.twilio.com/docs/voice/twiml.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from twilio.twiml import GenericNode, TwiML
from twilio.twiml.voice_response import Say

from ivrkit.errors import FlowError

#: The verbs that ask for a webhook and wait for what comes of it.
WAITING_VERBS = frozenset({"Gather", "Dial", "Enqueue", "Record", "Pay", "Refer", "Connect"})
#: The verbs after which nothing in the document is reached.
ENDING_VERBS = frozenset({"Hangup", "Redirect", "Reject"})
#: The verbs of a voice document; everything else stands inside one of them.
VOICE_VERBS = WAITING_VERBS | ENDING_VERBS | {"Say", "Play", "Pause", "Leave", "Start", "Stop", "Echo", "Sms"}

#: The address of the webhook, from any document that the flow serves, under any mount prefix.
WEBHOOK_ACTION = "webhook"
#: The nouns of a ``Dial`` that can be whispered to (https://www.twilio.com/docs/voice/twiml/number#attributes-url).
WHISPER_NOUNS = frozenset({"Number", "Client", "Sip"})
#: The most bytes that states may say in one answer. Twilio refuses a document of more than 64 kB (error 11750), read
#: here as 64,000 bytes, the smaller of its two meanings; the rest is for the document around it and a goodbye.
MAX_CONTENT_BYTES = 63_000

HANGUP = b"<Hangup />"
EMPTY_RESPONSE = b'<?xml version="1.0" encoding="UTF-8"?><Response />'

#: The characters that the value of an XML attribute cannot hold as they are; ``&`` first, so that it is replaced once.
_REFERENCES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\n": "&#10;",
    "\r": "&#13;",
    "\t": "&#9;",
}

#: What XML 1.0 has no room for (https://www.w3.org/TR/xml/#charsets); Twilio would drop the call over it (12100).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Content:
    """What a state says, rendered.

    :param xml: the verbs, without a ``Response`` around them.
    :param verbs: their names, in order.
    :param waiting_verb: the verb that the call waits with, ``None`` when it waits for nothing.
    :param ends_document: whether nothing that follows in the document would be heard.
    :param verb_attributes: the attributes of that verb, as they are sent.
    :param custom_action: the ``action`` that the author gave the waiting verb, ``None`` for none.
    :param has_whisper: whether somebody who is dialled is whispered to.
    """

    xml: bytes
    verbs: tuple[str, ...]
    waiting_verb: str | None
    ends_document: bool
    verb_attributes: Mapping[str, str]
    custom_action: str | None
    has_whisper: bool = False


@dataclass(frozen=True, slots=True)
class RenderContext:
    """What the flow writes into the verbs of a state, where the author has not.

    :param voice: for a ``Say`` with neither voice nor language; ``None`` for the account's.
    :param language: for a ``Say`` with neither voice nor language, and for a ``Gather`` that listens to speech.
    :param num_digits: for a ``Gather``; ``None`` to leave it to the finish key and the time.
    :param has_routes: whether the state decides what follows, so that silence has to be told as well.
    :param translate: gives the words that are said for a text; ``None`` where each is said as it is written.
    :param whisper_url: the address of what is whispered to whoever is dialled, ``None`` for no whisper.
    :param connection_overrides: those of the flow's action, ``""`` for none.
    """

    voice: str | None = None
    language: str = "en-US"
    num_digits: int | None = None
    has_routes: bool = False
    translate: Callable[[str], str] | None = None
    whisper_url: str | None = None
    connection_overrides: str = ""


def with_connection_overrides(address: str, overrides: str) -> str:
    """Return an address that says how long Twilio waits for it and how often it tries.

    It is said in the fragment, which is neither sent nor signed:
    https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides.

    :param address: the address, without a fragment.
    :param overrides: such as ``rc=1&rp=ct``, ``""`` for what Twilio does by itself.
    """
    return f"{address}#{overrides}" if overrides else address


def to_verbs(said: Any) -> list[TwiML]:
    """Return what an author wrote as a list of verbs; a text becomes a ``Say``, and a blank one nothing.

    :raises FlowError: for anything that is no text, verb or list of these, with the mend.
    """
    if isinstance(said, str):
        return [Say(said)] if said.strip() else []
    if isinstance(said, list | tuple):
        return [verb for each in said for verb in to_verbs(each)]
    if said is None:
        raise FlowError("there is nothing to say: enter gave None", hint="return a text, a verb or a list of these")
    if not isinstance(said, TwiML):
        raise FlowError(f"enter gave {said!r}", hint="return a text, a verb, a list of these, or a Menu")
    if said.name == "Response":
        raise FlowError("enter gave a VoiceResponse", hint="return its verbs: [Say(...), Record(...)]")
    if said.name not in VOICE_VERBS and not isinstance(said, GenericNode):
        raise FlowError(f"enter gave a {said.name}, which is no verb", hint="put it inside the verb that it belongs to")
    return [said]


def render(verbs: Sequence[TwiML], context: RenderContext) -> Content:
    """Return the verbs as bytes, with action, digits, voice and language written where they are missing.

    A waiting verb gets the flow's action when nothing follows it. Where something does, a ``Dial`` and its like get
    none, so that what follows is heard, and a ``Gather`` gets one, because Twilio would ask the current document.
    """
    elements = [verb.xml() for verb in verbs]
    names = tuple(element.tag for element in elements)
    attributes, custom_action, whispers = {}, None, False
    for place, element in enumerate(elements):
        if element.tag in WAITING_VERBS:
            custom_action = element.get("action")
            _write_action(element, context, last=place == len(elements) - 1)
            if element.tag == "Gather":
                _write_gather(element, context)
            elif element.tag == "Dial" and context.whisper_url is not None:
                whispers = _write_whisper(element, context.whisper_url)
            attributes = element.attrib
        for say in element.iter("Say"):
            _write_say(say, context)
        for child in element.iter():
            _leave_out_forbidden(child)
    spoken = [element for element in elements if not _is_silent(element)]
    for element in spoken:
        for silent in [child for child in element if _is_silent(child)]:
            element.remove(silent)
    xml = "".join([ElementTree.tostring(element, encoding="unicode") for element in spoken])
    return Content(
        xml=xml.encode("utf-8"),
        verbs=names,
        waiting_verb=next((name for name in names if name in WAITING_VERBS), None),
        ends_document=not ENDING_VERBS.isdisjoint(names),
        verb_attributes=attributes,
        custom_action=custom_action,
        has_whisper=whispers,
    )


def _is_silent(element: ElementTree.Element) -> bool:
    """Return whether the words of a ``Say`` were looked up and are empty: whoever empties a sentence leaves it out."""
    return element.tag == "Say" and element.text == "" and len(element) == 0


def check_size(size: int) -> None:
    """Refuse what would make an answer too long for Twilio.

    :param size: in bytes.
    :raises FlowError: for more than :data:`MAX_CONTENT_BYTES`.
    """
    if size > MAX_CONTENT_BYTES:
        raise FlowError(
            f"the answer would have {size} bytes, and {MAX_CONTENT_BYTES} are the most",
            hint="say less, or play a recording",
        )


def document(parts: Iterable[bytes]) -> bytes:
    """Return the whole TwiML document that holds the parts."""
    return b'<?xml version="1.0" encoding="UTF-8"?><Response>' + b"".join(parts) + b"</Response>"


def quote_attribute(value: str) -> str:
    """Return a text as the value of an XML attribute, in double quotes.

    ``xml.sax.saxutils.quoteattr`` does the same, but its module loads ``http.client`` and ``ssl``.
    """
    for character, reference in _REFERENCES.items():
        value = value.replace(character, reference)
    return f'"{value}"'


def _write_action(element: ElementTree.Element, context: RenderContext, *, last: bool) -> None:
    if "action" not in element.attrib and (last or element.tag in ("Gather", "Record", "Pay")):
        element.set("action", with_connection_overrides(WEBHOOK_ACTION, context.connection_overrides))
    if element.tag == "Gather" and (last or context.has_routes):
        element.set("actionOnEmptyResult", "true")


def _write_gather(element: ElementTree.Element, context: RenderContext) -> None:
    if context.num_digits is not None and "numDigits" not in element.attrib:
        element.set("numDigits", str(context.num_digits))
    if "speech" in element.get("input", "") and "language" not in element.attrib:
        element.set("language", context.language)


def _write_whisper(dial: ElementTree.Element, url: str) -> bool:
    """Let whoever a ``Dial`` rings hear a whisper; return whether anybody does. A number that is text gets its noun."""
    if dial.text and not len(dial):
        ElementTree.SubElement(dial, "Number").text = dial.text
        dial.text = None
    nouns = [noun for noun in dial if noun.tag in WHISPER_NOUNS and "url" not in noun.attrib]
    for noun in nouns:
        noun.set("url", url)
    return bool(nouns)


def _write_say(say: ElementTree.Element, context: RenderContext) -> None:
    """Give a ``Say`` its voice and language, and the words that are said for those that are written in it."""
    if say.attrib.keys().isdisjoint(("voice", "language")):
        if context.voice is not None:
            say.set("voice", context.voice)
        say.set("language", context.language)
    if context.translate is None:
        return
    for child in say.iter():  # itself, and what marks its speech up
        if child.text is not None:
            child.text = str(context.translate(child.text))
        if child is not say and child.tail is not None:
            child.tail = str(context.translate(child.tail))


def _leave_out_forbidden(element: ElementTree.Element) -> None:
    if element.text is not None:
        element.text = _allowed(str(element.text))
    if element.tail is not None:
        element.tail = _allowed(str(element.tail))
    for name, value in element.items():
        if not value.isprintable():
            element.set(name, _allowed(value))


def _allowed(text: str) -> str:
    return text if text.isprintable() else _FORBIDDEN.sub("", text)
