"""Recipes for what is said: a menu of the installed states, a question, and a whisper to whoever is dialled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from twilio.twiml import TwiML
from twilio.twiml.voice_response import Gather, Say

from ivrkit.errors import FlowError
from ivrkit.flow.model.outcomes import is_key_sequence

#: The verbs that can be part of a prompt.
PROMPT_VERBS = ("Say", "Play", "Pause")
#: What can be said: a text, or a ``Say``, ``Play`` or ``Pause``.
Prompt = str | TwiML


@dataclass(frozen=True, slots=True, init=False)
class Menu:
    """An ``enter`` whose prompt and routes are built from the options of the installed states.

    The prompt is the texts, then a sentence for each option in the order of the keys with 0 last, then the
    sentence about repeating. The ``exit`` beside it may be an ``Routes`` that adds rows or says what happens
    otherwise.

    :param texts: what is said before the options: texts, ``Say``, ``Play`` or ``Pause``.
    :param repeat: the key that reads the menu again, ``None`` for no such key.
    :raises FlowError: for a repeat key that no telephone has, or a text that is none.
    """

    texts: tuple[str | TwiML, ...]
    repeat: str | None

    def __init__(self, *texts: str | TwiML, repeat: str | None = "9") -> None:
        if repeat is not None and not is_key_sequence(repeat):
            raise FlowError(f"Menu has repeat={repeat!r}", hint="repeat is a string of 0-9, * and #, or None")
        _check_sounding("Menu", texts)
        object.__setattr__(self, "texts", texts)
        object.__setattr__(self, "repeat", repeat)


def ask(*texts: str | TwiML, **attributes: Any) -> Gather:
    """Return a ``Gather`` with the texts inside it: keys live during the prompt, and silence is answered.

    :param texts: what is said: texts, ``Say``, ``Play`` or ``Pause``.
    :param attributes: attributes of the ``Gather`` (https://www.twilio.com/docs/voice/twiml/gather), as twilio's
        own class takes them: ``timeout=8``, ``finish_on_key=""``, ``input="dtmf speech"``.
    :raises FlowError: for a text that is none.
    """
    _check_sounding("ask", texts)
    gather = Gather(**{"action_on_empty_result": True, **attributes})
    for text in texts:
        gather.append(Say(text) if isinstance(text, str) else text)
    return gather


@dataclass(frozen=True, slots=True, init=False)
class Whisper:
    """What whoever answers a ``Dial`` hears before both talk, and nobody else.

    It is said in the language of the caller's call. With ``accept`` the call is connected only when that key is
    pressed, so that a mailbox that picks up does not take it; a call that is not taken has the outcome ``declined``.
    The sentence that asks for the key is the core's text ``accept``.

    :param texts: what is said: texts, ``Say`` or ``Play``.
    :param accept: the key that takes the call, ``None`` to connect as soon as the words were said.
    :raises FlowError: for no words and no key, a key that no telephone has, or a text that is none.
    """

    texts: tuple[str | TwiML, ...]
    accept: str | None

    def __init__(self, *texts: str | TwiML, accept: str | None = None) -> None:
        if not texts and accept is None:
            raise FlowError("Whisper says nothing", hint='give it words: Whisper("A call for sales.")')
        if accept is not None and not is_key_sequence(accept):
            raise FlowError(f"Whisper has accept={accept!r}", hint="accept is a string of 0-9, * and #, or None")
        for text in texts:
            if not isinstance(text, str) and getattr(text, "name", None) not in ("Say", "Play"):
                raise FlowError(f"Whisper is given {text!r} to say", hint="it takes texts, Say and Play")
        object.__setattr__(self, "texts", texts)
        object.__setattr__(self, "accept", accept)


#: What the caller hears, once it is decided.
EnterContent = str | TwiML | Menu | Sequence[str | TwiML]


def _check_sounding(where: str, texts: Iterable[Any]) -> None:
    for text in texts:
        if not isinstance(text, str) and getattr(text, "name", None) not in PROMPT_VERBS:
            raise FlowError(f"{where} is given {text!r} to say", hint="it takes texts, Say, Play and Pause")
