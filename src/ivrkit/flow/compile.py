"""Compiles the states of a phone tree, once when it starts."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import EllipsisType, MappingProxyType

from ivrkit.errors import Fault, FlowError, LoadError
from ivrkit.flow.checks import find_faults
from ivrkit.flow.compiled import CompiledState, Voiced, render_words
from ivrkit.flow.exits import Exits, LeadsTo
from ivrkit.flow.flow import Beginning, CallFlow
from ivrkit.flow.language import Language, match
from ivrkit.flow.menus import Choice, collect_choices, is_menu, menu_routes, spoken_routes
from ivrkit.flow.notices import notices_of
from ivrkit.flow.outcomes import fold
from ivrkit.flow.parts import family
from ivrkit.flow.paths import home_of, start_menu_of
from ivrkit.flow.rules import Hooks, Rules
from ivrkit.flow.sentences import BY_RULE, ENGINE, SPOKEN_BY_ENGINE
from ivrkit.flow.state import State
from ivrkit.flow.targets import Target, aim
from ivrkit.flow.text import Text
from ivrkit.flow.twiml import Dress
from ivrkit.flow.whisper import whisper_url, words_of_whisper

#: How many texts of a state are kept in a language once they were looked up; what a function says may vary.
MOST_KEPT = 64


def compile_flow(states: Iterable[State], rules: Rules | None = None, hooks: Hooks | None = None) -> CallFlow:
    """Return the call flow of these states.

    :param states: with their names and owners bound, in the order of loading; each may bring parts.
    :param rules: the settings that the flow obeys.
    :param hooks: the plugins' code that the engine calls.
    :raises LoadError: with every fault that was found.
    """
    rules = rules or Rules()
    by_name = {each.name: each for state in states for each in family(state)}
    choices = collect_choices(by_name.values())
    languages = rules.spoken()
    dresses = {tag: _dress(language, rules) for tag, language in languages.items()}
    faults = list(find_faults(by_name, choices, rules, tuple(languages)))
    compiled: dict[str, CompiledState] = {}
    for name, state in by_name.items():
        try:
            compiled[name] = _compile_state(state, choices, rules, languages)
        except Exception as error:
            faults.append(state_fault(state, error))
    if faults:
        raise LoadError(faults)
    return CallFlow(
        states=MappingProxyType(compiled),
        rules=rules,
        hooks=hooks or Hooks(),
        beginnings={name: _beginning(name, by_name, choices, compiled, rules) for name in by_name},
        notices=tuple(notices_of(compiled)),
        sentences={tag: _sentences(dress) for tag, dress in dresses.items()},
        dresses=dresses,
    )


def _dress(language: Language, rules: Rules) -> Dress:
    """Return what verbs are given that no state says."""
    overrides = rules.connection_overrides
    return Dress(language.voice, language.tag, words=lambda text: language.words(text, ENGINE), overrides=overrides)


def _sentences(dress: Dress) -> dict[str, bytes]:
    return {name: render_words(text, dress) for name, text in SPOKEN_BY_ENGINE.items()}


def _beginning(
    start: str,
    states: Mapping[str, State],
    choices: Mapping[str, tuple[Choice, ...]],
    compiled: Mapping[str, CompiledState],
    rules: Rules,
) -> Beginning:
    menu = start_menu_of(states, choices, start)
    contents = {name: each.content for name, each in compiled.items()}
    return Beginning(menu, home_of(states, menu, start, contents), rules.way_out or _zero_of(compiled.get(menu or "")))


def _zero_of(start_menu: CompiledState | None) -> str | None:
    """Return the state that key 0 of the start menu leads to, by an option or a row."""
    target = aim(start_menu.routes.get("0")) if start_menu else None
    return target if isinstance(target, str) else None


def state_fault(state: State, error: Exception) -> Fault:
    """Return an error that a state raised as a fault of its plugin."""
    if not isinstance(error, FlowError):
        error = FlowError(f"{type(error).__name__}: {error}", hint="what it says can't be made into TwiML")
    return Fault(f"state {state.name!r} of {state.owner}: {error.message}", error.hint, state.owner.plugin, state.name)


def _compile_state(
    state: State, choices: Mapping[str, tuple[Choice, ...]], rules: Rules, languages: Mapping[str, Language]
) -> CompiledState:
    own = choices.get(state.name, ())
    menu = is_menu(state, choices)
    table = state.exit if isinstance(state.exit, Exits) else Exits()
    limits = state.exit if isinstance(state.exit, LeadsTo) else table
    routes = menu_routes(state, own) if menu else dict(table.rows)
    compiled = CompiledState(
        state=state,
        choices=own,
        routes=MappingProxyType(routes),
        otherwise=table.otherwise,
        tries=limits.tries or rules.tries,
        give_up=limits.give_up,
        is_menu=menu,
        exits_hash=_hash_of(state, routes, table.otherwise),
        voiced={},
    )
    voiced = {tag: _voice(compiled, language, languages, rules) for tag, language in languages.items()}
    return replace(compiled, voiced=MappingProxyType(voiced))


def _voice(compiled: CompiledState, called_in: Language, languages: Mapping[str, Language], rules: Rules) -> Voiced:
    """Return a state in the language of a call; a state that has a language of its own is in that."""
    state = compiled.state
    language = called_in
    if state.language is not None:
        language = languages[match(state.language, languages) or called_in.tag]
    overrides = rules.connection_overrides
    keys = [outcome for outcome in compiled.routes if not outcome[0].isalpha()]
    dress = Dress(
        voice=state.voice or (language.voice if state.language in (None, language.tag) else None),
        language=state.language or language.tag,
        num_digits=max((len(key) for key in keys), default=None),
        exits=compiled.is_menu or isinstance(state.exit, Exits | LeadsTo),
        words=_words_of(state, language),
        whisper=whisper_url(state.name, called_in.tag, overrides) if state.whisper else None,
        overrides=overrides,
    )
    _refuse_one_phrase_for_two(compiled, language)
    said = {exit: render_words(exit.say, dress) for exit in (*compiled.exits_with_words(), *BY_RULE)}
    whisper = render_words(words_of_whisper(state.whisper, language), dress) if state.whisper else None
    voiced = Voiced(language, dress, spoken_routes(compiled.choices, language), None, said, whisper)
    if callable(state.enter):
        return voiced
    return replace(voiced, content=compiled.prepare(state.enter, voiced))


def _refuse_one_phrase_for_two(compiled: CompiledState, language: Language) -> None:
    """Refuse phrases that stand for two keys once they are translated: one of them would be heard as the other.

    :raises FlowError: with the phrase, the language and both keys.
    """
    keys: dict[str, tuple[str, str]] = {}
    for choice in compiled.choices:
        key = choice.option.key
        for written in choice.option.phrases:
            phrase = fold(language.words(written, choice.state))
            other, also = keys.setdefault(phrase, (key, fold(written)))
            if other != key and also != fold(written):
                raise FlowError(
                    f"in {language.tag} the phrase {phrase!r} stands for the keys {other!r} and {key!r}",
                    hint="translate one of the two otherwise",
                )


def _words_of(state: State, language: Language) -> Callable[[str], str]:
    """Return what gives the words of a state's texts; a few that were looked up are kept, for the next caller."""
    look_up = functools.lru_cache(MOST_KEPT)(functools.partial(language.words, state=state))
    has_own = state.name in language.own or state.part_of in language.own

    def words(text: str) -> str:
        if isinstance(text, Text):
            return language.words(text, state) if text.places else look_up(text)
        return language.words(text, state) if has_own else text

    return words


def _hash_of(state: State, routes: Mapping[str, Target], otherwise: Target | EllipsisType) -> str:
    """Return a hash that changes when some input would lead elsewhere."""
    rows = sorted((outcome, repr(aim(target))) for outcome, target in routes.items())
    rest = repr(otherwise if otherwise is ... else aim(otherwise))
    named = sorted(repr(aim(target)) for target in state.exit.targets) if isinstance(state.exit, LeadsTo) else []
    return hashlib.sha256(repr((rows, rest, named)).encode()).hexdigest()[:16]
