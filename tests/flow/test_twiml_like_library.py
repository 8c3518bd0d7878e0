"""The bytes of a verb are those that twilio's own ``xml()`` and ElementTree make of it, whatever the verb holds."""

from xml.etree import ElementTree

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.twiml import GenericNode, TwiML

from ivrkit.flow.twiml import Dress, render

#: Texts with whatever XML has to escape, or has no room for.
texts = st.text(
    st.sampled_from("&<>\"' \t\n\r\x00\x0b\x85\u2028\ufffe") | st.characters(exclude_categories=["Cs"]), max_size=6
)
names = st.sampled_from(["Say", "Prompt", "Number", "Parameter"])
values = texts | st.booleans() | st.integers() | st.none()
attributes = st.dictionaries(st.sampled_from(["voice", "language", "xml_lang", "from_", "loop", "url"]), values)
bodies = st.none() | texts | st.integers() | st.dictionaries(texts, texts, max_size=1)


@st.composite
def verbs(draw: st.DrawFn, depth: int = 2) -> TwiML:
    """Make up a verb with attributes, a text, and texts and verbs inside of it."""
    verb = GenericNode(draw(names), draw(bodies), **draw(attributes))
    if depth:
        for child in draw(st.lists(texts | verbs(depth - 1), max_size=2)):
            verb.append(child)
    return verb


def by_the_library(verb: TwiML, language: str) -> bytes:
    """Return what twilio and the standard library make of a verb, with the flow's language for each plain Say."""
    element = verb.xml()
    for each in element.iter():
        if each.tag == "Say" and each.attrib.keys().isdisjoint(("voice", "language")):
            each.set("language", language)
        each.text = allowed(each.text)
        each.tail = allowed(each.tail)
        for name, value in each.items():
            each.set(name, allowed(value))
    return ElementTree.tostring(element, encoding="utf-8", xml_declaration=False)


def allowed(text: object) -> str:
    """Return a text without the characters that XML 1.0 has no room for (https://www.w3.org/TR/xml/#charsets)."""
    return "".join(each for each in str(text or "") if each in "\t\n\r" or (each >= " " and each not in "\ufffe\uffff"))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(verbs())
def test_a_verb_is_written_as_the_library_writes_it(verb):
    """The flow's own writer is quicker than the library's two steps, and differs in nothing."""
    assert render([verb], Dress(language="de-DE")).xml == by_the_library(verb, "de-DE")
