"""Prompts and targets as they are written in TOML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twilio.twiml.voice_response import Pause, Play, Say

from ivrkit.flow.model.prompts import Prompt
from ivrkit.flow.model.routes import BACK, HOME, SAME, Goto, Target, destination_of
from ivrkit.flow.model.text import Text, is_text

#: The keywords in TOML for targets that are not states.
TARGET_KEYWORDS: Mapping[str, Target] = {"HOME": HOME, "BACK": BACK, "SAME": SAME, "HANG UP": None}
#: The keys of a table that is a ``Goto``.
_GOTO_KEYS = {"to", "say", "language"}


def read_prompts(value: Any, make_text: Callable[[str], Text] = Text) -> tuple[Prompt, ...]:
    """Return the prompts that a TOML value describes.

    :param value: a prompt or a list of prompts. A prompt is a text, ``{play = "https://..."}``, ``{pause = 2}`` or
        ``{say = ..., voice = ..., language = ...}``.
    :param make_text: a function that makes a ``Text`` from a sentence.
    :raises ValueError: if a prompt has another form.
    """
    return tuple(_read_prompt(each, make_text) for each in (value if isinstance(value, list) else [value]))


def _read_prompt(value: Any, make_text: Callable[[str], Text]) -> Prompt:
    if is_text(value):
        return make_text(value)
    if not isinstance(value, Mapping):
        raise ValueError(value)
    keys = {*value}
    if keys == {"play"} and is_text(value["play"]):
        return Play(value["play"])
    # Not isinstance: in Python, true is an int.
    if keys == {"pause"} and type(value["pause"]) is int and value["pause"] > 0:
        return Pause(length=value["pause"])
    if {"say"} <= keys <= {"say", "voice", "language"} and all(map(is_text, value.values())):
        return Say(make_text(value["say"]), **{key: each for key, each in value.items() if key != "say"})
    raise ValueError(value)


def read_target(value: Any, make_text: Callable[[str], Text] = Text) -> Target:
    """Return the target that a TOML value describes.

    :param value: the name of a state, ``HOME``, ``BACK``, ``SAME``, ``HANG UP``, or
        ``{to = ..., say = ..., language = ...}``.
    :param make_text: a function that makes a ``Text`` from a sentence.
    :raises ValueError: if the value has another form.
    """
    if is_text(value):
        return TARGET_KEYWORDS.get(value, value)
    if not isinstance(value, Mapping) or not is_text(value.get("to")) or not {*value} <= _GOTO_KEYS:
        raise ValueError(value)
    prompts = read_prompts(value["say"], make_text) if "say" in value else ()
    target = destination_of(TARGET_KEYWORDS.get(value["to"], value["to"]))
    return Goto(target, say=prompts, language=value.get("language"))
