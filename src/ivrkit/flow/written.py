"""What is said, and where a call goes, as it is written where there is no code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twilio.twiml.voice_response import Pause, Play, Say

from ivrkit.flow.recipes import Words
from ivrkit.flow.targets import BACK, HOME, SAME, Exit, Target, aim
from ivrkit.flow.text import Text

#: How targets are written that are no states.
MOVES: Mapping[str, Target] = {"HOME": HOME, "BACK": BACK, "SAME": SAME, "HANG UP": None}


def key_of(name: str) -> str:
    """Return a name as TOML writes it in the header of a table: one with a dot in quotes."""
    return f'"{name}"' if "." in name else name


def read_words(value: Any) -> tuple[Words, ...]:
    """Return what is said: a text, ``{play = "https://..."}``, ``{pause = 2}``, ``{say = ..., voice = ...}``, more.

    :raises ValueError: for what is none of these.
    """
    return tuple(_word(each) for each in (value if isinstance(value, list) else [value]))


def _word(value: Any) -> Words:
    if isinstance(value, str):
        return Text(value)
    if not isinstance(value, Mapping) or not value:
        raise ValueError(value)
    what, *more = value
    if what == "play" and isinstance(value[what], str) and not more:
        return Play(value[what])
    if what == "pause" and isinstance(value[what], int) and not more:
        return Pause(length=value[what])
    if what == "say" and all(isinstance(each, str) for each in value.values()) and {*more} <= {"voice", "language"}:
        return Say(Text(value[what]), **{key: value[key] for key in more})
    raise ValueError(value)


def read_target(value: Any) -> Target:
    """Return where a call goes: a state's name, a move, or ``{to = ..., say = ..., language = ...}``.

    :raises ValueError: for what is none of these.
    """
    if isinstance(value, str) and value.strip():
        return MOVES.get(value, value)
    if not isinstance(value, Mapping) or not isinstance(value.get("to"), str) or not {*value} <= _OF_AN_EXIT:
        raise ValueError(value)
    said = read_words(value["say"]) if "say" in value else ()
    return Exit(aim(MOVES.get(value["to"], value["to"])), say=said, language=value.get("language"))


_OF_AN_EXIT = {"to", "say", "language"}
