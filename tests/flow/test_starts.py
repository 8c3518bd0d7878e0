"""Where a call begins: a plugin's choice, the caller, the called number, the setting; and what follows from it."""

import pytest

from ivrkit import HOME, Goto, LoadError, Menu, MenuOption, Routes, Session, State, advance, ask
from ivrkit.flow.compile.flow_config import EngineHooks
from ivrkit.flow.compile.languages import Language
from ivrkit.flow.model.call import make_call


@pytest.fixture
def begin(tree):
    """Return a function that lets a call come in, and returns the state and the language it begins with."""

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


def test_a_plugin_that_chooses_no_language_leaves_that_of_the_number(begin):
    """Who calls the Spanish number is spoken to in Spanish, wherever the call begins."""
    assert begin(lambda call: Goto("a"), numbers=NUMBERS) == ("a", "es-MX")
    assert begin(lambda call: Goto("a", language="en-US"), numbers=NUMBERS) == ("a", "en-US")


def test_without_anything_it_is_the_start(begin):
    """As the setting has it."""
    assert begin() == ("a", "en-US")


def test_the_called_number_decides(begin):
    """State and language of that number; another number is the setting's."""
    assert begin(numbers=NUMBERS) == ("b", "es-MX")
    assert begin(numbers=NUMBERS, to="+15550198") == ("a", "en-US")


def test_the_caller_wins_over_the_called_number(begin):
    """Somebody who is known is known wherever they call."""
    assert begin(numbers=NUMBERS, callers=CALLERS) == ("a", "es-MX")
    assert begin(numbers=NUMBERS, callers=CALLERS, from_="+15550111") == ("b", "es-MX")


def test_a_plugin_wins_over_both(begin):
    """And lets them decide when it has no answer."""
    assert begin(lambda call: Goto("b"), callers=CALLERS) == ("b", "es-MX")
    assert begin(lambda call: None, callers=CALLERS) == ("a", "es-MX")


def test_words_on_the_way(tree):
    """A plugin may say something first, in the language that it chose; no state says it."""
    hooks = EngineHooks(choose_start=lambda call: Goto("a", say="Welcome back.", language="es-MX"))
    flow = tree(a=State("A."), hooks=hooks, languages=(Language("en-US"), Language("es-MX", voice="Polly.Mia")))
    session = Session("CA1")
    turn = advance(flow, make_call({"CallSid": "CA1"}, now=None, language="", turn=1, data={}), session)
    assert b'<Say voice="Polly.Mia" language="es-MX">Welcome back.</Say>' in turn.twiml


def test_words_on_the_way_that_can_not_be_said(tree):
    """The caller comes to the state all the same."""
    hooks = EngineHooks(choose_start=lambda call: Goto("a", say="x" * 70_000))
    flow = tree(a=State("A."), hooks=hooks)
    turn = advance(flow, make_call({"CallSid": "CA1"}, now=None, language="", turn=1, data={}), Session("CA1"))
    assert b"A.</Say>" in turn.twiml
    assert b"xxx" not in turn.twiml


def test_home_and_the_way_out_are_those_of_where_it_began(call):
    """Two numbers, two menus: a caller of the second is never sent into the first."""

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


def test_a_start_that_a_deploy_took_away(call):
    """HOME is that of the setting."""
    caller = call(a=State(ask("A?"), Routes({"1": HOME})))
    caller.session.start = "gone"
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
def test_what_can_not_begin_a_call(tree, rules, message, hint):
    """Refused at start, with the setting that names it."""
    with pytest.raises(LoadError) as caught:
        tree(a=State("A."), **rules)
    assert [(each.message, each.hint) for each in caught.value.problems] == [(message, hint)]
