"""States, tables, options and texts are checked where they are written."""

from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime

import pytest
from twilio.twiml.voice_response import Dial, Pause, Play, Say

from ivrkit import SAME, FlowError, Goto, Menu, MenuOption, Owner, Routes, State, Texts, ask, leads_to
from ivrkit.flow.model.call import Call, make_call
from ivrkit.flow.model.outcomes import NAMED_OUTCOMES
from ivrkit.flow.model.routes import LeadsTo

TARGET = "a target is a state's name, SAME, BACK, HOME, None or an Goto of one of these"
ROW = f"a row is for keys (0-9 * #, as a string) or one of: {', '.join(NAMED_OUTCOMES)}"


def refused(make):
    """Return message and hint of what is refused."""
    with pytest.raises(FlowError) as caught:
        make()
    return caught.value.message, caught.value.hint


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (
            lambda: Routes({"no-imput": None}),
            "Routes has a row for 'no-imput', which no webhook can bring, did you mean 'no-input'?",
            ROW,
        ),
        (lambda: Routes({1: None}), "Routes has a row for 1, which no webhook can bring", ROW),
        (lambda: Routes({"": None}), "Routes has a row for '', which no webhook can bring", ROW),
        (lambda: Routes({"1a": None}), "Routes has a row for '1a', which no webhook can bring", ROW),
        (lambda: Routes({"1": 5}), "the row '1' of Routes has the target 5", TARGET),
        (lambda: Routes({}, otherwise=5), "otherwise of Routes has the target 5", TARGET),
        (lambda: Routes({}, give_up=5), "give_up of Routes has the target 5", TARGET),
        (lambda: Routes({}, tries=0), "Routes has tries=0", "tries is a whole number of at least 1"),
        (lambda: Routes({}, tries=True), "Routes has tries=True", "tries is a whole number of at least 1"),
        (lambda: Routes({}, tries="3"), "Routes has tries='3'", "tries is a whole number of at least 1"),
        (
            leads_to,
            "@leads_to names no target",
            'name all that the function returns: @leads_to("sales", SAME)',
        ),
        (lambda: leads_to(5), "@leads_to has the target 5", TARGET),
        (lambda: leads_to(None, tries=0), "@leads_to has tries=0", "tries is a whole number of at least 1"),
        (lambda: leads_to(None, give_up=5), "give_up of @leads_to has the target 5", TARGET),
    ],
)
def test_tables_and_functions(make, message, hint):
    """A typo in a table is an error where the table is made."""
    assert refused(make) == (message, hint)


def test_a_table_cannot_be_changed():
    """What was given to a table may change; the table does not, and its rows can't be set."""
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


def test_every_outcome_may_have_a_row():
    """All the words that a webhook can bring, and keys."""
    assert set(Routes(dict.fromkeys((*NAMED_OUTCOMES, "0", "12*#"))).rows) == {*NAMED_OUTCOMES, "0", "12*#"}


def test_a_decorated_function_can_be_called():
    """A function exit stays a function, for its own test."""

    @leads_to("a", SAME, tries=2, give_up="b")
    def choose(call):
        return call

    assert choose("x") == "x"
    assert choose == LeadsTo(choose.function, ("a", SAME), 2, "b")
    assert leads_to(None)(print) == LeadsTo(print, (None,), None, None)


KEY = 'a key is a string of 0-9, * and #, such as key="1"'


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (lambda: MenuOption("a", "sales"), "MenuOption 'sales' has the key 'a'", KEY),
        (lambda: MenuOption(1, "sales"), "MenuOption 'sales' has the key 1", KEY),
        (lambda: MenuOption("1", "  "), "MenuOption with the key '1' has no label", 'give one: label="sales"'),
        (lambda: Menu(repeat="nine"), "Menu has repeat='nine'", "repeat is a string of 0-9, * and #, or None"),
        (lambda: Menu(repeat=9), "Menu has repeat=9", "repeat is a string of 0-9, * and #, or None"),
        (lambda: Menu(5), "Menu is given 5 to say", "it takes texts, Say, Play and Pause"),
        (lambda: ask("?", None), "ask is given None to say", "it takes texts, Say, Play and Pause"),
    ],
)
def test_options_menus_and_questions(make, message, hint):
    """Options, menus and questions say what they take."""
    assert refused(make) == (message, hint)


def test_a_verb_that_waits_is_not_said():
    """Only what sounds may stand in a menu or a question."""
    for where, make in (("Menu", Menu), ("ask", ask)):
        message, hint = refused(lambda make=make: make(Dial("+15550100")))
        assert message.startswith(f"{where} is given <")
        assert hint == "it takes texts, Say, Play and Pause"


ENTER = "enter is a text, a verb, a list of these, a Menu, or a function (call) -> any of these"


