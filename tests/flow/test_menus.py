"""Menus: prompts and routes are made from the same options."""

import pytest
from twilio.twiml.voice_response import Play

from ivrkit import HOME, SAME, Goto, Menu, MenuOption, Routes, State, Texts, ask
from ivrkit.flow.model.text import KEY_NAMES

AGAIN = "To hear this again, press nine."


def states(*options, **menu):
    """Return a menu, and a state for each option."""
    tree_states = {"m": State(**{"enter": Menu(), **menu})}
    return tree_states | {f"s{index}": State(f"S{index}.", options=each) for index, each in enumerate(options)}


def option(key, label="it", **named):
    """Return an option of that menu."""
    return MenuOption(key, label, menu="m", **named)


def test_a_menu_reads_its_options_in_the_order_of_the_keys(call):
    """Options are read in the order of the keys with 0 last, not in the order of loading."""
    caller = call(
        states(
            option("0", "zero"), option("2", "two"), option("*", "star"), option("12", "twelve"), option("10", "ten")
        )
    )
    assert caller.heard == [
        "For twelve, press one two.",
        "For ten, press one zero.",
        "For two, press two.",
        "For star, press star.",
        "For zero, press zero.",
        AGAIN,
    ]
    assert 'numDigits="2"' in caller.xml


def test_every_option_leads_to_its_state(call):
    """Each key that a menu reads leads to the state of its option."""
    for index, key in enumerate(("1", "2", "0")):
        assert call(states(option("1"), option("2"), option("0"))).press(key).state == f"s{index}"


def test_an_option_can_have_its_own_sentence(call):
    """The sentence of an option replaces the one made of label and key."""
    assert call(states(option("1", sentence="Press one for it."))).heard == ["Press one for it.", AGAIN]


def test_the_texts_of_a_menu_come_before_its_options(call):
    """Texts, Play and Pause of a Menu come before its options."""
    caller = call(states(option("1"), enter=Menu("Main menu.", Play("https://x.example/jingle.mp3"))))
    assert caller.heard == ["Main menu.", "For it, press one.", AGAIN]
    assert caller.xml == (
        '<Gather actionOnEmptyResult="true" action="webhook#rc=1&amp;rp=ct" numDigits="1">'
        '<Say language="en-US">Main menu.</Say>'
        '<Play>https://x.example/jingle.mp3</Play><Say language="en-US">For it, press one.</Say>'
        f'<Say language="en-US">{AGAIN}</Say></Gather>'
    )


def test_key_nine_repeats_the_menu(call):
    """The repeat key 9 reads the menu again, and resets the failures."""
    caller = call(states(option("1"))).stays_silent().press("9")
    assert (caller.state, caller.session.failures_in_row) == ("m", 0)
    assert caller.heard == ["For it, press one.", AGAIN]


def test_the_repeat_key_can_be_changed(call):
    """Menu(repeat=...) sets another repeat key, or none."""
    assert call(states(option("1"), enter=Menu(repeat="*"))).heard[-1] == "To hear this again, press star."
    caller = call(states(option("1"), enter=Menu(repeat=None)))
    assert caller.heard == ["For it, press one."]
    assert caller.press("9").session.failure_counts == {"m": {"no-match": 1}}


def test_a_menu_without_options_ends_the_call(call):
    """A menu without options says so, and hangs up."""
    caller = call(hello=State("Hello.", "m"), m=State(Menu("Main menu."), Routes(otherwise=HOME)))
    assert caller.heard == ["Hello.", "Main menu.", "There are no options at the moment."]
    assert caller.xml.endswith("<Hangup />")
    assert caller.last.ended


def test_a_menu_without_options_is_a_startup_warning(tree):
    """A menu without options is a startup warning."""
    flow = tree(m=State(Menu()))
    assert tuple(map(str, flow.startup_warnings)) == ("the menu 'm' has no options: no installed plugin offers any",)
    assert tree(states(option("1"))).startup_warnings == ()


