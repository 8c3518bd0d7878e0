"""What may be answered to the questions of ``ivrkit new``: an answer is taken as it is meant, or refused."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Mapping, Sequence

import importlib_metadata

from ivrkit.errors import IvrkitError
from ivrkit.flow.compile.menus import USUAL_REPEAT
from ivrkit.flow.model.outcomes import is_key_sequence
from ivrkit.settings import types

#: PEP 508: https://packaging.python.org/en/latest/specifications/name-normalization/
_NAME = re.compile(r"[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9]", re.IGNORECASE)
_STATE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
#: As long as names may be, so that the lines of the files do not break where a formatter would break them otherwise.
LONGEST_NAME, LONGEST_STATE = 40, 30
#: What is answered where there are no languages besides English.
NONE = "none"
#: Modules of the folder that is made, or of its tests.
_TAKEN_PACKAGES = ("conftest", "ivrkit", "pytest_ivrkit", "test", "tests")
#: States of the core, and names that the package's own modules and functions have already.
_CORE_STATES = ("greeting", "menu")
_TAKEN_MODULES = ("ask", "languages", "locale", "settings")


def name(answer: str) -> str:
    """Return the normal name of what is made.

    :raises IvrkitError: for what no distribution could be called.
    """
    if not _NAME.fullmatch(answer) or len(answer) > LONGEST_NAME:
        raise IvrkitError(
            f"{answer!r} is no name for a folder or a distribution",
            hint=f"use up to {LONGEST_NAME} letters and digits, with - between them, such as parking-ivr",
        )
    return types.normal_name(answer)


def distribution(answer: str) -> str:
    """Return the normal name of a distribution.

    :raises IvrkitError: for what is none, and for one whose package could not be imported.
    """
    normal = name(answer)
    package = package_of(normal)
    if not package.isidentifier() or keyword.iskeyword(package):
        raise IvrkitError(
            f"{answer!r} gives the package {package!r}, and Python can't import that",
            hint=f"choose a name that begins with a letter and is no word of Python's own, such as {_other(normal)}",
        )
    owner = _owner_of_package(normal, package)
    if owner:
        raise IvrkitError(
            f"{answer!r} gives the package {package!r}, which {owner}",
            hint=f"choose another name, such as {_other(normal)}",
        )
    return normal


def package_of(name: str) -> str:
    """Return the package of a distribution: ``parking_ivr`` of ``parking-ivr``."""
    return name.replace("-", "_")


def _other(name: str) -> str:
    """Return a name like this one that begins with a letter and is free."""
    return f"{name}-ivr" if name[:1].isalpha() else f"ivr-{name}"


def _owner_of_package(name: str, package: str) -> str:
    """Return whose a package is already, ``""`` when it is nobody's."""
    if package in sys.stdlib_module_names:
        return "is in Python's standard library"
    if package in _TAKEN_PACKAGES:
        return "is that of ivrkit or of tests"
    owners = importlib_metadata.packages_distributions().get(package, ())
    other = next((owner for owner in owners if types.normal_name(owner) != name), None)
    return f"is that of {other}, which is installed" if other else ""


def state(answer: str) -> str:
    """Return the name of a state.

    :raises IvrkitError: for a name that a state, or the function that makes it, can't have.
    """
    if not _STATE.fullmatch(answer) or len(answer) > LONGEST_STATE:
        raise IvrkitError(
            f"{answer!r} is no name for a state",
            hint=f"use up to {LONGEST_STATE} letters, digits, - and _, a letter first, such as parking",
        )
    if answer in _CORE_STATES:
        raise IvrkitError(f"the state {answer!r} is ivrkit's own", hint="choose another name")
    if keyword.iskeyword(module_of(answer)) or module_of(answer) in _TAKEN_MODULES:
        raise IvrkitError(
            f"the state {answer!r} would be made by a function of that name, and the name is taken",
            hint=f"choose another one, such as {answer}-line",
        )
    return answer


def module_of(state: str) -> str:
    """Return the name of the module, and of the function in it, that make a state."""
    return state.lower().replace("-", "_")


def key(answer: str) -> str:
    """Return the key of an option.

    :raises IvrkitError: for what no telephone has, and for what the menu keeps for itself.
    """
    if not is_key_sequence(answer) or "#" in answer:
        raise IvrkitError(
            f"{answer!r} is no key of a menu", hint="use digits and *, such as 4: # ends what is pressed in a menu"
        )
    if USUAL_REPEAT is not None and answer.startswith(USUAL_REPEAT):
        raise IvrkitError(
            f"the key {answer!r} begins with {USUAL_REPEAT}, which reads the menu again",
            hint="choose one that begins otherwise, such as 4",
        )
    return answer


def words(answer: str) -> str:
    """Return what is said, or a name that is shown, on one line.

    :raises IvrkitError: for nothing, for what no line can hold, and for braces, which are places in a sentence.
    """
    said = answer.strip()
    if not said or not said.isprintable() or "{" in said or "}" in said:
        raise IvrkitError(f"{answer!r} is no line of words", hint="write words on one line, without braces")
    return said


def languages(answer: str) -> tuple[str, ...]:
    """Return the tags of the languages besides English.

    :raises IvrkitError: for what is no tag of a language, and for English.
    """
    told = [] if answer.strip() == NONE else [each.strip() for each in answer.split(",")]
    try:
        found = types.languages(told)
    except ValueError:
        found = ()
    if len(found) < len(told) or any(tag.split("-")[0].lower() == "en" for tag in found):
        raise IvrkitError(
            f"{answer!r} are no languages besides English", hint='write their tags, such as "es, de", or "none"'
        )
    return tuple({tag.lower(): tag for tag in found}.values())


def zone(answer: str) -> str:
    """Return the name of a time zone.

    :raises IvrkitError: when there is none of that name.
    """
    try:
        return types.zone(answer)
    except (ValueError, OSError, KeyError) as error:
        raise IvrkitError(
            f"{answer!r} is no time zone", hint="write one as the tz database has it, such as America/New_York"
        ) from error


def translations(option: str, given: Sequence[str], spoken: Sequence[str]) -> Mapping[str, str]:
    """Return language -> words, of what an option was given as ``es=aparcamiento``.

    :param option: the name of the option.
    :param given: what it was given.
    :param spoken: the languages that there are.
    :raises IvrkitError: for what is not written so, and for a language that is not among them.
    """
    found: dict[str, str] = {}
    for each in given:
        tag, _, said = each.partition("=")
        tag = tag.replace("_", "-")
        if tag not in spoken or not said:
            raise IvrkitError(
                f"{option} {each!r} is no language with its words",
                hint=f"write LANGUAGE=WORDS; the languages are: {', '.join(spoken) or 'none'}",
            )
        found[tag] = words(said)
    return found
