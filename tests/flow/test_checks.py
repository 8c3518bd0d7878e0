"""The checks at start: each test compares a whole message with its hint."""

import pytest
from twilio.twiml.voice_response import Dial, Enqueue, Gather, Hangup, Play, Record, Redirect

from ivrkit import BACK, HOME, SAME, Goto, LoadError, Menu, MenuOption, Routes, State, ask, leads_to


def question(table=None, **named):
    """Return a question with a routes table."""
    return State(ask("?"), table or Routes({"1": None}), **named)


def problems_of(tree, *args, **named):
    """Return the problems of a tree as (message, hint, state)."""
    with pytest.raises(LoadError) as caught:
        tree(*args, **named)
    assert all(problem.owner in ("test-states", "") for problem in caught.value.problems)
    return [(problem.message, problem.hint, problem.state) for problem in caught.value.problems]


PLAY = "<Play></Play>"
REINSTALL = "install a plugin with this state, or reinstall the package if its entry point is new"


def test_the_settings_start_and_operator_must_name_states(tree):
    """An unknown state in a setting is a problem, with the nearest known name."""
    assert problems_of(tree, a=question(), start="b", operator="aa") == [
        ("the setting 'start' names the state 'b', which no plugin offers", "use one of: a", None),
        (
            "the setting 'operator' names the state 'aa', which no plugin offers, did you mean 'a'?",
            "use one of: a",
            None,
        ),
    ]
    from ivrkit import compile_flow

    with pytest.raises(LoadError) as caught:
        compile_flow([])
    assert str(caught.value) == (
        "the phone tree has 1 problem and was not started:\n"
        "the setting 'start' names the state 'greeting', which no plugin offers\n"
        "  hint: install a plugin that offers states"
    )


@pytest.mark.parametrize(
    ("state", "where"),
    [
        (question(Routes({"1": "salse"})), "the row '1'"),
        (question(Routes({"no-input": Goto("salse")})), "the row 'no-input'"),
        (question(Routes({"1": None}, otherwise="salse")), "otherwise"),
        (question(Routes({"1": None}, give_up="salse")), "give_up"),
        (State("A.", "salse"), "exit"),
        (State("A.", Goto("salse", say="B.")), "exit"),
        (question(leads_to(None, "salse")(print)), "@leads_to"),
        (question(leads_to(None, give_up="salse")(print)), "give_up"),
        (State("A.", on_error="salse"), "on_error"),
    ],
)
def test_a_target_must_exist(tree, state, where):
    """An unknown target is a problem, with the index that names it and the nearest known name."""
    assert problems_of(tree, a=state, sales=State("S.")) == [
        (
            f"state 'a' of test-states 1.0: {where} leads to 'salse', which no plugin offers, did you mean 'sales'?",
            REINSTALL,
            "a",
        )
    ]


def test_all_unknown_targets_are_reported(tree):
    """One start reports the problems of all states."""
    assert len(problems_of(tree, a=question(Routes({"1": "x", "2": "y"}, otherwise="z")), b=State("B.", "w"))) == 4


@pytest.mark.parametrize(
    ("menu", "found"),
    [
        ("mneu", "which no plugin offers, did you mean 'menu'?"),
        ("b", "which is not a menu"),
        ("zzz", "which no plugin offers"),
    ],
)
def test_an_option_must_name_a_menu(tree, menu, found):
    """An option that names no menu is a problem, because nobody could choose it."""
    states = {"menu": State(Menu()), "b": question(), "a": question(options=MenuOption("1", "a", menu=menu))}
    assert problems_of(tree, states) == [
        (
            f"state 'a' of test-states 1.0: its option '1' names the menu {menu!r}, {found}",
            "use one of the menus: menu",
            "a",
        )
    ]


def test_an_option_in_a_tree_without_menus(tree):
    """The hint is to install a menu if the tree has none."""
    assert problems_of(tree, a=question(options=MenuOption("1", "a")))[0][1] == "install a plugin that offers a menu"


@pytest.mark.parametrize("exit", ["a", SAME, leads_to("a")(print), Goto(None)])
def test_the_exit_of_a_menu_must_be_a_table(tree, exit):
    """Only a Routes table can be the exit of a Menu, because the options become its rows."""
    [(message, hint, state)] = [
        problem for problem in problems_of(tree, m=State(Menu(), exit), a=question()) if "loop" not in problem[0]
    ]
    assert (
        message == f"state 'm' of test-states 1.0: the exit of a Menu must be a Routes table or left out, not {exit!r}"
    )
    assert hint == "write more rows, otherwise, tries or give_up in Routes"
    assert state == "m"


