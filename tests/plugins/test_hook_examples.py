"""Tests of the examples in the docstrings of the hooks.

Each example runs unchanged, as a plugin of a served phone tree. The reference pages of the hooks are their docstrings,
so the examples of these pages are tested here too.
"""

from __future__ import annotations

import inspect
import logging
import textwrap
from types import SimpleNamespace

import pytest
import time_machine
from twilio.twiml.voice_response import Record

from ivrkit import MenuOption, Routes, State, hookimpl, hookspecs
from ivrkit.web import create_app

pytestmark = pytest.mark.usefixtures("core_only")

HOOKS = [name for name in vars(hookspecs) if name.startswith("ivrkit_")]


def load_example(hook: str) -> SimpleNamespace:
    """Run the example in the docstring of a hook, and return its module."""
    _, _, source = inspect.getdoc(getattr(hookspecs, hook)).partition("\n\nExample::\n\n")
    module = {"__name__": "example"}
    exec(compile(textwrap.dedent(source), hook, "exec", dont_inherit=True), module)
    return SimpleNamespace(**module)


class Failing:
    """The function of a state that fails until it works."""

    works = False

    def __call__(self, call):
        """Raise an error, or return what the caller hears."""
        if not self.works:
            raise ValueError("not today")
        return "Support."


FAILING = Failing()


class Company:
    """Plugin with the states that the examples name."""

    @hookimpl
    def ivrkit_register_states(self):
        """Return a mailbox, a state that fails, and a reception."""
        return {
            "sales": State(["After the tone.", Record()], Routes({"recorded": None}), options=MenuOption("1", "sales")),
            "support": State(FAILING, options=MenuOption("2", "support")),
            "reception": State("Reception.", options=MenuOption("0", "reception")),
        }


@pytest.fixture
def serve(tmp_path):
    """Return a function that serves the company's states with an example.

    That function returns ``send``, which sends a webhook and returns the response. ``send.loaded`` is the loaded tree.
    """
    stores = []

    def make(example, **settings):
        settings = {"session_url": f"sqlite:///{tmp_path}/calls.sqlite3", **settings}
        app = create_app(dev=True, plugins={"acme-states": Company(), "example": example}, **settings)
        tree = app.extensions["ivrkit"]
        stores.append(tree.sessions)

        def send(**params):
            params = {"CallSid": "CA1", "CallStatus": "in-progress", "From": "+15550100", **params}
            return app.test_client().post("/webhook", data=params)

        send.loaded = tree.loaded
        return send

    yield make
    for store in stores:
        store.close()


def test_each_hook_has_a_test_of_its_example():
    """This module has a test for the example of each hook, named after the hook."""
    assert [name for name in HOOKS if f"test_{name}" not in globals()] == []


def test_ivrkit_declare_settings(serve):
    """The example's settings are read from its table, with the description of each."""
    example = load_example("ivrkit_declare_settings")
    table = {"example": {"url": "https://crm.example.org"}}
    (declared,) = serve(example, plugin_settings=table).loaded.settings
    assert declared.values == example.CrmSettings(url="https://crm.example.org")
    assert declared.settings[0].setting.description == "the address of the CRM."


def test_ivrkit_register_stores(serve, tmp_path, monkeypatch):
    """The setting ``session_url`` can name the store that the example registers."""
    monkeypatch.chdir(tmp_path)
    send = serve(load_example("ivrkit_register_stores"), session_url="team:blue")
    send()
    assert (tmp_path / "calls-of-blue.sqlite3").exists()


def test_ivrkit_register_kinds(serve):
    """A TOML state can have the state kind that the example registers."""
    table = {"kind": "forecast", "text": "Sunny.", "again": "2", "key": "6", "label": "the weather"}
    send = serve(load_example("ivrkit_register_kinds"), states={"weather": table})
    assert "For the weather, press six." in send().text
    send(Digits="6")
    answer = send(Digits="2")
    assert answer.headers["Ivrkit-State"] == "weather"
    assert "Sunny." in answer.text
    assert send(Digits="1").headers["Ivrkit-State"] == "menu"


def test_ivrkit_register_states(serve):
    """The mailboxes that the example registers are in the menu, and they record."""
    send = serve(load_example("ivrkit_register_states"))
    assert "For the mailbox of ann, press six." in send().text
    assert "<Record" in send(Digits="7").text
    assert "Thank you. Goodbye." in send(RecordingSid="RE1").text


def test_ivrkit_edit_state(serve):
    """A caller goes to reception when the support state fails, because the example sets ``on_error``."""
    send = serve(load_example("ivrkit_edit_state"))
    send()
    assert send(Digits="2").headers["Ivrkit-State"] == "reception"


