"""Tests of the contract of each hook: a plugin implements it, a webhook arrives, and the response is checked."""

from __future__ import annotations

import inspect
import logging
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from twilio.twiml.voice_response import Record, Start

from ivrkit import BACK, SAME, Goto, Owner, Routes, State, ask, hookimpl, hookspecs, leads_to
from ivrkit.flow.model.call import make_call
from ivrkit.flow.run.dial_limit import DialLimitReached
from ivrkit.plugins.hook_calls import (
    HookImpl,
    find_hook_impls,
    make_choose_start,
    make_edit_response,
    make_state_failed,
    notify_observers,
)
from ivrkit.web import create_app

pytestmark = pytest.mark.usefixtures("core_only")

HOOKS = [name for name in vars(hookspecs) if name.startswith("ivrkit_")]
GOODBYE = State("Goodbye then.")
ASKING = State(ask("Well?"), Routes({"1": None}))


class StatesPlugin:
    """Plugin that registers states."""

    def __init__(self, states: Mapping[str, State]) -> None:
        self.states = states

    @hookimpl
    def ivrkit_register_states(self):
        """Return the states."""
        return self.states


def make_plugin(**functions: Callable[..., object]) -> object:
    """Return a plugin that implements hooks.

    :param functions: name of a hook without the prefix ``ivrkit_`` -> its implementation.
    """

    class Plugin:
        """Plugin without hooks, to which the functions are added."""

    plugin = Plugin()
    for name, function in functions.items():
        setattr(plugin, f"ivrkit_{name}", hookimpl(function))
    return plugin


@pytest.fixture
def serve(tmp_path):
    """Return a function that serves states and plugins.

    That function returns ``send``, which sends a webhook of one call and returns the response.
    """
    stores = []

    def make(states, start="one", **plugins):
        app = create_app(
            dev=True,
            start=start,
            session_url=f"sqlite:///{tmp_path}/calls.sqlite3",
            plugins={"tree": StatesPlugin(states), **plugins},
        )
        stores.append(app.extensions["ivrkit"].sessions)
        client = app.test_client()

        def send(**params):
            params = {"CallSid": "CA1", "CallStatus": "in-progress", "From": "+431", "To": "+432", **params}
            answer = client.post("/webhook", data=params)
            assert answer.status_code == 200
            return answer

        return send

    yield make
    for store in stores:
        store.close()


def new_call(**params: str):
    """Return a call with these webhook parameters."""
    return make_call({"CallSid": "CA1", **params}, now=None, language="en-US", turn=1, data={})


def hook_impl(function: Callable[..., object], name: str = "own", hook: str = "ivrkit_call_started") -> HookImpl:
    """Return a function as a plugin's implementation of a hook."""
    return HookImpl(Owner(name, "1.0"), hook, function, tuple(inspect.signature(function).parameters))


def raise_error() -> None:
    """Raise an error, as a failing hook implementation does."""
    raise ValueError("no such luck")


class TestHookspecs:
    """Hook specifications."""

    def test_exactly_these_hooks_exist(self):
        """There are exactly these hooks, in this order."""
        assert HOOKS == [
            "ivrkit_declare_settings",
            "ivrkit_register_kinds",
            "ivrkit_register_stores",
            "ivrkit_register_states",
            "ivrkit_edit_state",
            "ivrkit_choose_start",
            "ivrkit_edit_response",
            "ivrkit_state_failed",
            "ivrkit_clean_up",
            "ivrkit_call_started",
            "ivrkit_state_entered",
            "ivrkit_state_left",
            "ivrkit_recorded",
            "ivrkit_call_ended",
            "ivrkit_state_quarantined",
            "ivrkit_state_released",
        ]

    @pytest.mark.parametrize("name", HOOKS)
    def test_each_docstring_is_a_contract(self, name):
        """The docstring of a hook describes its whole contract.

        It says when the hook is called and describes arguments, return value, order and failure. It has an example.
        """
        hook = getattr(hookspecs, name)
        contract, _, example = inspect.getdoc(hook).partition("\n\nExample::\n")
        parameters = re.findall(r":param (\w+):", contract)
        assert parameters == list(inspect.signature(hook).parameters)
        assert "\n\nCalled " in contract
        assert re.search(r"^:returns: (.+\n)+?:order: (.+\n)+?:failure: ", contract, re.MULTILINE)
        assert re.search(rf"@ivrkit\.hookimpl\n +def {name}\(", example)

    @pytest.mark.parametrize("name", HOOKS)
    def test_only_the_deciding_hooks_stop_at_the_first_result(self, name):
        """Only the two deciding hooks stop at the first result; every plugin is called for the others."""
        is_deciding = name in ("ivrkit_choose_start", "ivrkit_state_failed")
        assert getattr(hookspecs, name).ivrkit_spec["firstresult"] == is_deciding


