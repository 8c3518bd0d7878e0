"""The turn guard: each call of a plugin's code in a turn passes the gates."""

from datetime import UTC, datetime

import pytest
from tests.web.sample_trees import RecordingPlugin

from ivrkit import HOME, MenuOption, Owner, State, hookimpl
from ivrkit.flow.run.plugin_code import CodeRefused, PluginCode
from ivrkit.host.deadlines.turn_guard import TurnGuard
from ivrkit.host.dispatcher import Dispatcher
from ivrkit.host.rate_limit import RateLimit


class Recorder:
    """A gate that records its calls, and refuses some code."""

    def __init__(self, name, record, refused=()):
        self.name, self.record, self.refused = name, record, refused

    def enter(self, code, sid):
        """Record the call, and refuse it if its state is to be refused."""
        self.record.append((self.name, "enter", str(code), sid))
        if code.state and code.state.name in self.refused:
            raise CodeRefused("too many calls are in it")

    def leave(self, code, sid, error):
        """Record the call with the type of its error."""
        self.record.append((self.name, "leave", str(code), type(error).__name__))


class Tree(RecordingPlugin):
    """Two states with functions, of which one fails, and the observing hooks."""

    def __init__(self):
        super().__init__(
            {
                "fine": State(lambda call: "Fine.", HOME, options=MenuOption("1", "fine")),
                "bad": State(lambda call: 1 / 0, HOME, options=MenuOption("2", "bad")),
            }
        )
        self.cleaned_up, self.failed = [], []

    @hookimpl
    def ivrkit_choose_start(self, call):
        """Start every call in the menu."""
        return "menu"

    @hookimpl
    def ivrkit_state_failed(self, call, state, error):
        """Record the failed state."""
        self.failed.append((state.name, type(error)))

    @hookimpl
    def ivrkit_clean_up(self):
        """Record that code has failed."""
        self.cleaned_up.append(True)

    @hookimpl
    def ivrkit_edit_response(self, call, response, state):
        """Edit nothing."""


@pytest.fixture
def plugin():
    """Return the plugin of the phone tree."""
    return Tree()


@pytest.fixture
def answer(make_app, plugin, monkeypatch):
    """Return a function that answers webhooks of one call: ``answer(gates, Digits="1")``."""
    monkeypatch.setattr("ivrkit.host.deadlines.turn_guard._refusals", RateLimit())  # one for each test
    tree = make_app(tree=plugin, dev=True).extensions["ivrkit"]

    def run(gates, status="in-progress", **params):
        params = {"CallSid": "CA1", "CallStatus": status, **params}
        dispatcher = Dispatcher(
            tree.loaded.flow, tree.sessions, tree.loaded.observers, lambda: datetime.now(UTC), 25, gates=gates
        )
        if status == "completed":
            return dispatcher.record_status(params)
        return dispatcher.answer_webhook(params)

    return run


def test_all_code_of_plugins_passes_the_gates(answer):
    """Each function of a state and each hook implementation passes the gates, with the CallSid of its call."""
    record = []
    gate = Recorder("gate", record)
    answer([gate], "ringing")
    answer([gate], Digits="1")
    answer([gate], "completed")
    entered = [code.replace("of shop", "").strip() for _, event, code, _ in record if event == "enter"]
    assert entered == [
        "ivrkit_choose_start",
        "ivrkit_edit_response",
        "ivrkit_call_started",
        "ivrkit_state_entered",
        "state 'fine'",
        "ivrkit_edit_response",
        "ivrkit_state_left",
        "ivrkit_state_entered",
        "ivrkit_state_left",
        "ivrkit_state_entered",
        "ivrkit_call_ended",
    ]
    assert {sid for _, event, _, sid in record if event == "enter"} == {"CA1"}
    assert len(record) == 2 * len(entered), "each gate is left as often as it is entered"


def test_gates_are_left_in_the_reverse_order_with_the_error(answer):
    """The last gate is left first. Each gate gets the error of the code."""
    record = []
    gates = [Recorder("a", record), Recorder("b", record)]
    answer(gates, "ringing")
    record.clear()
    answer(gates, Digits="2")
    assert [(name, event, *rest) for name, event, code, *rest in record if "'bad'" in code] == [
        ("a", "enter", "CA1"),
        ("b", "enter", "CA1"),
        ("b", "leave", "ZeroDivisionError"),
        ("a", "leave", "ZeroDivisionError"),
    ]


def test_a_refusal_is_logged_once_by_the_host(answer, plugin, logged):
    """Refused code is no failure of its own: one warning without traceback, no clean-up, but the hook for failures."""
    record = []
    gates = [Recorder("a", record), Recorder("b", record, refused=("fine",)), Recorder("c", record)]
    answer(gates, "ringing")
    logged(), record.clear()
    response = answer(gates, Digits="1")
    assert b"something went wrong" in response.twiml
    assert logged() == ["WARNING state 'fine' of shop was not run in call CA1: too many calls are in it"]
    assert plugin.cleaned_up == []
    assert plugin.failed == [("fine", CodeRefused)]
    of_state = [each for each in record if each[2] == "state 'fine' of shop"]
    assert of_state == [
        ("a", "enter", "state 'fine' of shop", "CA1"),
        ("b", "enter", "state 'fine' of shop", "CA1"),
        ("a", "leave", "state 'fine' of shop", "CodeRefused"),
    ], "the gate that refused, and the gates behind it, are not left"


def test_a_refused_hook_implementation_is_skipped(answer, plugin, logged):
    """A refused hook implementation does not run, and the call goes on. The log has one warning for it."""

    class NoHooks(Recorder):
        def enter(self, code, sid):
            if code.function.startswith("ivrkit_state_entered"):
                raise CodeRefused("no hooks today")

    answer([NoHooks("gate", [])], "ringing")
    assert plugin.events == [("started",)]
    assert logged() == ["WARNING ivrkit_state_entered of shop was not run in call CA1: no hooks today"]


def test_many_refusals_are_logged_with_their_number(answer, logged, monkeypatch):
    """The log has at most five refusals of the same code a minute. The next line has the number of the others."""
    now = [0.0]
    monkeypatch.setattr("ivrkit.host.deadlines.turn_guard._refusals", RateLimit(lambda: now[0]))
    gates = [Recorder("gate", [], refused=("fine",))]
    answer(gates, "ringing")
    logged()
    for _ in range(8):
        answer(gates, Digits="1")
    assert len(logged()) == 5
    now[0] = 61.0
    answer(gates, Digits="1")
    assert logged() == [
        "WARNING state 'fine' of shop was not run in call CA1: too many calls are in it (3 more were not logged)"
    ]


def test_refusals_of_different_code_are_limited_separately(logged, monkeypatch):
    """Many refusals of one state do not hide the refusal of another state."""
    monkeypatch.setattr("ivrkit.host.deadlines.turn_guard._refusals", RateLimit(lambda: 0.0))
    owner = Owner("shop", "1.0")
    guard = TurnGuard("CA1", [Recorder("gate", [], refused=("busy", "rare"))])
    for name in ["busy"] * 8 + ["rare"]:
        with pytest.raises(CodeRefused):
            guard(PluginCode("enter", owner, State("x", name=name, owner=owner)), str)
    lines = logged()
    assert len(lines) == 6
    assert lines[-1].startswith("WARNING state 'rare' of shop 1.0 was not run in call CA1: ")
