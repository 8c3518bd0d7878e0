"""Safe mode: no plugin is imported, and each caller is connected to a person if the settings say how."""

import sys

import pytest

from ivrkit import HOME, LoadError, MenuOption, Owner, Routes, State, ask, hookimpl
from ivrkit.plugins.load import load
from ivrkit.settings import load_settings
from ivrkit.simulator import Simulator
from ivrkit.testing import TOKEN, Phone
from ivrkit.web import create_app

pytestmark = pytest.mark.usefixtures("core_only")

RECEPTION = """
operator = "reception"
[states.reception]
kind = "transfer"
numbers = "+15550100"
key = "0"
label = "reception"
"""
ON = "safe mode is on, no plugin is loaded: "
WELCOME = "Thank you for calling our company.\nWe are sorry, something went wrong.\n"
LEAVE_OUT = "leave out --safe or unset the setting safe to load the plugins again"


class Sales:
    """A plugin of the host's own code, with a state and a hook."""

    @hookimpl
    def ivrkit_register_states(self):
        """Offer a state with menu option 1."""
        return {"sales": State(ask("Sales."), Routes({"1": HOME}), options=MenuOption("1", "sales"))}

    @hookimpl
    def ivrkit_register_stores(self):
        """Offer a session store that cannot be opened."""
        return {"sales": lambda url: 1 / 0}


@pytest.fixture
def call(folder):
    """Return a function that calls the phone tree of the folder in safe mode."""
    apps = []

    def call(**settings):
        apps.append(create_app(dev=True, safe=True, **settings))
        return Phone(apps[-1]).call()

    yield call
    for app in apps:
        app.extensions["ivrkit"].sessions.close()


def warnings_of(loaded):
    """Return the startup warnings about safe mode, as pairs of message and hint."""
    return [(each.message, each.hint) for each in loaded.startup_warnings if each.message.startswith("safe mode")]


def test_no_plugin_is_imported(folder, install):
    """Safe mode imports no package and no Python file, and registers no plugin object. All of these are blocked."""
    install("evil", states={"evil": "evil_module:evil"}, plugins={"evil": "evil_module"}, evil_module="1 / 0\n")
    folder.write("states/parking.py", "1 / 0\n")
    folder.write("ivrkit.toml", 'plugins_dir = "states"\n' + RECEPTION)
    before = set(sys.modules)  # other tests have files of the same name
    loaded = load(load_settings(safe=True), {"sales": Sales()})
    assert loaded.safe
    assert loaded.problems == ()
    assert not {
        name for name in {*sys.modules} - before if name == "evil_module" or name.startswith("ivrkit_file_parking")
    }
    assert {each.owner.plugin: each.status for each in loaded.plugins} == {
        "ivrkit": "loaded",
        "evil": "blocked",
        "parking.py": "blocked",
        "ivrkit.toml": "loaded",
        "sales": "blocked",
    }
    assert list(loaded.flow.states) == ["greeting", "menu", "reception"]


def test_the_settings_of_plugins_are_not_read(folder, install):
    """Settings for plugins and their states stop nothing, and a start or an operator of a plugin is not used."""
    folder.write(
        "ivrkit.toml",
        """
        company = "ACME"
        start = "evil"
        allow = ["missing"]
        block = ["also-missing"]
        [plugins.evil]
        number = 1
        [numbers."+15550199"]
        start = "evil"
        language = "en-US"
        [callers."+15550100"]
        start = "evil"
        [states.evil]
        key = "3"
        [states.menu]
        targets = { "1" = "evil" }
        enabled = false
        plugin = "evil"
        voice = "Polly.Amy"
        [states.greeting.texts]
        "Thank you for calling {company}." = "{company} here."
        """,
    )
    loaded = folder.load(safe=True)
    assert loaded.problems == ()
    assert loaded.flow.config.start == "greeting"
    assert loaded.flow.config.numbers["+15550199"].target == "greeting"
    assert not loaded.flow.config.callers
    assert loaded.flow.states["menu"].state.voice == "Polly.Amy"
    assert b"ACME here." in loaded.flow.states["greeting"].content.xml


def test_the_toml_state_that_is_the_operator_stays(folder, call):
    """A TOML state is data: the caller hears the greeting and an apology, and is connected to the operator."""
    folder.write("ivrkit.toml", RECEPTION)
    caller = call()
    assert caller.heard == WELCOME + "One moment, please."
    assert caller.state == "reception"
    caller.callee_at("+15550100").answers()
    assert caller.callee.hangs_up().heard_last == "Goodbye."
    assert warnings_of(folder.load(safe=True)) == [(ON + "callers go to the operator 'reception'", LEAVE_OUT)]


