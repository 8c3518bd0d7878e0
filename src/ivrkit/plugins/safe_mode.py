"""Safe mode: a phone tree without the code of any plugin, for the day when a plugin misbehaves.

The phone tree has the core's states and the operator. A caller hears the greeting and the apology, and is connected to
the operator. TOML states of the core's state kinds are data, so the operator may be one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ivrkit.errors import LoadError, Problem, Problems, toml_key
from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.flow.compile.compiler import compile_flow
from ivrkit.flow.compile.flow_config import EngineHooks, FlowConfig
from ivrkit.flow.model.call import Call
from ivrkit.flow.model.routes import HOME, Goto, LeadsTo, Routes, Target, destination_of
from ivrkit.flow.model.state import CORE_PLUGIN, Owner, State
from ivrkit.flow.model.text import Text, Texts
from ivrkit.plugins.entry_points import FILE, EntryPoint
from ivrkit.plugins.hook_calls import make_state_failed
from ivrkit.plugins.state_kinds import StateKind
from ivrkit.settings import Settings, StartSettings, StateSettings

#: The core's states: the first state of a call, and the state that leads to the operator in safe mode.
GREETING, MENU = "greeting", "menu"
#: The name of the state that dials the setting ``operator_number``, unless the setting ``operator`` has a name for it.
_OPERATOR = "operator"


def is_safe(point: EntryPoint) -> bool:
    """Return whether safe mode loads an entry point: an entry point of the core, or a TOML file."""
    is_toml_file = point.source == FILE and not point.name.endswith(".py")
    return is_toml_file or (point.owner.plugin == CORE_PLUGIN and point.source != FILE)


def safe_settings(settings: Settings) -> Settings:
    """Return the settings with which the phone tree of safe mode is loaded.

    Settings that name a plugin, or a state of a plugin, have their defaults. A problem of a TOML file never prevents
    the start.

    :param settings: the settings as they were given.
    """
    tables = {name: _safe_table(name, table) for name, table in settings.states.items()}
    return replace(
        settings,
        strict=False,
        start=GREETING,
        operator=None,
        numbers=_without_start(settings.numbers),
        callers=_without_start(settings.callers),
        allow=None,
        plugin_settings={},
        states={name: table for name, table in tables.items() if table is not None},
    )


def _without_start(starts: Mapping[str, StartSettings]) -> dict[str, StartSettings]:
    """Return the settings of numbers with their languages only. Every call begins in the same state."""
    return {number: StartSettings(language=each.language) for number, each in starts.items() if each.language}


def _safe_table(name: str, table: StateSettings) -> StateSettings | None:
    """Return the part of a table ``[states.NAME]`` that safe mode uses, or ``None`` for a state of a plugin."""
    if table.table:
        return replace(table, plugin=None)
    if name in (GREETING, MENU):
        return StateSettings(voice=table.voice, language=table.language, texts=table.texts)
    return None


class SafeFlowMaker:
    """Maker of the call flow of safe mode, from the core's states and the TOML states.

    :param settings: the settings as they were given.
    :param config: the settings of the call flow.
    :param kinds: name -> state kind, for the core's state kinds.
    :param core: the owner of the core's states.
    :param problems: the collection to which problems are added.
    """

    def __init__(
        self, settings: Settings, config: FlowConfig, kinds: Mapping[str, StateKind], core: Owner, problems: Problems
    ) -> None:
        self._settings = settings
        self._config = config
        self._kinds = kinds
        self._core = core
        self._problems = problems

    def make(self, states: Iterable[State]) -> CallFlow | None:
        """Return the call flow, or ``None`` if not even the core's states can be compiled.

        TOML states with problems are left out. If the phone tree cannot be compiled with one operator, the next
        operator is tried.

        :param states: the states of the core, and the TOML states.
        """
        available = {state.name: state for state in states}
        while True:
            operator = self._find_operator(available)
            name = operator.name if operator else None
            served = self._served_states(available, operator)
            hooks = EngineHooks(state_failed=make_state_failed((), served.keys()))
            try:
                flow = compile_flow(served.values(), replace(self._config, operator=name), hooks)
            except LoadError as error:
                self._problems.add(*error.problems)
                broken = {problem.state for problem in error.problems} - {MENU}
                removed = (broken or {name}) & available.keys()
                if not removed:
                    return None
                available = {name: state for name, state in available.items() if name not in removed}
            else:
                self._problems.add(_warning(operator, self._settings))
                return flow

    def _find_operator(self, states: Mapping[str, State]) -> State | None:
        """Return the state that connects a caller to a person, or ``None`` if the settings do not say how.

        The operator is the first of these: the TOML state that the setting ``operator`` names; a state that dials the
        setting ``operator_number``; the TOML state with the key 0 in the menu; the first TOML state with a ``Dial``.

        :param states: name -> state, for the states that can be served.
        """
        toml_states = {name: state for name, state in states.items() if name not in (GREETING, MENU)}
        if self._settings.operator in toml_states:
            return toml_states[self._settings.operator]
        if self._settings.operator_number is not None:
            named = self._settings.operator
            name = _OPERATOR if named in (None, GREETING, MENU) else named
            state: State = self._kinds["transfer"].function(self._settings.operator_number)
            return replace(state, name=name, owner=self._core)
        found = (*filter(_has_key_zero, toml_states.values()), *filter(_dials, toml_states.values()))
        return next(iter(found), None)

    def _served_states(self, states: Mapping[str, State], operator: State | None) -> dict[str, State]:
        """Return the states of the phone tree: name -> state.

        These are the core's states, the operator, and the TOML states that the operator leads to. In place of the
        menu, the caller hears the apology, and goes on to the operator. Without an operator, the call ends with the
        goodbye.

        :param states: name -> state, for the states that can be served.
        :param operator: the operator, or ``None`` without one.
        """
        prompts = [Text(Texts.apology)] if operator else [Text(Texts.apology), Text(Texts.goodbye)]
        menu = states.get(MENU, State(prompts, name=MENU, owner=self._core))
        menu = replace(menu, enter=prompts, exit=operator.name if operator else None)
        words = Text(Texts.greeting, company=self._settings.spoken_company)
        greeting = states.get(GREETING, State(words, name=GREETING, owner=self._core))
        served = {GREETING: replace(greeting, exit=MENU), MENU: menu}
        if operator is not None:
            served |= {state.name: state for state in _reachable(operator, states)}
        return {name: _lead_to(state, served) for name, state in served.items()}


def _has_key_zero(state: State) -> bool:
    return any((option.menu, option.key) == (MENU, "0") for option in state.menu_options)


def _dials(state: State) -> bool:
    content = state.enter if isinstance(state.enter, list | tuple) else (state.enter,)
    return any(getattr(each, "name", None) == "Dial" for each in content)


def _reachable(operator: State, states: Mapping[str, State]) -> Iterator[State]:
    """Yield the operator, and all TOML states that a caller can reach from the operator."""
    queue, seen = [operator], {GREETING, MENU}
    while queue:
        state = queue.pop(0)
        if state.name in seen:
            continue
        seen.add(state.name)
        yield state
        queue += [states[name] for name in _destinations(state) if name in states]
        queue += [each for each in states.values() if any(option.menu == state.name for option in each.menu_options)]


def _destinations(state: State) -> Iterator[str]:
    """Yield the names of the states that a state leads to."""
    exit = state.exit
    targets: Iterable[Any] = (exit,)
    if isinstance(exit, Routes):
        targets = (*exit.rows.values(), exit.otherwise, exit.give_up)
    elif isinstance(exit, LeadsTo):
        targets = (*exit.targets, exit.give_up)
    for target in (*targets, state.on_error):
        destination = destination_of(target)
        if isinstance(destination, str):
            yield destination


def _lead_to(state: State, served: Collection[str]) -> State:
    """Return a state whose targets are all served. A target that is not served leads HOME instead.

    Menu options of a menu that is not served are removed.

    :param state: the state.
    :param served: the names of the states that are served.
    """

    def fix(target: Any) -> Any:
        return _or_home(target, served)

    exit: Any = state.exit
    if isinstance(exit, Routes):
        rows = {outcome: fix(target) for outcome, target in exit.rows.items()}
        exit = replace(exit, rows=rows, otherwise=fix(exit.otherwise), give_up=fix(exit.give_up))
    elif isinstance(exit, LeadsTo):
        function = _ServedTarget(exit.function, served)
        exit = LeadsTo(function, (*map(fix, exit.targets),), exit.tries, fix(exit.give_up))
    else:
        exit = fix(exit)
    on_error = state.on_error if state.on_error in served else None
    options = [option for option in state.menu_options if option.menu in served and option.menu != MENU]
    return replace(state, exit=exit, on_error=on_error, options=options)


def _or_home(target: Any, served: Collection[str]) -> Any:
    """Return a target, or HOME in place of a state that is not served. The prompts of a ``Goto`` are kept."""
    destination = destination_of(target)
    if not isinstance(destination, str) or destination in served:
        return target
    return replace(target, target=HOME) if isinstance(target, Goto) else HOME


@dataclass(frozen=True, slots=True)
class _ServedTarget:
    """A wrapper for an exit function of the core, which may return the name of a state that is not served."""

    function: Callable[[Call], Target]
    served: Collection[str]

    def __call__(self, call: Call) -> Target:
        target: Target = _or_home(self.function(call), self.served)
        return target


def _warning(operator: State | None, settings: Settings) -> Problem:
    """Return the startup warning that safe mode is on, with the operator of the phone tree.

    :param operator: the operator, or ``None`` without one.
    :param settings: the settings as they were given.
    """
    hint = "leave out --safe or unset the setting safe to load the plugins again"
    if operator is None:
        message = "callers hear an apology and the goodbye, because no setting says how to reach a person"
        hint = f"set operator_number to the number of a person; {hint}"
    elif operator.name != settings.operator and settings.operator is not None:
        message = f"callers go to {operator.name!r} in place of {settings.operator!r}, which needs a plugin"
        hint = f'write a table [states.{toml_key(settings.operator)}] with kind = "transfer"; {hint}'
    else:
        message = f"callers go to the operator {operator.name!r}"
    return Problem(f"safe mode is on, no plugin is loaded: {message}", hint, level="warning")