async def later(call):
    """Be of no use: handlers are plain functions."""


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (lambda: State(None), "a State has enter=None", ENTER),
        (lambda: State(5, name="x"), "state 'x' has enter=5", ENTER),
        (
            lambda: State("A.", lambda call: None),
            "a State has the exit function '<lambda>' without targets",
            'decorate it with all that it returns: @leads_to("sales", SAME)',
        ),
        (
            lambda: State("A.", {"1": None}, name="x"),
            "state 'x' has exit={'1': None}",
            "exit is None, a target, Routes({...}), or a function decorated with @leads_to",
        ),
        (lambda: State("A.", options=["1"]), "a State has the option '1'", "an option is a MenuOption(...)"),
        (
            lambda: State(later),
            "a State has the async function 'later'",
            "handlers are plain functions: write def, not async def",
        ),
        (
            lambda: State("A.", leads_to(None)(later), name="x"),
            "state 'x' has the async function 'later'",
            "handlers are plain functions: write def, not async def",
        ),
    ],
)
def test_states(make, message, hint):
    """A state says what is wrong with it, by name once it has one."""
    assert refused(make) == (message, hint)


PHRASES = 'phrases are texts: phrases=("sales",)'
NAMES = "menu is the name of a state, and sentence a whole sentence"


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (lambda: State(Dial), "a State has the class 'Dial' for a function", "make an object of it: Dial(...)"),
        (
            lambda: State(lambda: "A.", name="x"),
            "state 'x' has the function '<lambda>', which can't be given the call: too many positional arguments",
            "a handler takes one argument, the call",
        ),
        (
            lambda: State("A.", leads_to(None)(lambda call, more: None)),
            "a State has the function '<lambda>', which can't be given the call: missing a required argument: 'more'",
            "a handler takes one argument, the call",
        ),
        (lambda: State("A.", on_error=SAME), "a State has on_error=SAME", "on_error is the name of a state"),
        (lambda: MenuOption("1", 5), "MenuOption with the key '1' has no label", 'give one: label="sales"'),
        (lambda: MenuOption("1", "x", menu=5), "MenuOption 'x' has menu=5 and sentence=None", NAMES),
        (lambda: MenuOption("1", "x", sentence=""), "MenuOption 'x' has menu='menu' and sentence=''", NAMES),
        (lambda: MenuOption("1", "x", phrases=(5,)), "MenuOption 'x' has the phrases (5,)", PHRASES),
        (lambda: MenuOption("1", "x", phrases=""), "MenuOption 'x' has the phrases ('',)", PHRASES),
    ],
)
def test_what_could_only_be_found_out_by_a_caller(make, message, hint):
    """Handlers that can't be called, and options of the wrong kind, are refused where they are written."""
    assert refused(make) == (message, hint)


def test_a_handler_that_does_not_tell_what_it_takes():
    """Some functions written in C have no signature to look at; they are taken as they are."""
    assert State(iter).enter is iter


def test_an_exit_object_without_a_name():
    """A callable object is named as it prints."""

    class Choose:
        def __call__(self, call):
            """Choose nothing."""

        def __repr__(self):
            return "<chooser>"

    message, _ = refused(lambda: State("A.", Choose()))
    assert message == f"a State has the exit function {Choose()!r} without targets"


def test_the_shape_of_a_state():
    """State(enter, exit=None, *, options, on_error, secret), with name and owner bound by replace."""
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


def test_the_shape_of_an_option():
    """MenuOption(key, label, phrases, menu, line); one phrase may be a string."""
    option = MenuOption("1", "sales")
    assert (option.phrases, option.menu, option.sentence) == ((), "menu", None)
    assert MenuOption("1", "sales", phrases="buy").phrases == ("buy",)
    assert MenuOption("1", "sales", phrases=["a", "b"]).phrases == ("a", "b")


def test_the_shape_of_a_menu():
    """Menu(*texts, repeat="9")."""
    assert (Menu().texts, Menu().repeat, Menu("A.", "B.", repeat=None)) == ((), "9", Menu("A.", "B.", repeat=None))
    assert Menu("A.").texts == ("A.",)


def test_ask_is_a_gather_with_its_texts_inside():
    """Keys live during the prompt, silence is answered, and attributes are twilio's."""
    gather = ask("A.", Play("u"), Pause(), Say("B."), timeout=8, finish_on_key="")
    assert str(gather) == (
        '<?xml version="1.0" encoding="UTF-8"?><Gather actionOnEmptyResult="true" finishOnKey="" timeout="8">'
        "<Say>A.</Say><Play>u</Play><Pause /><Say>B.</Say></Gather>"
    )
    assert 'actionOnEmptyResult="false"' in str(ask("A.", action_on_empty_result=False))


# Texts.


