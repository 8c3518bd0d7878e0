"""The checks of states, tables, options and texts where they are written."""

from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime

import pytest
from twilio.twiml.voice_response import Dial, Pause, Play, Say

from ivrkit import SAME, FlowError, Goto, Menu, MenuOption, Owner, Routes, State, Texts, ask, leads_to
from ivrkit.flow.model.call import Call, make_call
from ivrkit.flow.model.outcomes import NAMED_OUTCOMES
from ivrkit.flow.model.routes import LeadsTo
from ivrkit.flow.model.text import SENTENCES

TARGET = "write a state's name, SAME, BACK, HOME, None, or a Goto of one of these"
ROW = f"use keys (0-9 * #, as a string) or one of: {', '.join(NAMED_OUTCOMES)}"


def refusal(make):
    """Return the message and the hint of the error that is raised."""
    with pytest.raises(FlowError) as caught:
        make()
    return caught.value.message, caught.value.hint


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (
            lambda: Routes({"no-imput": None}),
            "a row of Routes must be for keys or a named outcome, not 'no-imput', did you mean 'no-input'?",
            ROW,
        ),
        (lambda: Routes({1: None}), "a row of Routes must be for keys or a named outcome, not 1", ROW),
        (lambda: Routes({"": None}), "a row of Routes must be for keys or a named outcome, not ''", ROW),
        (lambda: Routes({"1a": None}), "a row of Routes must be for keys or a named outcome, not '1a'", ROW),
        (lambda: Routes({"1": 5}), "the row '1' of Routes must be a target, not 5", TARGET),
        (lambda: Routes({}, otherwise=5), "otherwise of Routes must be a target, not 5", TARGET),
        (lambda: Routes({}, give_up=5), "give_up of Routes must be a target, not 5", TARGET),
        (
            lambda: Routes({}, tries=0),
            "tries of Routes must be a whole number of at least 1, not 0",
            "write a number: tries=3",
        ),
        (
            lambda: Routes({}, tries=True),
            "tries of Routes must be a whole number of at least 1, not True",
            "write a number: tries=3",
        ),
        (
            lambda: Routes({}, tries="3"),
            "tries of Routes must be a whole number of at least 1, not '3'",
            "write a number: tries=3",
        ),
        (
            leads_to,
            "@leads_to must have at least one target",
            'name all that the function returns: @leads_to("sales", SAME)',
        ),
        (lambda: leads_to(5), "a target of @leads_to must be a target, not 5", TARGET),
        (
            lambda: leads_to(None, tries=0),
            "tries of @leads_to must be a whole number of at least 1, not 0",
            "write a number: tries=3",
        ),
        (lambda: leads_to(None, give_up=5), "give_up of @leads_to must be a target, not 5", TARGET),
    ],
)
def test_invalid_tables_and_functions(make, message, hint):
    """An invalid table or decorator raises an error where it is written."""
    assert refusal(make) == (message, hint)


def test_a_table_is_read_only():
    """A table keeps its own copy of the rows, and refuses changes."""
    rows = {"1": None}
    table = Routes(rows)
    rows["2"] = "x"
    assert dict(table.rows) == {"1": None}
    with pytest.raises(TypeError):
        table.rows["2"] = "x"
    with pytest.raises(FrozenInstanceError):
        table.tries = 2
    assert (table.otherwise, table.tries, table.give_up) == (..., None, None)
    assert Routes({}, tries=1).tries == 1


def test_every_outcome_can_have_a_row():
    """A table takes all named outcomes and key sequences."""
    assert set(Routes(dict.fromkeys((*NAMED_OUTCOMES, "0", "12*#"))).rows) == {*NAMED_OUTCOMES, "0", "12*#"}


def test_a_decorated_function_can_be_called():
    """A function exit can be called by its own test."""

    @leads_to("a", SAME, tries=2, give_up="b")
    def choose(call):
        return call

    assert choose("x") == "x"
    assert choose == LeadsTo(choose.function, ("a", SAME), 2, "b")
    assert leads_to(None)(print) == LeadsTo(print, (None,), None, None)


