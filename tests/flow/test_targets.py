"""Targets: names, None, SAME, BACK, HOME and Goto, with its prompts."""

import pytest
from twilio.twiml.voice_response import Dial, Hangup, Pause, Play, Redirect, Reject, Say

from ivrkit import BACK, HOME, SAME, FlowError, Goto, Menu, MenuOption, Routes, State, ask, leads_to
from ivrkit.flow.model.routes import destination_of, is_target

GOODBYE = '<Say language="en-US">Goodbye.</Say><Hangup />'


def question(text="Well?", **exits):
    """Return a state that asks, and leads by key to the states named as ``k1="x"``."""
    return State(ask(text), Routes({key[1:]: target for key, target in exits.items()}))


def test_a_name_leads_to_that_state(call):
    """A name leads to the state of that name."""
    assert call(a=question(k1="b"), b=question("B?")).press("1").heard == ["B?"]


def test_none_is_the_goodbye(call):
    """None says the core's goodbye and hangs up."""
    caller = call(a=question(k1=None)).press("1")
    assert caller.xml == GOODBYE
    assert caller.last.ended
    assert caller.session.ended == "finished"
    assert caller.events == [("left", "a", "1"), ("ended", None, "finished")]


def test_a_goto_of_none_replaces_the_goodbye(call):
    """The prompts of Goto(None, say=...) replace the goodbye."""
    caller = call(a=State("Hello.", Goto(None, say="That was all.")))
    assert caller.heard == ["Hello.", "That was all."]
    assert caller.xml.endswith("<Hangup />")


def test_a_goto_of_none_without_prompts_says_nothing(call):
    """Goto(None) hangs up without a goodbye."""
    assert call(a=question(k1=Goto(None))).press("1").xml == "<Hangup />"


def test_the_prompts_of_a_goto_come_first(call):
    """The prompts of a Goto are said before the content of its state, be they texts or verbs."""
    words = ["One.", Play("https://x.example/a.mp3"), Pause(length=2), Say("Two.", voice="man")]
    xml = call(a=question(k1=Goto("b", say=words)), b=State("B.")).press("1").xml
    assert xml == (
        '<Say language="en-US">One.</Say><Play>https://x.example/a.mp3</Play><Pause length="2" />'
        '<Say voice="man">Two.</Say><Say language="en-US">B.</Say><Hangup />'
    )


def test_the_prompts_of_a_goto_from_a_function(call):
    """A function can return a Goto with any prompts if its target is declared."""

    @leads_to("b")
    def choose(call):
        return Goto("b", say=f"You pressed {call.digits}.")

    assert call(a=State(ask("A?"), choose), b=State("B.")).press("5").heard == ["You pressed 5.", "B."]


def test_same_is_the_state_again(call):
    """SAME enters the state again, and keeps its origin."""
    caller = call(a=question(k1="b"), b=State(ask("B?"), Routes({"1": SAME, "2": BACK}))).press("1", "1")
    assert caller.heard == ["B?"]
    assert caller.events == [("left", "b", "1"), ("entered", "b", None)]
    assert caller.press("2").state == "a"


def test_back_is_the_state_that_sent_the_caller(call):
    """BACK leads to the origin of a state, and keeps that state's own origin, so that BACK can be repeated."""
    back = {"9": BACK}
    caller = call(
        a=State(ask("A?"), Routes({"1": "b"})),
        b=State(ask("B?"), Routes({"1": "c", **back})),
        c=State(ask("C?"), Routes(back)),
    )
    assert caller.press("1", "1").state == "c"
    assert caller.press("9").state == "b"
    assert caller.press("9").state == "a"


def test_back_without_an_origin_is_home(call):
    """BACK is HOME in a state that no other state led to."""
    caller = call(
        a=State(ask("A?"), Routes({"1": BACK, "2": "menu"})),
        menu=State(Menu()),
        x=State("X.", options=MenuOption("1", "x")),
        start="a",
    )
    assert caller.press("1").state == "a", "the tree has no start menu: HOME is its first question"


def test_a_state_is_never_its_own_origin(call):
    """A state that leads to itself by name keeps its origin."""
    caller = call(a=question(k1="b"), b=State(ask("B?"), Routes({"1": "b", "9": BACK}))).press("1", "1", "1", "9")
    assert caller.state == "a"


