"""What the ready-made kinds have in common: where their states hang, and how keys and digits are said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypedDict

from twilio.twiml import TwiML

from ivrkit.flow.recipes import Words
from ivrkit.flow.state import MenuOption
from ivrkit.flow.text import KEY_WORDS, Text

#: The keys of yes and no.
YES, NO = "1", "2"


class Common(TypedDict, total=False):
    """What every kind takes besides its own: see :class:`~ivrkit.State`."""

    options: MenuOption | Iterable[MenuOption]
    fallback: str | None
    voice: str | None
    language: str | None


def key_in_words(keys: str) -> Text:
    """Return how keys are said in the language of the call: ``"12"`` is ``"one two"``."""
    first, rest = Text(KEY_WORDS[keys[0]]), keys[1:]
    return Text("{key} {more}", key=first, more=key_in_words(rest)) if rest else first


def one_by_one(digits: str) -> str:
    """Return digits as they are said one by one; Twilio would read ``12345`` as a number."""
    return " ".join(digits)


def as_words(given: Words | Sequence[Words]) -> tuple[Words, ...]:
    """Return what an author wants to be said as a tuple, whether it is one thing or several."""
    return (given,) if isinstance(given, str | TwiML) else tuple(given)


def words_or(given: Words | Sequence[Words], usual: str) -> tuple[Words, ...]:
    """Return what an author wants to be said, else the usual sentence of the core."""
    return as_words(given) or (Text(usual),)