class TestCalls:
    """Order and arguments of hook implementations."""

    def test_hook_implementations_are_called_in_the_order_of_pluggy(self, serve):
        """The plugin loaded last is called first, except that ``tryfirst`` and ``trylast`` come first and last."""
        called = []

        def plugin_named(name, **marks):
            class Plugin:
                @hookimpl(**marks)
                def ivrkit_call_started(self):
                    called.append(name)

            return Plugin()

        send = serve(
            {"one": GOODBYE},
            a=plugin_named("a"),
            first=plugin_named("first", tryfirst=True),
            last=plugin_named("last", trylast=True),
            b=plugin_named("b"),
        )
        send()
        assert called == ["first", "b", "a", "last"]

    def test_a_hook_implementation_takes_the_arguments_it_names(self):
        """A hook implementation gets the arguments that it names, in its own order, and no others."""
        arguments = {"call": "a call", "state": "a state", "outcome": "1", "reason": None}
        assert hook_impl(lambda outcome, call: (outcome, call))(arguments) == ("1", "a call")
        assert hook_impl(lambda: "nothing")(arguments) == "nothing"

    def test_a_hook_without_implementations_has_an_empty_tuple(self):
        """A hook that no plugin implements has no hook implementations."""
        import pluggy

        manager = pluggy.PluginManager("ivrkit")
        manager.add_hookspecs(hookspecs)
        assert find_hook_impls(manager, "ivrkit_call_ended", {}) == ()