KEY = 'write the keys as a string: key="1"'
LABEL = 'give it a label: label="sales", or a whole sentence: sentence="To talk to sales, press one."'
REPEAT = 'write the keys as a string, such as "9"'
OTHER_VERBS = "put other verbs into a state of their own"


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (
            lambda: MenuOption("a", "sales"),
            "the key of MenuOption 'sales' must be keys of a telephone (0-9, * and #), not 'a'",
            KEY,
        ),
        (
            lambda: MenuOption(1, "sales"),
            "the key of MenuOption 'sales' must be keys of a telephone (0-9, * and #), not 1",
            KEY,
        ),
        (lambda: MenuOption("1", "  "), "the label of the MenuOption with the key '1' must be a text, not '  '", LABEL),
        (
            lambda: Menu(repeat="nine"),
            "repeat of Menu must be keys of a telephone (0-9, * and #) or None, not 'nine'",
            REPEAT,
        ),
        (lambda: Menu(repeat=9), "repeat of Menu must be keys of a telephone (0-9, * and #) or None, not 9", REPEAT),
        (lambda: Menu(5), "a prompt of Menu must be a text, Say, Play or Pause, not 5", OTHER_VERBS),
        (lambda: ask("?", None), "a prompt of ask must be a text, Say, Play or Pause, not None", OTHER_VERBS),
    ],
)
def test_invalid_options_menus_and_questions(make, message, hint):
    """An invalid option, menu or question raises an error with the values that it takes."""
    assert refusal(make) == (message, hint)


def test_a_menu_and_a_question_take_prompts_only():
    """A verb that waits cannot stand inside a menu or a question."""
    for where, make in (("Menu", Menu), ("ask", ask)):
        message, hint = refusal(lambda make=make: make(Dial("+15550100")))
        assert message.startswith(f"a prompt of {where} must be a text, Say, Play or Pause, not <")
        assert hint == OTHER_VERBS


ENTER = 'write enter="Hello." or a function that takes the call'


async def later(call):
    """Stand for an async handler, which is refusal."""


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (
            lambda: State(None),
            "enter of a State must be a text, a verb, a list of these, a Menu or a function, not None",
            ENTER,
        ),
        (
            lambda: State(5, name="x"),
            "enter of state 'x' must be a text, a verb, a list of these, a Menu or a function, not 5",
            ENTER,
        ),
        (
            lambda: State("A.", lambda call: None),
            "the exit function '<lambda>' of a State must declare its targets",
            'decorate it with all that it returns: @leads_to("sales", SAME)',
        ),
        (
            lambda: State("A.", {"1": None}, name="x"),
            "exit of state 'x' must be None, a target, Routes or a function, not {'1': None}",
            "write a state's name, Routes({...}), or a function decorated with @leads_to",
        ),
        (
            lambda: State("A.", options=["1"]),
            "an option of a State must be a MenuOption, not '1'",
            'write MenuOption(key="1", label="sales")',
        ),
        (
            lambda: State(later),
            "the function 'later' of a State must be a plain function, not an async one",
            "write def, not async def",
        ),
        (
            lambda: State("A.", leads_to(None)(later), name="x"),
            "the function 'later' of state 'x' must be a plain function, not an async one",
            "write def, not async def",
        ),
    ],
)
def test_invalid_states(make, message, hint):
    """An invalid state raises an error with its name, once it has one."""
    assert refusal(make) == (message, hint)


