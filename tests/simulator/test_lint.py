"""Lint warnings that the tests of no single verb cover, and attributes with their defaults."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulator.cases import play, response

from ivrkit.simulator import Assumptions, Press, Speak
from ivrkit.simulator.events import Requested
from ivrkit.simulator.twiml.attributes import bool_attribute, int_attribute, text_attribute
from ivrkit.simulator.twiml.codes import CODES
from ivrkit.simulator.twiml.elements import ELEMENTS
from ivrkit.simulator.twiml.lint import lint
from ivrkit.simulator.twiml.markup import Element, parse


def first(twiml):
    """Return the first verb of a document."""
    return parse(f"<Response>{twiml}</Response>".encode()).children[0]


def warnings_of(twiml):
    """Return code and message of each lint warning."""
    return [(each.code, each.message) for each in lint(parse(f"<Response>{twiml}</Response>".encode()))]


def test_attributes_are_read_with_their_defaults():
    """A missing or invalid attribute has its default; without a default it is an empty text, 0 or false."""
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
def test_unknown_and_misplaced_names_are_warnings(twiml, what):
    """An unknown or misplaced element, attribute or text is a warning that suggests a similar name."""
    assert warnings_of(twiml) == [(12200, what)]


def test_play_with_digits_is_not_allowed_in_gather():
    """A Play with digits is not allowed in a Gather, although Play is."""
    assert warnings_of("<Gather><Play digits='1'/><Play>/a</Play></Gather>") == [
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
def test_the_maximum_length_of_a_text_depends_on_the_voice(voice, text, what):
    """A text that is too long for its voice is a warning with code 13521."""
    attribute = f' voice="{voice}"' if voice else ""
    assert warnings_of(f"<Say{attribute}>{text}</Say>") == ([(13521, what)] if what else [])


def test_lint_warnings_are_in_document_order():
    """The lint warnings of a document are in its order, with line and column."""
    found = lint(parse(b"<Response>\n<Pause length='x'/>\n <Gather>\n  <Dial/></Gather></Response>"))
    assert [(each.code, each.line, each.column) for each in found] == [(13910, 2, 1), (13320, 4, 3)]


def test_each_code_of_the_schema_is_known():
    """Each code of the schema has a meaning, a hint and a level."""
    grammars = ELEMENTS.values()
    codes = {each.child_code for each in grammars}
    codes |= {attribute.code for each in grammars for attribute in (each.attributes or {}).values()}
    assert codes <= set(CODES)
    assert all(number == code.number and code.meaning and code.hint for number, code in CODES.items())
    assert {code.level for code in CODES.values()} == {"error", "warning"}


def test_each_default_is_valid():
    """Each default is a value that its own attribute accepts."""
    for grammar in ELEMENTS.values():
        for attribute in (grammar.attributes or {}).values():
            assert attribute.default is None or attribute.accepts(attribute.default)
            assert attribute.expects


def test_an_invalid_attribute_is_logged_at_the_level_of_twilio_s_page():
    """Twilio logs most invalid attributes as warnings, but these as errors; the call goes on with the default."""
    levels = {number: CODES[number].level for number in (13219, 13220, 13224, 13331, 13335, 13338, 13339, 13343, 13621)}
    errors = {number for number, level in levels.items() if level == "error"}
    assert errors == {13224, 13338, 13343, 13621}
    call = play("<Record recordingStatusCallbackEvent='x' action='/next'/>", Press("1"))
    assert [(each.code, each.level) for each in call.warnings] == [(13621, "error")]
    assert call.heard == "Next."


CASES = [
    pytest.param("<Redirect method='get'>/next</Redirect>", (13710, "redirect GET"), id="method"),
    pytest.param("<Gather method='Post' action='/next'/>", (13312, "action POST"), id="mixed"),
    pytest.param(
        "<Record transcribe='TRUE' transcribeCallback='/text' action='/next'/>",
        (13614, "transcription POST"),
        id="flag",
    ),
    pytest.param("<Gather input='DTMF  Speech' action='/next'/>", (12200, "action POST"), id="several-words"),
    pytest.param("<Gather speechTimeout='AUTO' action='/next'/>", (13327, "action POST"), id="auto"),
]


@pytest.mark.parametrize(("twiml", "expected"), CASES)
def test_the_letter_case_of_a_value_is_an_assumption(twiml, expected):
    """A word in another letter case is an invalid value, unless the assumptions ignore the letter case."""
    code, sent = expected
    script = [Speak("x" * 45), Press("1")] if "Record" in twiml else [Press("1")] if "Gather" in twiml else []
    strict = play(twiml, *script, documents={"/text": response("")})
    assert [each.code for each in strict.warnings] == [code]
    number = {"assumptions": Assumptions(ignore_letter_case_of_values=True)}
    call = play(twiml, *script, documents={"/text": response("")}, number=number)
    assert call.warnings == []
    assert sent in [f"{each.purpose} {each.method}" for each in call.events if isinstance(each, Requested)]


def test_the_letter_case_of_names_and_of_free_values_is_kept():
    """If the letter case is ignored, wrong names are still warnings, and free values and invalid words are kept."""
    number = {"assumptions": Assumptions(ignore_letter_case_of_values=True)}
    call = play("<say>A</say><Say Voice='man'>Hello You</Say><Pause length=' '/><Gather input='x'/>", number=number)
    assert [each.code for each in call.warnings] == [12200, 12200, 13910, 12200]
    assert call.heard == "Hello You"


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
def test_any_tree_of_elements_can_be_linted(inside):
    """Any tree of elements can be linted, and each warning has a known code."""
    for warning in lint(Element("Response", {}, inside, 1, 1)):
        assert warning.code in CODES
