"""The start of a call: a plugin's choice, the caller, the called number, the setting."""

import pytest

from ivrkit import HOME, Goto, LoadError, Menu, MenuOption, Routes, Session, State, advance, ask
from ivrkit.flow.compile.flow_config import EngineHooks
from ivrkit.flow.compile.languages import Language
from ivrkit.flow.model.call import make_call


@pytest.fixture
def start(tree):
    """Return a function that starts a call, and returns its first state and its language."""

    def make(hook=None, from_="+15550100", to="+15550199", **rules):
        states = {"a": State(ask("A?"), Routes({"1": None})), "b": State(ask("B?"), Routes({"1": None}))}
        languages = (Language("en-US"), Language("es-MX"))
        flow = tree(states, hooks=EngineHooks(choose_start=hook), languages=languages, **rules)
        session = Session("CA1", language="en-US")
        given = {"CallSid": "CA1", "From": from_, "To": to}
        call = make_call(given, now=None, language="en-US", turn=1, data=session.data)
        advance(flow, call, session)
        return session.state, session.language

    return make


NUMBERS = {"+15550199": Goto("b", language="es-MX")}
CALLERS = {"+15550100": Goto("a", language="es-MX")}


def test_a_plugins_choice_keeps_the_language_of_the_number(start):
    """If a plugin chooses a start without a language, the language of the called number holds."""
    assert start(lambda call: Goto("a"), numbers=NUMBERS) == ("a", "es-MX")
    assert start(lambda call: Goto("a", language="en-US"), numbers=NUMBERS) == ("a", "en-US")


def test_the_default_start_is_the_setting_start(start):
    """A call starts in the state of the setting start."""
    assert start() == ("a", "en-US")


def test_the_called_number_decides(start):
    """The setting numbers has state and language for a called number. Other numbers have the default."""
    assert start(numbers=NUMBERS) == ("b", "es-MX")
    assert start(numbers=NUMBERS, to="+15550198") == ("a", "en-US")


def test_the_caller_wins_over_the_called_number(start):
    """The setting callers wins over the setting numbers."""
    assert start(numbers=NUMBERS, callers=CALLERS) == ("a", "es-MX")
    assert start(numbers=NUMBERS, callers=CALLERS, from_="+15550111") == ("b", "es-MX")


def test_a_plugin_wins_over_both(start):
    """A plugin's choice wins over both settings. None leaves the choice to them."""
    assert start(lambda call: Goto("b"), callers=CALLERS) == ("b", "es-MX")
    assert start(lambda call: None, callers=CALLERS) == ("a", "es-MX")


def test_the_prompts_of_a_plugins_choice(tree):
    """The prompts of a plugin's Goto are said in the language that it chose."""
    hooks = EngineHooks(choose_start=lambda call: Goto("a", say="Welcome back.", language="es-MX"))
    flow = tree(a=State("A."), hooks=hooks, languages=(Language("en-US"), Language("es-MX", voice="Polly.Mia")))
    session = Session("CA1")
    turn = advance(flow, make_call({"CallSid": "CA1"}, now=None, language="", turn=1, data={}), session)
    assert b'<Say voice="Polly.Mia" language="es-MX">Welcome back.</Say>' in turn.twiml


def test_invalid_prompts_of_a_plugins_choice_are_left_out(tree):
    """The caller comes to the chosen state even if its prompts cannot be said."""
    hooks = EngineHooks(choose_start=lambda call: Goto("a", say="x" * 70_000))
    flow = tree(a=State("A."), hooks=hooks)
    turn = advance(flow, make_call({"CallSid": "CA1"}, now=None, language="", turn=1, data={}), Session("CA1"))
    assert b"A.</Say>" in turn.twiml
    assert b"xxx" not in turn.twiml


def test_home_and_operator_depend_on_the_start(call):
    """With two start menus, a caller of the second one is never sent into the first."""

    def state(menu):
        return State(ask(f"{menu}?"), Routes({"1": HOME}), options=MenuOption("0", "help", menu=menu))

    states = {
        "one": State("One.", "m1"),
        "two": State("Two.", "m2"),
        "m1": State(Menu("First.")),
        "m2": State(Menu("Second."), Routes({"1": "free"})),
        "help1": state("m1"),
        "help2": state("m2"),
        "free": State(ask("Free?"), Routes({"1": HOME}, tries=1)),
    }
    caller = call(states, start="one", numbers={"": Goto("two")})
    assert (caller.heard[:2], caller.session.start) == (["Two.", "Second."], "two")
    assert caller.press("1", "1").heard[0] == "Second."
    assert caller.press("1").stays_silent().heard == ["m2?"]


def test_home_after_a_deploy_removed_the_start(call):
    """If a deploy removes the start state of a call, HOME is that of the setting start."""
    caller = call(a=State(ask("A?"), Routes({"1": HOME})))
    caller.session.start = "removed"
    assert caller.press("1").heard == ["A?"]


@pytest.mark.parametrize(
    ("rules", "message", "hint"),
    [
        (
            {"numbers": {"+15550199": Goto("c")}},
            "the setting 'numbers.\"+15550199\"' names the state 'c', which no plugin offers",
            "use one of: a",
        ),
        (
            {"callers": {"+15550100": Goto("a", language="fr-FR")}},
            "the language of the setting 'callers.\"+15550100\"' must be one of en-US, not 'fr-FR'",
            "add it in ivrkit.toml:  languages = [...]",
        ),
    ],
)
def test_invalid_starts(tree, rules, message, hint):
    """An unknown state or language in callers or numbers is a problem that names the setting."""
    with pytest.raises(LoadError) as caught:
        tree(a=State("A."), **rules)
    assert [(each.message, each.hint) for each in caught.value.problems] == [(message, hint)]
