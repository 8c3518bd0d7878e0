"""Whispers: the prompts for the callee of a Dial, and the key that takes the call."""

from xml.etree import ElementTree

import pytest
from twilio.twiml.voice_response import Conference, Dial, Pause, Play

from ivrkit import FlowError, LoadError, Routes, State, Text, Texts, Whisper
from ivrkit.flow.compile.languages import Language
from ivrkit.flow.compile.whisper import whisper_url
from ivrkit.flow.run.whisper import answer_whisper

CONNECT = b'<?xml version="1.0" encoding="UTF-8"?><Response />'
HANG_UP = b'<?xml version="1.0" encoding="UTF-8"?><Response><Hangup /></Response>'
FOR_SALES = Whisper("A call for sales.", accept="1")


def dial_state(content=None, whisper=FOR_SALES, **more):
    """Return a state that dials and has a whisper."""
    return State(content or Dial("+15550100"), Routes({}), whisper=whisper, **more)


def query(state="sales", language="en-US", **more):
    """Return the query parameters of a whisper's address."""
    return {"state": state, "language": language, **more}


def test_a_number_gets_the_address_of_the_whisper(call):
    """The noun Number gets the address with state and language. A number that is text becomes a noun."""
    url = "webhook/whisper?language=en-US&amp;state=sales#rc=1&amp;rp=ct"
    assert call(sales=dial_state()).xml == (
        f'<Dial action="webhook#rc=1&amp;rp=ct" timeLimit="7200"><Number url="{url}">+15550100</Number></Dial>'
    )
    assert whisper_url("sales", "en-US", "rc=1&rp=ct") == url.replace("&amp;", "&")
    assert whisper_url("sales", "en-US") == "webhook/whisper?language=en-US&state=sales"


def test_numbers_clients_and_sip_addresses_get_the_whisper(call):
    """All nouns that take a url get the whisper, unless they have a url already."""
    dial = Dial()
    dial.number("+15550100")
    dial.number("+15550101", url="https://example.com/own")
    dial.client("ann")
    dial.sip("sip:bob@example.com")
    root = ElementTree.fromstring(call(sales=dial_state(dial)).last.twiml)
    urls = [noun.get("url") for noun in root[0]]
    assert urls == [
        "webhook/whisper?language=en-US&state=sales#rc=1&rp=ct",
        "https://example.com/own",
        "webhook/whisper?language=en-US&state=sales#rc=1&rp=ct",
        "webhook/whisper?language=en-US&state=sales#rc=1&rp=ct",
    ]
    assert "url" not in dial.verbs[0].attrs


def test_a_whisper_without_a_key_connects_after_its_prompts(tree):
    """Without a key the document ends after the prompts, and Twilio connects."""
    flow = tree(sales=dial_state(whisper=Whisper("A call for sales.")))
    assert answer_whisper(flow, query(), "") == (
        b'<?xml version="1.0" encoding="UTF-8"?><Response><Say language="en-US">A call for sales.</Say></Response>'
    )


def test_the_key_takes_the_call(tree):
    """The Gather has the sentence that asks for the key, and the key connects."""
    flow = tree(sales=dial_state())
    first = answer_whisper(flow, query(), "")
    gather = ElementTree.fromstring(first)[0]
    assert gather.attrib == {
        "action": "whisper?attempt=1&language=en-US&state=sales#rc=1&rp=ct",
        "numDigits": "1",
        "timeout": "7",
        "finishOnKey": "",
        "actionOnEmptyResult": "true",
    }
    assert [say.text for say in gather] == ["A call for sales.", "To take the call, press one."]
    assert answer_whisper(flow, query(attempt="1"), "1") == CONNECT


def test_the_callee_is_asked_twice(tree):
    """After a wrong key or silence the callee is asked once more, then Twilio hangs up. A late key connects."""
    flow = tree(sales=dial_state())
    for wrong in ("2", ""):
        again = answer_whisper(flow, query(attempt="1"), wrong)
        assert b"attempt=2" in again
        assert answer_whisper(flow, query(attempt="2"), wrong) == HANG_UP
    assert answer_whisper(flow, query(attempt="2"), "1") == CONNECT


@pytest.mark.parametrize("attempt", ["99", "-1", "x", ""])
def test_an_invalid_attempt_hangs_up(tree, attempt):
    """An attempt that ivrkit never writes hangs up."""
    flow = tree(sales=dial_state())
    assert answer_whisper(flow, query(attempt=attempt), "") == HANG_UP


