"""The kind transfer: who is rung, how, and what comes of it."""

from xml.etree import ElementTree

import pytest

from ivrkit import FlowError, Goto, Text, Whisper, hookimpl, states
from ivrkit.simulator.actions import CALLEE


def dial(caller):
    """Return the ``Dial`` of the last answer."""
    return ElementTree.fromstring(caller.last.twiml).find("Dial")


def test_a_number_is_rung(at):
    """For twenty seconds, with the core's words, and the caller's own number shown."""
    caller = at(states.transfer("+15550100"))
    assert caller.heard == ["One moment, please."]
    assert dial(caller).attrib == {"action": "webhook#rc=1&rp=ct", "timeout": "20"}
    assert [(noun.tag, noun.text, noun.attrib) for noun in dial(caller)] == [("Number", "+15550100", {})]


def test_what_it_takes(at):
    """Numbers, clients and SIP addresses; in order; rings; whose number is shown."""
    numbers = ["+15550100", "client:ann", "sip:bob@example.com"]
    caller = at(states.transfer(numbers, "Wait.", in_order=True, rings=5, caller_id="+15550199"))
    assert caller.heard == ["Wait."]
    assert dial(caller).attrib == {
        "action": "webhook#rc=1&rp=ct", "timeout": "5", "sequential": "true", "callerId": "+15550199",
    }  # fmt: skip
    assert [(noun.tag, noun.text) for noun in dial(caller)] == [
        ("Number", "+15550100"),
        ("Client", "ann"),
        ("Sip", "sip:bob@example.com"),
    ]


def test_every_outcome_leads_somewhere(at):
    """To its row, to otherwise; else to the goodbye, or HOME with the core's words."""
    state = states.transfer("+15550100", routes={"busy": Goto("there", say="Busy.")})
    assert at(state).dials("busy").heard == ["Busy.", "There."]
    assert at(state).dials("completed", DialBridged="true").heard == ["Goodbye."]
    for status in ("no-answer", "failed", "canceled"):
        assert at(state).dials(status).heard[0] == "Sorry, we could not connect you."
    assert at(state).dials("completed", DialBridged="false").heard[0] == "Sorry, we could not connect you."
    assert at(states.transfer("+15550100", otherwise="there")).dials("failed").heard == ["There."]


@pytest.mark.parametrize(
    ("given", "whisper"),
    [
        ({}, None),
        ({"whisper": "A call."}, Whisper("A call.")),
        ({"whisper": ["A call.", "Well."]}, Whisper("A call.", "Well.")),
        ({"accept": "1"}, Whisper(accept="1")),
        ({"whisper": "A call.", "accept": "1"}, Whisper("A call.", accept="1")),
    ],
)
def test_the_whisper_is_the_states(given, whisper):
    """One text, several, a key, or both."""
    assert states.transfer("+15550100", **given).whisper == whisper


class Desk:
    """A plugin with a desk of two telephones."""

    @hookimpl
    def ivrkit_register_states(self):
        """Offer the desk."""
        given = {"whisper": Text("A call."), "accept": "1", "routes": {"declined": Goto(None, say="Nobody took it.")}}
        return {
            "desk": states.transfer(["+15550100", "+15550101"], **given),
            "ring": states.transfer(["+15550100", "+15550101"], in_order=True, rings=10),
        }


def heard_by_callee(call):
    """Return what was said to whoever was dialled."""
    return [each.text for each in call.events if getattr(each, "who", None) == CALLEE and hasattr(each, "text")]


def test_several_are_rung_at_once_and_one_takes_the_call(make_phone):
    """Whoever picks up is asked in private; the key connects."""
    call = make_phone(plugins=[], objects={"desk": Desk()}, start="desk").call()
    assert call.waiting.numbers == ("+15550100", "+15550101")
    call.callee_at("+15550101").answers()
    assert heard_by_callee(call) == ["A call.", "To take the call, press one."]
    call.callee.press("1")
    call.callee.hangs_up(after=10)
    assert (call.ended.reason, call.warnings) == ("hangup", [])


def test_a_mailbox_does_not_take_the_call(make_phone):
    """It is asked twice and says nothing."""
    call = make_phone(plugins=[], objects={"desk": Desk()}, start="desk").call()
    call.callee.answers()
    call.callee.stays_silent()
    call.callee.stays_silent()
    assert call.heard_last == "Nobody took it."


def test_they_are_rung_in_order(make_phone):
    """The second one when the first does not answer."""
    call = make_phone(plugins=[], objects={"desk": Desk()}, start="ring").call()
    assert call.waiting.numbers == ("+15550100",)
    call.callee.does_not_answer()
    assert call.waiting.numbers == ("+15550101",)


NUMBER = "it is + and all digits, such as +15550100, or client:NAME, or sip:NAME@HOST"


@pytest.mark.parametrize(
    ("numbers", "given", "message", "hint"),
    [
        ([], {}, "transfer has 0 numbers", "give it 1 to 10"),
        (["+15550100"] * 11, {}, "transfer has 11 numbers", "give it 1 to 10"),
        ("5550100", {}, "transfer has the number '5550100'", NUMBER),
        ("+1 555 0100", {}, "transfer has the number '+1 555 0100'", NUMBER),
        ("+0123", {}, "transfer has the number '+0123'", NUMBER),
        ("client:", {}, "transfer has the number 'client:'", NUMBER),
        ("sip:ann", {}, "transfer has the number 'sip:ann'", NUMBER),
        ([5], {}, "transfer has the number 5", NUMBER),
        ("+15550100, +15550101", {}, "transfer has the number '+15550100, +15550101'", NUMBER),
        (
            "+15550100",
            {"accept": ""},
            "Whisper has accept=''",
            "accept is a string of 0-9, * and #, or None",
        ),
        ("+15550100", {"rings": 4}, "transfer has rings=4", "it is a number of seconds from 5 to 600"),
        ("+15550100", {"rings": 601}, "transfer has rings=601", "it is a number of seconds from 5 to 600"),
    ],
)
def test_what_can_not_be_dialled(numbers, given, message, hint):
    """It is refused when the state is made."""
    with pytest.raises(FlowError) as refused:
        states.transfer(numbers, **given)
    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_ten_numbers_are_the_most():
    """As Twilio has it."""
    assert len(states.transfer(["+15550100"] * 10).enter[-1].verbs) == 10
