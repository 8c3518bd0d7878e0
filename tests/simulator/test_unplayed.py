"""The schema of the elements that the simulator does not play, compared with Twilio's library."""

import inspect
import re

import pytest
from tests.simulator.cases import play
from twilio.twiml import TwiML, voice_response

from ivrkit.simulator.twiml.elements import ELEMENTS
from ivrkit.simulator.twiml.lint import lint
from ivrkit.simulator.twiml.markup import parse
from ivrkit.simulator.twiml.unplayed import SSML, UNPLAYED_NOUNS, UNPLAYED_VERBS


def warnings_of(twiml):
    """Return code and message of each lint warning."""
    return [(each.code, each.message) for each in lint(parse(f"<Response>{twiml}</Response>".encode()))]


def _classes():
    """Return the element classes of Twilio's library, each with the name of its element and its text parameter."""
    found = {}
    for class_name, each in vars(voice_response).items():
        if inspect.isclass(each) and issubclass(each, TwiML) and each is not TwiML:
            source = inspect.getsource(each.__init__)
            text = re.search(r"self\.value = (\w+)", source)
            found[class_name] = (re.search(r'self\.name = "([^"]+)"', source)[1], text and text[1])
    return found


CLASSES = _classes()


def _attribute_name(parameter):
    first, *others = parameter.rstrip("_").split("_")
    return first + "".join(map(str.title, others))


def _nestings():
    """Return (parent, child, attributes of the child) for each method that nests an element in another."""
    for class_name, (parent, _) in CLASSES.items():
        for method in vars(getattr(voice_response, class_name)).values():
            nested = re.search(r"self\.nest\(\s*(\w+)\(", inspect.getsource(method)) if callable(method) else None
            if nested:
                child, text = CLASSES[nested[1]]
                parameters = inspect.signature(method).parameters
                yield (
                    parent,
                    child,
                    [_attribute_name(each) for each in parameters if each not in ("self", "kwargs", text)],
                )


NESTINGS = [each for each in _nestings() if each[1] not in SSML]


@pytest.mark.parametrize(
    ("parent", "child", "attributes"), [pytest.param(*each, id=f"{each[0]}-{each[1]}") for each in NESTINGS]
)
def test_what_twilio_s_library_can_write_is_valid(parent, child, attributes):
    """Each element and attribute that Twilio's library can write is known, also in the verbs that are not played."""
    assert set(attributes) <= set(ELEMENTS[child].attributes)
    # The library offers these two at places where Twilio's pages do not allow them.
    if (parent, child) not in (("Response", "Queue"), ("Hangup", "Parameter")):
        assert child in ELEMENTS[parent].children


@pytest.mark.once  # in an environment with the newest library: an older one lacks the newest verbs
def test_the_library_knows_every_verb_and_noun():
    """Twilio's library knows each verb and noun that is not played, so none of them is misspelt here."""
    assert {*UNPLAYED_VERBS, *UNPLAYED_NOUNS} <= {name for name, _ in CLASSES.values()}


RELAY = "<ConversationRelay url='wss://x.example.com/'><Parameter name='a' value='b'/></ConversationRelay>"
VALID = [
    pytest.param(f"<Connect action='/next'>{RELAY}</Connect>", id="a-relay"),
    pytest.param("<Start><Stream url='wss://x.example.com/a' track='both_tracks'/></Start>", id="a-stream"),
    pytest.param(
        "<Connect><ConversationRelay url='wss://x/'><Failover any='x'/></ConversationRelay></Connect>", id="new"
    ),
    pytest.param(
        "<Pay paymentMethod='ach-debit'><Prompt for='postal-code'><Say>Code?</Say></Prompt></Pay>", id="a-payment"
    ),
    pytest.param("<Dial><Conference beep='onEnter'>Room</Conference></Dial>", id="a-conference"),
    pytest.param("<Refer><Sip>sip:a@example.com</Sip></Refer>", id="a-referral"),
    pytest.param("<Say><say-as any='thing'>1</say-as></Say>", id="ssml"),
]


@pytest.mark.parametrize("twiml", VALID)
def test_a_valid_element_that_is_not_played_has_no_warnings(twiml):
    """Valid attributes and content of an element that is not played cause no warning."""
    assert warnings_of(twiml) == []


WRONG = [
    pytest.param("<Connect any='x'><Room>a</Room></Connect>", "<Connect> has no attribute 'any'", id="attribute"),
    pytest.param(
        "<Connect><Stream URL='wss://x/'/></Connect>", "<Stream> has no attribute 'URL', did you mean 'url'?", id="case"
    ),
    pytest.param("<Start><Say>A</Say></Start>", "<Say> is not allowed in <Start>", id="verb"),
    pytest.param(
        "<Start><Steam/></Start>", "<Steam> is not an element of TwiML, did you mean 'Stream'?", id="misspelt"
    ),
    pytest.param("<Start><Siprec>a</Siprec></Start>", "<Siprec> contains text, which belongs in a <Say>", id="text"),
    pytest.param(
        "<Start><Stream url='https://x/'/></Start>",
        "<Stream url> must be a wss URL without a query, not 'https://x/'",
        id="scheme",
    ),
    pytest.param(
        "<Start><Stream url='wss://x/?a=b'/></Start>",
        "<Stream url> must be a wss URL without a query, not 'wss://x/?a=b'",
        id="query",
    ),
    pytest.param("<Connect/>", "<Connect> must have one noun, not 0", id="no-noun"),
    pytest.param("<Connect><Room>a</Room><Room>b</Room></Connect>", "<Connect> must have one noun, not 2", id="nouns"),
    pytest.param("<Refer/>", "<Refer> must have one <Sip>, not 0", id="no-sip"),
    pytest.param("<Connect><ConversationRelay/></Connect>", "<ConversationRelay> must have a url", id="no-url"),
    pytest.param(
        "<Dial><Conference muted='yes'>a</Conference></Dial>",
        "<Conference muted> must be true or false, not 'yes'",
        id="noun",
    ),
    pytest.param("<Pay><Prompt><Pay/></Prompt></Pay>", "<Pay> is not allowed in <Prompt>", id="deep"),
]


@pytest.mark.parametrize(("twiml", "message"), WRONG)
def test_a_mistake_in_an_element_that_is_not_played_is_a_warning(twiml, message):
    """A wrong name, value or child inside a verb that is not played is a schema warning, and the call goes on."""
    assert warnings_of(twiml) == [(12200, message)]
    call = play(f"{twiml}<Say>After.</Say>")
    assert (12200, message) in [(each.code, each.what) for each in call.warnings]
    assert call.heard.endswith("After.")
