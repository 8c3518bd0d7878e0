"""Helpers that several state kinds use: common arguments, keys and prompts."""

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

#: The keys for yes and no.
YES, NO = "1", "2"


class StateArguments(TypedDict, total=False):
    """The arguments of :class:`~ivrkit.State` that every state kind accepts."""

    options: MenuOption | Iterable[MenuOption]
    on_error: str | None
    voice: str | None
    language: str | None


def spoken_keys(keys: str) -> Text:
    """Return the text that says the keys, in the language of the call. For ``"12"`` it is "one two"."""
    first, rest = Text(KEY_NAMES[keys[0]]), keys[1:]
    return Text("{key} {more}", key=first, more=spoken_keys(rest)) if rest else first


def check_repeat_key(kind: str, keys: object) -> None:
    """Check the argument ``repeat`` of a state kind.

    :param kind: the name of the state kind, for the error.
    :param keys: the argument.
    :raises FlowError: if the argument is not a string of one or more phone keys.
    """
    if not is_key_sequence(keys):
        raise FlowError(f"{kind}: repeat must be a string of 0-9, * and #, not {keys!r}", hint='write repeat = "1"')


def gather_attributes(keys: str) -> dict[str, Any]:
    """Return the attributes that a ``Gather`` needs to receive these keys.

    By default Twilio takes ``#`` as the end of the input and does not send it. If ``#`` is in the keys, the attributes
    change this default.
    """
    return {"finish_on_key": ""} if "#" in keys else {}


def repeat_routes(keys: str, then: Target) -> Routes:
    """Return routes that repeat the state for one key sequence, and lead to ``then`` for every other outcome.

    Silence leads to ``then``, even if the setting ``tries`` is 1: a caller who is silent here makes no mistake. A
    ``give_up`` with the target ``None`` ends the call without a word, so the goodbye is added if ``then`` is ``None``.
    """
    return Routes({keys: SAME}, otherwise=then, give_up=Goto(None, say=Text(Texts.goodbye)) if then is None else then)


def spaced_digits(digits: str) -> str:
    """Return digits with spaces between them, so that Twilio does not read ``12345`` as a number."""
    return " ".join(digits)


def as_prompts(prompts: Prompt | Sequence[Prompt]) -> tuple[Prompt, ...]:
    """Return one or several prompts as a tuple."""
    return (prompts,) if isinstance(prompts, str | TwiML) else tuple(prompts)


def prompts_or_default(prompts: Prompt | Sequence[Prompt], default: str) -> tuple[Prompt, ...]:
    """Return one or several prompts as a tuple, or the default sentence if there are none."""
    return as_prompts(prompts) or (Text(default),)
