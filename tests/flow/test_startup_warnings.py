"""Startup warnings about the verbs of a state: unknown attributes, and input that takes too long."""

import sys

import pytest
from twilio.twiml.voice_response import Connect, Dial, Gather, Pause, Play, Record, Say

from ivrkit import Goto, Menu, MenuOption, Routes, State, Whisper, ask, leads_to
from ivrkit.flow.compile import startup_warnings

HINT = "rename or remove it: Twilio ignores attributes that it does not know"


def warnings(tree, state):
    """Return the startup warnings of a state ``a``, without its name and owner."""
    flow = tree(a=state, b=State("B."))
    return [(each.message.removeprefix("state 'a' of test-states 1.0 "), each.hint) for each in flow.startup_warnings]


def unknown(verb, attribute, near=""):
    """Return the warning about an unknown attribute."""
    did_you_mean = f", did you mean {near!r}?" if near else ""
    message = f"has a {verb} with an attribute that the installed twilio does not know: {attribute!r}{did_you_mean}"
    return message, HINT


def dial(**attributes):
    """Return a ``Dial`` with one number that has these attributes."""
    verb = Dial()
    verb.number("+15550100", **attributes)
    return verb


def spelled():
    """Return a ``Say`` with an SSML element that has an unknown attribute."""
    say = Say("A.")
    say.say_as("4", interpret="digits")
    return say


def relay():
    """Return a ``Connect`` with an unknown attribute in an element two levels deeper."""
    connect = Connect()
    connect.stream(url="wss://x.example/").parameter(name="a", values="b")
    return connect


KEYS = Routes({"1": "b"})


@pytest.mark.parametrize(
    ("state", "found"),
    [
        (State(ask("A?", digits=4), KEYS), unknown("Gather", "digits", "num_digits")),
        (State(Gather(numdigits=1), KEYS), unknown("Gather", "numdigits", "num_digits")),
        (State(["A.", Record(maxlength=9)], Routes({})), unknown("Record", "maxlength", "max_length")),
        (State(dial(status_url="x"), Routes({})), unknown("Number", "statusUrl", "status_callback")),
        (State(Dial("+15550100", zzz=1), Routes({})), unknown("Dial", "zzz")),
        (State(spelled()), unknown("say-as", "interpret", "interpret_as")),
        (State(relay(), Routes({})), unknown("Parameter", "values", "value")),
        (
            State(Menu(Say("A.", lang="en"), repeat=None), options=MenuOption("1", "a", menu="a")),
            unknown("Say", "lang", "language"),
        ),
        (State(ask("A?"), Routes({"1": Goto("b", say=Play("u", loops=2))})), unknown("Play", "loops", "loop")),
        (
            State(Dial("+15550100"), Routes({}), whisper=Whisper(Say("A.", voices="alice"))),
            unknown("Say", "voices", "voice"),
        ),
    ],
)
def test_an_unknown_attribute_is_a_startup_warning(tree, state, found):
    """An attribute that the installed library does not know is named with the most similar keyword."""
    assert found in warnings(tree, state)


def test_known_attributes_are_no_warning(tree):
    """Attributes of the library are known, with and without an underscore at the end, in verbs, nouns and SSML."""
    say = Say("A.", voice="alice")
    say.say_as("4", interpret_as="digits")
    say.lang("B.", xml_lang="de-DE")
    prompts = [say, Pause(length=2), Play("u", loop=2)]
    gather = ask(*prompts, num_digits=1, finish_on_key="", timeout=9, barge_in=True)
    assert warnings(tree, State(gather, KEYS)) == []
    assert warnings(tree, State(dial(send_digits="1", machine_detection="Enable"), Routes({}))) == []


def test_other_elements_are_not_checked(tree):
    """The library cannot know the attributes of an element that an author adds by its name."""
    verb = Dial()
    verb.add_child("Fax", "+15550100", quality="fine")
    assert warnings(tree, State(verb, Routes({}))) == []


def test_an_attribute_is_reported_once(tree):
    """Two verbs with the same unknown attribute are one warning."""
    assert warnings(tree, State([Say("A.", rate="x"), Say("B.", rate="y")])) == [unknown("Say", "rate")]


@leads_to("b")
def go(call):
    """Go to the next state."""
    return "b"


SLOW = 'write num_digits=1, or finish_on_key="#" if callers press # at the end'


@pytest.mark.parametrize(
    ("gather", "seconds"),
    [
        (ask("A?"), "5"),
        (ask("A?", timeout=8), "8"),
        (ask("A?", finish_on_key=""), "5"),
        (ask("A?", input="dtmf speech"), "5"),
    ],
)
def test_a_function_that_waits_for_the_timeout(tree, gather, seconds):
    """Without a number of digits, Twilio waits for more keys before the function runs."""
    message = f"waits {seconds} seconds after the last key, because its Gather has no num_digits"
    assert warnings(tree, State(gather, go)) == [(message, SLOW)]


@pytest.mark.parametrize(
    "state",
    [
        State(ask("A?", num_digits=4), go),
        State(ask("A?", finish_on_key="#"), go),
        State(ask("A?", input="speech"), go),
        State(ask("A?"), KEYS),
        State("A.", go),
        State(Record(), go),
        State(lambda call: ask("A?"), go),
    ],
)
def test_a_function_that_need_not_wait(tree, state):
    """A number of digits, a finish key that the author names, or no keys at all: there is nothing to wait for."""
    assert warnings(tree, state) == []


def test_the_search_grows_linearly(tree):
    """Twice as many states take twice as many steps in the module of the warnings, not four times as many."""

    def steps(count):
        flow = tree(**{f"state{number}": State("Hello.") for number in range(count)})
        counted = 0

        def count_step(frame, event, argument):
            nonlocal counted
            counted += frame.f_code.co_filename == startup_warnings.__file__

        sys.setprofile(count_step)
        try:
            assert list(startup_warnings.find_startup_warnings(flow.states)) == []
        finally:
            sys.setprofile(None)
        return counted

    assert steps(200) < 2.5 * steps(100)
