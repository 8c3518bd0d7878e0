"""What a team decides about states without forking their package: the tables ``[states.NAME]``."""

import pytest
from twilio.twiml.voice_response import Dial, Record

from ivrkit import (
    BACK,
    HOME,
    SAME,
    Goto,
    LoadError,
    Menu,
    MenuOption,
    Problem,
    Routes,
    Settings,
    State,
    Text,
    Texts,
    ask,
    hookimpl,
    leads_to,
)
from ivrkit.plugins.load import load
from ivrkit.settings import StateSettings, load_settings

pytestmark = pytest.mark.usefixtures("core_only")

DIAL = State(
    ["One moment.", Dial("+15550100")],
    Routes({"busy": Goto(HOME, say="Busy."), "failed": None}, otherwise=Goto(HOME, say="Sorry."), give_up="other"),
    options=MenuOption("1", "sales", phrases=("sales",)),
    on_error="other",
)
OTHER = State("Other.", "menu", options=MenuOption("2", "other"))


THERE_ARE = (
    "use keys, no-match, no-input, answered, busy, no-answer, failed, canceled, declined, bridged, leave, "
    "hangup, queue-full, recorded, ended, otherwise, give_up, on_error, or exit"
)


class Tree:
    """A plugin that offers states."""

    def __init__(self, states):
        self.states = states

    @hookimpl
    def ivrkit_register_states(self):
        """Return the states."""
        return self.states


def made(state=DIAL, more=None, **decided):
    """Return a state as it is compiled with what was decided about it."""
    settings = Settings(states={"one": StateSettings(**decided)})
    return load(settings, {"own": Tree({"one": state, "other": OTHER, **(more or {})})}).flow.states["one"].state


def problem(state=DIAL, **decided):
    """Return the one problem of what was decided about a state."""
    with pytest.raises(LoadError) as caught:
        made(state, **decided)
    (found,) = caught.value.problems
    return found


def test_key_label_and_line_of_its_options():
    """Whatever is left out stays; phrases do."""
    (option,) = made(key="5", label="our shop", sentence="For our shop, press five.").menu_options
    assert option == MenuOption("5", "our shop", phrases=("sales",), sentence="For our shop, press five.")


def test_voice_and_language():
    """As if its author had written them."""
    assert (made(voice="Polly.Mia").voice, made(language="es-MX").language) == ("Polly.Mia", "es-MX")


def test_a_state_that_is_not_enabled_is_not_there():
    """Neither in the menu nor anywhere; its table is no problem."""
    settings = Settings(states={"one": StateSettings(enabled=False)})
    flow = load(settings, {"own": Tree({"one": DIAL, "other": OTHER})}).flow
    assert "one" not in flow.states
    assert [entry.state.name for entry in flow.states["menu"].menu_entries] == ["other"]


def test_a_state_that_others_lead_to_can_not_be_left_out():
    """Who leads there is told."""
    settings = Settings(states={"other": StateSettings(enabled=False)})
    with pytest.raises(LoadError) as caught:
        load(settings, {"own": Tree({"one": DIAL, "other": OTHER})})
    assert caught.value.problems[0].message.startswith(
        "state 'one' of own: give_up leads to 'other', which no plugin offers"
    )


def test_targets_of_a_table():
    """The words on the way stay; a new row is added; fallback, otherwise and give_up too."""
    targets = {"busy": "other", "no-answer": "SAME", "failed": "BACK", "otherwise": "other", "give_up": "HANG UP"}
    state = made(targets={**targets, "on_error": "menu"})
    assert dict(state.exit.rows) == {"busy": Goto("other", say="Busy."), "failed": BACK, "no-answer": SAME}
    assert state.exit.otherwise == Goto("other", say="Sorry.")
    assert state.exit.give_up == Goto(None, say=Text(Texts.goodbye))
    assert state.on_error == "menu"