def options(*keys, **menu):
    """Return a menu, and a state for each key."""
    found = {"m": State(**{"enter": Menu(), **menu})}
    return found | {f"s{index}": question(options=MenuOption(key, "it", menu="m")) for index, key in enumerate(keys)}


def test_two_options_must_not_have_the_same_key(tree):
    """The problem names both owners, and the hint the setting with a free key."""
    assert problems_of(tree, options("1", "1")) == [
        (
            "in the menu 'm', the key '1' belongs to both s0 (test-states 1.0) and s1 (test-states 1.0)",
            'choose another key in ivrkit.toml:  [states.s1]  key = "2"',
            "s1",
        )
    ]


def test_a_key_must_not_begin_another(tree):
    """A key that is the beginning of another key is a problem, because it would have to wait for the rest."""
    for keys in (("1", "12"), ("12", "1")):
        first, second = keys
        assert problems_of(tree, options(*keys, "2")) == [
            (
                (
                    f"in the menu 'm', the keys {first!r} and {second!r} are ambiguous: they belong to "
                    "s0 (test-states 1.0) and s1 (test-states 1.0)"
                ),
                'choose another key in ivrkit.toml:  [states.s1]  key = "3"',
                "s1",
            )
        ]


def test_keys_may_begin_alike(tree):
    """Two keys of two digits may have the same first digit."""
    assert tree(options("11", "12", "2", "0", "*"))


def test_an_option_must_not_have_the_repeat_key(tree):
    """The repeat key of a menu clashes with an option that has the same key."""
    assert problems_of(tree, options("9")) == [
        (
            (
                "in the menu 'm', the key '9' belongs to both the repeat key of m (test-states 1.0) and "
                "s0 (test-states 1.0)"
            ),
            'choose another key in ivrkit.toml:  [states.s0]  key = "1"',
            "s0",
        )
    ]
    assert tree(options("9", enter=Menu(repeat=None)))
    assert tree(options("9", enter=Menu(repeat="8")))


def test_an_option_must_not_have_the_key_of_a_row(tree):
    """A row of the menu's exit clashes with an option that has the same key."""
    assert problems_of(tree, options("5", exit=Routes({"no-input": SAME, "5": SAME}))) == [
        (
            "in the menu 'm', the key '5' belongs to both a row of m (test-states 1.0) and s0 (test-states 1.0)",
            'choose another key in ivrkit.toml:  [states.s0]  key = "1"',
            "s0",
        )
    ]


def test_a_row_must_not_have_the_repeat_key(tree):
    """A row on the repeat key is a problem of the menu itself, which no setting can fix."""
    assert problems_of(tree, options("1", exit=Routes({"9": SAME}))) == [
        (
            (
                "in the menu 'm', the key '9' belongs to both the repeat key of m (test-states 1.0) and "
                "a row of m (test-states 1.0)"
            ),
            "change one of them in the code of 'm'",
            "m",
        )
    ]


def test_the_hint_when_no_key_is_free(tree):
    """The hint has no key if all keys of the menu are taken."""
    assert (
        problems_of(tree, options(*"12345678", "1"))[0][1]
        == 'choose another key in ivrkit.toml:  [states.s8]  key = "..."'
    )


def test_the_same_key_in_two_menus_is_allowed(tree):
    """Keys of different menus do not clash."""
    states = options("1")
    states["sub"] = State(Menu(), options=MenuOption("2", "sub", menu="m"))
    states["x"] = question(options=[MenuOption("3", "x", menu="m"), MenuOption("1", "x", menu="sub")])
    assert tree(states)


def test_the_state_that_was_loaded_later_must_change_its_key(tree):
    """Of two states with one key, the problem belongs to the one that was loaded later."""
    states = options()
    states["zebra"] = question(options=MenuOption("1", "zebra", menu="m"))
    states["ape"] = question(options=MenuOption("1", "ape", menu="m"))
    assert problems_of(tree, states)[0][2] == "ape"


def test_two_options_must_not_have_the_same_phrase(tree):
    """The same phrase in two options of a menu is a problem. Case and punctuation do not matter."""
    states = options()
    for index, phrase in enumerate(("Sales!", "sales")):
        states[f"s{index}"] = question(options=MenuOption(str(index + 1), "it", phrases=phrase, menu="m"))
    assert problems_of(tree, states) == [
        (
            "state 's1' of test-states 1.0: in the menu 'm', its phrase 'sales' also belongs to s0 (test-states 1.0)",
            "give one of the two options another phrase",
            "s1",
        )
    ]


def test_one_option_may_have_a_phrase_twice(tree):
    """The same phrase twice in one option is no clash."""
    states = options()
    states["a"] = question(options=MenuOption("1", "a", phrases=("Sales", "sales"), menu="m"))
    assert tree(states)