PHRASES = 'write texts: phrases=("sales",)'
MENU = 'name a menu: menu="menu"'
SENTENCE = 'write a whole sentence: sentence="To talk to sales, press one."'


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (
            lambda: State(Dial),
            "the function 'Dial' of a State must be a function, not a class",
            "pass an object of the class: Dial(...)",
        ),
        (
            lambda: State(lambda: "A.", name="x"),
            "the function '<lambda>' of state 'x' must take the call: too many positional arguments",
            "give it one parameter, the call",
        ),
        (
            lambda: State("A.", leads_to(None)(lambda call, more: None)),
            "the function '<lambda>' of a State must take the call: missing a required argument: 'more'",
            "give it one parameter, the call",
        ),
        *(
            (
                lambda value=value: State("A.", deadline=value),
                f"deadline of a State must be a number of seconds from 0.1 to 8.0, not {value!r}",
                "write deadline=3",
            )
            for value in (0, 8.5, True, "3")
        ),
        (
            lambda: State("A.", on_error=SAME),
            "on_error of a State must be the name of a state, not SAME",
            'write on_error="menu"',
        ),
        (lambda: MenuOption("1", 5), "the label of the MenuOption with the key '1' must be a text, not 5", LABEL),
        (lambda: MenuOption("1", "x", menu=5), "the menu of MenuOption 'x' must be the name of a state, not 5", MENU),
        (lambda: MenuOption("1", "x", sentence=""), "the sentence of MenuOption 'x' must be a text, not ''", SENTENCE),
        (lambda: MenuOption("1", "x", phrases=(5,)), "the phrases of MenuOption 'x' must be texts, not (5,)", PHRASES),
        (lambda: MenuOption("1", "x", phrases=""), "the phrases of MenuOption 'x' must be texts, not ('',)", PHRASES),
    ],
)
def test_invalid_handlers_and_option_values(make, message, hint):
    """Handlers that cannot be called, and invalid values of options, are refusal where they are written."""
    assert refusal(make) == (message, hint)


def test_a_handler_without_a_signature():
    """A function without a signature, as some written in C, is accepted."""
    assert State(iter).enter is iter


def test_a_callable_object_as_exit_is_named_by_its_repr():
    """The error about a callable object without targets shows its repr."""

    class Choose:
        def __call__(self, call):
            """Choose nothing."""

        def __repr__(self):
            return "<chooser>"

    message, _ = refusal(lambda: State("A.", Choose()))
    assert message == f"the exit function {Choose()!r} of a State must declare its targets"


def test_the_arguments_of_a_state():
    """State takes enter and exit by position, and all else by name. The loader binds name and owner."""
    state = State("A.", "b", options=MenuOption("1", "a"), on_error="f", secret=True)
    assert (state.enter, state.exit, state.on_error, state.secret) == ("A.", "b", "f", True)
    assert state.options == state.menu_options == (MenuOption("1", "a"),)
    bound = replace(state, name="a", owner=Owner("p", "1"))
    assert (bound.name, str(bound.owner), bound.options) == ("a", "p 1", state.options)
    plain = State("A.")
    assert (plain.exit, plain.options, plain.on_error, plain.secret) == (None, (), None, False)
    assert (plain.name, plain.owner, str(plain.owner)) == ("", Owner(""), "")
    with pytest.raises(TypeError):
        State("A.", None, ())
    assert State("A.", options=[MenuOption("1", "a"), MenuOption("2", "b")]).menu_options[1].label == "b"


def test_the_arguments_of_an_option():
    """MenuOption takes key and label. One phrase may be a string."""
    option = MenuOption("1", "sales")
    assert (option.phrases, option.menu, option.sentence) == ((), "menu", None)
    assert MenuOption("1", "sales", phrases="buy").phrases == ("buy",)
    assert MenuOption("1", "sales", phrases=["a", "b"]).phrases == ("a", "b")


def test_an_option_with_a_sentence_needs_no_label(tree):
    """A whole sentence replaces the label. Without both, the option is refused, and other errors name its key."""
    option = MenuOption("1", sentence="For sales, press one.", menu="m")
    flow = tree(m=State(Menu(repeat=None)), a=State("A.", options=option))
    assert b"For sales, press one." in flow.states["m"].content.xml
    assert refusal(lambda: MenuOption("1")) == (
        "the label of the MenuOption with the key '1' must be a text, not ''",
        LABEL,
    )
    message, _ = refusal(lambda: MenuOption("1", sentence="A.", menu=""))
    assert message == "the menu of MenuOption '1' must be the name of a state, not ''"


