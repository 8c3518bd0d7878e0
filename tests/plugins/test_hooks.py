"""Each hook's contract, told by telephone: a plugin of the host's own, a webhook, and what came of it."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from twilio.twiml.voice_response import Start

from ivrkit import BACK, SAME, Goto, Owner, Routes, State, ask, hookimpl, hookspecs, leads_to
from ivrkit.flow.model.call import make_call
from ivrkit.plugins.hook_calls import (
    HookImpl,
    find_hook_impls,
    make_choose_start,
    make_edit_response,
    make_state_failed,
    notify_observers,
)
from ivrkit.web import create_app

pytestmark = pytest.mark.usefixtures("bare")

NAMES = [name for name in vars(hookspecs) if name.startswith("ivrkit_")]
GOODBYE = State("Goodbye then.")
ASKING = State(ask("Well?"), Routes({"1": None}))


class Tree:
    """A plugin that offers states."""

    def __init__(self, states: Mapping[str, State]) -> None:
        self.states = states

    @hookimpl
    def ivrkit_register_states(self):
        """Return the states."""
        return self.states


def hooks(**functions: Callable[..., object]) -> object:
    """Return a plugin whose hooks are these functions, by their names without the prefix."""

    class Plugin:
        """What the functions are hung on."""

    plugin = Plugin()
    for name, function in functions.items():
        setattr(plugin, f"ivrkit_{name}", hookimpl(function))
    return plugin


@pytest.fixture
def dial(tmp_path):
    """Return what makes an app of states and plugins, and returns what sends it one webhook after another."""
    stores = []

    def make(states, start="one", **plugins):
        app = create_app(
            dev=True,
            start=start,
            session_url=f"sqlite:///{tmp_path}/calls.sqlite3",
            plugins={"tree": Tree(states), **plugins},
        )
        stores.append(app.extensions["ivrkit"].sessions)
        client = app.test_client()

        def send(**params):
            given = {"CallSid": "CA1", "CallStatus": "in-progress", "From": "+431", "To": "+432", **params}
            answer = client.post("/webhook", data=given)
            assert answer.status_code == 200
            return answer

        return send

    yield make
    for store in stores:
        store.close()


def call_of(**params: str):
    """Return a call."""
    return make_call({"CallSid": "CA1", **params}, now=None, language="en-US", turn=1, data={})


def caller(function: Callable[..., object], name: str = "own", hook: str = "ivrkit_call_started") -> HookImpl:
    """Return a plugin's implementation of a hook."""
    return HookImpl(Owner(name, "1.0"), hook, function, tuple(inspect.signature(function).parameters))


def fail() -> None:
    """Fail as a plugin does."""
    raise ValueError("no such luck")


class TestSpecs:
    """Every hook is a contract."""

    def test_the_hooks(self):
        """These, and no others."""
        assert NAMES == [
            "ivrkit_declare_settings",
            "ivrkit_register_kinds",
            "ivrkit_register_stores",
            "ivrkit_register_states",
            "ivrkit_edit_state",
            "ivrkit_choose_start",
            "ivrkit_edit_response",
            "ivrkit_state_failed",
            "ivrkit_call_started",
            "ivrkit_state_entered",
            "ivrkit_state_left",
            "ivrkit_call_ended",
        ]

    @pytest.mark.parametrize("name", NAMES)
    def test_each_is_a_page(self, name):
        """When it is called, every argument, what it returns, order, what happens when it raises, and an example."""
        hook = getattr(hookspecs, name)
        contract, _, example = inspect.getdoc(hook).partition("\n\nExample::\n")
        told = re.findall(r":param (\w+):", contract)
        assert told == list(inspect.signature(hook).parameters)
        assert "\n\nCalled " in contract
        assert re.search(r"^:returns: (.+\n)+?:order: (.+\n)+?:failure: ", contract, re.MULTILINE)
        assert re.search(rf"@ivrkit\.hookimpl\n +def {name}\(", example)

    @pytest.mark.parametrize("name", NAMES)
    def test_only_the_deciding_hooks_stop_at_the_first_result(self, name):
        """Two of them decide; all others are heard from every plugin."""
        decides = name in ("ivrkit_choose_start", "ivrkit_state_failed")
        assert getattr(hookspecs, name).ivrkit_spec["firstresult"] == decides


