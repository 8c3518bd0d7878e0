"""The example of each hook's docstring does what it is shown for: it is run as it stands, and called.

A hook's docstring is its page in the reference, so this is the proof of these pages too.
"""

from __future__ import annotations

import inspect
import logging
import textwrap
from types import SimpleNamespace

import pytest
from twilio.twiml.voice_response import Record

from ivrkit import MenuOption, Routes, State, hookimpl, hookspecs
from ivrkit.web import create_app

pytestmark = pytest.mark.usefixtures("bare")

NAMES = [name for name in vars(hookspecs) if name.startswith("ivrkit_")]


def example_of(hook: str) -> SimpleNamespace:
    """Return the module that a hook's docstring shows."""
    _, _, source = inspect.getdoc(getattr(hookspecs, hook)).partition("\n\nExample::\n\n")
    module = {"__name__": "example"}
    exec(compile(textwrap.dedent(source), hook, "exec", dont_inherit=True), module)
    return SimpleNamespace(**module)


def not_today(call):
    """Fail, as a state does."""
    raise ValueError("not today")


class Company:
    """A plugin that offers the states which the examples name."""

    @hookimpl
    def ivrkit_register_states(self):
        """Return a mailbox, a state that fails, and a person."""
        return {
            "sales": State(["After the tone.", Record()], Routes({"recorded": None}), options=MenuOption("1", "sales")),
            "support": State(not_today, options=MenuOption("2", "support")),
            "reception": State("Reception.", options=MenuOption("0", "reception")),
        }


@pytest.fixture
def dial(tmp_path):
    """Return what makes an app of the company with an example, and returns what sends it webhooks."""
    stores = []

    def make(example, **settings):
        given = {"session_url": f"sqlite:///{tmp_path}/calls.sqlite3", **settings}
        app = create_app(dev=True, plugins={"acme-states": Company(), "example": example}, **given)
        tree = app.extensions["ivrkit"]
        stores.append(tree.sessions)

        def send(**params):
            given = {"CallSid": "CA1", "CallStatus": "in-progress", "From": "+15550100", **params}
            return app.test_client().post("/webhook", data=given)

        send.loaded = tree.loaded
        return send

    yield make
    for store in stores:
        store.close()


def test_every_example_is_proved():
    """There is a test here with the name of each hook."""
    assert [name for name in NAMES if f"test_{name}" not in globals()] == []


def test_ivrkit_declare_settings(dial):
    """The settings that it declares are read."""
    example = example_of("ivrkit_declare_settings")
    table = {"example": {"url": "https://crm.example.org"}}
    (read,) = dial(example, plugin_settings=table).loaded.settings
    assert read.values == example.CrmSettings(url="https://crm.example.org")
    assert read.settings[0].setting.description == "the address of the CRM."


def test_ivrkit_register_stores(dial, tmp_path, monkeypatch):
    """The store is the one that the URL names."""
    monkeypatch.chdir(tmp_path)
    send = dial(example_of("ivrkit_register_stores"), session_url="team:blue")
    send()
    assert (tmp_path / "calls-of-blue.sqlite3").exists()


def test_ivrkit_register_kinds(dial):
    """A table of the settings is a state of its kind."""
    table = {"kind": "forecast", "text": "Sunny.", "again": "2", "key": "6", "label": "the weather"}
    send = dial(example_of("ivrkit_register_kinds"), states={"weather": table})
    assert "For the weather, press six." in send().text
    send(Digits="6")
    answer = send(Digits="2")
    assert answer.headers["Ivrkit-State"] == "weather"
    assert "Sunny." in answer.text
    assert send(Digits="1").headers["Ivrkit-State"] == "menu"


def test_ivrkit_register_states(dial):
    """Its mailboxes are in the menu, and record."""
    send = dial(example_of("ivrkit_register_states"))
    assert "For the mailbox of ann, press six." in send().text
    assert "<Record" in send(Digits="7").text
    assert "Thank you. Goodbye." in send(RecordingSid="RE1").text


def test_ivrkit_edit_state(dial):
    """A caller whose support failed comes to reception."""
    send = dial(example_of("ivrkit_edit_state"))
    send()
    assert send(Digits="2").headers["Ivrkit-State"] == "reception"


def test_ivrkit_choose_start(dial):
    """Callers from Mexico begin in the menu, in Spanish; all others as the settings have it."""
    send = dial(example_of("ivrkit_choose_start"), languages=["es-MX"])
    assert "Thank you for calling" in send().text
    answer = send(CallSid="CA2", From="+525550100").text
    assert "Gracias" not in answer
    assert "marque uno" in answer


def test_ivrkit_edit_response(dial):
    """Every document begins with the stream."""
    send = dial(example_of("ivrkit_edit_response"))
    assert '<Response><Start><Stream url="wss://listen.example.com/"' in send().text
    assert '<Response><Start><Stream url="wss://listen.example.com/"' in send(Digits="1").text


def test_ivrkit_state_failed(dial):
    """A caller whom a state of acme-states failed comes to reception, and hears nothing of why."""
    send = dial(example_of("ivrkit_state_failed"))
    send()
    answer = send(Digits="2")
    assert answer.headers["Ivrkit-State"] == "reception"
    assert "not today" not in answer.text


def test_ivrkit_call_started(dial, caplog):
    """The log tells who calls, once."""
    caplog.set_level(logging.INFO, "acme.calls")
    send = dial(example_of("ivrkit_call_started"))
    send()
    send(Digits="1")
    assert [record.getMessage() for record in caplog.records if record.name == "acme.calls"] == [
        "call CA1 from +15550100"
    ]


def test_ivrkit_state_entered(dial):
    """Each state that the caller comes to is counted."""
    example = example_of("ivrkit_state_entered")
    send = dial(example.entered)
    send()
    send(Digits="9")
    send(Digits="1")
    assert example.entered.counted == {"greeting": 1, "menu": 2, "sales": 1}


def test_ivrkit_state_left(dial):
    """Each state that the caller leaves is counted, with what happened."""
    example = example_of("ivrkit_state_left")
    send = dial(example.pressed)
    send()
    send(Digits="1")
    send(RecordingSid="RE1")
    assert example.pressed.counted == {("greeting", None): 1, ("menu", "1"): 1, ("sales", "recorded"): 1}


def test_ivrkit_call_ended(dial, caplog):
    """The log tells how a call ended, once."""
    caplog.set_level(logging.INFO, "acme.calls")
    send = dial(example_of("ivrkit_call_ended"))
    send()
    send(CallStatus="completed")
    send(CallStatus="completed")
    assert [record.getMessage() for record in caplog.records if record.name == "acme.calls"] == [
        "call CA1 ended: completed"
    ]
