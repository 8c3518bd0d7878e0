"""The state kind transfer: the phones that ring, and the outcomes."""

from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from ivrkit import FlowError, Goto, Text, Whisper, hookimpl, states
from ivrkit.simulator.actions import CALLEE


def dial(caller):
    """Return the ``Dial`` of the last response."""
    return ElementTree.fromstring(caller.last.twiml).find("Dial")


def test_the_defaults_of_a_transfer(at):
    """By default the phone rings for 20 seconds, and the caller hears the core's text."""
    caller = at(states.transfer("+15550100"))
    assert caller.heard == ["One moment, please."]
    assert dial(caller).attrib == {"action": "webhook#rc=1&rp=ct", "timeout": "20", "timeLimit": "7200"}
    assert [(noun.tag, noun.text, noun.attrib) for noun in dial(caller)] == [("Number", "+15550100", {})]


def test_the_arguments_become_attributes_of_dial(at):
    """Numbers, clients and SIP addresses are nouns; the order, the timeout and the caller ID are attributes."""
    numbers = ["+15550100", "client:ann", "sip:bob@example.com"]
    caller = at(states.transfer(numbers, "Wait.", in_order=True, timeout=5, time_limit=90, caller_id="+15550199"))
    assert caller.heard == ["Wait."]
    assert dial(caller).attrib == {
        "action": "webhook#rc=1&rp=ct", "timeout": "5", "timeLimit": "90", "sequential": "true",
        "callerId": "+15550199",
    }  # fmt: skip
    assert [(noun.tag, noun.text) for noun in dial(caller)] == [
        ("Number", "+15550100"),
        ("Client", "ann"),
        ("Sip", "sip:bob@example.com"),
    ]


def test_every_outcome_has_a_target(at):
    """An outcome without a row goes to ``otherwise``; without that, ``answered`` ends and the others go HOME."""
    state = states.transfer("+15550100", routes={"busy": Goto("there", say="Busy.")})
    assert at(state).dials("busy").heard == ["Busy.", "There."]
    assert at(state).dials("completed", DialBridged="true").heard == ["Goodbye."]
    for status in ("no-answer", "failed", "canceled"):
        assert at(state).dials(status).heard[0] == "Sorry, we could not connect you."
    assert at(state).dials("completed", DialBridged="false").heard[0] == "Sorry, we could not connect you."
    assert at(states.transfer("+15550100", otherwise="there")).dials("failed").heard == ["There."]


@pytest.mark.parametrize(
    ("arguments", "whisper"),
    [
        ({}, None),
        ({"whisper": "A call."}, Whisper("A call.")),
        ({"whisper": ["A call.", "Well."]}, Whisper("A call.", "Well.")),
        ({"accept": "1"}, Whisper(accept="1")),
        ({"whisper": "A call.", "accept": "1"}, Whisper("A call.", accept="1")),
    ],
)
def test_whisper_and_accept_become_the_whisper_of_the_state(arguments, whisper):
    """The whisper of the state has one text, several, a key, or both."""
    assert states.transfer("+15550100", **arguments).whisper == whisper


class Desk:
    """A plugin with a desk of two phones."""

    @hookimpl
    def ivrkit_register_states(self):
        """Return the desk, once ringing at once and once in order."""
        arguments = {
            "whisper": Text("A call."),
            "accept": "1",
            "routes": {"declined": Goto(None, say="Nobody took it.")},
        }
        return {
            "desk": states.transfer(["+15550100", "+15550101"], **arguments),
            "ring": states.transfer(["+15550100", "+15550101"], in_order=True, timeout=10),
        }


def heard_by_callee(call):
    """Return the texts that the dialled person heard."""
    return [each.text for each in call.events if getattr(each, "who", None) == CALLEE and hasattr(each, "text")]


def test_several_phones_ring_at_once_and_one_accepts(make_phone):
    """The person who answers hears the whisper, and is connected after pressing the key."""
    call = make_phone(plugins=[], objects={"desk": Desk()}, start="desk").call()
    assert call.waiting.numbers == ("+15550100", "+15550101")
    call.callee_at("+15550101").answers()
    assert heard_by_callee(call) == ["A call.", "To take the call, press one."]
    call.callee.press("1")
    call.callee.hangs_up(after=10)
    assert (call.ended.reason, call.warnings) == ("hangup", [])