class TestOrder:
    """The one loaded last first, ``tryfirst`` and ``trylast`` observed."""

    def test_the_order_of_the_callers(self, dial):
        """As pluggy has it, whichever hook it is."""
        said = []

        def says(word, **marks):
            class Plugin:
                @hookimpl(**marks)
                def ivrkit_call_started(self):
                    said.append(word)

            return Plugin()

        send = dial(
            {"one": GOODBYE},
            a=says("a"),
            first=says("first", tryfirst=True),
            last=says("last", trylast=True),
            b=says("b"),
        )
        send()
        assert said == ["first", "b", "a", "last"]

    def test_each_takes_the_arguments_it_wants(self):
        """By name, in any order; what it does not ask for it is not given."""
        given = {"call": "a call", "state": "a state", "outcome": "1", "reason": None}
        assert caller(lambda outcome, call: (outcome, call))(given) == ("1", "a call")
        assert caller(lambda: "nothing")(given) == "nothing"

    def test_the_callers_of_a_hook_nobody_implements(self):
        """There are none."""
        import pluggy

        manager = pluggy.PluginManager("ivrkit")
        manager.add_hookspecs(hookspecs)
        assert find_hook_impls(manager, "ivrkit_call_ended", {}) == ()


class TestObserving:
    """What only watches is told after the session is saved, and cannot hurt."""

    def test_a_call_from_beginning_to_end(self, dial):
        """ivrkit_call_started, ivrkit_state_entered, ivrkit_state_left and ivrkit_call_ended, in order."""
        told = []
        watch = hooks(
            call_started=lambda call: told.append(("started", call.sid)),
            state_entered=lambda call, state: told.append(("entered", state.name, state.owner.plugin)),
            state_left=lambda call, state, outcome: told.append(("left", state.name, outcome)),
            call_ended=lambda call, reason: told.append(("ended", reason)),
        )
        send = dial({"one": State(ask("Well?"), Routes({"1": "two"})), "two": GOODBYE}, watch=watch)
        send()
        assert told == [("started", "CA1"), ("entered", "one", "tree")]
        told.clear()
        send(Digits="1")
        assert told == [("left", "one", "1"), ("entered", "two", "tree"), ("ended", "finished")]

    def test_a_caller_who_hangs_up(self, dial):
        """ivrkit_call_ended is told Twilio's CallStatus."""
        told = []

        def ended(reason):
            told.append(reason)

        send = dial({"one": State(ask("Well?"), Routes({"1": None}))}, watch=hooks(call_ended=ended))
        send()
        send(CallStatus="completed")
        assert told == ["completed"]

    def test_one_that_fails_is_logged_and_nothing_else(self, dial, caplog):
        """The caller hears the state, the next plugin is told, the log has owner, hook, call and traceback."""
        told = []
        send = dial(
            {"one": GOODBYE},
            watch=hooks(call_started=lambda call: told.append(call.sid)),
            bad=hooks(call_started=lambda call: fail()),
            worse=hooks(call_started=lambda call: exit(3)),
        )
        assert b"Goodbye then." in send().data
        assert told == ["CA1"]
        errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
        assert [error.splitlines()[0] for error in errors] == [
            "ivrkit_call_started of worse failed in call CA1",
            "ivrkit_call_started of bad failed in call CA1",
        ]
        assert "Traceback (most recent call last):" in caplog.text
        assert "ValueError: no such luck" in caplog.text

    def test_observe_calls_everybody_in_order(self, caplog):
        """The log line names hook and owner; what a plugin returns is nothing."""
        told = []

        def tell(call):
            told.append(call)

        notify_observers([caller(tell), caller(fail, "bad"), caller(tell)], {"call": 1}, "CA9")
        assert told == [1, 1]
        (record,) = caplog.records
        assert (record.name, record.levelname) == ("ivrkit.plugins", "ERROR")
        assert record.getMessage().startswith(
            "ivrkit_call_started of bad 1.0 failed in call CA9\nTraceback (most recent call last):\n"
        )
        assert record.getMessage().endswith("\nValueError: no such luck")

    def test_whoever_ends_the_program_ends_it(self):
        """An interrupt from the keyboard is nobody's problem, and is not caught."""

        def interrupted():
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            notify_observers([caller(interrupted)], {}, "CA1")


