"""Answers to the questions of ``ivrkit new``: each function parses an answer, or raises an error with a hint."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Mapping, Sequence

import importlib_metadata

from ivrkit.errors import IvrkitError
from ivrkit.flow.compile.menus import DEFAULT_REPEAT_KEY
from ivrkit.flow.model.outcomes import is_key_sequence
from ivrkit.settings import LanguageTag, TimeZone
from ivrkit.settings.convert import convert
from ivrkit.settings.names import normal_name

#: PEP 508: https://packaging.python.org/en/latest/specifications/name-normalization/
_NAME = re.compile(r"[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9]", re.IGNORECASE)
_STATE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
#: Longer names would make lines of code that a formatter breaks, so the new files would fail their own checks.
MAX_NAME, MAX_STATE = 40, 30
#: The answer for no languages besides English.
NONE = "none"
#: Packages of ivrkit and of the new folder's tests.
_TAKEN_PACKAGES = ("conftest", "ivrkit", "pytest_ivrkit", "test", "tests")
#: States of ivrkit itself, and names that the new package uses for its own modules and functions.
_CORE_STATES = ("greeting", "menu")
_TAKEN_MODULES = ("ask", "languages", "locale", "settings")


def name(answer: str) -> str:
    """Return the normalized name of the new folder.

    :raises IvrkitError: if the name is invalid for a folder or a distribution.
    """
    if not _NAME.fullmatch(answer) or len(answer) > MAX_NAME:
        raise IvrkitError(
            f"{answer!r} can't be the name of a folder or a distribution",
            hint=f"use up to {MAX_NAME} letters, digits and -, such as parking-ivr",
        )
    return normal_name(answer)


def distribution(answer: str) -> str:
    """Return the normalized name of a distribution.

    :raises IvrkitError: if the name is invalid, or if the import name of the package is taken or is not a valid name in
        Python.
    """
    normal = name(answer)
    package = package_of(normal)
    if not package.isidentifier() or keyword.iskeyword(package):
        raise IvrkitError(
            f"{answer!r} makes the package {package!r}, which Python can't import",
            hint=f"choose a name that begins with a letter and is not a keyword, such as {_similar(normal)}",
        )
    conflict = _package_conflict(normal, package)
    if conflict:
        raise IvrkitError(
            f"{answer!r} makes the package {package!r}, which {conflict}",
            hint=f"choose another name, such as {_similar(normal)}",
        )
    return normal


def package_of(name: str) -> str:
    """Return the import name of a distribution's package: ``parking_ivr`` for ``parking-ivr``."""
    return name.replace("-", "_")


def _similar(name: str) -> str:
    """Return a similar name that begins with a letter, to propose in place of an invalid name."""
    return f"{name}-ivr" if name[:1].isalpha() else f"ivr-{name}"


def _package_conflict(name: str, package: str) -> str:
    """Return the reason why an import name is taken, as the end of a sentence, or ``""`` if the name is free."""
    if package in sys.stdlib_module_names:
        return "is in Python's standard library"
    if package in _TAKEN_PACKAGES:
        return "is reserved for ivrkit and for tests"
    owners = importlib_metadata.packages_distributions().get(package, ())
    other = next((owner for owner in owners if normal_name(owner) != name), None)
    return f"belongs to {other}, which is installed" if other else ""


def state(answer: str) -> str:
    """Return the name of a state.

    :raises IvrkitError: if the name is invalid, if the core has a state of that name, or if the function that makes the
        state can't have that name.
    """
    if not _STATE.fullmatch(answer) or len(answer) > MAX_STATE:
        raise IvrkitError(
            f"{answer!r} can't be the name of a state",
            hint=f"use a letter, then up to {MAX_STATE - 1} letters, digits, - and _, such as parking",
        )
    if answer in _CORE_STATES:
        raise IvrkitError(f"the state {answer!r} is part of ivrkit", hint="choose another name")
    if keyword.iskeyword(module_of(answer)) or module_of(answer) in _TAKEN_MODULES:
        raise IvrkitError(
            f"the state {answer!r} can't be made by a function of that name, because the name is taken",
            hint=f"choose another name, such as {answer}-line",
        )
    return answer


def module_of(state: str) -> str:
    """Return the name of the function that makes a state. The module of the function has the same name."""
    return state.lower().replace("-", "_")


def key(answer: str) -> str:
    """Return the phone key of a menu option.

    :raises IvrkitError: if the key has characters other than digits and ``*``, or begins with the key that repeats the
        menu.
    """
    if not is_key_sequence(answer) or "#" in answer:
        raise IvrkitError(
            f"the key of a menu option must be digits and *, not {answer!r}", hint="choose a key such as 4"
        )
    if DEFAULT_REPEAT_KEY is not None and answer.startswith(DEFAULT_REPEAT_KEY):
        raise IvrkitError(
            f"the key {answer!r} begins with {DEFAULT_REPEAT_KEY}, which repeats the menu",
            hint="choose a key such as 4",
        )
    return answer


def line(answer: str) -> str:
    """Return a text of one line: a sentence, a label or a person's name.

    :raises IvrkitError: if the text is empty, has several lines, or has braces. Braces mark placeholders in a sentence.
    """
    text = answer.strip()
    if not text or not text.isprintable() or "{" in text or "}" in text:
        raise IvrkitError(f"the text must be one line without braces, not {answer!r}", hint="write it on one line")
    return text


def languages(answer: str) -> tuple[str, ...]:
    """Return the language tags in an answer such as "es, de".

    :raises IvrkitError: if one of the tags is not a language tag, or is a tag of English.
    """
    tags = [] if answer.strip() == NONE else [each.strip() for each in answer.split(",")]
    found, problems = convert(tags, tuple[LanguageTag, ...], ("languages",))
    if problems or any(tag.split("-")[0].lower() == "en" for tag in found):
        raise IvrkitError(
            f"the answer must be languages besides English, not {answer!r}",
            hint='write their tags, such as "es, de", or "none"',
        )
    return tuple({tag.lower(): tag for tag in found}.values())


def zone(answer: str) -> str:
    """Return the name of a time zone.

    :raises IvrkitError: if the time zone does not exist.
    """
    found, problems = convert(answer, TimeZone, ("timezone",))
    if problems:
        raise IvrkitError(f"the time zone {answer!r} does not exist", hint="write a name such as America/New_York")
    return str(found)


def translations(option: str, given: Sequence[str], known: Sequence[str]) -> Mapping[str, str]:
    """Parse the values of an option, such as ``es=aparcamiento``, and return language -> text.

    :param option: the name of the option.
    :param given: the values of the option.
    :param known: the languages of the new plugin.
    :raises IvrkitError: if a value does not have the form ``LANGUAGE=TEXT``, or if its language is not in ``known``.
    """
    found: dict[str, str] = {}
    for each in given:
        tag, _, text = each.partition("=")
        tag = tag.replace("_", "-")
        if tag not in known or not text:
            raise IvrkitError(
                f"{option} must be LANGUAGE=TEXT, with a language of the plugin, not {each!r}",
                hint=f"the languages of the plugin: {', '.join(known) or 'none'}",
            )
        found[tag] = line(text)
    return found
