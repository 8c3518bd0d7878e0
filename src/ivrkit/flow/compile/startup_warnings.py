"""What the host warns of when it starts: what can be served as it is, and is hardly meant so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from twilio.twiml import TwiML

from ivrkit.errors import Problem, nearest
from ivrkit.flow.compile.call_flow import RULE_GOTOS
from ivrkit.flow.compile.compiled_state import CompiledState
from ivrkit.flow.compile.languages import SOURCE_LANGUAGE, base_language
from ivrkit.flow.compile.menus import has_keys
from ivrkit.flow.model.prompts import Menu
from ivrkit.flow.model.routes import LeadsTo
from ivrkit.flow.model.state import State
from ivrkit.flow.model.text import Text


def find_startup_warnings(states: Mapping[str, CompiledState]) -> Iterator[Problem]:
    """Return the startup warnings.

    :param states: name -> compiled state.
    """
    for each in states.values():
        state = each.state
        if each.is_menu and not has_keys(each.routes):
            yield _warning(state, f"the menu {state.name!r} has no options: no installed plugin offers any")
        yield from _untranslated(each)
        yield from _never_said(each, states)


def _never_said(compiled: CompiledState, states: Mapping[str, CompiledState]) -> Iterator[Problem]:
    """Tell which words of the team stand for words that the state and its parts do not say, as far as that is known."""
    state = compiled.state
    members = [compiled, *(each for each in states.values() if f"{each.state.parent}.".startswith(f"{state.name}."))]
    if any(callable(each.state.enter) or isinstance(each.state.exit, LeadsTo) for each in members):
        return
    words = [exit.say for exit in RULE_GOTOS] + [word for each in members for word in _words_of_state(each)]
    said = dict.fromkeys(str(text) for text in _texts_of(words))
    languages = [localized.language for localized in compiled.localized.values()]
    replaced = {written for language in languages for written in language.text_overrides.get(state.name, ())}
    for written in sorted(replaced - said.keys()):
        near = nearest(written, said)
        message = f"state {state.name!r} of {state.owner} does not say {written!r}{near}: [states.{state.name}.texts]"
        yield _warning(state, message)


def _warning(state: State, message: str) -> Problem:
    return Problem(message, level="warning", owner=state.owner.plugin, state=state.name)


def texts_in_state(compiled: CompiledState) -> Iterator[str]:
    """Return every text that a state says or is called, as it is written, those inside of verbs and places included."""
    yield from _texts_of(_words_of_state(compiled))


def _words_of_state(compiled: CompiledState) -> list[Any]:
    """Return everything that a state says, and is called, as it is written."""
    state = compiled.state
    words: list[Any] = [state.enter, *(exit.say for exit in compiled.gotos_with_prompts())]
    words += state.whisper.texts if state.whisper else ()
    return words + [text for option in state.menu_options for text in (option.label, option.sentence, *option.phrases)]


def _untranslated(compiled: CompiledState) -> Iterator[Problem]:
    """Tell which texts of a state would be heard in the language that they are written in."""
    state = compiled.state
    texts = list(dict.fromkeys(text for text in _texts_of(_words_of_state(compiled)) if isinstance(text, Text)))
    for tag, localized in compiled.localized.items():
        missing = [text for text in texts if not localized.language.has_translation(text, state)]
        if missing and base_language(tag) != SOURCE_LANGUAGE:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            words = f"no words in {tag} for {str(missing[0])!r}{more}"
            yield _warning(state, f"state {state.name!r} of {state.owner} has {words}")


def _texts_of(said: Any) -> Iterator[Any]:
    """Return every text in an ``enter``, those inside of verbs and places included."""
    if isinstance(said, str):
        yield said
        if isinstance(said, Text):
            yield from _texts_of(list(said.values.values()))
    elif isinstance(said, list | tuple):
        for each in said:
            yield from _texts_of(each)
    elif isinstance(said, Menu):
        yield from _texts_of(said.texts)
    elif isinstance(said, TwiML):
        yield from _texts_of([*_spoken(said)] if said.name == "Say" else said.verbs)


def _spoken(verb: TwiML) -> Iterator[Any]:
    """Return what a ``Say`` says, with what marks its speech up; the text of any other verb is a name or a number."""
    yield verb.value
    for child in verb.verbs:
        yield from [child] if isinstance(child, str) else _spoken(child)
