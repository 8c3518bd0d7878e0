"""The sentences of the core, and sentences that are said in the language of the call."""

from __future__ import annotations

import string
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields

from ivrkit.errors import FlowError

#: How each key of a telephone is named in English.
KEY_NAMES: Mapping[str, str] = {
    "0": "zero",
    "1": "one",
    "2": "two",
    "3": "three",
    "4": "four",
    "5": "five",
    "6": "six",
    "7": "seven",
    "8": "eight",
    "9": "nine",
    "*": "star",
    "#": "pound",
}


class Text(str):
    """A sentence that is said in the language of the call.

    It is written in the language that its plugin is written in, and named by these words in the catalogues of the
    plugin, as gettext has it: ``locale/es/LC_MESSAGES/messages.po`` in the package. Without a translation it is said
    as it is written. It may stand wherever a text may: in ``enter``, inside ``ask`` and ``Menu``, as label, line or
    phrase of a ``MenuOption``, in ``Goto(say=...)``, or as the words of a verb.

    :param words: the sentence, which may have placeholders in braces: ``Text("Press {key}.", key="4")``.
    :param values: what is filled in, after the sentence was translated; a ``Text`` among them is translated too.
    :raises FlowError: for a place that nothing fills in, and for what fills in none.
    """

    values: Mapping[str, object]

    def __new__(cls, words: str, /, **values: object) -> Text:
        """Make one."""
        made = super().__new__(cls, words)
        made.values = values
        if values:
            check_placeholders(f"Text({words!r})", words, tuple(values))
            unused = [name for name in values if name not in placeholders_in(words)]
            if unused:
                raise FlowError(
                    f"Text({words!r}) is given {unused[0]!r}, which has no place in it",
                    hint=f"write {{{unused[0]}}} where it belongs, or leave it out",
                )
        return made

    def __repr__(self) -> str:
        """Return it as it is written in code."""
        return "".join([f"Text({str(self)!r}", *(f", {name}={value!r}" for name, value in self.values.items()), ")"])

    def __eq__(self, other: object) -> bool:
        """Return whether the other says the same: the words, and what is filled in."""
        return str.__eq__(self, other) is True and self.values == getattr(other, "values", {})

    def __ne__(self, other: object) -> bool:
        """Return whether the other says something else."""
        return not self == other

    __hash__ = str.__hash__

    def __reduce__(self) -> tuple[object, ...]:
        """Let it be copied with its values."""
        return _text_again, (str(self), dict(self.values))


def _text_again(words: str, values: Mapping[str, object]) -> Text:
    return Text(words, **values)


def _sentence(default: str, *placeholders: str) -> str:
    """Return a dataclass field for a sentence whose ``{placeholders}`` are filled in when it is said."""
    value: str = field(default=default, metadata={"placeholders": placeholders})
    return value


@dataclass(frozen=True)
class Texts:
    """The core's own sentences: the table ``[texts]`` of ``ivrkit.toml``.

    :raises FlowError: for a sentence with a place in braces that is not filled in.
    """

    greeting: str = _sentence("Thank you for calling {company}.", "company")
    option: str = _sentence("For {label}, press {key}.", "label", "key")
    repeat: str = _sentence("To hear this again, press {key}.", "key")
    wrong_choice: str = _sentence("Sorry, that is not one of the choices.")
    apology: str = _sentence("We are sorry, something went wrong.")
    not_connected: str = _sentence("Sorry, we could not connect you.")
    no_options: str = _sentence("There are no options at the moment.")
    goodbye: str = _sentence("Goodbye.")
    accept: str = _sentence("To take the call, press {key}.", "key")
    voicemail: str = _sentence("Please leave a message after the tone.")
    thanks: str = _sentence("Thank you. We have your message.")
    transfer: str = _sentence("One moment, please.")
    queue: str = _sentence("Please stay on the line.")
    yes_or_no: str = _sentence("For yes, press {yes}. For no, press {no}.", "yes", "no")
    entered: str = _sentence("You have entered {digits}.", "digits")
    confirm: str = _sentence("If that is right, press {yes}. To enter it again, press {no}.", "yes", "no")
    wrong_digits: str = _sentence("Sorry, that can't be right.")
    keys: Mapping[str, str] = field(default_factory=lambda: dict(KEY_NAMES))

    def __post_init__(self) -> None:
        """Check the placeholders of every sentence, and the words of the keys."""
        for each in fields(self):
            if each.name != "keys":
                check_placeholders(f"texts.{each.name}", getattr(self, each.name), each.metadata["placeholders"])
        for key in self.keys:
            if key not in KEY_NAMES:
                raise FlowError(
                    f"texts.keys has the key {key!r}; a telephone has {' '.join(KEY_NAMES)}",
                    hint="name one key at a time; longer key sequences are read key by key",
                )
        object.__setattr__(self, "keys", {**KEY_NAMES, **self.keys})

    def spell_keys(self, keys: str) -> str:
        """Return how a key sequence is said: ``"12"`` is ``"one two"``."""
        return " ".join(self.keys[key] for key in keys)


def placeholders_in(sentence: str) -> set[str]:
    """Return the names of the placeholders of a sentence."""
    return {part[1] for part in string.Formatter().parse(sentence) if part[1] is not None}


def check_placeholders(name: str, sentence: str, known: Collection[str]) -> None:
    """Refuse a sentence whose braces could not be filled in when a caller is to hear it.

    :param name: how the sentence is told.
    :param sentence: its words.
    :param known: the placeholders that are filled in.
    :raises FlowError: with the placeholders that the sentence may have.
    """
    allowed = " and ".join("{" + name + "}" for name in known) or "no places in braces"
    try:
        parts = [(part[1], part[2], part[3]) for part in string.Formatter().parse(sentence)]
    except ValueError as error:
        raise FlowError(
            f"{name} is {sentence!r}: {error}", hint=f"it may hold {allowed}; write {{{{ for a brace"
        ) from None
    for place, layout, conversion in parts:
        if place is not None and (place not in known or layout or conversion):
            raise FlowError(f"{name} is {sentence!r}, and nothing fills in {{{place}}}", hint=f"it may hold {allowed}")
