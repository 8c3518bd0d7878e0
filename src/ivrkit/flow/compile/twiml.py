"""The rendering of prompts and verbs to the bytes of a TwiML document.

Twilio's verb objects are never changed. ivrkit copies their XML elements, and adds attributes to the copies.
How Twilio executes a document: https://www.twilio.com/docs/voice/twiml.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from twilio.twiml import GenericNode, TwiML
from twilio.twiml.voice_response import Say

from ivrkit.errors import FlowError
from ivrkit.flow.compile.dial import caller_id_position, write_time_limit, write_whisper
from ivrkit.flow.compile.fragments import Content
from ivrkit.flow.compile.text_limits import check_hints, split_long_texts
from ivrkit.flow.model.prompts import PROMPT_VERBS
from ivrkit.plugin_errors import describe_value

#: The verbs that request a webhook and wait for its outcome.
WAITING_VERBS = frozenset({"Gather", "Dial", "Enqueue", "Record", "Pay", "Refer", "Connect"})
#: The verbs after which Twilio does not read the document any further.
ENDING_VERBS = frozenset({"Hangup", "Redirect", "Reject"})
#: The verbs of a voice document. All other elements stand inside one of them.
VOICE_VERBS = WAITING_VERBS | ENDING_VERBS | {"Say", "Play", "Pause", "Leave", "Start", "Stop", "Echo", "Sms"}

#: The address of the webhook, relative to every document of the flow. It works below any prefix.
WEBHOOK_ACTION = "webhook"
#: The maximum size of all states in one response. Twilio refuses a document of more than 64 kB (error 11750), which is
#: read here as 64,000 bytes, the smaller one of its two meanings. The rest is for the document itself and a goodbye.
MAX_CONTENT_BYTES = 63_000
#: The maximum size of a whole document.
MAX_DOCUMENT_BYTES = 64_000

HANGUP = b"<Hangup />"
EMPTY_RESPONSE = b'<?xml version="1.0" encoding="UTF-8"?><Response />'

#: The characters that XML 1.0 does not allow (https://www.w3.org/TR/xml/#charsets). Twilio would end the call (12100).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: A name without a namespace (https://www.w3.org/TR/xml-names/), in ASCII as all of Twilio's, or such as ``xml:lang``.
_XML_NAME = re.compile(r"(?:xml:)?[A-Za-z_][A-Za-z0-9_.-]*")
_NAME_HINT = "use the names of Twilio's documentation: letters, digits, - and _"


@dataclass(frozen=True, slots=True)
class RenderContext:
    """The default attributes of verbs. An attribute that the state's author sets has priority.

    :param voice: the voice of a ``Say`` with neither voice nor language, or ``None`` for the account's voice.
    :param language: the language of a ``Say`` with neither voice nor language, and of a ``Gather`` for speech.
    :param num_digits: the ``numDigits`` of a ``Gather``, or ``None`` for no maximum number of keys.
    :param has_routes: whether the exit of the state is a table or a function. Twilio must then report silence, too.
    :param translate: a function that translates a text, or ``None`` to say every text as it is written.
    :param whisper_url: the URL of the state's whisper, or ``None`` if the state has no whisper.
    :param connection_overrides: Twilio's connection overrides for the webhook URL, or ``""`` for Twilio's defaults.
    :param dial_time_limit: the ``timeLimit`` of a ``Dial`` in seconds, or ``None`` for Twilio's four hours.
    """

    voice: str | None = None
    language: str = "en-US"
    num_digits: int | None = None
    has_routes: bool = False
    translate: Callable[[str], str] | None = None
    whisper_url: str | None = None
    connection_overrides: str = ""
    dial_time_limit: int | None = None


def with_connection_overrides(address: str, overrides: str) -> str:
    """Return a URL with Twilio's connection overrides, which set the timeouts and retries of Twilio's requests.

    The overrides are the fragment of the URL, which Twilio neither sends nor signs:
    https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides.

    :param address: the URL, without a fragment.
    :param overrides: the overrides, such as ``rc=1&rp=ct``, or ``""`` for Twilio's defaults.
    """
    return f"{address}#{overrides}" if overrides else address


def to_verbs(content: Any) -> list[TwiML]:
    """Return the content of a state as a list of verbs. A text becomes a ``Say``. A blank text is left out.

    :param content: a text, a verb, or a list of texts and verbs.
    :raises FlowError: if the content is anything else.
    """
    if isinstance(content, str):
        return [Say(content)] if content.strip() else []
    if isinstance(content, list | tuple):
        return [verb for each in content for verb in to_verbs(each)]
    if not isinstance(content, TwiML):
        raise FlowError(
            f"enter must give a text, a verb, a list of these, or a Menu, not {describe_value(content)}",
            hint="write a prompt; a function must return one from every branch",
        )
    if content.name == "Response":
        raise FlowError(
            "enter must give verbs, not a VoiceResponse", hint="give the verbs alone: [Say(...), Record(...)]"
        )
    if content.name not in VOICE_VERBS and not isinstance(content, GenericNode):
        raise FlowError(
            f"enter must give verbs, and {content.name} is not one", hint="put it inside the verb that it belongs to"
        )
    return [content]


def render(verbs: Sequence[TwiML], context: RenderContext) -> Content:
    """Return the TwiML of verbs, after adding the attributes that the state's author has not set.

    1. A waiting verb at the end of the content gets the webhook as its ``action``, so that the exit chooses the next
       state. A waiting verb before other verbs gets no ``action``, so that the other verbs are heard. ``Gather``,
       ``Record`` and ``Pay`` always get an ``action``, because without it Twilio requests the current document again.
       A ``Record`` at the end is followed by a ``Redirect`` to the webhook, because Twilio plays the next verb after an
       empty recording if it does not request the action.
    2. A ``Gather`` gets the number of digits and, for speech, the language. A ``Dial`` gets the time limit, and its
       nouns get the URL of the whisper.
    3. Every ``Say`` gets voice and language, and its texts are translated.
    4. Characters that XML does not allow are left out, and so is a ``Say`` without text. A ``Say`` that is too long for
       its voice becomes several.

    :param verbs: the verbs. The objects themselves are not changed.
    :param context: the default attributes.
    :raises FlowError: if a text or a hint is longer than Twilio accepts.
    """
    elements = [verb.xml() for verb in verbs]
    names = tuple(element.tag for element in elements)
    attributes, custom_action, has_whisper = {}, None, False
    for index, element in enumerate(elements):
        if element.tag in WAITING_VERBS:
            custom_action = element.get("action")
            _write_action(element, context, last=index == len(elements) - 1)
            if element.tag == "Gather":
                _write_gather(element, context)
            elif element.tag == "Dial":
                write_time_limit(element, context.dial_time_limit)
                has_whisper = context.whisper_url is not None and write_whisper(element, context.whisper_url)
            attributes = element.attrib
        for say in element.iter("Say"):
            _write_say(say, context)
        for child in element.iter():
            _check_names(child)
            _remove_forbidden(child)
    if names and names[-1] == "Record":
        elements.append(_redirect(context))
    audible = [element for element in elements if not _is_empty_say(element)]
    for element in audible:
        for empty in [child for child in element if _is_empty_say(child)]:
            element.remove(empty)
    audible = split_long_texts(audible, context.language)
    pieces = [ElementTree.tostring(element, encoding="unicode").encode() for element in audible]
    last = max((index for index, element in enumerate(audible) if not _is_prompt(element)), default=-1)
    return Content(
        xml=b"".join(pieces),
        prompts_start=sum(map(len, pieces[: last + 1])),
        verbs=names,
        waiting_verb=next((name for name in names if name in WAITING_VERBS), None),
        ends_document=not ENDING_VERBS.isdisjoint(names),
        verb_attributes=attributes,
        custom_action=custom_action,
        has_whisper=has_whisper,
        caller_id_position=caller_id_position(audible, pieces),
    )


def check_size(size: int) -> None:
    """Raise an error if the content of a response is too long for Twilio.

    :param size: the size of the content in bytes.
    :raises FlowError: if the size is more than :data:`MAX_CONTENT_BYTES`.
    """
    if size > MAX_CONTENT_BYTES:
        raise FlowError(
            f"the response must have at most {MAX_CONTENT_BYTES} bytes, not {size}",
            hint="say less, or play a recording",
        )


def document(fragments: Iterable[bytes]) -> bytes:
    """Return a whole TwiML document that contains rendered verbs.

    :param fragments: the rendered verbs, in order.
    """
    return b'<?xml version="1.0" encoding="UTF-8"?><Response>' + b"".join(fragments) + b"</Response>"


def _write_action(element: ElementTree.Element, context: RenderContext, *, last: bool) -> None:
    if "action" not in element.attrib and (last or element.tag in ("Gather", "Record", "Pay")):
        element.set("action", with_connection_overrides(WEBHOOK_ACTION, context.connection_overrides))
    # Without this attribute, silence would go on with the next verb, or end the document.
    if element.tag == "Gather" and (last or context.has_routes):
        element.set("actionOnEmptyResult", "true")


def _redirect(context: RenderContext) -> ElementTree.Element:
    """Return a ``Redirect`` to the webhook."""
    redirect = ElementTree.Element("Redirect")
    redirect.text = with_connection_overrides(WEBHOOK_ACTION, context.connection_overrides)
    return redirect


def _write_gather(element: ElementTree.Element, context: RenderContext) -> None:
    if context.num_digits is not None and "numDigits" not in element.attrib:
        element.set("numDigits", str(context.num_digits))
    if "speech" in element.get("input", "") and "language" not in element.attrib:
        element.set("language", context.language)
    check_hints(element.get("hints", ""), context.language)


def _write_say(say: ElementTree.Element, context: RenderContext) -> None:
    """Translate the texts of a ``Say``. Add voice and language if the ``Say`` has neither."""
    # An author who writes only one of both relies on Twilio's choice of the other.
    if say.attrib.keys().isdisjoint(("voice", "language")):
        if context.voice is not None:
            say.set("voice", context.voice)
        say.set("language", context.language)
    if context.translate is None:
        return
    # The Say itself, and the SSML elements in it. A tail is the text behind an element.
    for child in say.iter():
        if child.text is not None:
            child.text = str(context.translate(child.text))
        if child is not say and child.tail is not None:
            child.tail = str(context.translate(child.tail))


def _is_prompt(element: ElementTree.Element) -> bool:
    """Return whether a verb can stand inside a ``Gather``. A ``Play`` that sends keys cannot."""
    return element.tag in PROMPT_VERBS and "digits" not in element.attrib


def _is_empty_say(element: ElementTree.Element) -> bool:
    """Return whether an element is a ``Say`` without text. A translation may be empty to leave a sentence out."""
    return element.tag == "Say" and element.text == "" and len(element) == 0


def _check_names(element: ElementTree.Element) -> None:
    """Raise an error if the name of an element or of one of its attributes is not a name of XML.

    The XML library writes such names as they are. Twilio would refuse the document and end the call (12100).
    """
    if not _is_xml_name(element.tag):
        message = f"the name of an element must be a name of XML, not {describe_value(element.tag)}"
        raise FlowError(message, hint=_NAME_HINT)
    for name in element.attrib:
        if not _is_xml_name(name):
            message = f"the name of an attribute of {element.tag} must be a name of XML, not {describe_value(name)}"
            raise FlowError(message, hint=_NAME_HINT)


@lru_cache(maxsize=1024)  # few names, checked for every element of every response
def _is_xml_name(name: object) -> bool:
    return isinstance(name, str) and _XML_NAME.fullmatch(name) is not None


def _remove_forbidden(element: ElementTree.Element) -> None:
    """Remove the characters that XML does not allow from the texts and attributes of an element."""
    if element.text is not None:
        element.text = _allowed(str(element.text))
    if element.tail is not None:
        element.tail = _allowed(str(element.tail))
    for name, value in element.items():
        if not value.isprintable():
            element.set(name, _allowed(value))


def _allowed(text: str) -> str:
    # Printable characters are allowed. This saves the regular expression for almost every text.
    return text if text.isprintable() else _FORBIDDEN.sub("", text)