class TestObserving:
    """Observing hooks: they run after the session is saved, and their failures do not affect the call."""

    def test_observers_are_notified_from_start_to_end(self, serve):
        """Observers are notified when a call starts, enters a state, leaves a state and ends, in this order."""
        events = []
        observer = make_plugin(
            call_started=lambda call: events.append(("started", call.sid)),
            state_entered=lambda call, state: events.append(("entered", state.name, state.owner.plugin)),
            state_left=lambda call, state, outcome: events.append(("left", state.name, outcome)),
            call_ended=lambda call, reason: events.append(("ended", reason)),
        )
        send = serve({"one": State(ask("Well?"), Routes({"1": "two"})), "two": GOODBYE}, observer=observer)
        send()
        assert events == [("started", "CA1"), ("entered", "one", "tree")]
        events.clear()
        send(Digits="1")
        assert events == [("left", "one", "1"), ("entered", "two", "tree"), ("ended", "finished")]

    def test_a_recording_is_observed(self, serve):
        """ivrkit_recorded gets the address, the identifier and the seconds of a recording, before the state is left."""
        seen = []
        observer = make_plugin(
            recorded=lambda call, state, url, sid, duration: seen.append((call.sid, state.name, url, sid, duration)),
            state_left=lambda state, outcome: seen.append(outcome),
        )
        send = serve({"box": State(Record(), Routes({"no-message": "box"}))}, start="box", observer=observer)
        send()
        send(RecordingUrl="https://r.example/RE0", RecordingDuration="0")
        send(RecordingUrl="https://r.example/RE1", RecordingSid="RE1", RecordingDuration="12", Digits="hangup")
        assert seen == ["no-message", ("CA1", "box", "https://r.example/RE1", "RE1", 12), "recorded"]

    def test_a_recording_after_the_end_of_the_call(self, serve):
        """A caller who hangs up has left a message: ivrkit_recorded is called, even without a duration."""
        seen = []
        observer = make_plugin(recorded=lambda state, sid, duration: seen.append((state.name, sid, duration)))
        send = serve({"box": State(Record(), Routes({}))}, start="box", observer=observer)
        send()
        send(CallStatus="completed", RecordingUrl="https://r.example/RE1", RecordingDuration="long")
        assert seen == [("box", "", 0)]

    def test_plugins_clean_up_after_each_failure(self, serve, caplog):
        """ivrkit_clean_up is called after a failed state and after each failed hook, before other code of a plugin."""
        events = []

        def fail(name):
            def run(**arguments):
                events.append(name)
                raise ValueError(name)

            return run

        def clean_up():
            events.append("clean up")
            raise RuntimeError("kaboom")

        plugin = make_plugin(
            choose_start=lambda call: fail("start")(),
            state_failed=lambda call: fail("failed")(),
            edit_response=lambda call: fail("edit")(),
            call_started=lambda call: fail("started")(),
            state_entered=lambda state: events.append(f"entered {state.name}"),
            clean_up=clean_up,
        )
        send = serve({"one": State(lambda call: fail("one")(), on_error="two"), "two": ASKING}, plugin=plugin)
        send()
        names = ["start", "one", "failed", "edit", "started"]
        assert events == [*(event for name in names for event in (name, "clean up")), "entered two"]
        logged = [
            each.getMessage() for each in caplog.records if "ivrkit_clean_up of plugin failed" in each.getMessage()
        ]
        assert len(logged) == len(names)
        assert all(each.endswith("RuntimeError: kaboom") for each in logged)

    def test_a_clean_up_does_not_see_a_secret_error(self, serve):
        """A clean-up runs after the error is handled, so that it cannot read an error that quotes secret input."""
        seen = []

        def fail_again(call, error):
            raise ValueError(call.digits)

        plugin = make_plugin(state_failed=fail_again, clean_up=lambda: seen.append(sys.exc_info()))

        @leads_to("one")
        def check(call):
            raise ValueError(call.digits)

        send = serve({"one": State(ask("Your PIN?", num_digits=4), check, secret=True)}, plugin=plugin)
        send()
        send(Digits="4711")
        assert seen == [(None, None, None)] * 2

    def test_the_reason_of_a_hangup_is_the_call_status(self, serve):
        """ivrkit_call_ended gets Twilio's CallStatus as the reason when the caller hangs up."""
        reasons = []

        def ended(reason):
            reasons.append(reason)

        send = serve({"one": State(ask("Well?"), Routes({"1": None}))}, observer=make_plugin(call_ended=ended))
        send()
        send(CallStatus="completed")
        assert reasons == ["completed"]

    def test_a_failing_observer_is_only_logged(self, serve, caplog):
        """A failing observer is logged with owner, hook, call and traceback.

        The caller hears the state, and the other observers are notified.
        """
        calls = []
        send = serve(
            {"one": GOODBYE},
            observer=make_plugin(call_started=lambda call: calls.append(call.sid)),
            bad=make_plugin(call_started=lambda call: raise_error()),
            worse=make_plugin(call_started=lambda call: exit(3)),
        )
        assert b"Goodbye then." in send().data
        assert calls == ["CA1"]
        errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
        assert [error.splitlines()[0] for error in errors] == [
            "ivrkit_call_started of worse failed in call CA1: SystemExit: 3",
            "ivrkit_call_started of bad failed in call CA1: ValueError: no such luck",
        ]
        assert "Traceback (most recent call last):" in caplog.text
        assert "ValueError: no such luck" in caplog.text

    def test_notify_observers_continues_after_a_failure(self, caplog):
        """notify_observers logs a failing observer with hook and owner, and notifies the next one."""
        calls = []

        def observe(call):
            calls.append(call)

        notify_observers([hook_impl(observe), hook_impl(raise_error, "bad"), hook_impl(observe)], {"call": 1}, "CA9")
        assert calls == [1, 1]
        (record,) = caplog.records
        assert (record.name, record.levelname) == ("ivrkit.plugins", "ERROR")
        assert record.getMessage().startswith(
            "ivrkit_call_started of bad 1.0 failed in call CA9: ValueError: no such luck\n"
            "  Traceback (most recent call last):\n"
        )
        assert record.getMessage().endswith("\n  ValueError: no such luck")

    def test_a_keyboard_interrupt_is_not_caught(self):
        """A KeyboardInterrupt in an observer is not caught, so that the program can be stopped."""

        def interrupt():
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            notify_observers([hook_impl(interrupt)], {}, "CA1")