def test_a_number_is_dialled_in_place_of_an_operator_of_a_plugin(folder, call):
    """If the operator is a state of a plugin, the setting ``operator_number`` is dialled."""
    caller = call(operator="desk", operator_number="+1 415 555 0111", plugins={"sales": Sales()})
    assert caller.state == "desk"
    assert caller.callee_at("+14155550111").answers().callee.hangs_up().ended
    loaded = folder.load(safe=True, operator="desk", operator_number="+14155550111")
    assert str(loaded.flow.states["desk"].state.owner).startswith("ivrkit ")
    assert warnings_of(loaded) == [(ON + "callers go to the operator 'desk'", LEAVE_OUT)]
    for operator in (None, "menu", "greeting"):
        loaded = folder.load(safe=True, operator=operator, operator_number="+14155550111")
        assert [*loaded.flow.states] == ["greeting", "menu", "operator"]


def test_without_an_operator_the_caller_hears_an_apology(folder, call):
    """If no setting says how to reach a person, the caller hears the apology and the goodbye."""
    caller = call()
    assert caller.heard == WELCOME + "Goodbye."
    assert caller.ended
    hint = f"set operator_number to the number of a person; {LEAVE_OUT}"
    message = ON + "callers hear an apology and the goodbye, because no setting says how to reach a person"
    assert warnings_of(folder.load(safe=True)) == [(message, hint)]
    assert warnings_of(folder.load(safe=True, operator="evil")) == [(message, hint)]


def test_a_toml_state_that_dials_a_person_is_found(folder):
    """Without the setting ``operator``, it is the TOML state with key 0, else the first one with a Dial."""
    folder.write(
        "all.flow.toml",
        """
        [states.news]
        kind = "message"
        text = "News."
        [states.sales]
        kind = "transfer"
        numbers = "+15550101"
        [states.box]
        kind = "voicemail"
        key = "0"
        """,
    )
    assert folder.load(safe=True).flow.operator == "box"
    loaded = folder.load(safe=True, operator="evil", block="other", states={"box": {"enabled": False}})
    assert loaded.flow.operator == "box"
    folder.write("all.flow.toml", (folder.path / "all.flow.toml").read_text().replace('key = "0"', 'key = "1"'))
    loaded = folder.load(safe=True, operator="evil")
    assert loaded.flow.operator == "sales"
    message = ON + "callers go to 'sales' in place of 'evil', which needs a plugin"
    hint = f'write a table [states.evil] with kind = "transfer"; {LEAVE_OUT}'
    assert warnings_of(loaded) == [(message, hint)]


def test_the_toml_states_behind_the_operator_stay(folder, call):
    """The TOML states that the operator leads to are served. A target of a plugin leads to the operator again."""
    folder.write(
        "ivrkit.toml",
        """
        operator = "desk"
        [states.desk]
        kind = "menu"
        text = "Who are you looking for?"
        on_error = "evil"
        [states.ann]
        kind = "transfer"
        numbers = "+15550101"
        menu = "desk"
        key = "1"
        label = "Ann"
        routes = { busy = "box", no-answer = { to = "evil", say = "No answer." } }
        options = [{ key = "7" }]
        [states.box]
        kind = "voicemail"
        then = "desk"
        [states.number]
        kind = "question"
        text = "Enter your number."
        menu = "desk"
        key = "2"
        label = "your number"
        digits = 2
        minimum = 20
        then = "evil"
        give_up = "evil"
        [states.other]
        kind = "message"
        text = "Nothing."
        """,
    )
    loaded = folder.load(safe=True)
    assert loaded.problems == ()
    assert [*loaded.flow.states] == ["greeting", "menu", "desk", "ann", "number", "box"]
    assert [option.menu for option in loaded.flow.states["ann"].state.menu_options] == ["desk"]
    caller = call()
    assert "For Ann, press one." in caller.heard_last
    caller.press("1").callee.does_not_answer()
    assert caller.heard_last.startswith("No answer.\nWho are you looking for?")
    assert caller.press("2").press("10").state == "number"
    assert caller.press("42").state == "desk"
    assert caller.press("1").callee.is_busy().state == "box"


