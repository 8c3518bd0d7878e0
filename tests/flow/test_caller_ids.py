"""The form in which the numbers and addresses of callers are compared."""

import pytest
from tests.flow.conftest import EngineCall
from twilio.twiml.voice_response import Dial, Say

from ivrkit import Goto, State
from ivrkit.flow.compile.twiml import RenderContext, render
from ivrkit.flow.model.call import make_call
from ivrkit.flow.model.caller_ids import is_phone_number, normalize_caller_id
from ivrkit.flow.run.caller_id import with_caller_id


@pytest.mark.parametrize(
    ("sent", "normal"),
    [
        ("+14155550123", "+14155550123"),
        (" +14155550123 ", "+14155550123"),
        ("1001", "1001"),
        ("", ""),
        ("anonymous", "anonymous"),
        ("Anonymous", "anonymous"),
        ("RESTRICTED", "anonymous"),
        ("Private", "anonymous"),
        ("unknown", "anonymous"),
        ("+266696687", "anonymous"),
        ("+7378742833", "anonymous"),
        ("+2562533", "anonymous"),
        ("+8656696", "anonymous"),
        ("+86282452253", "anonymous"),
        ("sip:Anonymous@anonymous.invalid", "anonymous"),
        ("client:Ann", "client:Ann"),
        ("Client:Ann", "client:Ann"),
        ("SIP:Bob@PBX.example.com", "sip:Bob@pbx.example.com"),
        ("sip:bob", "sip:bob"),
    ],
)
def test_a_caller_is_compared_in_one_form(sent, normal):
    """All forms of a withheld number are one word. Scheme and host of an address are in lower case."""
    assert normalize_caller_id(sent) == normal


@pytest.mark.parametrize(
    ("number", "expected"),
    [("+14155550123", True), ("+266696687", False), ("14155550123", False), ("+0123", False), ("client:ann", False)],
)
def test_a_phone_number(number, expected):
    """A phone number is in E.164, and does not spell a word for a withheld number."""
    assert is_phone_number(number) is expected


def dial_from(from_, *verbs):
    """Return the TwiML of verbs in a call from a number to ``+15550199``."""
    call = make_call({"From": from_, "To": "+15550199"}, now=None, language="en-US", turn=1, data={})
    return with_caller_id(render(verbs, RenderContext()), call).xml.decode()


def rings(*nouns):
    """Return a ``Dial`` with nouns, each a pair of its method and its value."""
    dial = Dial()
    for method, value in nouns:
        getattr(dial, method)(value)
    return dial


@pytest.mark.parametrize(
    ("dial", "shows"),
    [
        (Dial("+15550100"), True),
        (rings(("number", "+15550100")), True),
        (rings(("client", "bob"), ("number", "+15550100")), True),
        (rings(("client", "bob")), False),
        (rings(("sip", "sip:bob@example.com")), False),
        (rings(("conference", "room")), False),
        (Dial("+15550100", caller_id="client:ann"), False),
    ],
)
def test_the_called_number_is_shown_where_a_phone_number_is_needed(dial, shows):
    """A ``Dial`` of any author gets the called number as ``callerId`` if it rings a phone and has no ``callerId``."""
    assert ('<Dial callerId="+15550199"' in dial_from("client:ann", dial)) is shows
    assert "+15550199" not in dial_from("+14155550123", dial)


def test_the_verbs_before_the_dial_are_not_changed():
    """The number is written into the ``Dial``, even behind other verbs with characters of several bytes."""
    xml = dial_from("client:ann", Say("Grüß Gott <Dial"), Dial("+15550100"))
    assert xml == (
        '<Say language="en-US">Grüß Gott &lt;Dial</Say><Dial callerId="+15550199" action="webhook">+15550100</Dial>'
    )


@pytest.mark.parametrize("sent", ["Anonymous", "+266696687", None])
def test_a_withheld_number_chooses_the_start(tree, sent):
    """The setting ``callers`` has one row for all callers who withhold their number, or send none."""
    flow = tree(a=State("A."), b=State("B."), callers={"anonymous": Goto("b")})
    caller = EngineCall(flow).webhook(**({} if sent is None else {"From": sent}))
    assert caller.heard == ["B."]
