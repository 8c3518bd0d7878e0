"""Menus: prompt and routes from the same options."""

import pytest
from twilio.twiml.voice_response import Play

from ivrkit import HOME, SAME, Goto, Menu, MenuOption, Routes, State, Texts, ask
from ivrkit.flow.model.text import KEY_NAMES

AGAIN = "To hear this again, press nine."


def states(*options, **menu):
    """A menu and a state for each option."""
    made = {"m": State(**{"enter": Menu(), **menu})}
    return made | {f"s{place}": State(f"S{place}.", options=each) for place, each in enumerate(options)}


def opt(key, label="it", **named):
    """An option of that menu."""
    return MenuOption(key, label, menu="m", **named)


def test_a_menu_reads_its_options_by_key_with_zero_last(call):
    """Keys are read as on a telephone, 0 last, whatever the order of loading."""
    caller = call(states(opt("0", "zero"), opt("2", "two"), opt("*", "star"), opt("12", "twelve"), opt("10", "ten")))
    assert caller.heard == [
        "For twelve, press one two.",
        "For ten, press one zero.",
        "For two, press two.",
        "For star, press star.",
        "For zero, press zero.",
        AGAIN,
    ]
    assert 'numDigits="2"' in caller.xml


def test_every_option_that_is_read_leads_somewhere(call):
    """Each key of the prompt leads to its state."""
    for place, key in enumerate(("1", "2", "0")):
        assert call(states(opt("1"), opt("2"), opt("0"))).press(key).state == f"s{place}"


def test_an_option_has_a_line_of_its_own(call):
    """Line replaces the sentence made of label and key."""
    assert call(states(opt("1", sentence="Press one for it."))).heard == ["Press one for it.", AGAIN]


def test_the_menu_has_texts_before_its_options(call):
    """Texts and sounding verbs come first."""
    caller = call(states(opt("1"), enter=Menu("Main menu.", Play("https://x.example/jingle.mp3"))))
    assert caller.heard == ["Main menu.", "For it, press one.", AGAIN]
    assert caller.xml == (
        '<Gather actionOnEmptyResult="true" action="webhook#rc=1&amp;rp=ct" numDigits="1">'
        '<Say language="en-US">Main menu.</Say>'
        '<Play>https://x.example/jingle.mp3</Play><Say language="en-US">For it, press one.</Say>'
        f'<Say language="en-US">{AGAIN}</Say></Gather>'
    )


def test_nine_repeats_the_menu(call):
    """The repeat key reads the menu again, and is a matched key."""
    caller = call(states(opt("1"))).stays_silent().press("9")
    assert (caller.state, caller.session.failures_in_row) == ("m", 0)
    assert caller.heard == ["For it, press one.", AGAIN]


def test_the_repeat_key_can_be_another_or_none(call):
    """Menu(repeat=...) names it."""
    assert call(states(opt("1"), enter=Menu(repeat="*"))).heard[-1] == "To hear this again, press star."
    caller = call(states(opt("1"), enter=Menu(repeat=None)))
    assert caller.heard == ["For it, press one."]
    assert caller.press("9").session.failure_counts == {"m": {"no-match": 1}}


def test_a_menu_without_options_says_so_and_hangs_up(call):
    """With nothing to choose, the core says that there are no options, and hangs up."""
    caller = call(hello=State("Hello.", "m"), m=State(Menu("Main menu."), Routes(otherwise=HOME)))
    assert caller.heard == ["Hello.", "Main menu.", "There are no options at the moment."]
    assert caller.xml.endswith("<Hangup />")
    assert caller.last.ended


def test_the_host_is_told_of_a_menu_without_options(tree):
    """A menu without options is worth a warning at start."""
    flow = tree(m=State(Menu()))
    assert tuple(map(str, flow.startup_warnings)) == ("the menu 'm' has no options: no installed plugin offers any",)
    assert tree(states(opt("1"))).startup_warnings == ()


def test_the_exit_beside_a_menu_adds_rows(call):
    """Rows, otherwise, tries and give_up of the exit beside a Menu count like any table's."""
    table = Routes(
        {"5": Goto(SAME, say="Five.")}, otherwise=Goto(SAME, say="Else."), tries=1, give_up=Goto(None, say="Up.")
    )
    made = states(opt("1"), exit=table)
    assert call(made).press("5").heard[0] == "Five."
    assert call(made).press("7").heard[0] == "Else."
    assert call(made).stays_silent().heard == ["Up."]


def test_a_menu_with_rows_alone_is_a_menu(call):
    """Rows without options can be pressed, and repeated."""
    caller = call(m=State(Menu("Press one."), Routes({"1": "x"})), x=State("X."))
    assert caller.heard == ["Press one.", AGAIN]
    assert caller.press("9").state == "m"
    assert caller.press("1").heard == ["X."]


