"""The attributes that ivrkit adds to a ``Dial`` and its nouns: https://www.twilio.com/docs/voice/twiml/dial."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

#: The nouns of a ``Dial`` that take a whisper (https://www.twilio.com/docs/voice/twiml/number#attributes-url).
WHISPER_NOUNS = frozenset({"Number", "Client", "Sip"})


def write_whisper(dial: ElementTree.Element, url: str) -> bool:
    """Add the URL of a whisper to the nouns of a ``Dial`` that have no other URL.

    :returns: whether at least one noun now has the URL of the whisper.
    """
    # A number that is the text of the Dial has no place for an attribute, so it becomes a noun.
    if dial.text and not len(dial):
        ElementTree.SubElement(dial, "Number").text = dial.text
        dial.text = None
    nouns = [noun for noun in dial if noun.tag in WHISPER_NOUNS and "url" not in noun.attrib]
    for noun in nouns:
        noun.set("url", url)
    return bool(nouns)


def write_time_limit(dial: ElementTree.Element, seconds: int | None) -> None:
    """Add a ``timeLimit`` to a ``Dial`` that has none. Without this attribute, Twilio lets a talk last four hours.

    :param seconds: the time limit in seconds, or ``None`` to add nothing.
    """
    if seconds is not None and "timeLimit" not in dial.attrib:
        dial.set("timeLimit", str(seconds))


def caller_id_position(elements: Sequence[ElementTree.Element], fragments: Sequence[bytes]) -> int | None:
    """Return the index in rendered TwiML at which a ``callerId`` can be inserted in a ``Dial``.

    :param elements: the verbs as XML elements.
    :param fragments: the rendered TwiML of each element. The index is for the joined fragments.
    :returns: the index, or ``None`` if no ``Dial`` needs a ``callerId``. A ``Dial`` that rings only clients or SIP
        addresses needs no ``callerId``.
    """
    for index, element in enumerate(elements):
        if element.tag == "Dial" and "callerId" not in element.attrib and _rings_phone_number(element):
            return len(b"".join(fragments[:index])) + len("<Dial")
    return None


def _rings_phone_number(dial: ElementTree.Element) -> bool:
    return bool((dial.text or "").strip()) or dial.find("Number") is not None