@pytest.mark.parametrize(
    ("states", "loop"),
    [
        ({"a": State("A.", "b"), "b": State("B.", "c"), "c": State("C.", "a")}, "a -> b -> c -> a"),
        ({"a": State("A.", SAME)}, "a -> a"),
        ({"a": State("A.", Goto("a"))}, "a -> a"),
        ({"x": State("X.", "b"), "b": State("B.", "c"), "c": State("C.", "b")}, "b -> c -> b"),
    ],
)
def test_automatic_exits_must_not_form_a_loop(tree, states, loop):
    """A loop of automatic exits is a problem, reported once, because it never comes to a state that waits."""
    first = loop.partition(" ")[0]
    assert problems_of(tree, states) == [
        (
            f"state {first!r} of test-states 1.0: its automatic exits form a loop: {loop}",
            "let one of these states wait for input, or end the call",
            first,
        )
    ]


def test_exits_that_are_decided_in_a_call_are_no_loop(tree):
    """BACK, HOME and functions are not taken for a loop, because only a call decides them."""
    states = {
        "a": State("A.", "b"),
        "b": State("B.", BACK),
        "c": State("C.", HOME),
        "d": State("D.", leads_to("d")(print)),
    }
    assert tree(states)


def content_problem(tree, state, **more):
    """Return the only problem of a state's content."""
    [(message, hint, name)] = problems_of(tree, a=state, **more)
    assert name == "a"
    prefix = "state 'a' of test-states 1.0: "
    assert message.startswith(prefix)
    return message.removeprefix(prefix), hint


@pytest.mark.parametrize(
    ("state", "message", "hint"),
    [
        (
            State(ask("?"), "b"),
            "its exit must be a Routes table, because it waits with Gather, not 'b'",
            "use a table: exit=Routes({...}, otherwise='b')",
        ),
        (
            State(Dial("+1"), Goto(HOME, say="x")),
            "its exit must be a Routes table, because it waits with Dial, not Goto(HOME, say=('x',))",
            "use a table: exit=Routes({...}, otherwise=HOME)",
        ),
        (
            State("A.", Routes({"1": None})),
            "it has Routes, but waits for nothing, so no outcome can follow",
            'let it wait with ask(...), Record, Dial or Enqueue, or name one target: exit="menu"',
        ),
        (
            State([ask("?"), "After."], Routes({"1": None})),
            "Say after Gather would never be heard, because the exit decides what follows",
            "say it before Gather, or on the way to the target: Goto(target, say=...)",
        ),
        (
            State([Record(), Hangup()], leads_to(None)(print)),
            "Hangup after Record would never be heard, because the exit decides what follows",
            "say it before Record, or on the way to the target: Goto(target, say=...)",
        ),
        (
            State([Dial("+1"), Enqueue("question")]),
            "it must wait with one verb, not with Dial and Enqueue",
            "put the second verb into a state of its own, and lead there with an exit",
        ),
        (
            State(Gather(action="/mine"), Routes({"1": None})),
            "its Gather must not have an action ('/mine'), because its exit decides what follows",
            "leave out the action, or leave out the exit",
        ),
        (
            State(ask("?"), Routes({"12#": None})),
            "the key '12#' cannot be pressed: '#' ends the input of its Gather",
            'choose another key, or another end of the input: ask(..., finish_on_key="")',
        ),
        (
            State(ask("?", finish_on_key="*"), Routes({"#": None, "*": None})),
            "the key '*' cannot be pressed: '*' ends the input of its Gather",
            'choose another key, or another end of the input: ask(..., finish_on_key="")',
        ),
        (
            State(Dial("+1"), Routes({"1": None})),
            "the row '1' is not an outcome of Dial",
            "use an outcome of Dial: answered, busy, no-answer, failed, canceled, declined",
        ),
        (
            State(Enqueue("question"), Routes({"no-answer": None})),
            "the row 'no-answer' is not an outcome of Enqueue",
            "use an outcome of Enqueue: bridged, leave, hangup, queue-full, failed",
        ),
        (
            State(ask("?"), Routes({"busy": None})),
            "the row 'busy' is not an outcome of Gather",
            "use an outcome of Gather: keys, no-match, no-input",
        ),
        (
            State(Record(), Routes({"ended": None})),
            "the row 'ended' is not an outcome of Record, did you mean 'recorded'?",
            "use an outcome of Record: recorded, no-message",
        ),
        (
            State(["A.", Hangup()], "b"),
            "its exit can never be reached, because Hangup ends the document",
            "leave out Hangup, or leave out the exit",
        ),
        (
            State(["A.", Redirect("https://x.example/")], leads_to("b")(print)),
            "its exit can never be reached, because Redirect ends the document",
            "leave out Redirect, or leave out the exit",
        ),
    ],
)
def test_content_must_fit_the_exit(tree, state, message, hint):
    """Content that does not fit the exit of its state is a problem at start."""
    assert content_problem(tree, state, b=question()) == (message, hint)