def test_a_row_may_be_longer_than_the_options(call):
    """NumDigits is the longest key of all."""
    made = states(opt("1"), exit=Routes({"42": "s0"}))
    assert 'numDigits="2"' in call(made).xml


def test_sub_menus_are_menus(call):
    """A state of any package may be a menu that hangs in another one; a state may hang in several."""
    made = states(opt("1"), opt("2"))
    made["sub"] = State(Menu("Sub menu."), options=opt("3", "more"))
    both = [MenuOption("5", "both", menu="m"), MenuOption("1", "both", menu="sub")]
    made["both"] = State(ask("Both."), Routes({"1": HOME}), options=both)
    assert call(made).press("3").heard == ["Sub menu.", "For both, press one.", AGAIN]
    assert call(made).press("3", "1", "1").state == "sub"
    assert call(made).press("5", "1").state == "m"


def test_a_menu_that_listens(call):
    """With phrases the menu listens too, knows them as hints, and takes them for their keys."""
    caller = call(states(opt("1", phrases=("sales", "buy something")), opt("2", phrases="support"), opt("3")))
    assert caller.xml.startswith(
        '<Gather actionOnEmptyResult="true" hints="sales, buy something, support" input="dtmf speech" '
        'action="webhook#rc=1&amp;rp=ct" numDigits="1" language="en-US">'
    )
    assert caller.says("Buy something!").state == "s0"
    assert call(states(opt("1"))).xml.count("input=") == 0


def test_a_function_may_make_the_menu(call):
    """A function enter may return a Menu, whose routes are the same options."""
    caller = call(states(opt("1"), enter=lambda call: Menu(f"You called {call.sid}.")))
    assert caller.heard == ["You called CA1.", "For it, press one.", AGAIN]
    assert caller.press("9").state == "m"
    assert caller.press("1").state == "s0"


def test_a_function_may_leave_out_the_sentence_about_repeating(call):
    """repeat=None says nothing; 9 repeats all the same."""
    caller = call(states(opt("1"), enter=lambda call: Menu(repeat=None)))
    assert caller.heard == ["For it, press one."]
    assert caller.press("9").session.failures_in_row == 0


def test_a_menu_of_a_function_leaves_nine_to_its_options(call):
    """Where an option has the usual repeat key, it has it."""
    assert call(states(opt("9"), enter=lambda call: Menu(repeat=None))).press("9").state == "s0"


def test_a_functions_menu_has_the_usual_repeat_key(call):
    """Its keys were read at start, so another repeat key is a failure that says how."""
    caller = call(states(opt("1"), enter=lambda call: Menu(repeat="7")))
    error = next(each.error for each in caller.last.events if each.name == "failed")
    assert error.message == "the repeat key of a Menu from a function must be '9' or None, not '7'"
    assert error.hint == "add the row to the exit instead: Routes({'7': SAME})"


def test_a_function_may_have_no_menu_today(call):
    """A function that options hang in may say something else, and then its words are the last."""
    caller = call(states(opt("1"), enter=lambda call: "We are closed."))
    assert caller.heard == ["We are closed."]
    assert caller.last.ended


def test_the_sentences_are_settings(call):
    """Option, repeat, no options and the words of the keys are texts."""
    texts = Texts(option="{key}: {label}.", repeat="{key} again.", no_options="None.", keys={"1": "uno"})
    assert call(states(opt("18")), texts=texts).heard == ["uno eight: it.", "nine again."]
    assert call(m=State(Menu()), texts=texts).heard == ["None."]


def test_every_key_has_a_word():
    """Each key of a telephone can be said."""
    assert Texts().spell_keys("0123456789*#") == "zero one two three four five six seven eight nine star pound"
    assert list(KEY_NAMES) == list("0123456789*#")


@pytest.mark.parametrize(("keys", "words"), [("1", "one"), ("12", "one two")])
def test_a_key_sequence_is_said_key_by_key(keys, words):
    """Keys are separate words."""
    assert Texts().spell_keys(keys) == words


def test_a_menu_of_a_function_does_not_promise_what_nine_does_not_do(call):
    """Where an option has the usual repeat key, nothing is said of repeating."""
    assert call(states(opt("9"), enter=lambda call: Menu("Sub."))).heard == ["Sub.", "For it, press nine."]
    caller = call(a=State(lambda call: Menu("Press one."), Routes({"1": "b"})), b=State("B."))
    assert caller.heard == ["Press one."], "no option hangs in it, so it is no menu, and 9 is no key of it"


def test_a_menu_with_nothing_to_press_has_no_options(call, tree):
    """A row for silence is nothing to press."""
    made = {"m": State(Menu("Main."), Routes({"no-input": HOME}))}
    assert call(made).heard == ["Main.", "There are no options at the moment."]
    assert tuple(map(str, tree(made).startup_warnings)) == (
        "the menu 'm' has no options: no installed plugin offers any",
    )
