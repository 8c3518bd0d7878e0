"""Overrides of single states in the tables ``[states.NAME]`` of the settings."""

from xml.etree import ElementTree

import pytest
from twilio.twiml.voice_response import Dial, Record

from ivrkit import (
    BACK,
    HOME,
    SAME,
    FlowError,
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


OUTCOMES_HINT = (
    "use keys, no-match, no-input, answered, busy, no-answer, failed, canceled, declined, bridged, leave, "
    "hangup, queue-full, recorded, no-message, ended, otherwise, give_up, on_error, or exit"
)


class OffersStates:
    """A plugin that offers states."""

    def __init__(self, states):
        self.states = states

    @hookimpl
    def ivrkit_register_states(self):
        """Return the states of the plugin."""
        return self.states


def overridden(state=DIAL, **table):
    """Return the state after the loader applied the table to it."""
    settings = Settings(states={"one": StateSettings(**table)})
    return load(settings, {"own": OffersStates({"one": state, "other": OTHER})}).flow.states["one"].state


def problem_of(state=DIAL, **table):
    """Return the only problem that the table causes."""
    with pytest.raises(LoadError) as caught:
        overridden(state, **table)
    (problem,) = caught.value.problems
    return problem


def test_a_table_changes_the_key_label_and_sentence_of_a_menu_option():
    """A table changes the key, label and sentence of a menu option and keeps its phrases."""
    (option,) = overridden(key="5", label="our shop", sentence="For our shop, press five.").menu_options
    assert option == MenuOption("5", "our shop", phrases=("sales",), sentence="For our shop, press five.")


def test_a_table_changes_the_voice_and_language_of_a_state():
    """A table changes the voice and the language of a state."""
    assert (overridden(voice="Polly.Mia").voice, overridden(language="es-MX").language) == ("Polly.Mia", "es-MX")


def test_a_disabled_state_is_left_out():
    """A state with ``enabled = false`` is neither in the phone tree nor in a menu."""
    settings = Settings(states={"one": StateSettings(enabled=False)})
    flow = load(settings, {"own": OffersStates({"one": DIAL, "other": OTHER})}).flow
    assert "one" not in flow.states
    assert [entry.state.name for entry in flow.states["menu"].menu_entries] == ["other"]


def test_a_disabled_state_must_not_be_a_target():
    """A disabled state causes a problem in each state that leads to it."""
    settings = Settings(states={"other": StateSettings(enabled=False)})
    with pytest.raises(LoadError) as caught:
        load(settings, {"own": OffersStates({"one": DIAL, "other": OTHER})})
    assert caught.value.problems[0].message.startswith(
        "state 'one' of own: give_up leads to 'other', which no plugin offers"
    )


def test_targets_change_routes_and_keep_the_words_of_a_goto():
    """``targets`` changes and adds rows, changes otherwise, give_up and on_error, and keeps the words of a Goto."""
    targets = {"busy": "other", "no-answer": "SAME", "failed": "BACK", "otherwise": "other", "give_up": "HANG UP"}
    state = overridden(targets={**targets, "on_error": "menu"})
    assert dict(state.exit.rows) == {"busy": Goto("other", say="Busy."), "failed": BACK, "no-answer": SAME}
    assert state.exit.otherwise == Goto("other", say="Sorry.")
    assert state.exit.give_up == Goto(None, say=Text(Texts.goodbye))
    assert state.on_error == "menu"


def test_targets_can_add_otherwise():
    """``targets`` can add an otherwise to a routes table without one and keeps the rows of the table."""
    state = overridden(State(ask("?"), Routes({"1": SAME})), targets={"otherwise": "HOME"})
    assert (dict(state.exit.rows), state.exit.otherwise) == ({"1": SAME}, HOME)


def test_the_target_exit_changes_an_automatic_exit():
    """The target ``exit`` changes an automatic exit and keeps the words of a Goto."""
    assert overridden(State("Hello.", "menu"), targets={"exit": "other"}).exit == "other"
    assert overridden(State("Hello.", Goto("menu", say="So.")), targets={"exit": "HANG UP"}).exit == Goto(
        None, say="So."
    )


def test_targets_can_add_rows_to_a_state_without_routes():
    """``targets`` can add rows to a state whose exit is None."""
    state = overridden(State(Record(), None), targets={"recorded": "other"})
    assert dict(state.exit.rows) == {"recorded": "other"}


def test_targets_can_add_rows_to_a_menu():
    """``targets`` can add rows to a menu next to its options."""
    assert dict(overridden(State(Menu()), targets={"7": "other"}).exit.rows) == {"7": "other"}


def test_targets_of_a_function_exit_cannot_be_changed():
    """``targets`` is a problem for a state whose exit is a function."""

    @leads_to("menu")
    def decide(call):
        return "menu"

    assert problem_of(State(ask("?"), decide), targets={"1": "other"}) == Problem(
        "[states.one] targets must be left out: a function of own decides where 'one' leads",
        "remove targets, or replace the state with one of your own",
        owner="own",
    )


@pytest.mark.parametrize(
    ("table", "message", "hint"),
    [
        (
            {"targets": {"bsy": "other"}},
            "[states.one] targets.bsy is not an outcome, did you mean 'busy'?",
            OUTCOMES_HINT,
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
def test_an_invalid_target_is_a_problem(table, message, hint):
    """An invalid outcome or target is a problem that suggests a similar name or lists the valid names."""
    problem = problem_of(**table)
    assert (problem.message, problem.hint) == (message, hint)


@pytest.mark.parametrize("name", ["key", "label", "sentence"])
def test_a_menu_option_setting_needs_a_menu_option(name):
    """A key, label or sentence in a table is a problem if the state has no menu option."""
    assert problem_of(State("Hello."), **{name: "5"}) == Problem(
        f"[states.one] {name} must be left out: the state of own has no menu option", f"remove {name}", owner="own"
    )


def test_texts_replace_the_texts_of_one_state():
    """``texts`` replaces texts, plain strings and words of a Goto in one state only, for one or all languages."""
    texts = {"": {"One moment.": "Un momento.", "Busy.": "Ocupado."}, "es": {"Busy.": "Comunica."}}
    settings = Settings(states={"one": StateSettings(texts=texts)}, languages=["es-MX"])
    flow = load(settings, {"own": OffersStates({"one": DIAL, "other": State("One moment.")})}).flow
    localized = flow.states["one"].localized
    assert b"Un momento." in localized["en-US"].content.xml
    assert b"Ocupado." in localized["en-US"].goto_fragment(DIAL.exit.rows["busy"]).xml
    assert b"Comunica." in localized["es-MX"].goto_fragment(DIAL.exit.rows["busy"]).xml
    assert b"One moment." in flow.states["other"].localized["en-US"].content.xml


def test_a_problem_has_the_location_of_its_table(tmp_path):
    """A problem in an override has the file and line of its table."""
    (tmp_path / "ivrkit.toml").write_text('company = "A"\n[states.one.targets]\nbsy = "other"\n', encoding="utf-8")
    with pytest.raises(LoadError) as caught:
        load(load_settings(tmp_path, environ={}), {"own": OffersStates({"one": DIAL, "other": OTHER})})
    (problem,) = caught.value.problems
    assert problem.located_message == "ivrkit.toml:2: [states.one] targets.bsy is not an outcome, did you mean 'busy'?"


def heard_in_menu(option, **settings):
    """Return the main menu's texts with an option, and the startup warnings about its state."""
    states = {name: StateSettings(**table) for name, table in settings.pop("states", {}).items()}
    loaded = load(
        Settings(states=states, **settings), {"own": OffersStates({"one": State("One.", HOME, options=option)})}
    )
    xml = loaded.flow.states["menu"].localized[loaded.flow.languages[-1]].content.xml
    warnings = [(each.message, each.hint) for each in loaded.startup_warnings if "sentence" in each.message]
    return [each.text for each in ElementTree.fromstring(xml)], warnings


def test_a_sentence_follows_the_key_and_the_label():
    """A sentence with the placeholders {key}, {label} and {company} says the key and label of the settings."""
    option = MenuOption("1", "sales", sentence=Text("{company}: {label} on {key}."))
    table = {"one": {"key": "42", "label": "orders"}}
    texts, warnings = heard_in_menu(option, states=table, company="ACME")
    assert texts[0] == "ACME: orders on four two."
    assert warnings == []
    texts, _ = heard_in_menu(option, languages="es-MX")
    assert texts[0] == "nuestra empresa: sales on uno."


def test_a_table_can_have_a_sentence_with_placeholders():
    """The sentence of a table says the key, the label and the company, and may have braces of its own."""
    table = {"one": {"key": "5", "sentence": "{key} is {label} at {company}, {{so}}."}}
    texts, warnings = heard_in_menu(MenuOption("1", "sales", sentence="Press one."), states=table, company="ACME")
    assert (texts[0], warnings) == ("five is sales at ACME, {so}.", [])


@pytest.mark.parametrize("table", [{"key": "5"}, {"label": "orders"}, {"key": "5", "label": "orders"}])
def test_a_sentence_that_would_name_an_old_key_is_replaced(table):
    """A sentence without {key} and {label} would say the old key or label, so the core's sentence replaces it."""
    option = MenuOption("1", "sales", sentence="For sales, press one.")
    texts, warnings = heard_in_menu(option, states={"one": table})
    key = {"1": "one", "5": "five"}[table.get("key", "1")]
    assert texts[0] == f"For {table.get('label', 'sales')}, press {key}."
    ((message, hint),) = warnings
    assert message == (
        "[states.one] the sentence 'For sales, press one.' of own would not change with the table, so the core's "
        "sentence is said instead"
    )
    assert hint == 'write your own in ivrkit.toml:  [states.one]  sentence = "For {label}, press {key}."'


def test_a_sentence_with_values_of_its_own_is_replaced():
    """A Text that fills in the key itself would say the old key, too."""
    option = MenuOption("1", "sales", sentence=Text("Press {key}.", key="one"))
    assert heard_in_menu(option)[0][0] == "Press one."
    texts, warnings = heard_in_menu(option, states={"one": {"key": "5"}})
    assert texts[0] == "For sales, press five."
    assert len(warnings) == 1


@pytest.mark.parametrize("table", [{"key": "1"}, {"voice": "Polly.Mia"}])
def test_a_sentence_stays_if_its_key_stays(table):
    """A table that does not change the key or the label keeps the sentence."""
    texts, warnings = heard_in_menu(MenuOption("1", "sales", sentence="One for sales."), states={"one": table})
    assert (texts[0], warnings) == ("One for sales.", [])


@pytest.mark.parametrize("name", ["key", "label", "sentence"])
def test_several_menu_options_cannot_be_changed_together(name):
    """A table must not give one key, label or sentence to all menu options of a state."""
    state = State("One.", HOME, options=[MenuOption("4", "a"), MenuOption("5", "b")])
    assert problem_of(state, **{name: "7"}) == Problem(
        f"[states.one] {name} must be left out: the state of own has more than one menu option: '4' in 'menu', "
        "'5' in 'menu'",
        "change the options in the hook ivrkit_edit_state, in a file of plugins_dir",
        owner="own",
    )
    assert overridden(State("One.", HOME, options=state.options[:1]), voice="Polly.Mia").voice == "Polly.Mia"


def test_targets_of_an_automatic_exit_must_be_exit():
    """``targets`` must not replace the single target of a state that waits for nothing."""
    assert problem_of(State("Hello.", Goto("menu", say="So.")), targets={"exit": "other", "busy": "other"}) == Problem(
        "[states.one] targets must have only the key exit, not 'busy': 'one' leads to 'menu' without waiting for an "
        "outcome",
        'write exit = "..." for another target',
        owner="own",
    )


def test_targets_keep_the_goodbye_of_other_outcomes():
    """A state with the exit None says goodbye after every outcome that ``targets`` does not name."""
    state = overridden(State(Dial("+15550100"), None), targets={"busy": "other"})
    assert (dict(state.exit.rows), state.exit.otherwise) == ({"busy": "other"}, None)


def test_targets_keep_the_rules_of_a_menu():
    """A menu with new rows still asks again after an invalid key, also if its enter is a function."""
    for enter in (Menu(), lambda call: Menu()):
        state = State(enter, options=MenuOption("3", "again", menu="one"))
        assert overridden(state, targets={"7": "other"}).exit.otherwise is ...


def test_a_replaced_text_can_name_the_company():
    """A team may write {company} in the replacement of any text."""
    texts = {"": {"Other.": "This is {company}."}, "es": {"Other.": "Somos {company}."}}
    settings = Settings(states={"other": StateSettings(texts=texts)}, languages="es-MX", company="ACME")
    localized = load(settings, {"own": OffersStates({"other": OTHER})}).flow.states["other"].localized
    assert b"This is ACME." in localized["en-US"].content.xml
    assert b"Somos ACME." in localized["es-MX"].content.xml


def test_a_sentence_of_a_package_must_not_have_unknown_placeholders():
    """The sentence of a MenuOption with a placeholder that the core does not know is refused."""
    with pytest.raises(FlowError) as caught:
        MenuOption("1", "sales", sentence="For {label}, press {keys}.")
    assert caught.value.message == (
        "the sentence of MenuOption 'sales' must have only the placeholders {key}, {label} and {company}, not "
        "'For {label}, press {keys}.', did you mean 'key'?"
    )