def test_a_person_who_is_busy_is_called_twice_at_most(folder, call):
    """After a Dial that is not connected, the operator is tried once again. Then the caller hears the goodbye."""
    folder.write("ivrkit.toml", RECEPTION)
    caller = call().callee.is_busy()
    assert caller.heard_last == "Sorry, we could not connect you.\nOne moment, please."
    caller.callee.is_busy()
    assert caller.heard_last == "Sorry, we could not connect you.\nGoodbye."
    assert caller.ended


def test_a_call_in_progress_is_led_to_the_operator(folder):
    """A caller whose state is no longer there hears the apology, and is connected to the operator."""
    folder.write("ivrkit.toml", RECEPTION)
    apps = [create_app(auth_token=TOKEN, plugins={"sales": Sales()})]

    def app(environ, start_response):
        return apps[-1](environ, start_response)

    simulator = Simulator.for_app(app, "/webhook", token=TOKEN)
    callers = [simulator.call(), simulator.call().press("1")]
    assert [each.state for each in callers] == ["", ""]
    apps.append(create_app(auth_token=TOKEN, plugins={"sales": Sales()}, safe=True))
    for caller in callers:
        caller.press("1")
        assert caller.heard_last.endswith("One moment, please.")
        assert caller.callee_at("+15550100").answers().callee.hangs_up().ended
    for each in apps:
        each.extensions["ivrkit"].sessions.close()


def test_an_operator_with_a_problem_is_left_out(folder):
    """A TOML state with a problem is left out and reported, and the next operator is taken."""
    folder.write("ivrkit.toml", RECEPTION.replace('"+15550100"', '"reception"'))
    folder.write("broken.flow.toml", "[states\n")
    folder.write("evil.flow.toml", '[states.evil]\nkind = "evil"\n')
    loaded = folder.load(safe=True, operator_number="+14155550111")
    assert [each.location for each in loaded.problems] == ["", "ivrkit.toml:2"]
    assert loaded.flow.states["reception"].state.owner.plugin == "ivrkit"
    loaded = folder.load(safe=True, operator="evil")
    assert loaded.problems[-1].owner == "ivrkit.toml"
    assert loaded.flow.operator is None


def test_states_that_cannot_be_compiled_are_left_out(folder):
    """A TOML state that cannot be rendered, or that leads back to the menu at once, is left out."""
    folder.write(
        "ivrkit.toml",
        """
        operator = "loop"
        [states.loop]
        kind = "message"
        text = "Round."
        then = "menu"
        [states.greeting]
        kind = "question"
        text = "Who are you?"
        [states.menu]
        kind = "message"
        text = "My menu."
        """,
    )
    loaded = folder.load(safe=True, operator_number="+14155550111")
    assert [*loaded.flow.states] == ["greeting", "menu", "loop"]
    assert {name: str(each.state.owner.plugin) for name, each in loaded.flow.states.items()} == {
        "greeting": "ivrkit",
        "menu": "ivrkit.toml",
        "loop": "ivrkit",
    }
    assert b"Thank you for calling" in loaded.flow.states["greeting"].content.xml
    assert b"something went wrong" in loaded.flow.states["menu"].content.xml


def test_sentences_of_the_core_that_cannot_be_said(folder):
    """If not even the core's sentences can be said, the start is refused."""
    folder.write("ivrkit.toml", f'[texts]\napology = "{"x" * 5000}"\n')
    assert folder.problem(safe=True)[0].startswith("texts.apology: ")


def test_the_store_of_a_plugin(folder, call, caplog):
    """If the session store is of a plugin, the sessions are in cookies, and the log says so."""
    folder.write("ivrkit.toml", RECEPTION)
    caller = call(session_url="sales://x", plugins={"sales": Sales()})
    assert caller.callee.answers().callee.hangs_up().heard_last == "Goodbye."
    message = "safe mode does not load the plugin of the session store, so sessions are only in cookies"
    assert message in caplog.messages


def test_the_setting_can_be_in_the_environment(folder):
    """``IVRKIT_SAFE=1`` switches safe mode on, for servers without the option ``--safe``."""
    assert folder.load({"IVRKIT_SAFE": "1"}).safe
    assert not folder.load().safe
    assert folder.load({"IVRKIT_SAFE": "1"}).flow.states["menu"].state.owner == Owner(
        "ivrkit", folder.load().plugins[0].owner.version
    )


def test_not_even_strict_stops_safe_mode():
    """With ``strict``, a problem that is not about the core stops nothing in safe mode."""
    with pytest.raises(LoadError):
        load(load_settings(strict=True, flows="missing.flow.toml"))
    assert load(load_settings(strict=True, safe=True, flows="missing.flow.toml")).problems