def test_the_exit_of_a_menu_adds_rows(call):
    """Rows, otherwise, tries and give_up of a menu's exit count like those of any table."""
    table = Routes(
        {"5": Goto(SAME, say="Five.")}, otherwise=Goto(SAME, say="Else."), tries=1, give_up=Goto(None, say="Up.")
    )
    tree_states = states(option("1"), exit=table)
    assert call(tree_states).press("5").heard[0] == "Five."
    assert call(tree_states).press("7").heard[0] == "Else."
    assert call(tree_states).stays_silent().heard == ["Up."]


def test_a_menu_can_have_rows_only(call):
    """A menu with rows but no options can be pressed and repeated."""
    caller = call(m=State(Menu("Press one."), Routes({"1": "x"})), x=State("X."))
    assert caller.heard == ["Press one.", AGAIN]
    assert caller.press("9").state == "m"
    assert caller.press("1").heard == ["X."]


def test_num_digits_is_the_longest_key(call):
    """NumDigits of a menu is the length of its longest key, be it of an option or a row."""
    tree_states = states(option("1"), exit=Routes({"42": "s0"}))
    assert 'numDigits="2"' in call(tree_states).xml


def test_a_menu_can_be_an_option_of_another_menu(call):
    """A menu of any package can be an option of another menu, and a state can have options in several menus."""
    tree_states = states(option("1"), option("2"))
    tree_states["sub"] = State(Menu("Sub menu."), options=option("3", "more"))
    both = [MenuOption("5", "both", menu="m"), MenuOption("1", "both", menu="sub")]
    tree_states["both"] = State(ask("Both."), Routes({"1": HOME}), options=both)
    assert call(tree_states).press("3").heard == ["Sub menu.", "For both, press one.", AGAIN]
    assert call(tree_states).press("3", "1", "1").state == "sub"
    assert call(tree_states).press("5", "1").state == "m"


def test_a_menu_with_phrases_listens_to_speech(call):
    """A menu with phrases has them as hints, and takes each for its key."""
    caller = call(states(option("1", phrases=("sales", "buy something")), option("2", phrases="support"), option("3")))
    assert caller.xml.startswith(
        '<Gather actionOnEmptyResult="true" hints="sales, buy something, support" input="dtmf speech" '
        'action="webhook#rc=1&amp;rp=ct" numDigits="1" language="en-US">'
    )
    assert caller.says("Buy something!").state == "s0"
    assert call(states(option("1"))).xml.count("input=") == 0


def test_a_function_can_return_a_menu(call):
    """An enter function can return a Menu, which has the same options."""
    caller = call(states(option("1"), enter=lambda call: Menu(f"You called {call.sid}.")))
    assert caller.heard == ["You called CA1.", "For it, press one.", AGAIN]
    assert caller.press("9").state == "m"
    assert caller.press("1").state == "s0"


def test_a_function_can_leave_out_the_repeat_sentence(call):
    """A function that returns Menu(repeat=None) leaves out the sentence, but 9 still repeats."""
    caller = call(states(option("1"), enter=lambda call: Menu(repeat=None)))
    assert caller.heard == ["For it, press one."]
    assert caller.press("9").session.failures_in_row == 0


def test_an_option_can_have_key_nine_in_a_menu_from_a_function(call):
    """An option with key 9 replaces the repeat key of a menu from a function."""
    assert call(states(option("9"), enter=lambda call: Menu(repeat=None))).press("9").state == "s0"


def test_a_menu_from_a_function_must_have_the_default_repeat_key(call):
    """A function that returns a Menu with another repeat key has failed, with a hint to add a row."""
    caller = call(states(option("1"), enter=lambda call: Menu(repeat="7")))
    error = next(each.error for each in caller.last.events if each.name == "failed")
    assert error.message == "the repeat key of a Menu from a function must be '9' or None, not '7'"
    assert error.hint == "add the row to the exit instead: Routes({'7': SAME})"


def test_a_function_can_return_no_menu(call):
    """A function that options name can return other content, which then ends the call."""
    caller = call(states(option("1"), enter=lambda call: "We are closed."))
    assert caller.heard == ["We are closed."]
    assert caller.last.ended


def test_the_sentences_of_a_menu_are_texts(call):
    """The sentences of a menu and the names of the keys are texts that can be set."""
    texts = Texts(option="{key}: {label}.", repeat="{key} again.", no_options="None.", keys={"1": "uno"})
    assert call(states(option("18")), texts=texts).heard == ["uno eight: it.", "nine again."]
    assert call(m=State(Menu()), texts=texts).heard == ["None."]