def test_the_arguments_of_a_menu():
    """Menu takes any number of texts, and the repeat key by name."""
    assert (Menu().texts, Menu().repeat, Menu("A.", "B.", repeat=None)) == ((), "9", Menu("A.", "B.", repeat=None))
    assert Menu("A.").texts == ("A.",)


def test_ask_returns_a_gather_with_its_texts_inside():
    """Ask returns a Gather around its prompts, with action_on_empty_result and the given attributes."""
    gather = ask("A.", Play("u"), Pause(), Say("B."), timeout=8, finish_on_key="")
    assert str(gather) == (
        '<?xml version="1.0" encoding="UTF-8"?><Gather actionOnEmptyResult="true" finishOnKey="" timeout="8">'
        "<Say>A.</Say><Play>u</Play><Pause /><Say>B.</Say></Gather>"
    )
    assert 'actionOnEmptyResult="false"' in str(ask("A.", action_on_empty_result=False))


# Texts.

PLACEHOLDERS = "leave out other placeholders; write {{ for a brace"


@pytest.mark.parametrize(
    ("texts", "message", "hint"),
    [
        (
            {"greeting": "Hi {name}."},
            "texts.greeting must have only the placeholder {company}, not 'Hi {name}.'",
            PLACEHOLDERS,
        ),
        (
            {"option": "{key}{0}"},
            "texts.option must have only the placeholders {label} and {key}, not '{key}{0}'",
            PLACEHOLDERS,
        ),
        (
            {"goodbye": "Bye {company}."},
            "texts.goodbye must have no placeholders, not 'Bye {company}.'",
            PLACEHOLDERS,
        ),
        (
            {"repeat": "{key!r}"},
            "texts.repeat must have only the placeholder {key}, not '{key!r}'",
            PLACEHOLDERS,
        ),
        (
            {"repeat": "{key:>3}"},
            "texts.repeat must have only the placeholder {key}, not '{key:>3}'",
            PLACEHOLDERS,
        ),
        (
            {"repeat": "{key"},
            "texts.repeat must have only the placeholder {key}, not '{key': expected '}' before end of string",
            PLACEHOLDERS,
        ),
        (
            {"spoken_keys": {"A": "ay"}},
            "texts.spoken_keys must have only keys of a telephone (0-9, * and #), not 'A'",
            'write the words behind the keys: 21 = "twenty-one"',
        ),
        (
            {"keys": {"12": "twelve"}},
            "texts.keys must have only the keys 0 1 2 3 4 5 6 7 8 9 * #, not '12'",
            "name one key at a time; longer sequences are spelled key by key",
        ),
    ],
)
def test_invalid_texts_of_the_core(texts, message, hint):
    """A sentence with an unknown placeholder, and an unknown key, are refusal when they are set."""
    assert refusal(lambda: Texts(**texts)) == (message, hint)


def test_the_texts_of_the_core():
    """Each text has a default and can be set. Names of keys that are not set keep their default."""
    assert {name: getattr(Texts(), name) for name in SENTENCES} == {
        "greeting": "Thank you for calling {company}.",
        "option": "For {label}, press {key}.",
        "repeat": "To hear this again, press {key}.",
        "wrong_choice": "Sorry, that is not one of the choices.",
        "apology": "We are sorry, something went wrong.",
        "unavailable": "Sorry, that is not available at the moment.",
        "not_connected": "Sorry, we could not connect you.",
        "dial_limit": "Sorry, we cannot connect you again in this call.",
        "too_many_calls": "You have called too often. Please call again later. Goodbye.",
        "no_options": "There are no options at the moment.",
        "goodbye": "Goodbye.",
        "accept": "To take the call, press {key}.",
        "voicemail": "Please leave a message after the tone.",
        "thanks": "Thank you. We have your message.",
        "no_message": "We did not hear a message.",
        "transfer": "One moment, please.",
        "queue": "Please stay on the line.",
        "yes_or_no": "For yes, press {yes}. For no, press {no}.",
        "entered": "You have entered {digits}.",
        "confirm": "If that is right, press {yes}. To enter it again, press {no}.",
        "wrong_digits": "Sorry, that can't be right.",
        "filler_words": "press, push, hit, dial, enter, choose, select, option, number, key, button, the, please, "
        "thanks, um, uh",
    }
    assert Texts(keys={"#": "hash"}).spell_keys("1#") == "one hash"
    assert Texts(spoken_keys={"5": "high five"}).spoken_keys["5"] == "high five"
    assert Texts(spoken_keys={"5": "high five"}).spoken_keys["21"] == "twenty-one"
    assert Texts(greeting="Plain.", option="{label}").greeting == "Plain."


