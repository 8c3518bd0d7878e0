"""Prompts and targets as they are written in TOML."""

import pytest

from ivrkit import BACK, HOME, SAME, FlowError, Goto, Text
from ivrkit.flow.model.toml_values import read_prompts, read_target


def comparable(words) -> list[str]:
    """Return prompts in a form that can be compared: verbs as TwiML, texts as they are."""
    return [str(each).removeprefix('<?xml version="1.0" encoding="UTF-8"?>') for each in words]


class TestPrompts:
    """Prompts."""

    @pytest.mark.parametrize(
        ("written", "prompts"),
        [
            ("Hello.", ["Hello."]),
            (["One.", "Two."], ["One.", "Two."]),
            ({"play": "https://example.com/a.mp3"}, ["<Play>https://example.com/a.mp3</Play>"]),
            ({"pause": 2}, ['<Pause length="2" />']),
            ({"say": "Hi."}, ["<Say>Hi.</Say>"]),
            (
                {"voice": "Polly.Mia", "say": "Hola.", "language": "es-MX"},
                ['<Say language="es-MX" voice="Polly.Mia">Hola.</Say>'],
            ),
            (["Hello.", {"pause": 1}], ["Hello.", '<Pause length="1" />']),
            ([], []),
        ],
    )
    def test_texts_verbs_and_lists_are_prompts(self, written, prompts):
        """A prompt is a text, or a table for Play, Pause or Say, or a list of these."""
        assert comparable(read_prompts(written)) == prompts

    def test_texts_are_translated(self):
        """A text is read as a ``Text``, also inside a Say."""
        plain, verb = read_prompts(["Hello.", {"say": "Hi."}])
        assert (type(plain), type(verb.value)) == (Text, Text)

    @pytest.mark.parametrize(
        "wrong",
        [
            3,
            True,
            "",
            " ",
            {},
            {"play": 3},
            {"play": ""},
            {"play": "a", "pause": 1},
            {"pause": "2"},
            {"pause": True},
            {"pause": 0},
            {"say": 1},
            {"say": ""},
            {"say": "a", "voice": 1},
            {"say": "a", "loop": "2"},
            {"voice": "Polly.Mia"},
            {"dial": "+15550100"},
            ["Hello.", 3],
            [["Hello."]],
        ],
    )
    def test_anything_else_is_refused(self, wrong):
        """Blank texts, unknown verbs and values of other types raise a ValueError."""
        with pytest.raises(ValueError, match=r"^"):
            read_prompts(wrong)


class TestTargets:
    """Targets."""

    @pytest.mark.parametrize(
        ("written", "target"),
        [
            ("sales", "sales"),
            (".confirm", ".confirm"),
            ("HOME", HOME),
            ("BACK", BACK),
            ("SAME", SAME),
            ("HANG UP", None),
            ({"to": "sales"}, Goto("sales")),
            ({"to": "HANG UP", "say": "Bye."}, Goto(None, say=Text("Bye."))),
            ({"to": "HOME", "say": ["One.", "Two."]}, Goto(HOME, say=["One.", "Two."])),
            ({"to": "SAME", "language": "es-MX"}, Goto(SAME, language="es-MX")),
        ],
    )
    def test_names_keywords_and_tables_are_targets(self, written, target):
        """A target is a state's name, a keyword in capitals such as HANG UP, or a table with say and language."""
        assert read_target(written) == target

    @pytest.mark.parametrize(
        "wrong", [3, "", " ", [], {}, {"say": "Bye."}, {"to": 3}, {"to": " "}, {"to": "a", "voice": "b"}]
    )
    def test_anything_else_is_refused(self, wrong):
        """A table without to, or with an unknown key, raises a ValueError."""
        with pytest.raises(ValueError, match=r"^"):
            read_target(wrong)

    def test_the_prompts_of_a_target(self):
        """The value of say is read as prompts are."""
        with pytest.raises(ValueError, match="dial"):
            read_target({"to": "HOME", "say": {"dial": "+1"}})

    def test_the_language_of_a_target_must_be_a_text(self):
        """The Goto itself refuses an invalid language."""
        with pytest.raises(FlowError) as caught:
            read_target({"to": "HOME", "language": 3})
        assert (caught.value.message, caught.value.hint) == (
            "the language of Goto(HOME) must be a text, not 3",
            'write a language tag such as "es-MX"',
        )
