"""Reads attributes, and finds what Twilio would warn of in a document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote_plus

from ivrkit.errors import nearest
from ivrkit.simulator.twiml.elements import GRAMMAR, SCHEMA, Attribute, Grammar
from ivrkit.simulator.twiml.markup import Element

#: The longest text of a ``Say``, in characters, by the maker of its voice: https://www.twilio.com/docs/api/errors/13521
LONGEST_TEXT = {"Polly": 3000, "Google": 5000}
LONGEST_BASIC_TEXT = 4096
LONGEST_ENCODED_TEXT = 4500
#: The longest name of a queue.
LONGEST_QUEUE_NAME = 64
#: A recording that is transcribed is at most so long, in seconds.
LONGEST_TRANSCRIBED = 120
#: A telephone number as people write it.
_NUMBER = re.compile(r"\+?[0-9][0-9 ().-]*")
#: The nouns that a ``Dial`` has one of, and nothing else.
_LONE_NOUNS = ("Conference", "Queue", "Application")


@dataclass(frozen=True, slots=True)
class LintWarning:
    """Something in a document that does not keep to the rules.

    :param code: Twilio's.
    param message: the warning as a sentence.
    """

    code: int
    message: str
    line: int
    column: int


def value(element: Element, name: str) -> str:
    """Return an attribute as it is written, or its default where it is not, or does not fit; ``""`` for nothing."""
    known = (GRAMMAR[element.name].attributes or {})[name]
    written = element.attributes.get(name)
    if written is not None and known.fits(written):
        return written
    return known.default or ""


def number(element: Element, name: str) -> int:
    """Return an attribute that is a whole number; its default for the word ``auto``, and 0 for nothing."""
    written = value(element, name)
    if not written.isdigit():
        written = (GRAMMAR[element.name].attributes or {})[name].default or "0"
    return int(written)


def flag(element: Element, name: str) -> bool:
    """Return an attribute that is true or false."""
    return value(element, name) == "true"


def lint(root: Element) -> list[LintWarning]:
    """Return what Twilio warns of in a document, from top to bottom."""
    return list(_slips(root))


def _slips(element: Element) -> Iterator[LintWarning]:
    grammar = GRAMMAR[element.name]
    yield from _wrong_attributes(element, grammar)
    if not grammar.played:
        return
    if element.text.strip() and not grammar.text:
        yield _slip(element, SCHEMA, f"<{element.name}> holds text, which belongs into a <Say>")
    if element.name in _CHECKS:
        yield from _CHECKS[element.name](element)
    for child in element.children:
        if child.name in grammar.children:
            yield from _slips(child)
        else:
            yield _stranger(element, child, grammar)


def _slip(element: Element, code: int, what: str) -> LintWarning:
    return LintWarning(code, what, element.line, element.column)


def _stranger(parent: Element, child: Element, grammar: Grammar) -> LintWarning:
    """Return what is wrong with an element that stands where it may not."""
    if child.name in GRAMMAR:
        return _slip(child, grammar.child_code, f"<{child.name}> may not stand in <{parent.name}>")
    meant = _meant(child.name, grammar.children)
    return _slip(child, SCHEMA, f"there is no <{child.name}>{meant}")


def _meant(name: str, known: Iterator[str] | frozenset[str]) -> str:
    """Return what a name is likely to stand for: the same in other letters, or one much like it."""
    names = sorted(known)
    same = [each for each in names if each.lower() == name.lower()]
    return f", did you mean {same[0]!r}?" if same else nearest(name, names)


def _wrong_attributes(element: Element, grammar: Grammar) -> Iterator[LintWarning]:
    if grammar.attributes is None:
        return
    for name, written in element.attributes.items():
        known = grammar.attributes.get(name)
        if known is None:
            meant = _meant(name, frozenset(grammar.attributes))
            yield _slip(element, SCHEMA, f"<{element.name}> has no attribute {name!r}{meant}")
        elif not known.fits(written):
            yield _slip(element, known.code, _misfit(element, name, written, known))


def _misfit(element: Element, name: str, written: str, known: Attribute) -> str:
    shown = written if len(written) <= 60 else f"{written[:57]}..."
    return f"<{element.name} {name}={shown!r}> takes {known.expects}"


def _of_say(say: Element) -> Iterator[LintWarning]:
    text = say.all_text()
    if not text:
        yield _slip(say, 13520, "<Say> says nothing")
    maker = say.attributes.get("voice", "").partition(".")[0]
    counted = "".join(_inner(say)) if maker == "Google" else text
    longest = LONGEST_TEXT.get(maker, LONGEST_BASIC_TEXT)
    encoded = len(quote_plus(text))
    if len(counted.encode()) > longest:
        yield _slip(say, 13521, f"<Say> has {len(counted.encode())} characters, and its voice says at most {longest}")
    elif encoded > LONGEST_ENCODED_TEXT:
        yield _slip(say, 13521, f"<Say> has {encoded} URL-encoded characters, of at most {LONGEST_ENCODED_TEXT}")


def _inner(element: Element) -> Iterator[str]:
    """Give the markup in an element: where tags count, they count as they were written, about."""
    for each in element.content:
        if isinstance(each, str):
            yield each
        else:
            attributes = "".join(f' {name}="{written}"' for name, written in each.attributes.items())
            yield f"<{each.name}{attributes}>"
            yield from _inner(each)
            yield f"</{each.name}>"


def _of_play(play: Element) -> Iterator[LintWarning]:
    if not play.text.strip() and not play.attributes.get("digits"):
        yield _slip(play, SCHEMA, "<Play> has neither a URL nor digits")


def _of_gather(gather: Element) -> Iterator[LintWarning]:
    for each in gather.children:
        if each.name == "Play" and "digits" in each.attributes:
            yield _slip(each, 13320, "<Play digits=...> may not stand in <Gather>")
    if gather.attributes.get("speechModel", "default") != "default" and value(gather, "speechTimeout") == "auto":
        yield _slip(gather, 13327, "<Gather speechModel=...> needs a speechTimeout that is a whole number")


def _of_record(record: Element) -> Iterator[LintWarning]:
    if (
        flag(record, "transcribe")
        and "maxLength" in record.attributes
        and number(record, "maxLength") > LONGEST_TRANSCRIBED
    ):
        yield _slip(
            record,
            13615,
            f"<Record maxLength={value(record, 'maxLength')!r}> is over {LONGEST_TRANSCRIBED} and transcribed",
        )


def _of_dial(dial: Element) -> Iterator[LintWarning]:
    nouns = [each for each in dial.children if each.name in GRAMMAR]
    lone = next((each for each in nouns if each.name in _LONE_NOUNS), None)
    if lone is not None and len(nouns) > 1:
        yield _slip(dial, 13215, f"<Dial> has a <{lone.name}> and something else, and dials one of them alone")
    if not dial.children:
        yield from _of_number(dial)
    elif dial.text.strip():
        yield _slip(dial, 13215, "<Dial> has a number as text beside its nouns")


def _of_number(noun: Element) -> Iterator[LintWarning]:
    written = noun.text.strip()
    if _NUMBER.fullmatch(written) is None:
        yield _slip(noun, 13223, f"<{noun.name}> has {written[:60]!r}, which is no telephone number")


def _of_enqueue(enqueue: Element) -> Iterator[LintWarning]:
    name = enqueue.text.strip()
    if not name and "workflowSid" not in enqueue.attributes:
        yield _slip(enqueue, 14204, "<Enqueue> names no queue")
    elif len(name) > LONGEST_QUEUE_NAME:
        yield _slip(
            enqueue, 14205, f"<Enqueue> names a queue with {len(name)} letters, of at most {LONGEST_QUEUE_NAME}"
        )


_CHECKS: dict[str, Callable[[Element], Iterator[LintWarning]]] = {
    "Say": _of_say,
    "Play": _of_play,
    "Gather": _of_gather,
    "Record": _of_record,
    "Dial": _of_dial,
    "Number": _of_number,
    "Enqueue": _of_enqueue,
}
