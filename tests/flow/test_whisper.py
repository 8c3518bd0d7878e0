"""Whispers: what whoever is dialled hears before both talk, and whether they take the call."""

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


def dialling(said=None, whisper=FOR_SALES, **more):
    """Return a state that dials, and whispers."""
    return State(said or Dial("+15550100"), Routes({}), whisper=whisper, **more)


def address(state="sales", language="en-US", **more):
    """Return the parameters of a whisper's address."""
    return {"state": state, "language": language, **more}


def test_a_number_is_whispered_to(call):
    """The noun gets the address, with state and language; a number that was text gets its noun."""
    url = "webhook/whisper?state=sales&amp;language=en-US#rc=1&amp;rp=ct"
    assert call(sales=dialling()).xml == (
        f'<Dial action="webhook#rc=1&amp;rp=ct"><Number url="{url}">+15550100</Number></Dial>'
    )
    assert whisper_url("sales", "en-US", "rc=1&rp=ct") == url.replace("&amp;", "&")
    assert whisper_url("sales", "en-US") == "webhook/whisper?state=sales&language=en-US"


def test_numbers_clients_and_sip_addresses_are_whispered_to(call):
    """All nouns that Twilio asks for a document of; one with a document of its own keeps that."""
    dial = Dial()
    dial.number("+15550100")
    dial.number("+15550101", url="https://example.com/own")
    dial.client("ann")
    dial.sip("sip:bob@example.com")
    root = ElementTree.fromstring(call(sales=dialling(dial)).last.twiml)
    urls = [noun.get("url") for noun in root[0]]
    assert urls == [
        "webhook/whisper?state=sales&language=en-US#rc=1&rp=ct",
        "https://example.com/own",
        "webhook/whisper?state=sales&language=en-US#rc=1&rp=ct",
        "webhook/whisper?state=sales&language=en-US#rc=1&rp=ct",
    ]
    assert "url" not in dial.verbs[0].attrs


def test_words_alone_connect_when_they_were_said(tree):
    """Without a key the document runs out, and Twilio connects."""
    flow = tree(sales=dialling(whisper=Whisper("A call for sales.")))
    assert answer_whisper(flow, address(), "") == (
        b'<?xml version="1.0" encoding="UTF-8"?><Response><Say language="en-US">A call for sales.</Say></Response>'
    )


def test_the_key_takes_the_call(tree):
    """The question has the sentence of the key; the key connects, and nothing else does."""
    flow = tree(sales=dialling())
    first = answer_whisper(flow, address(), "")
    gather = ElementTree.fromstring(first)[0]
    assert gather.attrib == {
        "action": "whisper?state=sales&language=en-US&attempt=1#rc=1&rp=ct",
        "numDigits": "1",
        "timeout": "7",
        "finishOnKey": "",
        "actionOnEmptyResult": "true",
    }
    assert [say.text for say in gather] == ["A call for sales.", "To take the call, press one."]
    assert answer_whisper(flow, address(attempt="1"), "1") == CONNECT


def test_who_does_not_take_it_is_asked_twice(tree):
    """A wrong key or silence is asked once more, then it is hung up; a late key counts."""
    flow = tree(sales=dialling())
    for wrong in ("2", ""):
        again = answer_whisper(flow, address(attempt="1"), wrong)
        assert b"attempt=2" in again
        assert answer_whisper(flow, address(attempt="2"), wrong) == HANG_UP
    assert answer_whisper(flow, address(attempt="2"), "1") == CONNECT


@pytest.mark.parametrize("attempt", ["99", "-1", "x", ""])
def test_an_address_that_nobody_wrote_connects_nobody(tree, attempt):
    """The key alone does."""
    flow = tree(sales=dialling())
    assert answer_whisper(flow, address(attempt=attempt), "") == HANG_UP


def test_the_key_of_the_call_before_is_no_answer(tree):
    """What is pressed before anything was asked does not take the call."""
    flow = tree(sales=dialling())
    assert b"<Gather" in answer_whisper(flow, address(), "1")


def test_a_state_that_is_gone_connects(tree):
    """A release that took it away, or its whisper, does not cost a call that rings."""
    flow = tree(sales=dialling(), other=State("Hello."))
    assert answer_whisper(flow, address("gone"), "") == CONNECT
    assert answer_whisper(flow, address("other"), "") == CONNECT
    assert answer_whisper(flow, {}, "") == CONNECT


def test_the_whisper_is_in_the_language_of_the_call(tree):
    """Texts are looked up, the sentence of the key as well; an unknown language is the flow's own."""
    spanish = Language(
        "es-MX",
        "Polly.Mia",
        Texts(accept="Marque {key}.", keys={"1": "uno"}),
        translations={"test-states": {"A call.": "Una llamada."}},
    )
    state = dialling(whisper=Whisper(Text("A call."), accept="1"))
    flow = tree(sales=state, languages=(Language("en-US"), spanish))
    heard = ElementTree.fromstring(answer_whisper(flow, address(language="es-MX"), ""))
    assert [(say.text, say.get("voice")) for say in heard.iter("Say")] == [
        ("Una llamada.", "Polly.Mia"),
        ("Marque uno.", "Polly.Mia"),
    ]
    assert b"A call." in answer_whisper(flow, address(language="xx"), "")
    assert flow.startup_warnings == ()


def test_a_whisper_that_is_not_translated_is_told(tree):
    """Like every other text of the state."""
    state = dialling(whisper=Whisper(Text("A call.")))
    flow = tree(sales=state, languages=(Language("en-US"), Language("es-MX")))
    assert tuple(map(str, flow.startup_warnings)) == (
        "state 'sales' of test-states 1.0 has no translation into es-MX of 'A call.'",
    )


def test_a_key_without_words_is_enough():
    """The sentence of the key says what to do."""
    assert Whisper(accept="1").texts == ()
    assert Whisper(Play("https://example.com/a.mp3")).accept is None


@pytest.mark.parametrize(
    ("made", "message", "hint"),
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
def test_what_can_not_be_whispered(made, message, hint):
    """It is told when it is made."""
    with pytest.raises(FlowError) as refused:
        made()
    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_what_can_not_stand_in_a_whisper():
    """Twilio takes no pause there: only Play, Say, Gather and Hangup."""
    with pytest.raises(FlowError, match="a prompt of Whisper must be a text, Say or Play, not <twilio"):
        Whisper(Pause())


@pytest.mark.parametrize(
    "said",
    ["Nobody is dialled.", Dial().append(Conference("room"))],
    ids=["no dial", "a conference"],
)
def test_a_whisper_needs_somebody_to_hear_it(tree, said):
    """Words that nobody would hear are a mistake."""
    exits = None if isinstance(said, str) else Routes({})
    with pytest.raises(LoadError) as refused:
        tree(sales=State(said, exits, whisper=FOR_SALES))
    (problem,) = refused.value.problems
    assert problem.message == ("state 'sales' of test-states 1.0: it has a whisper, but no Dial that could use it")
    assert problem.hint == "add a Dial with a Number, Client or Sip that has no url"


def test_a_function_may_dial_or_not(call):
    """At night the same state says something else."""
    state = State(lambda call: "We are closed.", Routes({}), whisper=FOR_SALES)
    assert [kind for kind, *_ in call(sales=state).events if kind == "failed"] == ["failed"]  # Routes, and no Dial
    state = State(lambda call: Dial("+15550100"), Routes({}), whisper=FOR_SALES)
    assert 'url="webhook/whisper?' in call(sales=state).xml
