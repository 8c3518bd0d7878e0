"""Twilio's limits for spoken texts and for hints.

Twilio does not speak a text that is too long: https://www.twilio.com/docs/api/errors/13521. It does not use a hint that
is too long: https://www.twilio.com/docs/voice/twiml/gather#hints. A long text is split at the ends of its sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote_plus
from xml.etree import ElementTree

from ivrkit.errors import FlowError

#: The start of a voice's name -> the maximum length of a text in bytes of UTF-8.
_MAX_TEXT = {"Polly": 3000, "Google": 5000}
#: The maximum length for the voices ``man``, ``woman`` and ``alice``.
_MAX_BASIC_TEXT = 4096
#: The maximum length without a voice. The account's default voice can be any voice, so this is the lowest limit.
_MAX_UNKNOWN_TEXT = 3000
#: The maximum length of a text as it is encoded in a URL, for every voice.
_MAX_ENCODED_TEXT = 4500
#: Any text of this length is within all limits, because a byte becomes at most three characters of a URL.
_SHORT_TEXT = 1000
#: The maximum number of the hints of a ``Gather``, and the maximum length of each.
MAX_HINTS, MAX_HINT = 500, 100

#: The end of a sentence: a mark, perhaps a closing quotation mark or bracket, and a space; or the end of a line. The
#: second line has the marks of Chinese and Japanese, which have no space behind them.
_SENTENCE_END = re.compile(
    "[.!?\u2026\u0964\u061f]+[\"'\u201d\u2019\u00bb)\\]]*\\s+|[\u3002\uff01\uff1f]+[\u300d\u300f]?|\\n+"
)


def split_long_texts(elements: Iterable[ElementTree.Element], language: str) -> list[ElementTree.Element]:
    """Return verbs in which no ``Say`` is too long for its voice, including the verbs inside of the verbs.

    :param elements: the rendered verbs. A verb that contains a long ``Say`` is changed in place.
    :param language: the language of the verbs, for messages.
    :raises FlowError: if a text cannot be split.
    """
    result: list[ElementTree.Element] = []
    for element in elements:
        if element.tag == "Say":
            result += _split_say(element, language)
            continue
        if len(element):
            element[:] = split_long_texts(element, language)
        result.append(element)
    return result


def check_hints(hints: str, language: str) -> None:
    """Refuse the hints of a ``Gather`` that Twilio would not use.

    :param hints: the attribute ``hints``: words and phrases that are separated by commas.
    :param language: the language of the ``Gather``, for the message.
    :raises FlowError: if there are too many hints, or if a hint is too long.
    """
    phrases = [hint.strip() for hint in hints.split(",")]
    if len(phrases) > MAX_HINTS:
        raise FlowError(
            f"in {language}, hints must have at most {MAX_HINTS} phrases, not {len(phrases)}",
            hint="leave out the phrases that callers say least",
        )
    for phrase in phrases:
        if len(phrase) > MAX_HINT:
            raise FlowError(
                f"in {language}, a phrase of hints must have at most {MAX_HINT} characters, not {len(phrase)}: "
                f"{_preview(phrase)}",
                hint="write single words and short phrases, separated by commas",
            )


def _split_say(say: ElementTree.Element, language: str) -> list[ElementTree.Element]:
    """Return a ``Say`` as one or several elements with the same attributes.

    A ``Say`` with SSML elements or with a ``loop`` is not split: the parts would be said in another way.
    """
    language = say.get("language", language)
    voice = say.get("voice", "")
    text = "".join(say.itertext())
    # Google counts the SSML tags, too.
    size = len((_inner_xml(say) if voice.startswith("Google") and len(say) else text).encode())
    if _fits(text, voice, size):
        return [say]
    if len(say) or say.get("loop", "1") != "1":
        hint = "split the text into several Say: ivrkit splits no Say with SSML or loop"
        raise _too_long(f"in {language}, a text", text, size, voice, hint)
    parts = list(_split_text(text, voice))
    for part in parts:
        size = len(part.encode())
        if not _fits(part, voice, size):
            hint = "write shorter sentences: ivrkit splits a text only at the end of a sentence"
            raise _too_long(f"in {language}, a sentence", part, size, voice, hint)
    return [_copy_with_text(say, part) for part in parts]


def _split_text(text: str, voice: str) -> Iterable[str]:
    """Yield parts of a text that are as long as the limits allow. A sentence that is too long is a part of its own."""
    part = ""
    for sentence in _sentences(text):
        longer = (part + sentence).strip()
        if part and not _fits(longer, voice, len(longer.encode())):
            yield part.strip()
            part = ""
        part += sentence
    yield part.strip()


def _sentences(text: str) -> Iterable[str]:
    start = 0
    for end in _SENTENCE_END.finditer(text):
        yield text[start : end.end()]
        start = end.end()
    yield text[start:]


def _fits(text: str, voice: str, size: int) -> bool:
    """Return whether a text is within all limits.

    :param text: the text.
    :param voice: the voice, or ``""`` for the voice of the account.
    :param size: the size of the text in bytes, as it counts for the voice.
    """
    return size <= _SHORT_TEXT or (size <= _limit_of(voice) and len(quote_plus(text)) <= _MAX_ENCODED_TEXT)


def _limit_of(voice: str) -> int:
    if not voice:
        return _MAX_UNKNOWN_TEXT
    return _MAX_TEXT.get(voice.partition(".")[0], _MAX_BASIC_TEXT)


def _too_long(name: str, text: str, size: int, voice: str, hint: str) -> FlowError:
    """Return the error for a text, with the limit that the text exceeds."""
    limit = _limit_of(voice)
    allowed = f"at most {_MAX_ENCODED_TEXT} characters when it is encoded for a URL, not {len(quote_plus(text))}"
    if size > limit:
        allowed = f"at most {limit} bytes for the voice {voice or 'of the account'}, not {size}"
    return FlowError(f"{name} must have {allowed}: {_preview(text)}", hint=hint)


def _preview(text: str) -> str:
    return repr(f"{text[:40]}...")


def _inner_xml(element: ElementTree.Element) -> str:
    """Return the text and the tags inside of an element."""
    xml = ElementTree.tostring(element, encoding="unicode")
    return xml[xml.index(">") + 1 : xml.rindex("<")]


def _copy_with_text(say: ElementTree.Element, text: str) -> ElementTree.Element:
    copy = ElementTree.Element(say.tag, say.attrib)
    copy.text = text
    return copy