class TestEditState:
    """The hook ivrkit_edit_state when the phone tree is served."""

    def test_states_are_edited_only_at_start(self, serve):
        """A state is edited once at start, and every caller hears the edited state."""
        edited = []

        def edit(state):
            edited.append(state.name)
            return replace(state, enter="Edited.") if state.name == "one" else None

        send = serve({"one": GOODBYE}, own=make_plugin(edit_state=edit))
        assert b"<Say" in send().data
        assert b"Edited." in send(CallSid="CA2").data
        assert edited == ["greeting", "menu", "one"]


class TestRegisterStates:
    """The hook ivrkit_register_states when the phone tree is served."""

    def test_states_are_registered_only_at_start(self, serve):
        """ivrkit_register_states is called once at start, and not again when webhooks arrive."""
        starts = []

        def register(settings):
            starts.append(settings.start)
            return {"two": GOODBYE}

        send = serve({"one": State("Hello.", "two")}, own=make_plugin(register_states=register))
        send()
        send(CallSid="CA2")
        assert starts == ["one"]


class TestChooseStart:
    """The hook ivrkit_choose_start, which decides where a call begins."""

    def test_the_first_start_wins(self, serve):
        """The first plugin that returns a state decides where the call begins.

        A plugin that returns None leaves the decision to the next one. Later webhooks of the call do not ask again.
        """
        called = []

        def returns(name, result):
            def decide(call):
                called.append((name, call.from_))
                return result

            return make_plugin(choose_start=decide)

        send = serve(
            {"one": ASKING, "two": ASKING},
            never=returns("never", "one"),
            decides=returns("decides", "two"),
            passes=returns("passes", None),
        )
        assert send(From="+15550100").headers["Ivrkit-State"] == "two"
        send(Digits="")
        assert called == [("passes", "+15550100"), ("decides", "+15550100")]

    def test_a_goto_chooses_state_and_language(self):
        """A Goto chooses the start state and the language; ``es`` is valid if the phone tree has ``es-MX``."""
        choose = make_choose_start([hook_impl(lambda: Goto("one", language="es"))], {"one"}, ("en-US", "es-MX"))
        assert choose(new_call()) == Goto("one", language="es")

    @pytest.mark.parametrize("result", ["nowhere", BACK, 5, ["one"], Goto(SAME), Goto("one", language="fr-FR")])
    def test_an_invalid_start_is_logged_and_ignored(self, caplog, result):
        """An invalid start is logged, and the next plugin decides."""
        hook_impls = [
            hook_impl(lambda: result, "bad", "ivrkit_choose_start"),
            hook_impl(lambda: "one", "good", "ivrkit_choose_start"),
        ]
        assert make_choose_start(hook_impls, {"one"}, ("en-US",))(new_call()) == Goto("one")
        required = "None, the name of a state, or a Goto to a state in a language of the phone tree"
        assert caplog.messages == [f"ivrkit_choose_start of bad 1.0 must return {required}, not {result!r}"]

    def test_a_failing_implementation_does_not_change_call_data(self, caplog):
        """If ivrkit_choose_start fails, the failure is logged and ``call.data`` is as it was before."""

        def change_and_fail(call):
            call.data["half"] = 1
            raise LookupError("the shelf is empty")

        call = new_call()
        choose = make_choose_start([hook_impl(change_and_fail, hook="ivrkit_choose_start")], {"one"}, ("en-US",))
        assert choose(call) is None
        assert call.data == {}
        assert (
            "ivrkit_choose_start of own 1.0 failed in call CA1: LookupError: the shelf is empty\n  Traceback"
            in caplog.text
        )

    def test_changes_of_call_data_are_saved(self):
        """Changes that ivrkit_choose_start makes to ``call.data`` are saved, even if it returns None."""

        def look_up_customer(call):
            call.data["customer"] = 7

        call = new_call()
        assert make_choose_start([hook_impl(look_up_customer)], {"one"}, ("en-US",))(call) is None
        assert call.data == {"customer": 7}

    def test_no_implementations_make_no_choose_start(self):
        """The engine has no function to call when no plugin implements ivrkit_choose_start."""
        assert make_choose_start([], {"one"}, ("en-US",)) is None