def test_a_key_before_the_question_does_not_connect(tree):
    """A key that is pressed before the callee was asked does not take the call."""
    flow = tree(sales=dial_state())
    assert b"<Gather" in answer_whisper(flow, query(), "1")


def test_a_removed_state_connects(tree):
    """If a deploy removes the state or its whisper, the callee is connected."""
    flow = tree(sales=dial_state(), other=State("Hello."))
    assert answer_whisper(flow, query("removed"), "") == CONNECT
    assert answer_whisper(flow, query("other"), "") == CONNECT
    assert answer_whisper(flow, {}, "") == CONNECT


def test_the_whisper_is_in_the_language_of_the_call(tree):
    """The prompts and the core's sentence are in the language of the call. An unknown language is the default one."""
    spanish = Language(
        "es-MX",
        "Polly.Mia",
        Texts(accept="Marque {key}.", keys={"1": "uno"}),
        translations={"test-states": {"A call.": "Una llamada."}},
    )
    state = dial_state(whisper=Whisper(Text("A call."), accept="1"))
    flow = tree(sales=state, languages=(Language("en-US"), spanish))
    heard = ElementTree.fromstring(answer_whisper(flow, query(language="es-MX"), ""))
    assert [(say.text, say.get("voice")) for say in heard.iter("Say")] == [
        ("Una llamada.", "Polly.Mia"),
        ("Marque uno.", "Polly.Mia"),
    ]
    assert b"A call." in answer_whisper(flow, query(language="xx"), "")
    assert flow.startup_warnings == ()


def test_a_whisper_without_a_translation_is_a_warning(tree):
    """A missing translation of a whisper is a startup warning."""
    state = dial_state(whisper=Whisper(Text("A call.")))
    flow = tree(sales=state, languages=(Language("en-US"), Language("es-MX")))
    assert tuple(map(str, flow.startup_warnings)) == (
        "state 'sales' of test-states 1.0 has no translation into es-MX of 'A call.'",
    )


def test_a_whisper_can_have_a_key_without_prompts():
    """A whisper with a key needs no prompts, because the core's sentence asks for the key."""
    assert Whisper(accept="1").texts == ()
    assert Whisper(Play("https://example.com/a.mp3")).accept is None


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (Whisper, "Whisper has nothing to say", 'give it a prompt: Whisper("A call for sales.")'),
        (
            lambda: Whisper("A.", accept="x"),
            "accept of Whisper must be keys of a telephone (0-9, * and #) or None, not 'x'",
            'write the keys as a string, such as "9"',
        ),
        (
            lambda: Whisper(5),
            "a prompt of Whisper must be a text, Say or Play, not 5",
            "put other verbs into a state of their own",
        ),
        (
            lambda: State("A.", whisper="A call."),
            "whisper of a State must be a Whisper, not 'A call.'",
            'write whisper=Whisper("...")',
        ),
    ],
)
def test_invalid_whispers(make, message, hint):
    """An invalid whisper raises an error where it is made."""
    with pytest.raises(FlowError) as refused:
        make()
    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_a_whisper_takes_no_pause():
    """A whisper takes no Pause, because Twilio does not know it there."""
    with pytest.raises(FlowError, match="a prompt of Whisper must be a text, Say or Play, not <twilio"):
        Whisper(Pause())


@pytest.mark.parametrize(
    "content",
    ["Nobody is dialled.", Dial().append(Conference("room"))],
    ids=["no dial", "a conference"],
)
def test_a_whisper_needs_a_dial(tree, content):
    """A state with a whisper but no Dial that could use it is a problem."""
    exits = None if isinstance(content, str) else Routes({})
    with pytest.raises(LoadError) as refused:
        tree(sales=State(content, exits, whisper=FOR_SALES))
    (problem,) = refused.value.problems
    assert problem.message == ("state 'sales' of test-states 1.0: it has a whisper, but no Dial that could use it")
    assert problem.hint == "add a Dial with a Number, Client or Sip that has no url"


def test_a_function_can_dial_or_not(call):
    """An enter function of a state with a whisper can return other content."""
    state = State(lambda call: "We are closed.", Routes({}), whisper=FOR_SALES)
    assert [name for name, *_ in call(sales=state).events if name == "failed"] == ["failed"]  # Routes, and no Dial
    state = State(lambda call: Dial("+15550100"), Routes({}), whisper=FOR_SALES)
    assert 'url="webhook/whisper?' in call(sales=state).xml