def test_an_option_must_not_have_the_finish_key(tree):
    """A key with # is a problem of the state with the option, because # ends the input of a menu."""
    assert problems_of(tree, options("1#")) == [
        (
            "state 's0' of test-states 1.0: its key '1#' cannot be pressed: '#' ends the input of the menu 'm'",
            'choose another key in ivrkit.toml:  [states.s0]  key = "..."',
            "s0",
        )
    ]
    message = "the key '#' cannot be pressed: '#' ends the input of its Gather"
    assert message in problems_of(tree, options("1", exit=Routes({"#": SAME})))[0][0], "a row is the menu's own"


def test_content_that_fits(tree):
    """These combinations of content and exit look alike, and are valid."""
    assert tree(
        {
            "a": State(ask("?", finish_on_key=""), Routes({"#": None, "no-match": SAME, "no-input": SAME})),
            "b": State([Dial("+1"), "After."]),
            "c": State(Gather(action="/mine")),
            "d": State(Dial("+1", action="/mine")),
            "e": State("E.", leads_to("a")(print)),
            "f": State(ask("?"), leads_to("a")(print)),
            "g": State(Record(), Routes({"recorded": None})),
            "h": State(Menu(), Routes(otherwise=HOME)),
            "i": State(["I.", Hangup()]),
        }
    )


@pytest.mark.parametrize(
    ("state", "message", "hint"),
    [
        (
            State(ask("?", num_digits=1), Routes({"42": None})),
            "the key '42' cannot be pressed: its Gather takes at most 1 keys",
            "leave out num_digits: ivrkit sets it to the longest key of the table",
        ),
        (
            State(ask("?", input="speech"), Routes({"4": None})),
            "the key '4' cannot be pressed: its Gather only takes speech",
            'let it take keys as well: input="dtmf speech"',
        ),
        (
            State(ask("?", method="get"), Routes({"4": None}), secret=True),
            "it is secret, but its Gather would send the input in a URL, which servers log",
            'leave out method="GET"',
        ),
        (
            State(Play("y" * 63_000)),
            f"the response must have at most 63000 bytes, not {63_000 + len(PLAY)}",
            "say less, or play a recording",
        ),
        (
            State(ask("?"), Routes({"1": Goto(None, say=Play("y" * 63_000))})),
            f"the response must have at most 63000 bytes, not {63_000 + len(PLAY)}",
            "say less, or play a recording",
        ),
    ],
)
def test_rows_that_can_never_match_are_refused(tree, state, message, hint):
    """Keys that a Gather never sends, secrets in URLs, and responses that are too long are problems at start."""
    assert content_problem(tree, state) == (message, hint)


def test_an_error_while_compiling_is_a_problem_of_its_state(tree):
    """Any error that is raised while a state is compiled is a problem of that state."""
    loop = ["A."]
    loop.append(loop)
    message, hint = content_problem(tree, State(loop))
    assert message.startswith("RecursionError: maximum recursion depth exceeded")
    assert hint == "change its content: it cannot be rendered as TwiML"


def test_an_option_must_not_name_a_state_with_another_exit(tree):
    """An option in a state that cannot be a menu is a problem of the state with the option."""
    states = {"a": State(print, leads_to(None)(print)), "b": question(options=MenuOption("1", "b", menu="a"))}
    [(message, hint, state)] = problems_of(tree, states)
    assert message.startswith("state 'b' of test-states 1.0: its option '1' names the menu 'a', whose exit LeadsTo(")
    assert message.endswith(" takes no options")
    assert (hint, state) == ("name another menu", "b")


def test_problems_of_several_states_are_reported_together(tree):
    """Content problems of different states are in one error."""
    with pytest.raises(LoadError) as caught:
        tree(a=State("A.", Routes({"1": None})), b=State([Record(), Record()]))
    assert str(caught.value).startswith(
        "the phone tree has 2 problems and was not started:\nstate 'a' of test-states 1.0: "
    )
    assert [problem.state for problem in caught.value.problems] == ["a", "b"]


def test_the_hint_for_a_state_with_several_options(tree):
    """A table cannot change one of several keys of a state, so the hint names the hook that can."""
    options = (MenuOption("1", "b"), MenuOption("2", "b again"))
    with pytest.raises(LoadError) as caught:
        tree(menu=State(Menu()), a=State("A.", options=MenuOption("1", "a")), b=State("B.", options=options))
    (problem,) = caught.value.problems
    assert problem.hint == (
        "choose another key in the hook ivrkit_edit_state, because 'b' has more than one menu option"
    )