def menus():
    """Return two menus. State x is an option of both, y of the second, z of none."""
    home = Routes({"1": HOME, "2": "z"})
    return {
        "first": State(Menu(), Routes({"0": "second"})),
        "second": State(Menu(), Routes({"0": "first", "5": "z"})),
        "x": State(ask("X?"), home, options=[MenuOption("1", "x", menu="first"), MenuOption("1", "x", menu="second")]),
        "y": State(ask("Y?"), home, options=MenuOption("2", "y", menu="second")),
        "z": State(ask("Z?"), Routes({"1": HOME, "2": "x"})),
    }


@pytest.mark.parametrize(
    ("keys", "state", "home"),
    [
        ("1", "x", "first"),
        ("01", "x", "second"),
        ("001", "x", "first"),
        ("02", "y", "second"),
        ("05", "z", "first"),
        ("052", "x", "second"),
    ],
)
def test_home_is_the_menu_that_the_caller_came_from(call, keys, state, home):
    """HOME is the latest visited menu of the state's options, else its first, else the start menu."""
    caller = call(menus()).press(*keys)
    assert caller.state == state
    assert caller.press("1").state == home


def test_home_without_a_visited_menu_is_the_first_option(call):
    """HOME is the menu of the state's first option if the caller was in none of its menus."""
    states = menus()
    states["first"] = State(Menu(), Routes({"7": "y"}))
    assert call(states).press("7", "1").state == "second"


def test_home_of_a_start_menu_is_itself(call):
    """HOME of the start menu is the start menu."""
    caller = call(m=State(Menu(), Routes({"5": HOME})), x=State("X.", options=MenuOption("1", "x", menu="m")))
    assert caller.press("5").state == "m"


def test_home_without_menu_or_question_is_the_operator(call):
    """In a tree without a menu or a question, HOME is the operator, here the goodbye."""
    caller = call(a=State(Dial("+15550100"), Routes({"busy": HOME}))).dials("busy")
    assert caller.xml == GOODBYE


def test_the_first_menu_reached_by_automatic_exits_is_the_start_menu(tree):
    """The start menu is the nearest menu along automatic exits and declared targets of functions."""

    @leads_to("closed", "open")
    def decide(call):
        return "closed"

    flow = tree(
        hello=State("Hello.", "decide"),
        decide=State([], decide),
        closed=State("We are closed."),
        open=State("Welcome.", "main"),
        main=State(Menu()),
        other=State(Menu(), options=MenuOption("1", "other", menu="main")),
    )
    assert flow.start_menu == flow.home == "main"


def test_home_of_a_tree_without_a_menu_is_its_first_question(tree):
    """Without a menu, HOME is the first question along automatic exits."""
    flow = tree(hello=State("Hello.", "pin"), pin=State(ask("PIN?"), Routes({"1": HOME})))
    assert (flow.start_menu, flow.home) == (None, "pin")


def test_home_is_never_a_dial(tree):
    """A state that dials is never HOME, because it would dial again."""
    assert tree(hello=State("Hello.", "ring"), ring=State(Dial("+15550100"), Routes({}))).home is None


@pytest.mark.parametrize(
    ("enter", "xml"),
    [
        ("Bye.", '<Say language="en-US">Bye.</Say><Hangup />'),
        ([], "<Hangup />"),
        (Hangup(), "<Hangup />"),
        (Reject(reason="busy"), '<Reject reason="busy" />'),
        (
            ["Over to them.", Redirect("https://x.example/")],
            '<Say language="en-US">Over to them.</Say><Redirect>https://x.example/</Redirect>',
        ),
    ],
)
def test_a_state_without_an_exit_ends_the_call(call, enter, xml):
    """With exit=None the content of the state is the last one, and later webhooks get an empty document."""
    caller = call(a=State(enter))
    assert caller.xml == xml
    assert caller.last.ended
    assert caller.events == [("started", None, None), ("entered", "a", None), ("ended", None, "finished")]
    assert caller.webhook(Digits="1").last.twiml == b'<?xml version="1.0" encoding="UTF-8"?><Response />'
    assert caller.events == []


