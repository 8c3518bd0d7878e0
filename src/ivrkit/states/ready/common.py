"""What the ready-made kinds have in common: where their states hang, and how keys and digits are said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

from twilio.twiml import TwiML

from ivrkit.errors import FlowError
from ivrkit.flow.model.outcomes import is_key_sequence
from ivrkit.flow.model.prompts import Prompt
from ivrkit.flow.model.routes import SAME, Goto, Routes, Target
from ivrkit.flow.model.state import MenuOption
from ivrkit.flow.model.text import KEY_NAMES, Text, Texts

#: The keys of yes and no.
YES, NO = "1", "2"


class Common(TypedDict, total=False):
    """What every kind takes besides its own: see :class:`~ivrkit.State`."""

    options: MenuOption | Iterable[MenuOption]
    on_error: str | None
    voice: str | None
    language: str | None


def key_in_words(keys: str) -> Text:
    """Return how keys are said in the language of the call: ``"12"`` is ``"one two"``."""
    first, rest = Text(KEY_NAMES[keys[0]]), keys[1:]
    return Text("{key} {more}", key=first, more=key_in_words(rest)) if rest else first


def check_repeat(kind: str, keys: object) -> None:
    """Refuse what is no key by which something could be heard again.

    :raises FlowError: with what is one.
    """
    if not is_key_sequence(keys):
        raise FlowError(f"{kind} has repeat={keys!r}", hint="repeat is a string of 0-9, * and #")


def pressed(keys: str) -> dict[str, Any]:
    """Return the attributes of a ``Gather`` that brings these keys; ``#`` would end it, and be kept by it."""
    return {"finish_on_key": ""} if "#" in keys else {}


def heard_again(keys: str, then: Target) -> Routes:
    """Return a table whose keys repeat a state; silence, and any other key, goes on, however few failures may be."""
    return Routes({keys: SAME}, otherwise=then, give_up=Goto(None, say=Text(Texts.goodbye)) if then is None else then)


def one_by_one(digits: str) -> str:
    """Return digits as they are said one by one; Twilio would read ``12345`` as a number."""
    return " ".join(digits)


def as_words(given: Prompt | Sequence[Prompt]) -> tuple[Prompt, ...]:
    """Return what an author wants to be said as a tuple, whether it is one thing or several."""
    return (given,) if isinstance(given, str | TwiML) else tuple(given)


def words_or(given: Prompt | Sequence[Prompt], usual: str) -> tuple[Prompt, ...]:
    """Return what an author wants to be said, else the usual sentence of the core."""
    return as_words(given) or (Text(usual),)
