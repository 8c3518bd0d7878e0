"""Prompts: the content that callers hear, menus of the installed states, questions, and whispers for callees."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from twilio.twiml import TwiML
from twilio.twiml.voice_response import Gather, Say

from ivrkit.errors import FlowError
from ivrkit.flow.model.outcomes import is_key_sequence

#: Something that a caller hears: a text, or a ``Say``, ``Play`` or ``Pause``.
Prompt = str | TwiML
#: The verbs that are prompts.
PROMPT_VERBS = ("Say", "Play", "Pause")
#: The verbs that a whisper takes. Twilio does not know ``Pause`` there.
WHISPER_VERBS = ("Say", "Play")


@dataclass(frozen=True, slots=True, init=False)
class Menu:
    """The ``enter`` of a menu. Its prompts and routes are made from the menu options of the installed states.

    A caller hears the texts, then a sentence for each option in the order of the keys, with key 0 last, then the
    sentence that names the repeat key. The ``exit`` of the menu may be a ``Routes`` with more rows, ``otherwise``,
    ``tries`` or ``give_up``.

    :param texts: the prompts before the options: texts, ``Say``, ``Play`` or ``Pause``.
    :param repeat: the key that repeats the menu, or ``None`` for no such key.
    :raises FlowError: if the repeat key or a prompt is invalid.
    """

    texts: tuple[str | TwiML, ...]
    repeat: str | None

    def __init__(self, *texts: str | TwiML, repeat: str | None = "9") -> None:
        _check_key("repeat of Menu", repeat)
        check_prompts("Menu", texts)
        object.__setattr__(self, "texts", texts)
        object.__setattr__(self, "repeat", repeat)


def ask(*texts: str | TwiML, **attributes: Any) -> Gather:
    """Return a ``Gather`` that contains prompts, so that a caller can press keys while the prompts are said.

    :param texts: the prompts: texts, ``Say``, ``Play`` or ``Pause``.
    :param attributes: arguments for the class ``Gather`` of the package ``twilio``, such as ``timeout=8``,
        ``finish_on_key=""`` or ``input="dtmf speech"`` (https://www.twilio.com/docs/voice/twiml/gather).
    :raises FlowError: if a prompt is invalid.
    """
    check_prompts("ask", texts)
    # Twilio then sends a webhook for silence too.
    gather = Gather(**{"action_on_empty_result": True, **attributes})
    for text in texts:
        gather.append(Say(text) if isinstance(text, str) else text)
    return gather


@dataclass(frozen=True, slots=True, init=False)
class Whisper:
    """The prompts that the callee of a ``Dial`` hears before both parties are connected. The caller does not hear them.

    The prompts are said in the language of the caller's call. If ``accept`` is a key, the call is connected only if the
    callee presses this key, so that an answering machine cannot take the call. If the callee does not press the key,
    the outcome is ``declined``. The core's text ``accept`` asks for the key.

    :param texts: the prompts: texts, ``Say`` or ``Play``.
    :param accept: the key that accepts the call, or ``None`` to connect after the prompts.
    :raises FlowError: if there is neither a prompt nor a key, or if a prompt or the key is invalid.
    """

    texts: tuple[str | TwiML, ...]
    accept: str | None

    def __init__(self, *texts: str | TwiML, accept: str | None = None) -> None:
        if not texts and accept is None:
            raise FlowError("Whisper has nothing to say", hint='give it a prompt: Whisper("A call for sales.")')
        _check_key("accept of Whisper", accept)
        check_prompts("Whisper", texts, WHISPER_VERBS)
        object.__setattr__(self, "texts", texts)
        object.__setattr__(self, "accept", accept)


#: The content of a state: its ``enter``, or the result of its ``enter`` function.
EnterContent = str | TwiML | Menu | Sequence[str | TwiML]


def check_prompts(name: str, prompts: Iterable[Any], verbs: tuple[str, ...] = PROMPT_VERBS) -> None:
    """Raise an error if a value is not a prompt, which is a text or an allowed verb.

    :param name: the name of the class or function that takes the prompts, for the message.
    :param prompts: the values to check.
    :param verbs: the names of the verbs that are allowed as prompts.
    :raises FlowError: if a value is not a prompt.
    """
    for prompt in prompts:
        if not isinstance(prompt, str) and getattr(prompt, "name", None) not in verbs:
            allowed = ", ".join(("a text", *verbs[:-1])) + f" or {verbs[-1]}"
            raise FlowError(
                f"a prompt of {name} must be {allowed}, not {prompt!r}",
                hint="put other verbs into a state of their own",
            )


def _check_key(name: str, key: Any) -> None:
    if key is not None and not is_key_sequence(key):
        raise FlowError(
            f"{name} must be keys of a telephone (0-9, * and #) or None, not {key!r}",
            hint='write the keys as a string, such as "9"',
        )