class TestEditResponse:
    """The hook ivrkit_edit_response, which changes a response before it is sent."""

    def test_a_plugin_changes_the_response(self, serve):
        """ivrkit_edit_response gets the call, the current state and the Response element, and can insert a verb."""

        def edit(call, state, response):
            start = Start()
            start.stream(url=f"wss://example.com/{call.sid}/{state.name}")
            response.insert(0, start.xml())

        send = serve({"one": State("Hello.", "two"), "two": GOODBYE}, own=make_plugin(edit_response=edit))
        answer = send()
        assert answer.data.startswith(
            b"<?xml version='1.0' encoding='utf-8'?>\n"
            b'<Response><Start><Stream url="wss://example.com/CA1/two" /></Start><Say'
        )
        assert answer.data.endswith(b"<Hangup /></Response>")

    def test_a_failing_plugin_does_not_change_the_response(self, serve, caplog):
        """The changes of a failing plugin are dropped; the changes of the plugins before and after it are sent."""

        def clear_and_fail(response):
            response.clear()
            raise_error()

        before = make_plugin(edit_response=lambda response: response.set("first", "ü"))
        after = make_plugin(edit_response=lambda response: response.set("last", "<"))
        data = serve({"one": GOODBYE}, after=after, bad=make_plugin(edit_response=clear_and_fail), before=before)().data
        assert '<Response first="ü" last="&lt;"><Say'.encode() in data
        assert "ivrkit_edit_response of bad failed in call CA1: ValueError: no such luck\n  Traceback" in caplog.text

    @pytest.mark.parametrize(
        ("edit", "reason"),
        [
            (lambda response: response.set("length", 5), "TypeError: cannot serialize 5 (type int)"),
            (lambda response: response.set("bad", "\x00"), "ParseError: "),
            (
                lambda response: setattr(response, "tag", "Reply"),
                "ValueError: the root element must be Response, not Reply",
            ),
            (lambda response: exit(2), "SystemExit: 2"),
        ],
    )
    def test_an_invalid_response_is_not_sent(self, caplog, edit, reason):
        """The unedited response is sent if the edited one is not valid TwiML, and the reason is logged."""
        response = b"<Response><Say>Hello.</Say></Response>"
        state = State("Hello.", name="one")
        assert (
            make_edit_response([hook_impl(edit, hook="ivrkit_edit_response")])(new_call(), state, response) == response
        )
        (record,) = caplog.records
        assert record.getMessage().startswith(f"ivrkit_edit_response of own 1.0 failed in call CA1: {reason}")
        assert "\n  Traceback" in record.getMessage()

    @pytest.mark.parametrize(
        ("edit", "reason"),
        [
            (
                lambda response: setattr(response[-1], "text", "x" * 64_000),
                "the response must have at most 64000 bytes, not 64",
            ),
            (
                lambda response: response.clear(),
                "the response must keep its Gather, because without it the call would end",
            ),
            (
                lambda response: ElementTree.SubElement(response, "a b><c"),
                "ParseError: ",
            ),
        ],
    )
    def test_an_edit_that_would_end_the_call_is_not_sent(self, caplog, edit, reason):
        """The response is sent without an edit that Twilio would refuse, or after which the call would end."""
        response = b"<Response><Gather><Say>Hello.</Say></Gather></Response>"
        edit_response = make_edit_response([hook_impl(edit, hook="ivrkit_edit_response")])
        assert edit_response(new_call(), State("Hello.", name="one"), response) == response
        (record,) = caplog.records
        assert record.getMessage().startswith(f"ivrkit_edit_response of own 1.0 failed in call CA1: {reason}")

    def test_an_edit_may_replace_the_verb_that_waits(self, caplog):
        """A plugin may end the call instead of waiting for input."""

        def hang_up(response):
            response.clear()
            ElementTree.SubElement(response, "Hangup")

        edit_response = make_edit_response([hook_impl(hang_up, hook="ivrkit_edit_response")])
        edited = edit_response(new_call(), State("Hello.", name="one"), b"<Response><Gather /></Response>")
        assert edited.endswith(b"<Response><Hangup /></Response>")
        assert not caplog.records

    def test_each_plugin_gets_its_own_copy(self):
        """A plugin cannot change the response through the element that another plugin got."""
        responses = []

        def save(response):
            responses.append(response)

        def change_saved(response):
            responses[0].set("late", "yes")

        edit = make_edit_response([hook_impl(save), hook_impl(change_saved)])
        assert edit(new_call(), State("Hello."), b"<Response />") == (
            b"<?xml version='1.0' encoding='utf-8'?>\n<Response />"
        )

    def test_arguments_are_passed_by_name(self):
        """ivrkit_edit_response gets the call, the state and the response by name, in any order."""
        received = {}

        def receive(state, response, call):
            received.update(state=state, call=call, tag=response.tag)

        call, state = new_call(), State("Hello.")
        make_edit_response([hook_impl(receive)])(call, state, b"<Response />")
        assert received == {"state": state, "call": call, "tag": "Response"}

    def test_no_implementations_make_no_edit_response(self):
        """The engine has no function to call when no plugin implements ivrkit_edit_response."""
        assert make_edit_response([]) is None

    def test_the_response_to_a_hangup_is_not_edited(self, serve):
        """The empty response after a hangup is not edited."""
        edited = []
        send = serve(
            {"one": State(ask("Well?"), Routes({"1": None}))},
            own=make_plugin(edit_response=lambda response: edited.append(1)),
        )
        send()
        assert b"<Response" in send(CallStatus="completed").data
        assert edited == [1]