def test_targets_of_a_table_that_has_no_such_row_yet():
    """Whatever was not said by its author keeps the rule."""
    state = made(State(ask("?"), Routes({"1": SAME})), targets={"otherwise": "HOME"})
    assert (dict(state.exit.rows), state.exit.otherwise) == ({"1": SAME}, HOME)


def test_the_target_of_an_automatic_exit():
    """``exit`` is where a state goes on at once; its words stay."""
    assert made(State("Hello.", "menu"), targets={"exit": "other"}).exit == "other"
    assert made(State("Hello.", Goto("menu", say="So.")), targets={"exit": "HANG UP"}).exit == Goto(None, say="So.")


def test_rows_for_a_state_without_a_table():
    """A recording that ended the call can lead on."""
    state = made(State(Record(), None), targets={"recorded": "other"})
    assert dict(state.exit.rows) == {"recorded": "other"}


def test_rows_of_a_menu():
    """A menu takes rows beside its options."""
    assert dict(made(State(Menu()), targets={"7": "other"}).exit.rows) == {"7": "other"}


def test_a_function_decides_by_itself():
    """What it leads to can't be changed from outside."""

    @leads_to("menu")
    def decide(call):
        return "menu"

    assert problem(State(ask("?"), decide), targets={"1": "other"}) == Problem(
        "[states.one] targets must be left out: a function of own decides where 'one' leads",
        "remove targets, or replace the state with one of your own",
        owner="own",
    )


@pytest.mark.parametrize(
    ("decided", "message", "hint"),
    [
        (
            {"targets": {"bsy": "other"}},
            "[states.one] targets.bsy is not an outcome, did you mean 'busy'?",
            THERE_ARE,
        ),
        (
            {"targets": {"busy": "nowhere"}},
            "state 'one' of own: the row 'busy' leads to 'nowhere', which no plugin offers, did you mean 'other'?",
            "install a plugin with this state, or reinstall the package if its entry point is new",
        ),
        (
            {"targets": {"recorded": "other"}},
            "state 'one' of own: the row 'recorded' is not an outcome of Dial",
            "use an outcome of Dial: answered, busy, no-answer, failed, canceled, declined",
        ),
    ],
)
def test_what_a_state_has_not(decided, message, hint):
    """Told with the state, the nearest name and what there is."""
    found = problem(**decided)
    assert (found.message, found.hint) == (message, hint)


@pytest.mark.parametrize("name", ["key", "label", "sentence"])
def test_a_state_that_hangs_in_no_menu(name):
    """It has no option to change."""
    assert problem(State("Hello."), **{name: "5"}) == Problem(
        f"[states.one] {name} must be left out: the state of own has no menu option", f"remove {name}", owner="own"
    )


def test_texts_are_said_in_place_of_its_own():
    """Of that state alone, in every language or in one; also what is no Text, and what is said on the operator."""
    texts = {"": {"One moment.": "Un momento.", "Busy.": "Ocupado."}, "es": {"Busy.": "Comunica."}}
    settings = Settings(states={"one": StateSettings(texts=texts)}, languages=["es-MX"])
    flow = load(settings, {"own": Tree({"one": DIAL, "other": State("One moment.")})}).flow
    localized = flow.states["one"].localized
    assert b"Un momento." in localized["en-US"].content.xml
    assert b"Ocupado." in localized["en-US"].goto_xml(DIAL.exit.rows["busy"])
    assert b"Comunica." in localized["es-MX"].goto_xml(DIAL.exit.rows["busy"])
    assert b"One moment." in flow.states["other"].localized["en-US"].content.xml


def test_a_fault_has_the_place_of_its_table(tmp_path):
    """The line of the file, where it is one that says so."""
    (tmp_path / "ivrkit.toml").write_text('company = "A"\n[states.one.targets]\nbsy = "other"\n', encoding="utf-8")
    with pytest.raises(LoadError) as caught:
        load(load_settings(tmp_path, environ={}), {"own": Tree({"one": DIAL, "other": OTHER})})
    (found,) = caught.value.problems
    assert found.located_message == "ivrkit.toml:2: [states.one] targets.bsy is not an outcome, did you mean 'busy'?"
