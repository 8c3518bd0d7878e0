"""The limits of spoken texts and of hints: long texts are split, and texts that cannot be split are refused."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml.voice_response import Gather, Say

from ivrkit import FlowError, LoadError, Menu, MenuOption, Routes, State, Text, Texts, ask
from ivrkit.flow.compile.languages import Language
from ivrkit.flow.compile.twiml import RenderContext, document, render, to_verbs
from ivrkit.simulator.twiml.lint import lint
from ivrkit.simulator.twiml.markup import parse

SENTENCE = "All is well. "
SPLIT_SENTENCES = "write shorter sentences: ivrkit splits a text only at the end of a sentence"
SPLIT_SAY = "split the text into several Say: ivrkit splits no Say with SSML or loop"


def said(*content, voice=None):
    """Return the texts of rendered content."""
    xml = render(to_verbs(list(content)), RenderContext(voice=voice)).xml
    return [each.text for each in ElementTree.fromstring(document([xml])).iter("Say")]


def problems_of(tree, states, **config):
    """Return the problems of a tree, each with its hint and its state."""
    with pytest.raises(LoadError) as caught:
        tree(states, **config)
    return [(each.message, each.hint, each.state) for each in caught.value.problems]


@pytest.mark.parametrize(
    ("voice", "limit"), [("Polly.Joanna", 3000), ("Google.en-US-Standard-A", 4500), ("woman", 4096), (None, 3000)]
)
def test_a_long_text_is_split_at_the_ends_of_sentences(voice, limit):
    """A text that is too long for its voice becomes several Say, each of whole sentences, with the same words."""
    parts = said(SENTENCE * 500, voice=voice)
    assert all(limit - 2 * len(SENTENCE) < len(part) <= limit for part in parts[:-1])
    assert {part[-1] for part in parts} == {"."}
    assert " ".join(parts) == (SENTENCE * 500).strip()
    assert len(said(SENTENCE * 50, voice=voice)) == 1


@pytest.mark.parametrize(
    ("voice", "letter", "limit"),
    [
        ("Polly.Joanna", "x", 3000),
        ("woman", "x", 4096),
        ("Google.en-US-Standard-A", "x", 4500),
        (None, "x", 3000),
        (None, "\u00e9", 750),
    ],
)
def test_a_text_may_have_the_length_of_the_limit(voice, letter, limit):
    """A text of exactly the limit is said as it is, and one letter more is too long. A URL encodes most letters."""
    assert said(letter * limit, voice=voice) == [letter * limit]
    with pytest.raises(FlowError, match="must have at most"):
        said(letter * (limit + 1), voice=voice)


def test_a_long_text_inside_a_gather_is_split():
    """A long text inside a Gather becomes several Say in the Gather, with the same voice and language."""
    xml = render([ask("Short.", Say(SENTENCE * 300, voice="Polly.Amy", language="en-GB"))], RenderContext()).xml
    (gather,) = ElementTree.fromstring(document([xml]))
    assert [each.attrib for each in gather] == [
        {"language": "en-US"},
        *[{"voice": "Polly.Amy", "language": "en-GB"}] * 2,
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("x" * 2000 + '!" ' + "y" * 2000 + "? z", ["x" * 2000 + '!"', "y" * 2000 + "? z"]),
        ("x" * 2000 + "\n" + "y" * 2000, ["x" * 2000, "y" * 2000]),
        ("\u5b57" * 400 + "\u3002" + "\u5b57" * 400, ["\u5b57" * 400 + "\u3002", "\u5b57" * 400]),
        ("\u0926" * 400 + "\u0964 " + "\u0926" * 400, ["\u0926" * 400 + "\u0964", "\u0926" * 400]),
    ],
)
def test_the_end_of_a_sentence(text, parts):
    """A text is split behind the mark of a sentence in several scripts, and at the end of a line."""
    assert said(text) == parts


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        ("x" * 3001, "a sentence must have at most 3000 bytes for the voice of the account, not 3001", SPLIT_SENTENCES),
        (
            f"Hello. {'x' * 4097}",
            "a sentence must have at most 3000 bytes for the voice of the account, not 4097",
            SPLIT_SENTENCES,
        ),
        (
            Say("x" * 4097, voice="woman"),
            "a sentence must have at most 4096 bytes for the voice woman, not 4097",
            SPLIT_SENTENCES,
        ),
        (
            "\u0926" * 600,
            "a sentence must have at most 4500 characters when it is encoded for a URL, not 5400",
            SPLIT_SENTENCES,
        ),
        (
            Say(SENTENCE * 300, voice="Polly.Amy", loop=2),
            "a text must have at most 3000 bytes for the voice Polly.Amy, not 3900",
            SPLIT_SAY,
        ),
    ],
)
def test_a_text_that_cannot_be_split_is_refused(content, message, hint):
    """A sentence, or a Say with a loop, that is too long is an error with the language, the limit and the size."""
    with pytest.raises(FlowError) as caught:
        said(content)
    language = "None" if isinstance(content, Say) else "en-US"
    assert caught.value.message.startswith(f"in {language}, {message}: ".replace("in None", "in en-US"))
    assert caught.value.hint == hint


def test_ssml_is_not_split():
    """A long Say with SSML is refused. Google counts the tags; Polly does not."""

    def say(voice, words):
        say = Say(voice=voice)
        for _ in range(words):
            say.emphasis("word", level="strong")
        return say

    assert len(said(say("Polly.Amy", 700))) == 1
    assert len(said(say("Google.en-GB-Standard-A", 100))) == 1
    for voice, words, limit in (("Polly.Amy", 800, 3000), ("Google.en-GB-Standard-A", 200, 5000)):
        with pytest.raises(FlowError, match=f"^in en-US, a text must have at most {limit} bytes for") as caught:
            said(say(voice, words))
        assert caught.value.hint == SPLIT_SAY


WORDS = st.lists(st.text("ab\u00e9\u0926\u5b57&<", min_size=1, max_size=300), min_size=1, max_size=40)


@given(WORDS, st.sampled_from([None, "Polly.Amy", "Google.en-GB-Standard-A", "woman"]))
def test_no_text_is_too_long_for_the_simulator(words, voice):
    """Rendered texts either cause no warning about their length in the simulator, or are refused."""
    try:
        xml = render(to_verbs(". ".join(words)), RenderContext(voice=voice)).xml
    except FlowError:
        return
    root = parse(document([xml]))
    assert [each for each in lint(root) if each.code == 13521] == []
    texts = [each.text for each in ElementTree.fromstring(document([xml]))]
    assert " ".join(texts) == ". ".join(words)


def test_a_long_text_of_a_state_is_a_problem_at_start(tree):
    """The problem of a long text has the state, its plugin, the language and the limit, for each translation."""
    languages = (Language("en-US"), Language("es-MX", "Polly.Mia", text_overrides={"b": {"B.": "y" * 3001}}))
    states = {"a": State("x" * 3001), "b": State("B.")}
    (_, a), (_, b) = ((state, message) for message, _, state in problems_of(tree, states, languages=languages))
    assert a.startswith(
        "state 'a' of test-states 1.0: in en-US, a sentence must have at most 3000 bytes for the voice of the account, "
        "not 3001: 'xxx"
    )
    assert b.startswith(
        "state 'b' of test-states 1.0: in es-MX, a sentence must have at most 3000 bytes for the voice Polly.Mia, "
        "not 3001: 'yyy"
    )


def test_a_long_text_of_the_core_is_one_problem(tree):
    """A text of the core that is too long is one problem that names the text, not one of every state."""
    texts = Texts(wrong_choice="x" * 3001, goodbye="y" * 3001)
    messages = [message for message, _, _ in problems_of(tree, {"a": State("A."), "b": State("B.")}, texts=texts)]
    assert [message.partition(":")[0] for message in messages] == ["texts.goodbye", "texts.wrong_choice"]
    assert all("in en-US, a sentence must have at most 3000 bytes" in message for message in messages)


def test_a_long_text_of_a_function_is_a_failure(call):
    """A function that returns a sentence that is too long has failed; a long text of short sentences is split."""
    caller = call(a=State(lambda call: "x" * 3001, on_error="b"), b=State("B."))
    assert caller.heard == ["We are sorry, something went wrong.", "B."]
    assert len(call(a=State(lambda call: SENTENCE * 300)).heard) == 2


LONG = "x" * 101
PREVIEW = "'" + "x" * 40 + "...'"


def test_a_long_phrase_is_a_problem_of_its_state(tree):
    """A phrase of more than 100 characters is a problem of the option's state, in the language of the phrase."""
    languages = (Language("en-US"), Language("es-MX", text_overrides={"b": {"bee": f"{LONG}x"}}))
    states = {
        "menu": State(Menu()),
        "a": State("A.", options=MenuOption("1", "a", phrases=("ok", LONG))),
        "b": State("B.", options=MenuOption("2", "b", phrases="bee")),
    }
    found = problems_of(tree, states, languages=languages)
    assert [(message.partition(" must")[0], state) for message, _, state in found] == [
        ("state 'a' of test-states 1.0: in en-US, a phrase of its option '1'", "a"),
        ("state 'a' of test-states 1.0: in es-MX, a phrase of its option '1'", "a"),
        ("state 'b' of test-states 1.0: in es-MX, a phrase of its option '2'", "b"),
    ]
    assert found[0][0].endswith(f" must have at most 100 characters, not 101: {PREVIEW}")
    assert {hint for _, hint, _ in found} == {"write a single word or a short phrase"}