def fail_in_state(call):
    """Raise an error, as the function of a failing state does."""
    raise LookupError("the shelf is empty")


class TestStateFailed:
    """The hook ivrkit_state_failed, which decides where the caller goes when a state fails."""

    def test_the_first_target_wins(self, serve, caplog):
        """The first plugin that returns a state's name decides where the caller goes.

        A plugin that returns None leaves the decision to the next one, and later plugins are not called.
        """
        called = []

        def returns(name, result):
            def decide(call, state, error):
                called.append((name, call.sid, state.name, str(error)))
                return result

            return make_plugin(state_failed=decide)

        send = serve(
            {"one": State(fail_in_state), "two": GOODBYE},
            never=returns("never", "one"),
            decides=returns("decides", "two"),
            passes=returns("passes", None),
        )
        assert b"Goodbye then." in send().data
        error = "the shelf is empty"
        assert called == [("passes", "CA1", "one", error), ("decides", "CA1", "one", error)]
        assert "state 'one' of tree failed in call CA1: LookupError: the shelf is empty\n  Traceback" in caplog.text

    def test_a_failure_is_logged_once(self, caplog):
        """The failure of a state is logged once, with state, owner, call and traceback, even without plugins."""
        state = State("Hello.", name="one", owner=Owner("ant", "3.0"))
        with pytest.raises(LookupError) as caught:
            fail_in_state(None)
        assert make_state_failed([], {"one"})(new_call(), state, caught.value, []) is None
        (record,) = caplog.records
        assert (record.name, record.levelname) == ("ivrkit.plugins", "ERROR")
        assert record.getMessage().startswith(
            "state 'one' of ant 3.0 failed in call CA1: LookupError: the shelf is empty\n  Traceback"
        )
        assert record.getMessage().endswith("LookupError: the shelf is empty")

    def test_a_dial_that_is_not_made_is_logged_in_one_line(self, caplog):
        """A call that has dialled too often is a warning without a traceback, with the setting that allows more."""
        state = State("Hello.", name="one", owner=Owner("ant", "3.0"))
        error = DialLimitReached("called 10 times", hint="set max_dials to a higher number")
        assert make_state_failed([], {"one"})(new_call(), state, error, False) is None
        (record,) = caplog.records
        assert (record.levelname, record.getMessage()) == (
            "WARNING",
            "state 'one' of ant 3.0 did not dial in call CA1: called 10 times; set max_dials to a higher number",
        )

    @pytest.mark.parametrize("result", ["nowhere", BACK, 5, ("two",), ["two"]])
    def test_an_invalid_target_is_logged_and_ignored(self, caplog, result):
        """A result that is not the name of a state is logged, and the next plugin decides."""
        hook_impls = [
            hook_impl(lambda: result, "bad", "ivrkit_state_failed"),
            hook_impl(lambda: "two", "good", "ivrkit_state_failed"),
        ]
        chosen = make_state_failed(hook_impls, {"one", "two"})(new_call(), State("Hello."), ValueError(), [])
        assert chosen == "two"
        assert caplog.records[1].getMessage() == (
            f"ivrkit_state_failed of bad 1.0 must return the name of a state or None, not {result!r}"
        )

    def test_a_failing_implementation_is_logged_and_skipped(self, caplog):
        """If ivrkit_state_failed fails in one plugin, the failure is logged and the next plugin decides."""
        hook_impls = [hook_impl(raise_error, "bad", "ivrkit_state_failed"), hook_impl(lambda: "two")]
        assert make_state_failed(hook_impls, {"two"})(new_call(), State("Hello."), ValueError(), []) == "two"
        assert (
            caplog.records[1]
            .getMessage()
            .startswith("ivrkit_state_failed of bad 1.0 failed in call CA1: ValueError: no such luck\n  Traceback")
        )

    def test_arguments_are_passed_by_name(self):
        """ivrkit_state_failed gets the call, the state and the error by name, in any order."""
        call, state, error = new_call(), State("Hello."), ValueError("no")
        received = []

        def receive(error, state, call):
            received.extend((call, state, error))

        make_state_failed([hook_impl(receive)], ())(call, state, error, [])
        assert received == [call, state, error]