def test_an_empty_text_is_not_said(call):
    """A text that is set to an empty string is left out."""
    caller = call(a=State(ask("A?"), Routes({"1": None})), texts=Texts(goodbye="", wrong_choice=""))
    assert caller.press("5").heard == ["A?"]
    assert caller.press("1").xml == "<Hangup />"


def test_a_valid_state_has_no_startup_warning(tree):
    """A state that can be served as it is written has no startup warning."""
    assert tree(a=State(["A.", ask("?", Pause()), Say()])).startup_warnings == ()


# Call.


def make(**params):
    """Return the call of these parameters."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return make_call({"CallSid": "CA1", **params}, now=now, language="en-GB", turn=3, data={"a": 1})


def test_the_facts_of_a_call():
    """Each fact of a call is the parameter of Twilio with that name."""
    call = make(
        From="+15550101",
        To="+15550102",
        CallStatus="ringing",
        AccountSid="AC1",
        Direction="inbound",
        ForwardedFrom="+15550103",
        CallerName="ANN",
        Digits="12",
        SpeechResult="hello",
        Confidence="0.75",
        Other="x",
    )
    assert (call.sid, call.from_, call.to, call.status) == ("CA1", "+15550101", "+15550102", "ringing")
    assert (call.account_sid, call.direction, call.forwarded_from) == ("AC1", "inbound", "+15550103")
    assert (call.caller_name, call.digits, call.speech, call.confidence) == ("ANN", "12", "hello", 0.75)
    assert (call.language, call.turn_key, call.data, call.outcome) == ("en-GB", "CA1:3", {"a": 1}, None)
    assert (call.now, call.params["Other"], call.has_ended) == (datetime(2026, 1, 2, tzinfo=UTC), "x", False)
    assert (call.started, call.path) == (call.now, ())


def test_missing_facts_of_a_call():
    """A missing parameter is an empty text, and a call without a status is on the line."""
    call = make()
    facts = ("from_", "to", "account_sid", "direction", "forwarded_from", "caller_name", "digits", "speech")
    assert [getattr(call, fact) for fact in facts] == [""] * 8
    assert (call.confidence, call.status, call.has_ended) == (None, "in-progress", False)
    assert make_call({}, now=call.now, language="", turn=1, data={}).sid == ""


@pytest.mark.parametrize(
    ("text", "confidence"),
    [("", None), ("x", None), ("1.5", None), ("-0.1", None), ("nan", None), ("0", 0.0), ("1.0", 1.0)],
)
def test_confidence_is_a_number_from_0_to_1(text, confidence):
    """The confidence is a number from 0.0 to 1.0, else None."""
    assert make(Confidence=text).confidence == confidence


@pytest.mark.parametrize(
    ("status", "ended"),
    [("ringing", False), ("in-progress", False), ("queued", True), ("completed", True), ("busy", True), ("", True)],
)
def test_a_call_that_has_ended(status, ended):
    """A call has ended if its status is neither ringing nor in-progress."""
    assert make(CallStatus=status).has_ended is ended


def test_a_call_is_read_only():
    """Handlers can change only the data of a call."""
    call = make()
    assert isinstance(call, Call)
    with pytest.raises(FrozenInstanceError):
        call.digits = "5"
    call.data["b"] = 2
    assert call.data == {"a": 1, "b": 2}


def test_a_goto_in_a_table_is_a_target():
    """A row can be a Goto of None, of a name and of SAME, BACK or HOME."""
    assert Routes({"1": Goto(None), "2": Goto("x"), "3": Goto(SAME)}, otherwise=Goto(SAME), give_up=Goto(None))