def test_ivrkit_choose_start(serve):
    """Calls from Mexico begin in the menu in Spanish, and other calls begin in the start state of the settings."""
    send = serve(load_example("ivrkit_choose_start"), languages=["es-MX"])
    assert "Thank you for calling" in send().text
    answer = send(CallSid="CA2", From="+525550100").text
    assert "Gracias" not in answer
    assert "marque uno" in answer


def test_ivrkit_edit_response(serve):
    """Each response begins with the stream that the example inserts."""
    send = serve(load_example("ivrkit_edit_response"))
    assert '<Response><Start><Stream url="wss://listen.example.com/"' in send().text
    assert '<Response><Start><Stream url="wss://listen.example.com/"' in send(Digits="1").text


def test_ivrkit_state_failed(serve):
    """A caller goes to reception when a state of acme-states fails, and does not hear the error."""
    send = serve(load_example("ivrkit_state_failed"))
    send()
    answer = send(Digits="2")
    assert answer.headers["Ivrkit-State"] == "reception"
    assert "not today" not in answer.text


def test_ivrkit_clean_up(serve):
    """The example removes the row of a failed hook, so that the next hook does not save it."""
    example = load_example("ivrkit_clean_up")
    send = serve(example.visits)
    for sid, caller in (("CA1", "anonymous"), ("CA2", "+15550123")):
        send(CallSid=sid, From=caller)
    rows = example.visits.database.execute("SELECT caller FROM visits").fetchall()
    assert rows == [("+15550123",)]
    example.visits.database.close()


def test_ivrkit_call_started(serve, caplog):
    """The example logs the caller's number once per call."""
    caplog.set_level(logging.INFO, "acme.calls")
    send = serve(load_example("ivrkit_call_started"))
    send()
    send(Digits="1")
    assert [record.getMessage() for record in caplog.records if record.name == "acme.calls"] == [
        "call CA1 from +15550100"
    ]


def test_ivrkit_state_entered(serve):
    """The example counts each state that the caller enters."""
    example = load_example("ivrkit_state_entered")
    send = serve(example.entered)
    send()
    send(Digits="9")
    send(Digits="1")
    assert example.entered.counted == {"greeting": 1, "menu": 2, "sales": 1}


def test_ivrkit_state_left(serve):
    """The example counts each state that the caller leaves, together with the outcome."""
    example = load_example("ivrkit_state_left")
    send = serve(example.pressed)
    send()
    send(Digits="1")
    send(RecordingSid="RE1")
    assert example.pressed.counted == {("greeting", None): 1, ("menu", "1"): 1, ("sales", "recorded"): 1}


def test_ivrkit_recorded(serve):
    """The example has a line for each message that a caller left."""
    example = load_example("ivrkit_recorded")
    send = serve(example.messages)
    send(From="+15550123")
    send(From="+15550123", Digits="1")
    send(From="+15550123", RecordingUrl="https://r.example/RE1", RecordingSid="RE1", RecordingDuration="7")
    assert example.messages.messages == ["+15550123 left a message of 7 seconds: https://r.example/RE1.mp3"]


def test_ivrkit_call_ended(serve, caplog):
    """The example logs once per call how the call ended."""
    caplog.set_level(logging.INFO, "acme.calls")
    send = serve(load_example("ivrkit_call_ended"))
    send()
    send(CallStatus="completed")
    send(CallStatus="completed")
    assert [record.getMessage() for record in caplog.records if record.name == "acme.calls"] == [
        "call CA1 ended: completed"
    ]


def test_ivrkit_state_quarantined(serve, caplog):
    """The example logs the state that callers can no longer reach, once."""
    caplog.set_level(logging.CRITICAL, "acme.pager")
    send = serve(load_example("ivrkit_state_quarantined"), quarantine_failures=2)
    send()
    for _ in range(3):
        send(Digits="2")
    assert [record.getMessage() for record in caplog.records if record.name == "acme.pager"] == [
        "callers cannot reach support of acme-states: 2 failures in 60 s"
    ]


def test_ivrkit_state_released(serve, caplog, monkeypatch):
    """The example logs the state that callers can reach again, once."""
    caplog.set_level(logging.CRITICAL, "acme.pager")
    with time_machine.travel(0, tick=False) as clock:
        send = serve(load_example("ivrkit_state_released"), quarantine_failures=1)
        send()
        send(Digits="2")
        clock.shift(60)
        monkeypatch.setattr(FAILING, "works", True)
        send(Digits="2")
    assert [record.getMessage() for record in caplog.records if record.name == "acme.pager"] == [
        "callers can reach support of acme-states again"
    ]