SECRET = "7302946118"


def fail_with_digits(call):
    """Raise an error whose message has the digits that the caller pressed."""
    raise ValueError(f"{call.digits} is no number of ours")


def raise_error_of_state(error):
    """Raise the error of the state again."""
    raise error


def raise_text_of_error(error):
    """Raise a new error with the message of the state's error."""
    raise KeyError(str(error)) from error


def return_text_of_error(error):
    """Return the message of the state's error instead of the name of a state."""
    return str(error)


class TestSecrets:
    """Input of secret states, which reaches neither a log nor an observer."""

    def secret_states(self) -> dict[str, State]:
        """Return states of which the secret one fails with the pressed digits in its message."""
        return {
            "one": State(ask("Your code?"), leads_to("two")(fail_with_digits), secret=True, on_error="two"),
            "two": GOODBYE,
        }

    def test_the_log_hides_the_message_of_a_failing_secret_state(self, serve, caplog):
        """The log of a failing secret state has the location and type of the error, but not its message."""
        send = serve(self.secret_states())
        send()
        assert b"Goodbye then." in send(Digits=SECRET).data
        assert caplog.messages[-1].startswith(
            "state 'one' of tree failed in call CA1: ValueError (its message is hidden, because the input was secret)\n"
        )
        assert "in fail_with_digits\n" in caplog.text
        assert caplog.text.rstrip().endswith('raise ValueError(f"{call.digits} is no number of ours")')
        assert SECRET not in caplog.text

    @pytest.mark.parametrize("hook", [raise_error_of_state, raise_text_of_error, return_text_of_error])
    def test_the_log_hides_secrets_of_a_failing_plugin(self, serve, caplog, hook):
        """Secret input is not logged if a plugin raises or returns the error that it got from ivrkit_state_failed."""
        send = serve(self.secret_states(), own=make_plugin(state_failed=hook))
        send()
        send(Digits=SECRET)
        assert "ivrkit_state_failed of own" in caplog.messages[-1]
        assert "its message is hidden, because the input was secret" in caplog.messages[-1]
        assert SECRET not in caplog.text

    def test_plugins_see_a_placeholder(self, serve):
        """Every hook that gets the call sees ``(secret)`` instead of the input of a secret state."""
        seen = []

        def record_input(call):
            seen.append((call.digits, call.params.get("Digits"), call.outcome))

        plugin = make_plugin(
            state_failed=record_input,
            edit_response=record_input,
            state_entered=record_input,
            call_ended=record_input,
            state_left=lambda call, outcome: (record_input(call), seen.append(outcome)),
        )
        send = serve(self.secret_states(), own=plugin)
        send()
        seen.clear()
        send(Digits=SECRET)
        hidden = ("(secret)",) * 3
        assert seen == [hidden, hidden, hidden, "(secret)", hidden, hidden]

    @pytest.mark.parametrize("hook", ["edit_response", "state_entered", "state_left", "call_ended"])
    def test_the_log_hides_the_messages_of_all_hooks(self, serve, caplog, hook):
        """After secret input, the log hides the messages of all hooks: a plugin may remember what its state was given.

        The panic of an extension in Rust is not an Exception, and its message quotes the input.
        """
        remembered = []

        class PanicException(BaseException):
            pass

        def panic():
            if remembered:
                raise PanicException(f"called `Result::unwrap()` on an `Err` value: {remembered[0]}")

        def remember(call):
            remembered.append(call.digits)
            return "two"

        states = {"one": State(ask("Your code?"), leads_to("two")(remember), secret=True), "two": GOODBYE}

        send = serve(states, own=make_plugin(**{hook: panic}))
        send()
        assert b"Goodbye then." in send(Digits=SECRET).data
        (record,) = [each for each in caplog.records if each.levelname == "ERROR"]
        assert record.getMessage().startswith(
            f"ivrkit_{hook} of own failed in call CA1: "
            "PanicException (its message is hidden, because the input was secret)\n"
        )
        assert SECRET not in caplog.text

    def test_every_message_of_a_secret_failure_is_hidden(self, caplog):
        """The whole error message is hidden when the input was secret.

        Hiding the input alone is not enough: an error may have ``0711`` as the number 711.
        """
        make_state_failed([], ())(new_call(), State("Hello.", name="one"), KeyError(711), True)
        message = "state 'one' of  failed in call CA1: KeyError (its message is hidden, because the input was secret)"
        assert caplog.messages == [message]
