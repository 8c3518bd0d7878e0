"""Compiles the states of a phone tree, once when it starts."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import EllipsisType, MappingProxyType

from ivrkit.errors import FlowError, LoadError, Problem
from ivrkit.flow.compile.call_flow import CallFlow, StartInfo
from ivrkit.flow.compile.checks import find_problems
from ivrkit.flow.compile.compiled_state import CompiledState, LocalizedState, render_prompts
from ivrkit.flow.compile.flow_config import EngineHooks, FlowConfig
from ivrkit.flow.compile.languages import Language, closest_tag
from ivrkit.flow.compile.menus import MenuEntry, collect_menu_entries, is_menu, menu_routes, spoken_routes
from ivrkit.flow.compile.paths import home_of, start_menu_of
from ivrkit.flow.compile.sentences import BY_RULE, ENGINE, SPOKEN_BY_ENGINE
from ivrkit.flow.compile.startup_warnings import find_startup_warnings
from ivrkit.flow.compile.twiml import RenderContext
from ivrkit.flow.compile.whisper import whisper_prompts, whisper_url
from ivrkit.flow.model.outcomes import normalize_phrase
from ivrkit.flow.model.routes import LeadsTo, Routes, Target, destination_of
from ivrkit.flow.model.state import State
from ivrkit.flow.model.substates import expand_substates
from ivrkit.flow.model.text import Text

#: How many texts of a state are kept in a language once they were looked up; what a function says may vary.
TRANSLATION_CACHE_SIZE = 64


def compile_flow(
    states: Iterable[State], config: FlowConfig | None = None, hooks: EngineHooks | None = None
) -> CallFlow:
    """Return the call flow of these states.

    :param states: with their names and owners bound, in the order of loading; each may bring parts.
    :param config: the settings that the flow obeys.
    :param hooks: the plugins' code that the engine calls.
    :raises LoadError: with every problem that was found.
    """
    config = config or FlowConfig()
    by_name = {each.name: each for state in states for each in expand_substates(state)}
    entries = collect_menu_entries(by_name.values())
    languages = config.languages_by_tag()
    render_contexts = {tag: _dress(language, config) for tag, language in languages.items()}
    problems = list(find_problems(by_name, entries, config, tuple(languages)))
    compiled: dict[str, CompiledState] = {}
    for name, state in by_name.items():
        try:
            compiled[name] = _compile_state(state, entries, config, languages)
        except Exception as error:
            problems.append(state_problem(state, error))
    if problems:
        raise LoadError(problems)
    return CallFlow(
        states=MappingProxyType(compiled),
        config=config,
        hooks=hooks or EngineHooks(),
        start_infos={name: _start_info(name, by_name, entries, compiled, config) for name in by_name},
        startup_warnings=tuple(find_startup_warnings(compiled)),
        core_prompts={tag: _sentences(context) for tag, context in render_contexts.items()},
        render_contexts=render_contexts,
    )


def _dress(language: Language, config: FlowConfig) -> RenderContext:
    """Return what verbs are given that no state says."""
    overrides = config.connection_overrides
    return RenderContext(
        language.voice,
        language.tag,
        translate=lambda text: language.translate(text, ENGINE),
        connection_overrides=overrides,
    )


def _sentences(context: RenderContext) -> dict[str, bytes]:
    return {name: render_prompts(text, context) for name, text in SPOKEN_BY_ENGINE.items()}


def _start_info(
    start: str,
    states: Mapping[str, State],
    entries: Mapping[str, tuple[MenuEntry, ...]],
    compiled: Mapping[str, CompiledState],
    config: FlowConfig,
) -> StartInfo:
    menu = start_menu_of(states, entries, start)
    contents = {name: each.content for name, each in compiled.items()}
    return StartInfo(
        menu, home_of(states, menu, start, contents), config.operator or _zero_of(compiled.get(menu or ""))
    )


def _zero_of(start_menu: CompiledState | None) -> str | None:
    """Return the state that key 0 of the start menu leads to, by an option or a row."""
    target = destination_of(start_menu.routes.get("0")) if start_menu else None
    return target if isinstance(target, str) else None


def state_problem(state: State, error: Exception) -> Problem:
    """Return an error that a state raised as a problem of its plugin."""
    if not isinstance(error, FlowError):
        error = FlowError(f"{type(error).__name__}: {error}", hint="what it says can't be made into TwiML")
    message = f"state {state.name!r} of {state.owner}: {error.message}"
    return Problem(message, error.hint, owner=state.owner.plugin, state=state.name)


def _compile_state(
    state: State, entries: Mapping[str, tuple[MenuEntry, ...]], config: FlowConfig, languages: Mapping[str, Language]
) -> CompiledState:
    own = entries.get(state.name, ())
    menu = is_menu(state, entries)
    table = state.exit if isinstance(state.exit, Routes) else Routes()
    limits = state.exit if isinstance(state.exit, LeadsTo) else table
    routes = menu_routes(state, own) if menu else dict(table.rows)
    compiled = CompiledState(
        state=state,
        menu_entries=own,
        routes=MappingProxyType(routes),
        otherwise=table.otherwise,
        tries=limits.tries or config.tries,
        give_up=limits.give_up,
        is_menu=menu,
        routes_hash=_hash_of(state, routes, table.otherwise),
        localized={},
    )
    localized = {tag: _voice(compiled, language, languages, config) for tag, language in languages.items()}
    return replace(compiled, localized=MappingProxyType(localized))


def _voice(
    compiled: CompiledState, called_in: Language, languages: Mapping[str, Language], config: FlowConfig
) -> LocalizedState:
    """Return a state in the language of a call; a state that has a language of its own is in that."""
    state = compiled.state
    language = called_in
    if state.language is not None:
        language = languages[closest_tag(state.language, languages) or called_in.tag]
    overrides = config.connection_overrides
    keys = [outcome for outcome in compiled.routes if not outcome[0].isalpha()]
    context = RenderContext(
        voice=state.voice or (language.voice if state.language in (None, language.tag) else None),
        language=state.language or language.tag,
        num_digits=max((len(key) for key in keys), default=None),
        has_routes=compiled.is_menu or isinstance(state.exit, Routes | LeadsTo),
        translate=_words_of(state, language),
        whisper_url=whisper_url(state.name, called_in.tag, overrides) if state.whisper else None,
        connection_overrides=overrides,
    )
    _refuse_one_phrase_for_two(compiled, language)
    said = {exit: render_prompts(exit.say, context) for exit in (*compiled.gotos_with_words(), *BY_RULE)}
    whisper = render_prompts(whisper_prompts(state.whisper, language), context) if state.whisper else None
    localized = LocalizedState(language, context, spoken_routes(compiled.menu_entries, language), None, said, whisper)
    if callable(state.enter):
        return localized
    return replace(localized, content=compiled.render_enter(state.enter, localized))


def _refuse_one_phrase_for_two(compiled: CompiledState, language: Language) -> None:
    """Refuse phrases that stand for two keys once they are translated: one of them would be heard as the other.

    :raises FlowError: with the phrase, the language and both keys.
    """
    keys: dict[str, tuple[str, str]] = {}
    for entry in compiled.menu_entries:
        key = entry.option.key
        for written in entry.option.phrases:
            phrase = normalize_phrase(language.translate(written, entry.state))
            other, also = keys.setdefault(phrase, (key, normalize_phrase(written)))
            if other != key and also != normalize_phrase(written):
                raise FlowError(
                    f"in {language.tag} the phrase {phrase!r} stands for the keys {other!r} and {key!r}",
                    hint="translate one of the two otherwise",
                )


def _words_of(state: State, language: Language) -> Callable[[str], str]:
    """Return what gives the words of a state's texts; a few that were looked up are kept, for the next caller."""
    look_up = functools.lru_cache(TRANSLATION_CACHE_SIZE)(functools.partial(language.translate, state=state))
    has_own = state.name in language.text_overrides or state.parent in language.text_overrides

    def words(text: str) -> str:
        if isinstance(text, Text):
            return language.translate(text, state) if text.values else look_up(text)
        return language.translate(text, state) if has_own else text

    return words


def _hash_of(state: State, routes: Mapping[str, Target], otherwise: Target | EllipsisType) -> str:
    """Return a hash that changes when some input would lead elsewhere."""
    rows = sorted((outcome, repr(destination_of(target))) for outcome, target in routes.items())
    rest = repr(otherwise if otherwise is ... else destination_of(otherwise))
    named = (
        sorted(repr(destination_of(target)) for target in state.exit.targets) if isinstance(state.exit, LeadsTo) else []
    )
    return hashlib.sha256(repr((rows, rest, named)).encode()).hexdigest()[:16]