def test_a_question_without_an_exit_leads_to_the_goodbye(call):
    """With exit=None any outcome of a waiting verb leads to the goodbye."""
    for params in ({"Digits": "1"}, {"Digits": ""}, {"SpeechResult": "hello"}):
        assert call(a=State(ask("A?"))).webhook(**params).xml == GOODBYE
    assert call(a=State(Dial("+15550100"))).dials("no-answer").xml == GOODBYE


def test_verbs_after_a_dial_without_an_exit_are_heard(call):
    """With exit=None verbs after a Dial are heard, because Twilio goes on with them."""
    xml = call(a=State([Dial("+15550100"), "Nobody was there."])).xml
    assert xml == '<Dial timeLimit="7200">+15550100</Dial><Say language="en-US">Nobody was there.</Say>'


def test_automatic_exits_are_followed_in_one_response(call):
    """States that do not wait are entered and left in the same response."""
    caller = call(a=State("A.", "b"), b=State("B.", "c"), c=question("C?"))
    assert caller.heard == ["A.", "B.", "C?"]
    assert caller.events == [
        ("started", None, None),
        ("entered", "a", None),
        ("left", "a", None),
        ("entered", "b", None),
        ("left", "b", None),
        ("entered", "c", None),
    ]
    assert caller.session.path == [["a", None], ["b", None], ["c", None]]


def test_an_automatic_exit_can_be_back(call):
    """A state that does not wait can lead BACK in the same response."""
    caller = call(a=question("A?", k1="note"), note=State("Noted.", BACK)).press("1")
    assert (caller.heard, caller.state) == (["Noted.", "A?"], "a")


def test_a_function_exit_of_a_state_that_does_not_wait(call):
    """The function exit of a state that does not wait runs in the same response."""

    @leads_to("even", "odd")
    def parity(call):
        return "odd" if int(call.digits) % 2 else "even"

    states = {"a": question("A?", k1="router", k2="router"), "router": State([], parity)}
    states |= {"even": State("Even."), "odd": State("Odd.")}
    assert call(states).press("1").heard == ["Odd."]
    assert call(states).press("2").heard == ["Even."]


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (
            lambda: Goto(7),
            "the target of Goto must be a state's name, SAME, BACK, HOME or None, not 7",
            'write Goto("sales"), or import SAME, BACK and HOME from ivrkit',
        ),
        (
            lambda: Goto("a", say=[Dial("+15550100")]),
            "a prompt of Goto('a') must be a text, Say, Play or Pause, not {}",
            "put other verbs into a state of their own",
        ),
        (
            lambda: Goto(None, say=4),
            "a prompt of Goto(None) must be a text, Say, Play or Pause, not 4",
            "put other verbs into a state of their own",
        ),
    ],
)
def test_an_invalid_goto_is_refused(make, message, hint):
    """An invalid target or prompt of a Goto raises an error with the values that it takes."""
    with pytest.raises(FlowError) as caught:
        make()
    assert caught.value.message.startswith(message.partition("{}")[0])
    assert caught.value.hint == hint


def test_the_repr_of_targets():
    """SAME, BACK and HOME print as their names, and a Goto as the code that makes it."""
    assert [repr(each) for each in (SAME, BACK, HOME)] == ["SAME", "BACK", "HOME"]
    assert [destination_of(each) for each in ("x", None, SAME, Goto(BACK, say="Back."), Goto(None))] == [
        "x",
        None,
        SAME,
        BACK,
        None,
    ]
    assert [is_target(each) for each in ("x", None, HOME, Goto("x"), 7, ["x"])] == [True] * 4 + [False] * 2
    assert Goto("x", say="Words.").say == ("Words.",)
    assert Goto("x").say == ()


def test_home_is_the_latest_of_the_states_menus(call):
    """Other menus in between do not matter for HOME, nor does the order of the options."""
    states = {
        "first": State(Menu(), Routes({"5": "second"})),
        "second": State(Menu(), Routes({"5": "first", "6": "third"})),
        "third": State(Menu(), Routes({"6": "x"})),
        "x": State(
            ask("X?"), Routes({"1": HOME}), options=[MenuOption("1", "x", menu=each) for each in ("first", "second")]
        ),
    }
    assert call(states).press("5", "6", "6", "1").state == "second"
