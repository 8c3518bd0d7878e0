"""Helper functions that several state kinds use, for common arguments, phone keys and prompts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

from twilio.twiml import TwiML

from ivrkit.errors import FlowError
from ivrkit.flow.model.outcomes import is_key_sequence
from ivrkit.flow.model.prompts import Prompt
from ivrkit.flow.model.routes import SAME, Goto, Routes, Target
from ivrkit.flow.model.state import MenuOption
from ivrkit.flow.model.text import Text, Texts

#: The keys for yes and no.
YES, NO = "1", "2"


class StateArguments(TypedDict, total=False):
    """The arguments of :class:`~ivrkit.State` that every state kind accepts."""

    options: MenuOption | Iterable[MenuOption]
    on_error: str | None
    voice: str | None
    language: str | None


def check_repeat_key(kind: str, keys: object) -> None:
    """Raise an error if the argument ``repeat`` of a state kind is invalid.

    :param kind: the name of the state kind, for the error.
    :param keys: the value of the argument.
    :raises FlowError: if the argument is not a string of one or more phone keys.
    """
    if not is_key_sequence(keys):
        raise FlowError(f"{kind}: repeat must be a string of 0-9, * and #, not {keys!r}", hint='write repeat = "1"')


def gather_attributes(keys: str) -> dict[str, Any]:
    """Return the attributes that a ``Gather`` needs to receive the given phone keys.

    By default, ``#`` ends the input of a ``Gather``, and Twilio does not send it. If ``#`` is in the keys, the
    attributes change this default.
    """
    return {"finish_on_key": ""} if "#" in keys else {}


def repeat_routes(keys: str, then: Target) -> Routes:
    """Return routes that repeat the state for some phone keys, and lead to ``then`` for every other outcome.

    A caller who has used up the tries goes to ``then``, too, and not to the operator.

    :param keys: the phone keys that repeat the state.
    :param then: the target for every other outcome. ``None`` says goodbye and hangs up.
    """
    return Routes({keys: SAME}, otherwise=then, give_up=Goto(None, say=Text(Texts.goodbye)) if then is None else then)


def spaced_digits(digits: str) -> str:
    """Return digits with spaces in between, so that Twilio says each digit of ``12345`` and not one large number."""
    return " ".join(digits)


def as_prompts(prompts: Prompt | Sequence[Prompt]) -> tuple[Prompt, ...]:
    """Return a single prompt, or a sequence of prompts, as a tuple of prompts."""
    return (prompts,) if isinstance(prompts, str | TwiML) else tuple(prompts)


def prompts_or_default(prompts: Prompt | Sequence[Prompt], default: str) -> tuple[Prompt, ...]:
    """Return a single prompt, or a sequence of prompts, as a tuple. If the tuple is empty, add the default sentence."""
    return as_prompts(prompts) or (Text(default),)
