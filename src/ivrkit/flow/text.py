"""The sentences of the core, and the key of a sentence to be translated."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from ivrkit.errors import FlowError

#: How each key of a telephone is named in English.
KEY_WORDS: Mapping[str, str] = {
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
    """A sentence named by its key, to be looked up in the language of the call.

    Not acted on yet: a call has one language in this version, and a ``Text`` is said as it is written.
    The host warns of it when it starts. It may stand wherever a text may: in ``enter``, inside ``ask``
    and ``Menu``, or as the words of a verb.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        """Return ``Text('key')``."""
        return f"Text({str(self)!r})"


def _sentence(default: str, *places: str) -> str:
    """Return a dataclass field for a sentence whose ``{places}`` are filled in when it is said."""
    value: str = field(default=default, metadata={"places": places})
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
    keys: Mapping[str, str] = field(default_factory=lambda: dict(KEY_WORDS))

    def __post_init__(self) -> None:
        """Check the places of every sentence, and the words of the keys."""
        for each in fields(self):
            if each.name != "keys":
                check_places(each.name, getattr(self, each.name))
        for key in self.keys:
            if key not in KEY_WORDS:
                raise FlowError(
                    f"texts.keys has the key {key!r}; a telephone has {' '.join(KEY_WORDS)}",
                    hint="name one key at a time; longer key sequences are read key by key",
                )
        object.__setattr__(self, "keys", {**KEY_WORDS, **self.keys})

    def key(self, keys: str) -> str:
        """Return how a key sequence is said: ``"12"`` is ``"one two"``."""
        return " ".join(self.keys[key] for key in keys)


def check_places(name: str, sentence: str) -> None:
    """Refuse a sentence of the core whose braces could not be filled in when a caller is to hear it.

    :param name: the sentence's name in :class:`Texts`.
    :param sentence: its words.
    :raises FlowError: with the places that the sentence may have.
    """
    known = next(each.metadata["places"] for each in fields(Texts) if each.name == name)
    allowed = " and ".join("{" + place + "}" for place in known) or "no places in braces"
    try:
        parts = [(part[1], part[2], part[3]) for part in string.Formatter().parse(sentence)]
    except ValueError as error:
        raise FlowError(
            f"texts.{name} is {sentence!r}: {error}", hint=f"it may hold {allowed}; write {{{{ for a brace"
        ) from None
    for place, layout, conversion in parts:
        if place is not None and (place not in known or layout or conversion):
            raise FlowError(
                f"texts.{name} is {sentence!r}, and nothing fills in {{{place}}}", hint=f"it may hold {allowed}"
            )
