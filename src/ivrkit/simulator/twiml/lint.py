"""Lint warnings: the mistakes in a document that Twilio warns about."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote_plus

from ivrkit.errors import nearest
from ivrkit.simulator.twiml.attributes import bool_attribute, int_attribute, text_attribute
from ivrkit.simulator.twiml.elements import ELEMENTS
from ivrkit.simulator.twiml.markup import Element
from ivrkit.simulator.twiml.schema import SCHEMA_WARNING, ElementSchema

#: Maximum length of the text of a ``Say`` by the maker of its voice: https://www.twilio.com/docs/api/errors/13521
MAX_TEXT = {"Polly": 3000, "Google": 5000}
MAX_BASIC_TEXT = 4096
MAX_ENCODED_TEXT = 4500
#: Maximum length of the name of a queue.
MAX_QUEUE_NAME = 64
#: Maximum length in seconds of a recording that is transcribed.
MAX_TRANSCRIBED_SECONDS = 120
#: A phone number in the ways that people write it.
_PHONE_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]*")
#: The speech models without a provider: https://www.twilio.com/docs/voice/twiml/gather
_GENERIC_MODELS = (
    *("default", "numbers_and_commands", "phone_call"),
    *("experimental_conversations", "experimental_utterances"),
)
#: Provider -> the names of its models.
_PROVIDER_MODELS = {"googlev2": re.compile(r"[a-z0-9_]+"), "deepgram": re.compile(r"[a-z]+-[0-9]+(-[a-z]+)*")}
#: A language with a region, such as ``en-US``, ``es-419`` or ``cmn-Hans-CN``.
_LANGUAGE_WITH_REGION = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z]{4})?-([a-zA-Z]{2}|[0-9]{3})")
#: The nouns that must be the only noun of a ``Dial``.
_SINGLE_NOUNS = ("Conference", "Queue", "Application")


@dataclass(frozen=True, slots=True)
class LintWarning:
    """A mistake in a document.

    :param code: Twilio's error code.
    :param message: the mistake as a sentence.
    """

    code: int
    message: str
    line: int
    column: int


def lint(root: Element) -> list[LintWarning]:
    """Return the warnings about a document, in the order in which the mistakes occur in the document."""
    return list(_lint(root))


def _lint(element: Element) -> Iterator[LintWarning]:
    schema = ELEMENTS[element.name]
    yield from _lint_attributes(element, schema)
    if schema.attributes is None:
        return  # its content is not checked either
    if element.text.strip() and not schema.text:
        yield _warning(element, SCHEMA_WARNING, f"<{element.name}> contains text, which belongs in a <Say>")
    if element.name in _RULES:
        yield from _RULES[element.name](element)
    for child in element.children:
        if child.name in schema.children:
            yield from _lint(child)
        else:
            yield _misplaced(element, child, schema)


def _warning(element: Element, code: int, message: str) -> LintWarning:
    return LintWarning(code, message, element.line, element.column)


def _misplaced(parent: Element, child: Element, schema: ElementSchema) -> LintWarning:
    """Return the warning about an element that is unknown, or that is not allowed in its parent element.

    :param schema: the schema of the parent element.
    """
    if child.name in ELEMENTS:
        return _warning(child, schema.child_code, f"<{child.name}> is not allowed in <{parent.name}>")
    suggestion = _suggestion(child.name, schema.children)
    return _warning(child, SCHEMA_WARNING, f"<{child.name}> is not an element of TwiML{suggestion}")


def _suggestion(name: str, known: frozenset[str]) -> str:
    """Return a text such as ``, did you mean 'Say'?``, or ``""`` if no known name is similar.

    A known name that differs only in upper and lower case is preferred.

    :param known: the known names of elements or attributes.
    """
    names = sorted(known)
    same = [each for each in names if each.lower() == name.lower()]
    return f", did you mean {same[0]!r}?" if same else nearest(name, names)


def _lint_attributes(element: Element, schema: ElementSchema) -> Iterator[LintWarning]:
    if schema.attributes is None:
        return
    for name, value in element.attributes.items():
        attribute = schema.attributes.get(name)
        if attribute is None:
            suggestion = _suggestion(name, frozenset(schema.attributes))
            yield _warning(element, SCHEMA_WARNING, f"<{element.name}> has no attribute {name!r}{suggestion}")
        elif not attribute.accepts(value):
            shown = value if len(value) <= 60 else f"{value[:57]}..."
            message = f"<{element.name} {name}> must be {attribute.expects}, not {shown!r}"
            yield _warning(element, attribute.code, message)


# The rules of single elements, beyond their attributes and children


def _lint_say(say: Element) -> Iterator[LintWarning]:
    text = say.all_text()
    if not text:
        yield _warning(say, 13520, "<Say> has no text")
    maker = say.attributes.get("voice", "").partition(".")[0]
    # Google counts the SSML tags, Polly and the basic voices count the text only.
    counted = "".join(_inner_markup(say)) if maker == "Google" else text
    size = len(counted.encode())
    limit = MAX_TEXT.get(maker, MAX_BASIC_TEXT)
    encoded_size = len(quote_plus(text))
    if size > limit:
        message = f"the text of <Say> must have at most {limit} characters for its voice, not {size}"
        yield _warning(say, 13521, message)
    elif encoded_size > MAX_ENCODED_TEXT:
        message = f"the text of <Say> must have at most {MAX_ENCODED_TEXT} URL-encoded characters, not {encoded_size}"
        yield _warning(say, 13521, message)


def _inner_markup(element: Element) -> Iterator[str]:
    """Yield the content of an element as XML, in pieces.

    Escapes and quotes may differ from the source of the document.
    """
    for each in element.content:
        if isinstance(each, str):
            yield each
        else:
            attributes = "".join(f' {name}="{value}"' for name, value in each.attributes.items())
            yield f"<{each.name}{attributes}>"
            yield from _inner_markup(each)
            yield f"</{each.name}>"


def _lint_play(play: Element) -> Iterator[LintWarning]:
    if not play.text.strip() and not play.attributes.get("digits"):
        yield _warning(play, SCHEMA_WARNING, "<Play> must have a URL or the attribute digits")


def _lint_gather(gather: Element) -> Iterator[LintWarning]:
    for child in gather.children:
        if child.name == "Play" and "digits" in child.attributes:
            yield _warning(child, 13320, "<Play digits> is not allowed in <Gather>")
    if "speech" in text_attribute(gather, "input").split():
        yield from _lint_language(gather)
    if "speechModel" in gather.attributes:
        yield from _lint_speech_model(gather, gather.attributes["speechModel"])


def _lint_language(gather: Element) -> Iterator[LintWarning]:
    language = text_attribute(gather, "language")
    if _LANGUAGE_WITH_REGION.fullmatch(language) is None:
        yield _warning(
            gather, 13331, f"<Gather language> must be a language with a region, such as en-US, not {language[:60]!r}"
        )


def _lint_speech_model(gather: Element, name: str) -> Iterator[LintWarning]:
    provider, _, model = name.partition("_")
    if name not in _GENERIC_MODELS and not (provider in _PROVIDER_MODELS and model):
        message = f"<Gather speechModel> must be one of {', '.join(_GENERIC_MODELS)}, or a model of a provider such as "
        yield _warning(gather, 13334, f"{message}deepgram_nova-3 or googlev2_telephony, not {name[:60]!r}")
    elif name not in _GENERIC_MODELS and _PROVIDER_MODELS[provider].fullmatch(model) is None:
        message = f"<Gather speechModel> must be {provider}_ with the name of a model such as nova-3-general, not "
        yield _warning(gather, 13343, message + repr(name[:60]))
    if text_attribute(gather, "speechTimeout") == "auto":
        yield _warning(gather, 13335, "<Gather speechTimeout> must be a whole number with speechModel, not 'auto'")


def _lint_record(record: Element) -> Iterator[LintWarning]:
    is_transcribed = bool_attribute(record, "transcribe") and "maxLength" in record.attributes
    if is_transcribed and int_attribute(record, "maxLength") > MAX_TRANSCRIBED_SECONDS:
        seconds = text_attribute(record, "maxLength")
        message = f"<Record maxLength> must be at most {MAX_TRANSCRIBED_SECONDS} with transcribe, not {seconds!r}"
        yield _warning(record, 13615, message)


def _lint_dial(dial: Element) -> Iterator[LintWarning]:
    nouns = [each for each in dial.children if each.name in ELEMENTS]
    single = next((each for each in nouns if each.name in _SINGLE_NOUNS), None)
    if single is not None and len(nouns) > 1:
        yield _warning(dial, 13215, f"<{single.name}> must be the only noun in <Dial>")
    if not dial.children:
        yield from _lint_phone_number(dial)
    elif dial.text.strip():
        yield _warning(dial, 13215, "<Dial> must have a number as text or nouns, not both")


def _lint_phone_number(noun: Element) -> Iterator[LintWarning]:
    text = noun.text.strip()
    if _PHONE_NUMBER.fullmatch(text) is None:
        yield _warning(noun, 13223, f"<{noun.name}> must have a phone number, not {text[:60]!r}")


def _lint_enqueue(enqueue: Element) -> Iterator[LintWarning]:
    name = enqueue.text.strip()
    if not name and "workflowSid" not in enqueue.attributes:
        yield _warning(enqueue, 14204, "<Enqueue> must have the name of a queue")
    elif len(name) > MAX_QUEUE_NAME:
        message = f"the queue name in <Enqueue> must have at most {MAX_QUEUE_NAME} characters, not {len(name)}"
        yield _warning(enqueue, 14205, message)


def _lint_connect(connect: Element) -> Iterator[LintWarning]:
    if len(connect.children) != 1:
        yield _warning(connect, SCHEMA_WARNING, f"<Connect> must have one noun, not {len(connect.children)}")


def _lint_refer(refer: Element) -> Iterator[LintWarning]:
    if len(refer.children) != 1:
        yield _warning(refer, SCHEMA_WARNING, f"<Refer> must have one <Sip>, not {len(refer.children)}")


def _lint_relay(relay: Element) -> Iterator[LintWarning]:
    if not relay.attributes.get("url"):
        yield _warning(relay, SCHEMA_WARNING, f"<{relay.name}> must have a url")


_RULES: dict[str, Callable[[Element], Iterator[LintWarning]]] = {
    "Say": _lint_say,
    "Play": _lint_play,
    "Gather": _lint_gather,
    "Record": _lint_record,
    "Dial": _lint_dial,
    "Number": _lint_phone_number,
    "Enqueue": _lint_enqueue,
    "Connect": _lint_connect,
    "Refer": _lint_refer,
    "ConversationRelay": _lint_relay,
}