def test_every_key_has_a_name():
    """Each key of a telephone has a name."""
    assert Texts().spell_keys("0123456789*#") == "zero one two three four five six seven eight nine star pound"
    assert list(KEY_NAMES) == list("0123456789*#")


@pytest.mark.parametrize(("keys", "words"), [("1", "one"), ("12", "one two")])
def test_a_key_sequence_is_spelled(keys, words):
    """A key sequence is spelled key by key."""
    assert Texts().spell_keys(keys) == words


def test_no_repeat_sentence_if_an_option_has_the_repeat_key(call):
    """A menu from a function says nothing about repeating if an option has the repeat key."""
    assert call(states(option("9"), enter=lambda call: Menu("Sub."))).heard == ["Sub.", "For it, press nine."]
    caller = call(a=State(lambda call: Menu("Press one."), Routes({"1": "b"})), b=State("B."))
    assert caller.heard == ["Press one."], "no option hangs in it, so it is no menu, and 9 is no key of it"


def test_a_row_for_silence_is_no_option(call, tree):
    """A menu with a row for silence only has no options."""
    tree_states = {"m": State(Menu("Main."), Routes({"no-input": HOME}))}
    assert call(tree_states).heard == ["Main.", "There are no options at the moment."]
    assert tuple(map(str, tree(tree_states).startup_warnings)) == (
        "the menu 'm' has no options: no installed plugin offers any",
    )


def slow_key_warnings(tree, *keys, **menu):
    """Return the startup warnings of a menu with options of these keys, each with its hint."""
    states = {"menu": State(Menu(), **menu)}
    states |= {f"s{key}": State("Hello.", options=MenuOption(key, f"option {key}")) for key in keys}
    return [(each.message, each.hint) for each in tree(states).startup_warnings]


def test_one_long_key_that_slows_the_others_is_a_warning(tree):
    """A key that is longer than most keys of its menu is a startup warning with the package and a free key."""
    ((message, hint),) = slow_key_warnings(tree, "1", "2", "77")
    assert message == (
        "in the menu 'menu', the key '77' of s77 (test-states 1.0) is longer than the other keys: callers who "
        "press a shorter key wait 5 seconds"
    )
    assert hint == 'choose a shorter key in ivrkit.toml:  [states.s77]  key = "3"'


def test_a_long_key_in_a_row_of_a_menu_is_a_warning(tree):
    """A long key in the routes table of a menu is a startup warning for the menu."""
    ((message, hint),) = slow_key_warnings(tree, "1", "2", exit=Routes({"*9": "s1"}))
    assert message == (
        "in the menu 'menu', the key '*9' of a row of menu (test-states 1.0) is longer than the other keys: callers "
        "who press a shorter key wait 5 seconds"
    )
    assert hint == "change the row in the code of 'menu'"


def test_each_long_key_gets_a_key_of_its_own(tree):
    """The hints for two long keys propose different keys, and none if all keys are taken."""
    assert [hint[-3:] for _, hint in slow_key_warnings(tree, "1", "2", "3", "70", "71")] == ['"4"', '"5"']
    assert [hint[-5:] for _, hint in slow_key_warnings(tree, *"12345678", "00")] == ['"..."']


@pytest.mark.parametrize("keys", [("1", "2"), ("10", "11", "12", "0"), ("10", "11"), ("10",), ()])
def test_keys_of_the_same_length_are_no_warning(tree, keys):
    """Keys of one length, and a menu whose keys are mostly long, are no startup warning."""
    assert [message for message, _ in slow_key_warnings(tree, *keys) if "longer" in message] == []


def test_a_long_key_of_a_menu_from_a_function_is_a_warning(tree):
    """A menu from a function has the same startup warning."""
    tree_of_function = {"menu": State(lambda call: Menu()), "a": State("A.", options=MenuOption("1", "a"))}
    (warning,) = tree({**tree_of_function, "b": State("B.", options=MenuOption("22", "b"))}).startup_warnings
    assert "the key '22' of b (test-states 1.0) is longer" in warning.message
