"""The page that Twilio asks for whoever is dialled, played by the simulator."""

import pytest
from twilio.twiml.voice_response import Dial

from ivrkit import HOME, Goto, MenuOption, Routes, State, Whisper, hookimpl
from ivrkit.simulator.actions import CALLEE

SALES = State(
    ["One moment.", Dial("+15550100")],
    Routes({"declined": Goto(HOME, say="Sales can't take it.")}),
    options=MenuOption("1", "sales"),
    whisper=Whisper("A call for sales.", accept="1"),
)


class Sales:
    """A plugin with a state that whispers."""

    @hookimpl
    def ivrkit_register_states(self):
        """Offer the state."""
        return {"sales": SALES}


@pytest.fixture
def phone(make_phone):
    """A phone to a tree with that state alone."""
    return lambda **settings: make_phone(plugins=[], objects={"sales-ivr": Sales()}, **settings)


def heard_by_callee(call):
    """Return what was said to whoever was dialled."""
    return [each.text for each in call.events if getattr(each, "who", None) == CALLEE and hasattr(each, "text")]


@pytest.mark.parametrize("prefix", ["", "/phone"])
def test_who_presses_the_key_talks_to_the_caller(phone, prefix):
    """The whisper is asked for and signed like every webhook, under any prefix; then both talk."""
    call = phone(url_prefix=prefix).call().press("1")
    call.callee.answers()
    assert heard_by_callee(call) == ["A call for sales.", "To take the call, press one."]
    call.callee.press("1")
    call.callee.hangs_up(after=30)
    assert call.ended.reason == "hangup"
    assert call.warnings == []


def test_who_does_not_press_it_has_declined(phone):
    """A mailbox that picks up hears the question twice, and the caller chooses again."""
    call = phone().call().press("1")
    call.callee.answers()
    call.callee.stays_silent()
    assert heard_by_callee(call) == ["A call for sales.", "To take the call, press one."] * 2
    call.callee.stays_silent()
    assert call.heard_last.splitlines()[0] == "Sales can't take it."
    assert call.state == "menu"


def test_a_whisper_is_for_twilio_alone(make_app):
    """Without a signature nothing is told."""
    client = make_app().test_client()
    assert client.post("/webhook/whisper?state=sales&language=en-US", data={"CallSid": "CA1"}).status_code == 403
