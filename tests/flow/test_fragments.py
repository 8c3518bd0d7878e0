"""Prompts before a question: they are moved into its Gather, so that a key interrupts them."""

from xml.etree import ElementTree

import pytest
from twilio.twiml.voice_response import Dial, Gather, Pause, Play, Say, Sms, Start

from ivrkit import BACK, HOME, SAME, Goto, Menu, MenuOption, Routes, State, ask, leads_to


def outline(caller):
    """Return the verbs of the latest response: a Say as its text, a Gather as a list of the verbs in it."""

    def describe(element):
        if element.tag == "Gather":
            return [describe(child) for child in element]
        return element.text if element.tag == "Say" else element.tag

    return [describe(element) for element in ElementTree.fromstring(caller.last.twiml)]


MENU = {
    "greeting": State("Hello.", "menu"),
    "menu": State(Menu()),
    "sales": State("Sales.", HOME, options=MenuOption("1", "sales")),
}
OPTIONS = ["For sales, press one.", "To hear this again, press nine."]


def test_the_words_on_the_way_to_a_menu_are_inside_its_gather(call):
    """The greeting, "not one of the choices" and the words of an automatic exit are inside the menu's Gather."""
    caller = call(MENU)
    assert outline(caller) == [["Hello.", *OPTIONS]]
    assert outline(caller.press("8")) == [["Sorry, that is not one of the choices.", *OPTIONS]]
    assert outline(caller.press("1")) == [["Sales.", *OPTIONS]]


def test_the_words_of_a_goto_are_inside_the_gather(call):
    """The prompts of a Goto, of a table and of a function, are inside the Gather of the target."""

    @leads_to(SAME, "b")
    def exit(call):
        return Goto("b", say=["From a function.", Pause(), Play("https://x.example/a.mp3")])

    tree = {
        "a": State(ask("A?"), Routes({"1": Goto("b", say=[Say("Hola.", language="es-MX"), "Go."])})),
        "b": State(ask("B?"), exit),
    }
    caller = call(tree)
    assert outline(caller.press("1")) == [["Hola.", "Go.", "B?"]]
    assert '<Say language="es-MX">Hola.</Say><Say language="en-US">Go.</Say>' in caller.xml
    assert outline(caller.press("1")) == [["From a function.", "Pause", "Play", "B?"]]


def test_voices_and_languages_of_prompts_survive(call):
    """A prompt that is moved into a Gather keeps the voice and the language of its own state."""
    tree = {
        "a": State("Hola.", "b", voice="Polly.Mia", language="es-MX"),
        "b": State(ask("B?"), Routes({"1": SAME}), voice="Polly.Amy"),
    }
    assert call(tree, voice="Polly.Joanna").xml == (
        '<Gather actionOnEmptyResult="true" action="webhook#rc=1&amp;rp=ct" numDigits="1">'
        '<Say voice="Polly.Mia" language="es-MX">Hola.</Say>'
        '<Say voice="Polly.Amy" language="en-US">B?</Say></Gather>'
    )


@pytest.mark.parametrize(
    "verb",
    [Sms("Hello", to="+14155550100"), Play(digits="12"), Start()],
    ids=["Sms", "Play digits", "Start"],
)
def test_a_verb_that_cannot_be_in_a_gather_stays_before_it(call, verb):
    """A verb other than Say, Play and Pause stays before the Gather, with all that was said before the verb."""
    tree = {
        "a": State("A.", "b"),
        "b": State(["B1.", verb, "B2."], "c"),
        "c": State("C.", "d"),
        "d": State(ask("D?"), Routes({"1": SAME})),
    }
    assert outline(call(tree)) == ["A.", "B1.", verb.name, ["B2.", "C.", "D?"]]
    tree["c"] = State(["C.", verb], "d")
    assert outline(call(tree)) == ["A.", "B1.", verb.name, "B2.", "C.", verb.name, ["D?"]]


def test_words_that_a_state_says_before_its_own_gather_stay_there(call):
    """A prompt that an author wrote before the Gather of the same state is said in full, and so are those before it."""
    tree = {"a": State("A.", "b"), "b": State(["B.", ask("B?")], Routes({"1": SAME}))}
    assert outline(call(tree)) == ["A.", "B.", ["B?"]]


def test_a_gather_without_prompts_gets_those_before_it(call):
    """A Gather without prompts of its own becomes one with the prompts on the way."""
    tree = {"a": State("A.", "b"), "b": State(Gather(), Routes({"1": SAME}))}
    assert outline(call(tree)) == [["A."]]
    assert outline(call(b=tree["b"])) == [[]]


def test_other_verbs_get_no_prompts(call):
    """The words before a Dial, and before a call that ends, stay where they are."""
    tree = {"a": State("A.", "b"), "b": State(Dial("+14155550100"), Routes())}
    assert outline(call(tree)) == ["A.", "Dial"]
    assert outline(call(a=State("A.", None))) == ["A.", "Hangup"]


def test_a_gather_before_other_verbs_gets_the_prompts(call):
    """A Gather with verbs after it, in a state without an exit, also gets the prompts on the way."""
    tree = {"a": State("A.", "b"), "b": State([ask("B?"), "Nobody there."])}
    assert outline(call(tree)) == [["A.", "B?"], "Nobody there."]


def test_the_apology_can_be_interrupted(call):
    """The apology for a failed handler is inside the Gather of the menu that follows."""

    def fails(call):
        raise RuntimeError

    tree = {**MENU, "sales": State(fails, HOME, options=MenuOption("1", "sales"))}
    assert outline(call(tree).press("1")) == [["We are sorry, something went wrong.", *OPTIONS]]


def test_words_after_a_failure_can_be_said_in_full(call):
    """With ``uninterruptible_reprompts``, the words after a failure stay before the Gather; no other words do."""
    caller = call(MENU, uninterruptible_reprompts=True)
    assert outline(caller) == [["Hello.", *OPTIONS]]
    assert outline(caller.press("8")) == ["Sorry, that is not one of the choices.", OPTIONS]
    assert outline(caller.press("1")) == [["Sales.", *OPTIONS]]
    assert outline(caller.stays_silent()) == [OPTIONS]


def test_the_words_of_the_state_error_can_be_said_in_full(call):
    """With ``uninterruptible_reprompts``, the words of the state ``error`` stay before the Gather."""
    tree = {**MENU, "error": State("That is wrong.", BACK)}
    assert outline(call(tree).press("8")) == [["That is wrong.", *OPTIONS]]
    assert outline(call(tree, uninterruptible_reprompts=True).press("8")) == ["That is wrong.", OPTIONS]


def test_the_words_of_a_function_after_a_failure_can_be_said_in_full(call):
    """With ``uninterruptible_reprompts``, the words of an exit function that returns SAME stay before the Gather."""

    @leads_to(SAME)
    def exit(call):
        return Goto(SAME, say="Six digits.")

    caller = call(a=State(ask("A?"), exit), uninterruptible_reprompts=True).press("1")
    assert outline(caller) == ["Six digits.", ["A?"]]
