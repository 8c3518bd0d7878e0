"""What is said, and where a call goes, as it is written where there is no code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twilio.twiml.voice_response import Pause, Play, Say

from ivrkit.flow.model.prompts import Prompt
from ivrkit.flow.model.routes import BACK, HOME, SAME, Goto, Target, destination_of
from ivrkit.flow.model.text import Text

#: How targets are written that are no states.
TARGET_KEYWORDS: Mapping[str, Target] = {"HOME": HOME, "BACK": BACK, "SAME": SAME, "HANG UP": None}


def read_prompts(value: Any) -> tuple[Prompt, ...]:
    """Return what is said: a text, ``{play = "https://..."}``, ``{pause = 2}``, ``{say = ..., voice = ...}``, more.

    :raises ValueError: for what is none of these.
    """
    return tuple(_word(each) for each in (value if isinstance(value, list) else [value]))


def _word(value: Any) -> Prompt:
    if _is_text(value):
        return Text(value)
    if not isinstance(value, Mapping):
        raise ValueError(value)
    keys = {*value}
    if keys == {"play"} and _is_text(value["play"]):
        return Play(value["play"])
    if keys == {"pause"} and type(value["pause"]) is int and value["pause"] > 0:
        return Pause(length=value["pause"])
    if {"say"} <= keys <= {"say", "voice", "language"} and all(map(_is_text, value.values())):
        return Say(Text(value["say"]), **{key: each for key, each in value.items() if key != "say"})
    raise ValueError(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def read_target(value: Any) -> Target:
    """Return where a call goes: a state's name, a move, or ``{to = ..., say = ..., language = ...}``.

    :raises ValueError: for what is none of these.
    """
    if _is_text(value):
        return TARGET_KEYWORDS.get(value, value)
    if not isinstance(value, Mapping) or not _is_text(value.get("to")) or not {*value} <= _GOTO_KEYS:
        raise ValueError(value)
    said = read_prompts(value["say"]) if "say" in value else ()
    return Goto(destination_of(TARGET_KEYWORDS.get(value["to"], value["to"])), say=said, language=value.get("language"))


_GOTO_KEYS = {"to", "say", "language"}