class TestEditState:
    """ivrkit_edit_state costs nothing when a call comes."""

    def test_it_is_called_at_start_alone(self, dial):
        """Once for each state, and the caller hears what came of it."""
        seen = []

        def edit(state):
            seen.append(state.name)
            return replace(state, enter="Edited.") if state.name == "one" else None

        send = dial({"one": GOODBYE}, own=hooks(edit_state=edit))
        assert b"<Say" in send().data
        assert b"Edited." in send(CallSid="CA2").data
        assert seen == ["greeting", "menu", "one"]


class TestRegisterStates:
    """ivrkit_register_states is called once, when the host starts."""

    def test_it_is_called_at_start_alone(self, dial):
        """No webhook asks it again."""
        asked = []

        def register(settings):
            asked.append(settings.start)
            return {"two": GOODBYE}

        send = dial({"one": State("Hello.", "two")}, own=hooks(register_states=register))
        send()
        send(CallSid="CA2")
        assert asked == ["one"]


class TestChooseStart:
    """ivrkit_choose_start decides where a call begins."""

    def test_the_first_answer_wins(self, dial):
        """None lets the next plugin decide; nobody behind the first answer is asked, and no later webhook asks."""
        asked = []

        def says(word, answer):
            def decide(call):
                asked.append((word, call.from_))
                return answer

            return hooks(choose_start=decide)

        send = dial(
            {"one": ASKING, "two": ASKING},
            never=says("never", "one"),
            decides=says("decides", "two"),
            passes=says("passes", None),
        )
        assert send(From="+15550100").headers["Ivrkit-State"] == "two"
        send(Digits="")
        assert asked == [("passes", "+15550100"), ("decides", "+15550100")]

    def test_it_chooses_the_language_as_well(self):
        """An Goto has both; a language like one of the tree's is that one."""
        choose = make_choose_start([caller(lambda: Goto("one", language="es"))], {"one"}, ("en-US", "es-MX"))
        assert choose(call_of()) == Goto("one", language="es")

    @pytest.mark.parametrize("answer", ["nowhere", BACK, 5, ["one"], Goto(SAME), Goto("one", language="fr-FR")])
    def test_what_can_not_begin_a_call_is_logged_and_counts_as_none(self, caplog, answer):
        """The next plugin decides."""
        callers = [
            caller(lambda: answer, "bad", "ivrkit_choose_start"),
            caller(lambda: "one", "good", "ivrkit_choose_start"),
        ]
        assert make_choose_start(callers, {"one"}, ("en-US",))(call_of()) == Goto("one")
        required = "None, the name of a state, or a Goto to a state in a language of the phone tree"
        assert caplog.messages == [f"ivrkit_choose_start of bad 1.0 must return {required}, not {answer!r}"]

    def test_one_that_fails_counts_as_none_and_leaves_nothing_behind(self, caplog):
        """The caller is not lost, and the call's data is as it was."""

        def spoil(call):
            call.data["half"] = 1
            raise LookupError("the shelf is empty")

        call = call_of()
        choose = make_choose_start([caller(spoil, hook="ivrkit_choose_start")], {"one"}, ("en-US",))
        assert choose(call) is None
        assert call.data == {}
        assert "ivrkit_choose_start of own 1.0 failed in call CA1\nTraceback" in caplog.text

    def test_what_it_leaves_in_data_is_kept(self):
        """The states find it there."""

        def look_up(call):
            call.data["customer"] = 7

        call = call_of()
        assert make_choose_start([caller(look_up)], {"one"}, ("en-US",))(call) is None
        assert call.data == {"customer": 7}

    def test_nobody_chooses(self):
        """Then nothing is called."""
        assert make_choose_start([], {"one"}, ("en-US",)) is None


