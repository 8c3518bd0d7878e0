"""The compiler: turns the states of a phone tree into a call flow, once at start."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import EllipsisType, MappingProxyType

from ivrkit.errors import FlowError, LoadError, Problem
from ivrkit.flow.compile.call_flow import ENGINE_PROMPTS, CallFlow
from ivrkit.flow.compile.checks import find_problems
from ivrkit.flow.compile.compiled_state import CompiledState, render_prompts
from ivrkit.flow.compile.flow_config import EngineHooks, FlowConfig
from ivrkit.flow.compile.fragments import Fragment
from ivrkit.flow.compile.languages import Language
from ivrkit.flow.compile.localize import localize_state
from ivrkit.flow.compile.menus import MenuEntry, collect_menu_entries, is_menu, menu_routes
from ivrkit.flow.compile.phrase_checks import find_phrase_problems
from ivrkit.flow.compile.start_info import make_start_info
from ivrkit.flow.compile.startup_warnings import find_startup_warnings
from ivrkit.flow.compile.twiml import RenderContext
from ivrkit.flow.model.prompts import Menu
from ivrkit.flow.model.routes import LeadsTo, Routes, Target, destination_of
from ivrkit.flow.model.state import CORE_PLUGIN, Owner, State
from ivrkit.flow.model.substates import expand_substates
from ivrkit.flow.model.text import Text, Texts
from ivrkit.plugin_errors import describe_error, hint_of_error, plugin_errors

#: Stands for the state of prompts that belong to no state, so that they are translated as the core's own.
_CORE_STATE = State(Menu(), owner=Owner(CORE_PLUGIN))
#: The names of the core's texts that the engine and the transition rules say.
_TEXTS_WITHOUT_STATE = (*ENGINE_PROMPTS, "wrong_choice", "not_connected")


def compile_flow(
    states: Iterable[State], config: FlowConfig | None = None, hooks: EngineHooks | None = None
) -> CallFlow:
    """Check and render the states of a phone tree, and return its call flow.

    :param states: the states in the order of loading. The ``name`` and ``owner`` of each state must be set. A state may
        have substates.
    :param config: the settings of the call flow; by default all settings have their defaults.
    :param hooks: the plugins' hook implementations that the engine calls; by default there are no implementations.
    :raises LoadError: if a state has a problem. The error lists the problems of all states.
    """
    config = config or FlowConfig()
    by_name = {each.name: each for state in states for each in expand_substates(state)}
    entries = collect_menu_entries(by_name.values())
    languages = config.languages_by_tag()
    # 1. The checks that need no rendering: settings, targets, menus, keys.
    problems = list(find_problems(by_name, entries, config, tuple(languages)))
    problems += find_phrase_problems(entries, languages)
    # The core's texts come before the states, because every state would have the problems of these texts again.
    contexts = {tag: _core_context(language, config) for tag, language in languages.items()}
    core_problems = [problem for context in contexts.values() for problem in _core_problems(context)]
    if core_problems:
        raise LoadError([*problems, *core_problems])
    # 2. Every state in every language. This finds the problems of prompts and of waiting verbs.
    compiled: dict[str, CompiledState] = {}
    for name, state in by_name.items():
        try:
            compiled[name] = _compile_state(state, entries, config, languages)
        except plugin_errors() as error:
            problems.append(_state_problem(state, error))
    if problems:
        raise LoadError(problems)
    # 3. The facts that need all states.
    return CallFlow(
        states=MappingProxyType(compiled),
        config=config,
        hooks=hooks or EngineHooks(),
        start_infos={name: make_start_info(name, compiled, config) for name in compiled},
        startup_warnings=tuple(find_startup_warnings(compiled)),
        core_prompts={tag: _core_prompts(context) for tag, context in contexts.items()},
        render_contexts=contexts,
    )


def _core_context(language: Language, config: FlowConfig) -> RenderContext:
    """Return the default attributes of verbs in prompts that belong to no state, such as the core's goodbye."""
    return RenderContext(
        language.voice,
        language.tag,
        translate=lambda text: language.translate(text, _CORE_STATE),
        connection_overrides=config.connection_overrides,
    )


def _core_problems(context: RenderContext) -> Iterator[Problem]:
    """Yield a problem for each of the core's texts that belongs to no state and cannot be said."""
    for name in _TEXTS_WITHOUT_STATE:
        try:
            render_prompts(Text(getattr(Texts, name)), context)
        except FlowError as error:
            yield Problem(f"texts.{name}: {error.message}", error.hint)


def _core_prompts(context: RenderContext) -> dict[str, Fragment]:
    return {name: render_prompts(text, context) for name, text in ENGINE_PROMPTS.items()}


def _state_problem(state: State, error: BaseException) -> Problem:
    """Return the problem to report for a state whose compilation raised an error."""
    message = f"state {state.name!r} of {state.owner}: {describe_error(error)}"
    is_own = isinstance(error, FlowError)
    hint = hint_of_error(error) if is_own else "change its content: it cannot be rendered as TwiML"
    return Problem(message, hint, owner=state.owner.plugin, state=state.name)


def _compile_state(
    state: State, entries: Mapping[str, tuple[MenuEntry, ...]], config: FlowConfig, languages: Mapping[str, Language]
) -> CompiledState:
    """Return a state with its routes, and with its prompts rendered in every language.

    :raises FlowError: if the prompts of the state are invalid or do not fit its exit.
    """
    menu_entries = entries.get(state.name, ())
    menu = is_menu(state, entries)
    table = state.exit if isinstance(state.exit, Routes) else Routes()
    limits = state.exit if isinstance(state.exit, LeadsTo) else table
    routes = menu_routes(state, menu_entries) if menu else dict(table.rows)
    compiled = CompiledState(
        state=state,
        menu_entries=menu_entries,
        routes=MappingProxyType(routes),
        otherwise=table.otherwise,
        tries=limits.tries or config.tries,
        give_up=limits.give_up,
        is_menu=menu,
        routes_hash=_hash_routes(state, routes, table.otherwise),
        localized={},
    )
    localized = {tag: localize_state(compiled, language, languages, config) for tag, language in languages.items()}
    return replace(compiled, localized=MappingProxyType(localized))


def _hash_routes(state: State, routes: Mapping[str, Target], otherwise: Target | EllipsisType) -> str:
    """Return a hash that changes if a deploy changes the target of an input.

    A session stores the hash. If the hash has changed when the caller presses a key, the key may mean something else
    now, so the engine repeats the state.
    """
    rows = sorted((outcome, repr(destination_of(target))) for outcome, target in routes.items())
    other = repr(otherwise if otherwise is ... else destination_of(otherwise))
    targets = state.exit.targets if isinstance(state.exit, LeadsTo) else ()
    named = sorted(repr(destination_of(target)) for target in targets)
    return hashlib.sha256(repr((rows, other, named)).encode()).hexdigest()[:16]
