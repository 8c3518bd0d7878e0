"""What is said, and where a call goes, as a table has it."""

import pytest

from ivrkit import BACK, HOME, SAME, FlowError, Goto, Text
from ivrkit.flow.model.toml_values import read_prompts, read_target


def told(words) -> list[str]:
    """Return words as Twilio would get them, texts as they are."""
    return [str(each).removeprefix('<?xml version="1.0" encoding="UTF-8"?>') for each in words]


class TestWords:
    """What is said."""

    @pytest.mark.parametrize(
        ("written", "said"),
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
    def test_it_is_a_text_or_a_verb_that_sounds_or_several(self, written, said):
        """The keys of a verb may stand in any order."""
        assert told(read_prompts(written)) == said

    def test_texts_can_be_translated(self):
        """A text is a ``Text``, that of a verb too."""
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
        """Silence, unknown verbs and values of another kind are nobody's words."""
        with pytest.raises(ValueError, match=r"^"):
            read_prompts(wrong)


class TestTargets:
    """Where a call goes."""

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
    def test_it_is_a_state_or_a_move_with_or_without_words(self, written, target):
        """The moves are written in capitals, as they are in code; to hang up has words of its own."""
        assert read_target(written) == target

    @pytest.mark.parametrize(
        "wrong", [3, "", " ", [], {}, {"say": "Bye."}, {"to": 3}, {"to": " "}, {"to": "a", "voice": "b"}]
    )
    def test_anything_else_is_refused(self, wrong):
        """A table needs ``to``, and has nothing but words and a language beside it."""
        with pytest.raises(ValueError, match=r"^"):
            read_target(wrong)

    def test_words_on_the_way_are_words(self):
        """What is said on the way is read as any words are."""
        with pytest.raises(ValueError, match="dial"):
            read_target({"to": "HOME", "say": {"dial": "+1"}})

    def test_a_language_is_a_text(self):
        """The exit itself refuses another, and says what it takes."""
        with pytest.raises(FlowError) as caught:
            read_target({"to": "HOME", "language": 3})
        assert (caught.value.message, caught.value.hint) == (
            "the language of Goto(HOME) must be a text, not 3",
            'write a language tag such as "es-MX"',
        )