class TestEditResponse:
    """ivrkit_edit_response: one document on its way, each plugin with a copy of its own."""

    def test_a_plugin_changes_the_document(self, dial):
        """It is given the call, the state the caller is in now, and the Response element."""

        def edit(call, state, response):
            start = Start()
            start.stream(url=f"wss://example.com/{call.sid}/{state.name}")
            response.insert(0, start.xml())

        send = dial({"one": State("Hello.", "two"), "two": GOODBYE}, own=hooks(edit_response=edit))
        answer = send()
        assert answer.data.startswith(
            b"<?xml version='1.0' encoding='utf-8'?>\n"
            b'<Response><Start><Stream url="wss://example.com/CA1/two" /></Start><Say'
        )
        assert answer.data.endswith(b"<Hangup /></Response>")

    def test_a_plugin_that_fails_leaves_the_document_as_it_was(self, dial, caplog):
        """However far it came; the plugins before and after it count."""

        def spoil(response):
            response.clear()
            fail()

        mark = hooks(edit_response=lambda response: response.set("first", "ü"))
        later = hooks(edit_response=lambda response: response.set("last", "<"))
        data = dial({"one": GOODBYE}, later=later, bad=hooks(edit_response=spoil), mark=mark)().data
        assert '<Response first="ü" last="&lt;"><Say'.encode() in data
        assert "ivrkit_edit_response of bad failed in call CA1\nTraceback" in caplog.text

    @pytest.mark.parametrize(
        ("edit", "told"),
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
    def test_what_is_no_document_is_not_sent(self, caplog, edit, told):
        """Twilio would refuse it, and the caller would hear of an application error."""
        given = b"<Response><Say>Hello.</Say></Response>"
        state = State("Hello.", name="one")
        assert make_edit_response([caller(edit, hook="ivrkit_edit_response")])(call_of(), state, given) == given
        (record,) = caplog.records
        assert record.getMessage().startswith("ivrkit_edit_response of own 1.0 failed in call CA1\nTraceback")
        assert told in record.getMessage()

    def test_each_plugin_has_a_copy_of_its_own(self):
        """What one keeps of the document cannot change what another sends."""
        kept = []

        def keep(response):
            kept.append(response)

        def late(response):
            kept[0].set("late", "yes")

        edit = make_edit_response([caller(keep), caller(late)])
        assert edit(call_of(), State("Hello."), b"<Response />") == (
            b"<?xml version='1.0' encoding='utf-8'?>\n<Response />"
        )

    def test_what_it_is_given(self):
        """The call, the state and the response, by name."""
        seen = {}

        def look(state, response, call):
            seen.update(state=state, call=call, tag=response.tag)

        call, state = call_of(), State("Hello.")
        make_edit_response([caller(look)])(call, state, b"<Response />")
        assert seen == {"state": state, "call": call, "tag": "Response"}

    def test_nobody_edits(self):
        """Then the engine has nothing to call."""
        assert make_edit_response([]) is None

    def test_the_answer_to_somebody_who_is_gone_is_not_edited(self, dial):
        """There is nothing in it."""
        seen = []
        send = dial(
            {"one": State(ask("Well?"), Routes({"1": None}))}, own=hooks(edit_response=lambda response: seen.append(1))
        )
        send()
        assert b"<Response" in send(CallStatus="completed").data
        assert seen == [1]


def broken(call):
    """Fail, in a state."""
    raise LookupError("the shelf is empty")


class TestStateFailed:
    """ivrkit_state_failed decides where the caller goes whose state failed."""

    def test_the_first_name_wins(self, dial, caplog):
        """None lets the next one decide; nobody behind the first name is asked."""
        asked = []

        def says(word, answer):
            def decide(call, state, error):
                asked.append((word, call.sid, state.name, str(error)))
                return answer

            return hooks(state_failed=decide)

        send = dial(
            {"one": State(broken), "two": GOODBYE},
            never=says("never", "one"),
            decides=says("decides", "two"),
            passes=says("passes", None),
        )
        assert b"Goodbye then." in send().data
        told = "the shelf is empty"
        assert asked == [("passes", "CA1", "one", told), ("decides", "CA1", "one", told)]
        assert "state 'one' of tree failed in call CA1\nTraceback" in caplog.text

    def test_the_failure_is_logged_whoever_decides(self, caplog):
        """With the state, its owner, the call and the traceback; once."""
        state = State("Hello.", name="one", owner=Owner("ant", "3.0"))
        with pytest.raises(LookupError) as caught:
            broken(None)
        assert make_state_failed([], {"one"})(call_of(), state, caught.value, []) is None
        (record,) = caplog.records
        assert (record.name, record.levelname) == ("ivrkit.plugins", "ERROR")
        assert record.getMessage().startswith("state 'one' of ant 3.0 failed in call CA1\nTraceback")
        assert record.getMessage().endswith("LookupError: the shelf is empty")

    @pytest.mark.parametrize("answer", ["nowhere", BACK, 5, ("two",), ["two"]])
    def test_what_is_no_state_is_logged_and_counts_as_none(self, caplog, answer):
        """The next plugin decides."""
        callers = [
            caller(lambda: answer, "bad", "ivrkit_state_failed"),
            caller(lambda: "two", "good", "ivrkit_state_failed"),
        ]
        chosen = make_state_failed(callers, {"one", "two"})(call_of(), State("Hello."), ValueError(), [])
        assert chosen == "two"
        assert caplog.records[1].getMessage() == (
            f"ivrkit_state_failed of bad 1.0 must return the name of a state or None, not {answer!r}"
        )

    def test_one_that_fails_counts_as_none(self, caplog):
        """It is logged, and the next plugin decides."""
        callers = [caller(fail, "bad", "ivrkit_state_failed"), caller(lambda: "two")]
        assert make_state_failed(callers, {"two"})(call_of(), State("Hello."), ValueError(), []) == "two"
        assert caplog.records[1].getMessage().startswith("ivrkit_state_failed of bad 1.0 failed in call CA1\nTraceback")

    def test_what_it_is_given(self):
        """The call, the state and what it raised, by name."""
        call, state, error = call_of(), State("Hello."), ValueError("no")
        seen = []

        def look(error, state, call):
            seen.extend((call, state, error))

        make_state_failed([caller(look)], ())(call, state, error, [])
        assert seen == [call, state, error]


SECRET = "7302946118"


def leak(call):
    """Fail with what the caller pressed."""
    raise ValueError(f"{call.digits} is no number of ours")


def raise_it(error):
    """Fail with a state's error."""
    raise error


def raise_from_it(error):
    """Fail with the words of a state's error."""
    raise KeyError(str(error)) from error


def return_it(error):
    """Return the words of a state's error in place of a state's name."""
    return str(error)


class TestSecrets:
    """What is pressed in a secret state never reaches a log or a plugin that watches."""

    def secret(self) -> dict[str, State]:
        """Return a tree whose secret state fails with what was pressed."""
        return {"one": State(ask("Your code?"), leads_to("two")(leak), secret=True, on_error="two"), "two": GOODBYE}

    def test_the_log_of_a_failure(self, dial, caplog):
        """The place and the type of the error are told, and nothing of what it says."""
        send = dial(self.secret())
        send()
        assert b"Goodbye then." in send(Digits=SECRET).data
        assert caplog.messages[-1].startswith("state 'one' of tree failed in call ")
        assert "in leak\n" in caplog.text
        assert caplog.text.rstrip().endswith("\nValueError, and what it says is hidden: the input was secret")
        assert SECRET not in caplog.text

    @pytest.mark.parametrize("hook", [raise_it, raise_from_it, return_it])
    def test_the_log_of_a_plugin_that_fails_with_it(self, dial, caplog, hook):
        """A plugin is given another error in its place; whatever it makes of it, the log stays clean."""
        send = dial(self.secret(), own=hooks(state_failed=hook))
        send()
        send(Digits=SECRET)
        assert "ivrkit_state_failed of own" in caplog.messages[-1]
        assert "what it says is hidden: the input was secret" in caplog.messages[-1]
        assert SECRET not in caplog.text

    def test_what_plugins_see(self, dial):
        """(secret) stands where the input would have stood, in every hook that is given the call."""
        seen = []

        def look(call):
            seen.append((call.digits, call.params.get("Digits"), call.outcome))

        plugin = hooks(
            state_failed=look,
            edit_response=look,
            state_entered=look,
            call_ended=look,
            state_left=lambda call, outcome: (look(call), seen.append(outcome)),
        )
        send = dial(self.secret(), own=plugin)
        send()
        seen.clear()
        send(Digits=SECRET)
        hidden = ("(secret)",) * 3
        assert seen == [hidden, hidden, hidden, "(secret)", hidden, hidden]

    def test_what_is_said_in_another_form_is_hidden_too(self, caplog):
        """0711 is 711 to an error; so nothing is told of what an error says."""
        make_state_failed([], ())(call_of(), State("Hello.", name="one"), KeyError(711), True)
        message = "state 'one' of  failed in call CA1\nKeyError, and what it says is hidden: the input was secret"
        assert caplog.messages == [message]