def test_a_mailbox_does_not_get_the_call(make_phone):
    """If nobody presses the key after two requests, the outcome is ``declined``."""
    call = make_phone(plugins=[], objects={"desk": Desk()}, start="desk").call()
    call.callee.answers()
    call.callee.stays_silent()
    call.callee.stays_silent()
    assert call.heard_last == "Nobody took it."


def test_phones_can_ring_in_order(make_phone):
    """With ``in_order`` the second phone rings after the first did not answer."""
    call = make_phone(plugins=[], objects={"desk": Desk()}, start="ring").call()
    assert call.waiting.numbers == ("+15550100",)
    call.callee.does_not_answer()
    assert call.waiting.numbers == ("+15550101",)


@pytest.mark.parametrize(
    ("from_", "to", "shown"),
    [
        ("+14155550123", "+15550199", None),
        ("client:ann", "+15550199", "+15550199"),
        ("sip:bob@pbx.example.com", "+15550199", "+15550199"),
        ("anonymous", "+15550199", "+15550199"),
        ("+266696687", "+15550199", "+15550199"),
        ("client:ann", "client:desk", None),
    ],
)
def test_a_caller_without_a_phone_number_calls_with_the_called_number(make_phone, from_, to, shown):
    """Twilio refuses to pass on a client, a SIP address or a withheld number, so the callee sees the called number."""
    tree = {"desk": states.transfer("+15550100"), "own": states.transfer("+15550100", caller_id="+15550101")}
    plugin = SimpleNamespace(add=hookimpl(specname="ivrkit_register_states")(lambda: tree))
    phone = make_phone(plugins=[], objects={"desk": plugin}, start="desk")
    assert phone.call(from_=from_, to=to).waiting.element.attributes.get("callerId") == shown
    own = make_phone(plugins=[], objects={"desk": plugin}, start="own").call(from_=from_, to=to)
    assert own.waiting.element.attributes["callerId"] == "+15550101"


INVALID = "transfer: a number must be a phone number, a client or a SIP address, not"
WRITE_NUMBER = "write + and all digits, such as +15550100, or client:NAME, or sip:NAME@HOST"
WRITE_NUMBERS = 'write numbers = ["+15550100", "+15550101"]'


@pytest.mark.parametrize(
    ("numbers", "arguments", "message", "hint"),
    [
        ([], {}, "transfer: numbers must be 1 to 10 numbers, not 0", WRITE_NUMBERS),
        (["+15550100"] * 11, {}, "transfer: numbers must be 1 to 10 numbers, not 11", WRITE_NUMBERS),
        ("5550100", {}, f"{INVALID} '5550100'", WRITE_NUMBER),
        ("+1 555 0100", {}, f"{INVALID} '+1 555 0100'", WRITE_NUMBER),
        ("+0123", {}, f"{INVALID} '+0123'", WRITE_NUMBER),
        ("client:", {}, f"{INVALID} 'client:'", WRITE_NUMBER),
        ("sip:ann", {}, f"{INVALID} 'sip:ann'", WRITE_NUMBER),
        ([5], {}, f"{INVALID} 5", WRITE_NUMBER),
        ("+15550100, +15550101", {}, f"{INVALID} '+15550100, +15550101'", WRITE_NUMBER),
        (
            "+15550100",
            {"accept": ""},
            "accept of Whisper must be keys of a telephone (0-9, * and #) or None, not ''",
            'write the keys as a string, such as "9"',
        ),
        (
            "+15550100",
            {"timeout": 4},
            "transfer: timeout must be 5 to 600 seconds, not 4",
            "leave it out for 20 seconds",
        ),
        (
            "+15550100",
            {"timeout": 601},
            "transfer: timeout must be 5 to 600 seconds, not 601",
            "leave it out for 20 seconds",
        ),
        (
            "+15550100",
            {"time_limit": 0},
            "transfer: time_limit must be at least 1 second, not 0",
            "leave it out for the setting dial_time_limit",
        ),
    ],
)
def test_invalid_arguments_are_refused(numbers, arguments, message, hint):
    """A number, a timeout or a key that Twilio does not accept is an error when the state is made."""
    with pytest.raises(FlowError) as refused:
        states.transfer(numbers, **arguments)
    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_a_transfer_may_ring_ten_numbers():
    """A ``Dial`` may have ten numbers, which is Twilio's limit."""
    assert len(states.transfer(["+15550100"] * 10).enter[-1].verbs) == 10
