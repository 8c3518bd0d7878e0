"""The whisper endpoint, with callees of the simulator."""

import pytest
from tests.web.webhook_calls import WebhookCall, check_query, in_process, resolve, sign, twilio_params
from twilio.twiml.voice_response import Dial

from ivrkit import HOME, Goto, MenuOption, Routes, State, Whisper, hookimpl
from ivrkit.simulator.actions import CALLEE

SALES = State(
    ["One moment.", Dial("+15550100")],
    Routes({"declined": Goto(HOME, say="SalesPlugin can't take it.")}),
    options=MenuOption("1", "sales"),
    whisper=Whisper("A call for sales.", accept="1"),
)


class SalesPlugin:
    """A plugin object with a state that whispers."""

    @hookimpl
    def ivrkit_register_states(self):
        """Register the state."""
        return {"sales": SALES}


@pytest.fixture
def phone(make_phone):
    """Return a function that makes a phone to a phone tree with that state only."""
    return lambda **settings: make_phone(plugins=[], objects={"sales-ivr": SalesPlugin()}, **settings)


def heard_by_callee(call):
    """Return the texts that were said to the callee."""
    return [each.text for each in call.events if getattr(each, "who", None) == CALLEE and hasattr(each, "text")]


@pytest.mark.parametrize("prefix", ["", "/phone"])
def test_a_callee_who_presses_the_key_is_connected(phone, prefix):
    """A callee who presses the key is connected to the caller, under any prefix."""
    call = phone(url_prefix=prefix).call().press("1")
    call.callee.answers()
    assert heard_by_callee(call) == ["A call for sales.", "To take the call, press one."]
    call.callee.press("1")
    call.callee.hangs_up(after=30)
    assert call.ended.reason == "hangup"
    assert call.warnings == []


def test_a_callee_who_stays_silent_declines(phone):
    """A callee who stays silent, such as a mailbox, hears the question twice and has declined the call."""
    call = phone().call().press("1")
    call.callee.answers()
    call.callee.stays_silent()
    assert heard_by_callee(call) == ["A call for sales.", "To take the call, press one."] * 2
    call.callee.stays_silent()
    assert call.heard_last.splitlines()[0] == "SalesPlugin can't take it."
    assert call.state == "menu"


def test_the_order_of_a_query_does_not_matter(make_app):
    """Whether a signer sorts the query of a URL or not, it signs the addresses that ivrkit writes in the same way."""
    call = WebhookCall(in_process(make_app({"sales": SALES})), "https://ivr.example.com/webhook")
    call.dial()
    dial = call.press("1").root.find("Dial")
    whisper = resolve(call.url, dial.find("Number").get("url"))
    attempt = resolve(whisper, call.send(whisper).root.find("Gather").get("action"))
    for url in (whisper, attempt):
        path, _, query = url.partition("?")
        assert len(query.split("&")) >= 2
        check_query(url)
        assert call.send(url).status == 200
        # The signer sorts the query, and the request has it as it was written.
        signature = sign(f"{path}?{'&'.join(sorted(query.split('&')))}", twilio_params(call.sid).items())
        assert call.send(url, signature=signature).status == 200


def test_an_unsigned_whisper_request_is_refused(make_app):
    """A whisper request without a signature gets 403."""
    client = make_app().test_client()
    assert client.post("/webhook/whisper?state=sales&language=en-US", data={"CallSid": "CA1"}).status_code == 403