def test_too_many_phrases_are_a_problem_of_their_menu(tree):
    """The options of a menu must have at most 500 phrases together."""
    phrases = [f"phrase {number}" for number in range(500)]
    states = {"menu": State(Menu()), "a": State("A.", options=MenuOption("1", "a", phrases=phrases))}
    assert tree(states).startup_warnings == ()
    states["b"] = State("B.", options=MenuOption("2", "b", phrases="bee"))
    assert problems_of(tree, states) == [
        (
            "in en-US, the options of the menu 'menu' must have at most 500 phrases together, not 501",
            "leave out the phrases that callers say least, or move options to a submenu",
            "menu",
        )
    ]


@pytest.mark.parametrize(
    ("hints", "message", "hint"),
    [
        (
            f"ok, {LONG}",
            f"in en-US, a phrase of hints must have at most 100 characters, not 101: {PREVIEW}",
            "write single words and short phrases, separated by commas",
        ),
        (
            "word, " * 500 + "word",
            "in en-US, hints must have at most 500 phrases, not 501",
            "leave out the phrases that callers say least",
        ),
    ],
)
def test_hints_that_twilio_would_not_use_are_refused(tree, hints, message, hint):
    """The attribute hints of a Gather is checked at start."""
    (problem,) = problems_of(tree, {"a": State(ask("A?", input="speech", hints=hints), Routes(otherwise=None))})
    assert problem == (f"state 'a' of test-states 1.0: {message}", hint, "a")
    for allowed in ("one, two", "x" * 100, "word, " * 499 + "word"):
        assert tree(a=State(Gather(input="speech", hints=allowed))).startup_warnings == ()


def test_a_text_keeps_its_translation_when_it_is_split(call):
    """A long translation is split like any other text."""
    long = (SENTENCE * 300).strip()
    language = Language("en-US", text_overrides={"a": {"A.": long}})
    assert " ".join(call(a=State(Text("A.")), languages=(language,)).heard) == long
