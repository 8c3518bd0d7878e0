"""What Twilio would warn of in a document: the rules that no verb's own tests have."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivrkit.simulator.twiml.attributes import bool_attribute, int_attribute, text_attribute
from ivrkit.simulator.twiml.codes import CODES
from ivrkit.simulator.twiml.elements import ELEMENTS
from ivrkit.simulator.twiml.lint import lint
from ivrkit.simulator.twiml.markup import Element, parse


def first(twiml):
    """Return the first verb of a document."""
    return parse(f"<Response>{twiml}</Response>".encode()).children[0]


def wrong(twiml):
    """Return code and words of what is wrong."""
    return [(each.code, each.message) for each in lint(parse(f"<Response>{twiml}</Response>".encode()))]


def test_attributes_are_read_with_their_defaults():
    """What is not written, or does not fit, is the default; nothing is an empty text, 0 or false."""
    gather = first('<Gather timeout="7" numDigits="x" actionOnEmptyResult="true" speechTimeout="auto"/>')
    assert (text_attribute(gather, "timeout"), int_attribute(gather, "timeout")) == ("7", 7)
    assert (text_attribute(gather, "numDigits"), int_attribute(gather, "numDigits")) == ("", 0)
    assert (text_attribute(gather, "input"), text_attribute(gather, "finishOnKey")) == ("dtmf", "#")
    assert (bool_attribute(gather, "actionOnEmptyResult"), bool_attribute(gather, "bargeIn")) == (True, True)
    assert text_attribute(gather, "speechTimeout") == "auto"
    assert int_attribute(first('<Gather timeout="auto"/>'), "timeout") == 5


NAMES = [
    pytest.param("<say>A</say>", "<say> is not an element of TwiML, did you mean 'Say'?", id="case"),
    pytest.param("<Gahter/>", "<Gahter> is not an element of TwiML, did you mean 'Gather'?", id="misspelt"),
    pytest.param(
        "<x:Say xmlns:x='y'>A</x:Say>", "<x:Say> is not an element of TwiML, did you mean 'Say'?", id="namespace"
    ),
    pytest.param("<Zzz/>", "<Zzz> is not an element of TwiML", id="unknown"),
    pytest.param("<Number>+1</Number>", "<Number> is not allowed in <Response>", id="noun"),
    pytest.param("<Say>A<Pause/></Say>", "<Pause> is not allowed in <Say>", id="verb-in-Say"),
    pytest.param("<Pause><Say>A</Say></Pause>", "<Say> is not allowed in <Pause>", id="verb-in-Pause"),
    pytest.param("<Pause>A</Pause>", "<Pause> contains text, which belongs in a <Say>", id="text-in-Pause"),
    pytest.param("A", "<Response> contains text, which belongs in a <Say>", id="text-in-Response"),
    pytest.param("<Pause seconds='2'/>", "<Pause> has no attribute 'seconds'", id="attribute"),
    pytest.param(
        "<Pause lenght='2'/>", "<Pause> has no attribute 'lenght', did you mean 'length'?", id="misspelt-attribute"
    ),
]


@pytest.mark.parametrize(("twiml", "what"), NAMES)
def test_what_does_not_keep_to_the_schema(twiml, what):
    """12200, with the name that was meant where there is one like it."""
    assert wrong(twiml) == [(12200, what)]


def test_play_with_digits_may_not_stand_in_a_gather():
    """Though Play may."""
    assert wrong("<Gather><Play digits='1'/><Play>/a</Play></Gather>") == [
        (13320, "<Play digits> is not allowed in <Gather>")
    ]


LONG = [
    pytest.param("", "a" * 4096, None, id="basic"),
    pytest.param(
        "",
        "a" * 4097,
        "the text of <Say> must have at most 4096 characters for its voice, not 4097",
        id="basic-too-long",
    ),
    pytest.param(
        "",
        "é" * 2049,
        "the text of <Say> must have at most 4096 characters for its voice, not 4098",
        id="basic-in-bytes",
    ),
    pytest.param(
        "Polly.Amy",
        "a" * 3001,
        "the text of <Say> must have at most 3000 characters for its voice, not 3001",
        id="Polly",
    ),
    pytest.param("Polly.Amy", f"<p>{'a' * 3000}</p>", None, id="Polly-tags-do-not-count"),
    pytest.param("Google.en", "a" * 4400, None, id="Google"),
    pytest.param(
        "Google.en",
        f"<prosody rate='slow'>{'a' * 4980}</prosody>",
        "the text of <Say> must have at most 5000 characters for its voice, not 5011",
        id="Google-tags-count",
    ),
    pytest.param(
        "", "%" * 1501, "the text of <Say> must have at most 4500 URL-encoded characters, not 4503", id="encoded"
    ),
]


@pytest.mark.parametrize(("voice", "text", "what"), LONG)
def test_how_long_a_text_may_be(voice, text, what):
    """It depends on who speaks; 13521 is a warning."""
    attribute = f' voice="{voice}"' if voice else ""
    assert wrong(f"<Say{attribute}>{text}</Say>") == ([(13521, what)] if what else [])


def test_what_is_not_played_yet_is_not_looked_into():
    """Any attribute, any child: the verb is known, and no more."""
    assert wrong("<Connect any='thing'><Stream url='x'>text</Stream><Unknown/></Connect>") == []
    assert wrong("<Say><say-as any='thing'>1</say-as></Say>") == []


def test_slips_come_from_top_to_bottom_with_their_place():
    """As somebody reads the document who mends it."""
    found = lint(parse(b"<Response>\n<Pause length='x'/>\n <Gather>\n  <Dial/></Gather></Response>"))
    assert [(each.code, each.line, each.column) for each in found] == [(13910, 2, 1), (13320, 4, 3)]


def test_each_code_of_the_grammar_is_known():
    """So that a meaning and a mend can be told."""
    grammars = ELEMENTS.values()
    codes = {each.child_code for each in grammars}
    codes |= {attribute.code for each in grammars for attribute in (each.attributes or {}).values()}
    assert codes <= set(CODES)
    assert all(number_ == code.number and code.meaning and code.hint for number_, code in CODES.items())
    assert {code.level for code in CODES.values()} == {"error", "warning"}


def test_each_default_fits():
    """A default that its own attribute does not take would be told of wherever it is written."""
    for grammar in ELEMENTS.values():
        for attribute in (grammar.attributes or {}).values():
            assert attribute.default is None or attribute.accepts(attribute.default)
            assert attribute.expects


NAME = st.sampled_from([*ELEMENTS, "say", "x"])
ATTRIBUTE = st.sampled_from([*sorted({name for each in ELEMENTS.values() for name in each.attributes or {}}), "x"])
TREES = st.recursive(
    st.text(max_size=5),
    lambda inside: st.builds(
        Element,
        NAME,
        st.dictionaries(ATTRIBUTE, st.text(max_size=8)),
        st.lists(inside).map(tuple),
        st.just(1),
        st.just(1),
    ),
    max_leaves=20,
)


@pytest.mark.deep
@settings(deadline=None)
@given(st.lists(TREES).map(tuple))
def test_no_tree_of_elements_does_any_harm(inside):
    """Whatever stands in whatever."""
    for slip in lint(Element("Response", {}, inside, 1, 1)):
        assert slip.code in CODES