@pytest.mark.parametrize(
    ("texts", "message", "hint"),
    [
        (
            {"greeting": "Hi {name}."},
            "texts.greeting is 'Hi {name}.', and nothing fills in {name}",
            "it may hold {company}",
        ),
        (
            {"option": "{key}{0}"},
            "texts.option is '{key}{0}', and nothing fills in {0}",
            "it may hold {label} and {key}",
        ),
        (
            {"goodbye": "Bye {company}."},
            "texts.goodbye is 'Bye {company}.', and nothing fills in {company}",
            "it may hold no places in braces",
        ),
        ({"repeat": "{key!r}"}, "texts.repeat is '{key!r}', and nothing fills in {key}", "it may hold {key}"),
        ({"repeat": "{key:>3}"}, "texts.repeat is '{key:>3}', and nothing fills in {key}", "it may hold {key}"),
        (
            {"repeat": "{key"},
            "texts.repeat is '{key': expected '}' before end of string",
            "it may hold {key}; write {{ for a brace",
        ),
        (
            {"keys": {"12": "twelve"}},
            "texts.keys has the key '12'; a telephone has 0 1 2 3 4 5 6 7 8 9 * #",
            "name one key at a time; longer key sequences are read key by key",
        ),
    ],
)
def test_sentences_with_places_that_nobody_fills(texts, message, hint):
    """A sentence that could not be said is refused when it is set."""
    assert refused(lambda: Texts(**texts)) == (message, hint)


def test_the_sentences_of_the_core():
    """Each has a default, and can be set; words of keys that are not set stay."""
    assert {each.name: getattr(Texts(), each.name) for each in fields(Texts) if each.name != "keys"} == {
        "greeting": "Thank you for calling {company}.",
        "option": "For {label}, press {key}.",
        "repeat": "To hear this again, press {key}.",
        "wrong_choice": "Sorry, that is not one of the choices.",
        "apology": "We are sorry, something went wrong.",
        "not_connected": "Sorry, we could not connect you.",
        "no_options": "There are no options at the moment.",
        "goodbye": "Goodbye.",
        "accept": "To take the call, press {key}.",
        "voicemail": "Please leave a message after the tone.",
        "thanks": "Thank you. We have your message.",
        "transfer": "One moment, please.",
        "queue": "Please stay on the line.",
        "yes_or_no": "For yes, press {yes}. For no, press {no}.",
        "entered": "You have entered {digits}.",
        "confirm": "If that is right, press {yes}. To enter it again, press {no}.",
        "wrong_digits": "Sorry, that can't be right.",
    }
    assert Texts(keys={"#": "hash"}).spell_keys("1#") == "one hash"
    assert Texts(greeting="Plain.", option="{label}").greeting == "Plain."


def test_a_sentence_set_to_nothing_is_not_said(call):
    """An empty text leaves a sentence out."""
    caller = call(a=State(ask("A?"), Routes({"1": None})), texts=Texts(goodbye="", wrong_choice=""))
    assert caller.press("5").heard == ["A?"]
    assert caller.press("1").xml == "<Hangup />"


def test_a_state_with_nothing_odd_brings_no_startup_warning(tree):
    """A state that can be served as it is written brings no startup warning."""
    assert tree(a=State(["A.", ask("?", Pause()), Say()])).startup_warnings == ()


# Call.


def made(**params):
    """Return the call of these parameters."""
    now = datetime(2026, 1, 2, tzinfo=UTC)
    return make_call({"CallSid": "CA1", **params}, now=now, language="en-GB", turn=3, data={"a": 1})


def test_the_facts_of_a_call():
    """Each fact is Twilio's parameter of that name."""
    call = made(
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


def test_a_fact_that_did_not_come():
    """What did not come is empty, and a call without a status is on the line."""
    call = made()
    facts = ("from_", "to", "account_sid", "direction", "forwarded_from", "caller_name", "digits", "speech")
    assert [getattr(call, fact) for fact in facts] == [""] * 8
    assert (call.confidence, call.status, call.has_ended) == (None, "in-progress", False)
    assert make_call({}, now=call.now, language="", turn=1, data={}).sid == ""


@pytest.mark.parametrize(
    ("text", "confidence"),
    [("", None), ("x", None), ("1.5", None), ("-0.1", None), ("nan", None), ("0", 0.0), ("1.0", 1.0)],
)
def test_confidence_is_a_fraction_or_nothing(text, confidence):
    """0.0 to 1.0, and nothing else."""
    assert made(Confidence=text).confidence == confidence


@pytest.mark.parametrize(
    ("status", "gone"),
    [("ringing", False), ("in-progress", False), ("queued", True), ("completed", True), ("busy", True), ("", True)],
)
def test_who_is_gone(status, gone):
    """A status that is neither ringing nor in-progress."""
    assert made(CallStatus=status).has_ended is gone


def test_a_call_cannot_be_changed():
    """Only data is the handlers' to change."""
    call = made()
    assert isinstance(call, Call)
    with pytest.raises(FrozenInstanceError):
        call.digits = "5"
    call.data["b"] = 2
    assert call.data == {"a": 1, "b": 2}


def test_an_exit_in_a_table_is_a_target():
    """An Goto of None, of a name and of a move."""
    assert Routes({"1": Goto(None), "2": Goto("x"), "3": Goto(SAME)}, otherwise=Goto(SAME), give_up=Goto(None))
