"""Each part of a plugin with each way to misbehave: the plugin is named, and the callers are led on."""

# ruff: noqa: PLW0108  a hook implementation must not have the defaults of Fate.run

import logging
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from xml.etree import ElementTree

import pytest
import time_machine
from tests.plugins.fates import ERRORS, FATES, IGNORED, VALID_AT_LOAD, VALID_IN_CALLS, Fate, fate
from twilio.twiml.voice_response import Record

from ivrkit import HOME, Goto, LoadError, MenuOption, Routes, SessionError, State, ask, hookimpl, hookspecs, leads_to
from ivrkit.flow.compile.twiml import MAX_DOCUMENT_BYTES
from ivrkit.plugins.load import load
from ivrkit.settings import load_settings
from ivrkit.testing import Phone
from ivrkit.web import create_app

pytestmark = [pytest.mark.usefixtures("core_only"), pytest.mark.once]

FINE = State(ask("Fine."), Routes({"1": HOME}), options=MenuOption("2", "fine"))


def in_thread(function):
    """Run a function in a thread, as a server does, and return its result. A KeyboardInterrupt is caught there, too."""
    results = []

    def run():
        try:
            results.append((function(), None))
        except BaseException as error:
            results.append((None, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    result, error = results[0]
    if error is not None:
        raise error
    return result


class Good:
    """A plugin that behaves well."""

    @hookimpl
    def ivrkit_register_states(self):
        """Offer one state."""
        return {"fine": FINE}


def plugin_with(**hooks):
    """Return a plugin with hook implementations: name of a hook without the prefix -> function."""
    plugin = type("Evil", (), {})()
    for name, function in hooks.items():
        setattr(plugin, f"ivrkit_{name}", hookimpl(function))
    return plugin


@dataclass
class OwnSettings:
    """Settings that misbehave when they are made."""

    name: str = ""

    def __post_init__(self):
        """Misbehave."""
        fate.run()


@dataclass
class OwnDefaults:
    """Settings with a default that misbehaves."""

    name: str = field(default_factory=lambda: fate.run())


def evil_kind(text: str = "") -> State:
    """Misbehave in place of making a state."""
    return fate.run()


def make_plugin():
    """Misbehave in place of making a plugin."""
    return fate.run()


def make_state():
    """Misbehave in place of making a state."""
    return fate.run()


#: Name -> a function that returns the plugin. ``None`` means the installed module, whose code misbehaves.
PLACES_AT_LOAD = {
    "import": lambda: None,
    "plugin function": lambda: make_plugin,
    "declare_settings": lambda: plugin_with(declare_settings=lambda: fate.run()),
    "settings": lambda: plugin_with(declare_settings=lambda: OwnSettings),
    "defaults of settings": lambda: plugin_with(declare_settings=lambda: OwnDefaults),
    "register_kinds": lambda: plugin_with(register_kinds=lambda: fate.run()),
    "kind": lambda: plugin_with(register_kinds=lambda: {"evil": evil_kind}),
    "register_stores": lambda: plugin_with(register_stores=lambda: fate.run()),
    "register_states": lambda: plugin_with(register_states=lambda: fate.run()),
    "state function": lambda: plugin_with(register_states=lambda: {"bad": make_state}),
    "state": lambda: plugin_with(register_states=lambda: {"bad": fate.run()}),
    "edit_state": lambda: plugin_with(edit_state=lambda state: fate.run()),
}


@pytest.fixture
def evil_folder(install, folder):
    """Return a function that loads the phone tree with a plugin, in a folder with a TOML state of the kind ``evil``."""

    def load_with(place, *, strict):
        plugin = PLACES_AT_LOAD[place]()
        plugins = {"evil": plugin, "good": Good()} if plugin else {"good": Good()}
        sys.modules.pop("evil_module", None)
        return in_thread(lambda: load(load_settings(strict=strict), plugins))

    return load_with


@pytest.mark.parametrize("place", PLACES_AT_LOAD)
def test_a_plugin_that_misbehaves_at_load(install, folder, evil_folder, place):
    """At load, whatever a plugin raises or returns is one problem with its name. Without strict, the rest is served."""
    if place == "import":
        code = "from tests.plugins.fates import fate\nfound = fate.run()\n"
        install("evil", plugins={"evil": "evil_module:found"}, evil_module=code)
    if place == "kind":
        folder.write("ivrkit.toml", '[states.bad]\nkind = "evil"\n')
    for fate.name in FATES:
        if fate.name in VALID_AT_LOAD.get(place, ()):
            assert evil_folder(place, strict=True).problems == (), fate.name
            continue
        with pytest.raises(LoadError) as caught:
            evil_folder(place, strict=True)
        text = str(caught.value)
        assert "evil" in text.replace('kind = "evil"', ""), (fate.name, text)
        for line in text.splitlines():
            assert line.isprintable(), (fate.name, line)
            assert len(line) < 3000, (fate.name, line)
        assert "canarypw" not in text
        loaded = evil_folder(place, strict=False)
        assert loaded.problems, fate.name
        assert {"menu", "fine"} <= {*loaded.flow.states}, fate.name


@pytest.mark.parametrize("place", ["open", "load", "save"])
def test_a_store_that_misbehaves(folder, place):
    """Whatever the store of a plugin raises or returns, the plugin is named, and calls go on with their cookies."""

    class EvilStore:
        remote = False

        def load(self, sid):
            return fate.run() if place == "load" and self.is_open else None

        def save(self, session, expected_turn):
            return fate.run() if place == "save" else True

        def remove_expired(self, now):
            return 0

        def close(self):
            """Do nothing."""

        is_open = False

    store = EvilStore()
    evil = plugin_with(register_stores=lambda: {"evil": lambda url: fate.run() if place == "open" else store})
    for fate.name in FATES:
        if place == "open":
            with pytest.raises(SessionError, match=r"^plugin evil: its store for evil: cannot be opened: "):
                in_thread(lambda: create_app(dev=True, session_url="evil://u:canarypw@x", plugins={"evil": evil}))
        store.is_open = False
        app = in_thread(
            lambda: create_app(dev=True, session_url="evil://x", plugins={"evil": evil, "good": Good()}, strict=False)
        )
        store.is_open = True
        call = in_thread(lambda app=app: Phone(app).call().press("2"))
        assert call.state == "fine", fate.name


class CallFate(Fate):
    """The fate of the running plugin, which misbehaves while ``armed``."""

    armed = False

    def at(self, call=None, default=None):
        """Misbehave if the fate is armed."""
        return self.run(call) if self.armed else default


running = CallFate()


@leads_to("fine", HOME)
def evil_exit(call):
    """Misbehave in place of choosing a target."""
    return running.run(call)


@leads_to(HOME)
def evil_words(call):
    """Misbehave in the prompts on the way to the target."""
    return Goto(HOME, say=running.run(call))


def fail(call):
    """Raise an ordinary error."""
    raise LookupError("first")


PRESS = ask("Press five.")
OPTION = MenuOption("1", "the evil state")
#: Name -> the evil state, and the hooks of the plugin.
PLACES_IN_CALLS = {
    "enter": (State(lambda call: running.run(call), HOME, options=OPTION), {}),
    "exit": (State(PRESS, evil_exit, options=OPTION), {}),
    "automatic exit": (State("On.", evil_exit, options=OPTION), {}),
    "prompts of an exit": (State("On.", evil_words, options=OPTION), {}),
    "call_ended": (State("On.", HOME, options=OPTION), ("call_ended",)),
    "choose_start": (State(PRESS, leads_to(HOME)(lambda call: HOME), options=OPTION), ("choose_start",)),
    "edit_response": (State("On.", HOME, options=OPTION), ("edit_response",)),
    "state_failed": (State(fail, HOME, options=OPTION), ("state_failed",)),
    "clean_up": (State(fail, HOME, options=OPTION), ("clean_up",)),
    "call_started": (State("On.", HOME, options=OPTION), ("call_started",)),
    "state_entered": (State("On.", HOME, options=OPTION), ("state_entered",)),
    "state_left": (State("On.", HOME, options=OPTION), ("state_left",)),
    "recorded": (State(Record(), Routes({"recorded": HOME}), options=OPTION), ("recorded",)),
}


class Records(logging.Handler):
    """The messages of the log of plugins."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.messages = []

    def emit(self, record):
        """Keep a message."""
        self.messages.append(record.getMessage())

    @classmethod
    @contextmanager
    def of_the_log(cls):
        """Keep the messages of the log in the ``with`` block, and disarm the fate after it."""
        records = cls()
        log = logging.getLogger("ivrkit.plugins")
        log.addHandler(records)
        propagate, log.propagate = log.propagate, False
        try:
            yield records
        finally:
            running.armed = False
            log.propagate = propagate
            log.removeHandler(records)


@pytest.mark.parametrize("secret", [False, True])
@pytest.mark.parametrize("place", PLACES_IN_CALLS)
def test_a_plugin_that_misbehaves_in_a_call(folder, place, secret):
    """In a call, the failure is logged with plugin and CallSid, and the caller is led on to the menu and beyond."""
    state, hooks = PLACES_IN_CALLS[place]
    functions = {name: HOOKS[name] for name in hooks}
    if secret:
        state = State(state.enter, state.exit, options=state.options, secret=isinstance(state.exit, type(evil_exit)))
    evil = plugin_with(register_states=lambda: {"bad": state}, **functions)
    # Without the quarantine, which would close the state after a few fates.
    app = create_app(dev=True, plugins={"evil": evil, "good": Good()}, quarantine_failures=0)
    phone = Phone(app)
    with Records.of_the_log() as records:
        for running.name in FATES:
            records.messages.clear()
            call = in_thread(lambda: _walk(phone, place))
            _check_call(call)
            _check_log(records.messages, place, call.sid)


@pytest.mark.parametrize("place", ["state_quarantined", "state_released"])
def test_a_plugin_that_misbehaves_in_a_hook_of_the_quarantine(folder, place):
    """Whatever a hook of the quarantine raises or returns, the failure is logged, and the caller is led on."""
    is_broken = True

    def enter(call):
        return fail(call) if is_broken else "On."

    states = {"bad": State(enter, HOME, options=OPTION)}
    evil = plugin_with(register_states=lambda: states, **{place: HOOKS[place]})
    app = create_app(dev=True, plugins={"evil": evil, "good": Good()}, quarantine_failures=1)
    phone = Phone(app)
    with Records.of_the_log() as records, time_machine.travel(0, tick=False) as clock:
        for running.name in FATES:
            records.messages.clear()
            for is_broken in (True, False):  # noqa: B007  the function enter reads it
                _check_call(in_thread(lambda: _walk(phone, place)))
                clock.shift(60)
            is_error = running.name in ERRORS or running.name == "RecursionError"
            logged = [each for each in records.messages if each.startswith(f"ivrkit_{place} of evil failed in call CA")]
            assert len(logged) == is_error, (running.name, records.messages)


def test_every_hook_is_in_the_matrix():
    """Each hook misbehaves in one of these tests."""
    at_load = {each for each in PLACES_AT_LOAD if hasattr(hookspecs, f"ivrkit_{each}")}
    in_calls = {hook for _, hooks in PLACES_IN_CALLS.values() for hook in hooks}
    of_quarantine = {"state_quarantined", "state_released"}
    assert in_calls | of_quarantine == set(HOOKS)
    assert {f"ivrkit_{each}" for each in (*at_load, *HOOKS)} == {
        name for name in vars(hookspecs) if name.startswith("ivrkit_")
    }


def _check_call(call):
    """Check that each response is valid TwiML, and that the caller reached the state ``fine``."""
    assert "Fine." in call.heard, (running.name, call.heard)
    for response in call.responses:
        assert response.status == 200, running.name
        assert ElementTree.fromstring(response.body).tag == "Response", running.name
        assert len(response.body) <= MAX_DOCUMENT_BYTES, running.name


#: Name of a hook -> its implementation.
HOOKS = {
    "choose_start": lambda call: running.at(call),
    "edit_response": lambda call, state, response: running.at(call),
    "state_failed": lambda call: running.at(call),
    "clean_up": lambda: running.at(),
    "call_started": lambda call: running.at(call),
    "state_entered": lambda call, state: running.at(call),
    "recorded": lambda call, url: running.at(call),
    "state_left": lambda call: running.at(call),
    "call_ended": lambda call, reason: running.at(call),
    "state_quarantined": lambda state, reason: running.at(),
    "state_released": lambda state: running.at(),
}


def _walk(phone, place):
    """Call, go to the evil state, and go on to the state ``fine``."""
    running.armed = True
    call = phone.call()
    assert call.state == "menu", running.name
    call.press("1")
    if place in ("exit", "choose_start"):
        call.press("5")
    if place == "recorded":
        call.says("A message.").press("#")
    assert call.state == "menu", (running.name, call.heard_last)
    running.armed = place == "call_ended"
    call.press("2")
    if place == "call_ended":
        call.hangs_up()
    return call


def _check_log(messages, place, sid):
    """Check that the log names the plugin and the call, in lines that cannot be mistaken."""
    is_error = running.name in ERRORS or running.name == "RecursionError"
    is_valid = running.name in VALID_IN_CALLS.get(place, ()) or (place in IGNORED and not is_error)
    # The state itself fails before the hooks for failures are called.
    expected = f"ivrkit_{place} of evil " if place in HOOKS else "state 'bad' of evil "
    assert is_valid or any(each.startswith(expected) for each in messages), (running.name, messages)
    for message in messages:
        first, *lines = message.splitlines()
        assert " of evil " in first
        assert sid in first or " must return " in first
        assert first.isprintable()
        assert len(first) < 3000
        assert all(line.startswith("  ") for line in lines)
        assert "canarypw" not in message
