"""All states of a phone tree, compiled once when it starts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import EllipsisType, MappingProxyType
from typing import Any

from twilio.twiml import TwiML

from ivrkit.errors import Fault, FlowError, LoadError
from ivrkit.flow.call import Call
from ivrkit.flow.checks import find_faults
from ivrkit.flow.exits import Exits, LeadsTo
from ivrkit.flow.fit import check_content
from ivrkit.flow.menus import (
    Choice,
    collect_choices,
    has_keys,
    is_menu,
    menu_prompt,
    menu_routes,
    repeat_key,
    spoken_routes,
)
from ivrkit.flow.paths import home_of, start_menu_of
from ivrkit.flow.state import Menu, State
from ivrkit.flow.targets import BACK, HOME, SAME, Exit, Target, aim
from ivrkit.flow.text import Text, Texts
from ivrkit.flow.twiml import Content, Dress, check_size, render, verbs_of

#: The state that a wrong key goes to, where one is installed.
ERROR = "error"
#: The core's sentences that the engine says by themselves.
SPOKEN_BY_ENGINE = ("apology", "goodbye")


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that the flow obeys; each is described in the settings of the host."""

    start: str = "greeting"
    way_out: str | None = None
    tries: int = 3
    max_failures: int = 6
    max_turns: int = 100
    language: str = "en-US"
    voice: str | None = None
    texts: Texts = field(default_factory=Texts)


@dataclass(frozen=True, slots=True)
class Hooks:
    """The plugins' code that the engine calls; ``None`` where no plugin has any.

    :param edit_response: given the call, the state and the document; returns the document to send.
    :param failed: given the call, the state that failed, what it raised, and whether the input is secret, so that
        nothing of the error but its type and place may be told; returns the name of the state to go to, or ``None``.
    """

    edit_response: Callable[[Call, State, bytes], bytes] | None = None
    failed: Callable[[Call, State, BaseException, bool], str | None] | None = None


@dataclass(frozen=True, slots=True)
class CompiledState:
    """A state with everything that can be known of it before a call.

    :param state: the state itself.
    :param choices: for a menu, its options in reading order.
    :param routes: outcome -> target, with a menu's options among them.
    :param otherwise: the target of outcomes without a row, ``...`` for none.
    :param tries: how many failures of a kind it takes.
    :param give_up: where it goes after them, ``None`` for the way out.
    :param phrases: folded phrase -> key.
    :param is_menu: whether it is a menu.
    :param exits_hash: changes when a key would lead elsewhere.
    :param dress: what its verbs are given.
    :param content: what the caller hears, ``None`` when a function decides.
    """

    state: State
    choices: tuple[Choice, ...]
    routes: Mapping[str, Target]
    otherwise: Target | EllipsisType
    tries: int
    give_up: Target
    phrases: Mapping[str, str]
    is_menu: bool
    exits_hash: str
    dress: Dress
    content: Content | None = None

    @property
    def name(self) -> str:
        """The state's name."""
        return self.state.name


@dataclass(frozen=True)
class CallFlow:
    """All states, compiled: owners, menus, checked targets, bytes.

    :param states: name -> compiled state.
    :param rules: the settings that the flow obeys.
    :param hooks: the plugins' code that the engine calls.
    :param start_menu: the first menu that a caller comes to by automatic exits, if there is one.
    :param home: where HOME leads when a state has no menu of its own; ``None`` for the way out.
    :param way_out: the state of the way out; ``None`` for the goodbye.
    :param notices: what the host warns of when it starts, a sentence each.
    :param sentences: the core's own sentences, rendered, by their names in :class:`Texts`.
    :param said: the words of the tables' exits, rendered.
    """

    states: Mapping[str, CompiledState]
    rules: Rules
    hooks: Hooks
    start_menu: str | None
    home: str | None
    way_out: str | None
    notices: tuple[str, ...]
    sentences: Mapping[str, bytes] = field(repr=False)
    said: Mapping[Exit, bytes] = field(repr=False)

    def prepare(self, compiled: CompiledState, entered: Any) -> Content:
        """Return what a state says, rendered and checked.

        :param compiled: the state.
        :param entered: its ``enter``, or what its function returned.
        :raises FlowError: when it does not fit the state's exit, or is nothing that can be said.
        """
        return prepare(compiled, entered, self.rules.texts)

    def words(self, exit: Exit) -> bytes:
        """Return the words of an ``Exit`` as bytes; those of a table were made at start."""
        found = self.said.get(exit)
        return render_words(exit.say, self.rules) if found is None else found


def compile_flow(states: Iterable[State], rules: Rules | None = None, hooks: Hooks | None = None) -> CallFlow:
    """Return the call flow of these states.

    :param states: with their names and owners bound, in the order of loading.
    :param rules: the settings that the flow obeys.
    :param hooks: the plugins' code that the engine calls.
    :raises LoadError: with every fault that was found.
    """
    rules = rules or Rules()
    by_name = {state.name: state for state in states}
    choices = collect_choices(by_name.values())
    faults = list(find_faults(by_name, choices, rules.start, rules.way_out))
    compiled: dict[str, CompiledState] = {}
    said = {exit: render_words(exit.say, rules) for exit in _own_exits(rules.texts)}
    for name, state in by_name.items():
        try:
            compiled[name] = _compile_state(state, choices, rules)
            for exit in _exits_with_words(compiled[name]):
                said[exit] = render_words(exit.say, rules)
        except Exception as error:
            faults.append(state_fault(state, error))
    if faults:
        raise LoadError(faults)
    start_menu = start_menu_of(by_name, choices, rules.start)
    contents = {name: each.content for name, each in compiled.items()}
    return CallFlow(
        states=MappingProxyType(compiled),
        rules=rules,
        hooks=hooks or Hooks(),
        start_menu=start_menu,
        home=home_of(by_name, start_menu, rules.start, contents),
        way_out=rules.way_out or _zero_of(compiled.get(start_menu or "")),
        notices=tuple(_notices(compiled.values())),
        sentences={name: render_words(getattr(rules.texts, name), rules) for name in SPOKEN_BY_ENGINE},
        said=said,
    )


def _own_exits(texts: Texts) -> Iterable[Exit]:
    """Return the exits with words that the rules themselves make."""
    yield from (Exit(SAME, say=texts.wrong_choice), Exit(BACK, say=texts.wrong_choice))
    yield Exit(HOME, say=texts.not_connected)


def _exits_with_words(compiled: CompiledState) -> Iterable[Exit]:
    for target in (*compiled.routes.values(), compiled.otherwise, compiled.give_up, compiled.state.exit):
        if isinstance(target, Exit):
            yield target


def render_words(said: Any, rules: Rules) -> bytes:
    """Return texts and sounding verbs as bytes, in the flow's voice and language.

    :raises FlowError: for more than one answer can hold.
    """
    xml = render(verbs_of(said), Dress(rules.voice, rules.language)).xml
    check_size(len(xml))
    return xml


def state_fault(state: State, error: Exception) -> Fault:
    """Return an error that a state raised as a fault of its plugin."""
    if not isinstance(error, FlowError):
        error = FlowError(f"{type(error).__name__}: {error}", hint="what it says can't be made into TwiML")
    return Fault(f"state {state.name!r} of {state.owner}: {error.message}", error.hint, state.owner.plugin, state.name)


def prepare(compiled: CompiledState, entered: Any, texts: Texts) -> Content:
    """Return what a state says, rendered and checked; see :meth:`CallFlow.prepare`."""
    state = compiled.state
    if isinstance(entered, Menu):
        if not isinstance(state.enter, Menu) and entered.repeat not in (None, repeat_key(state)):
            raise FlowError(
                f"enter gave a Menu with repeat={entered.repeat!r}, and its keys were read at start",
                hint=f"add the row to the exit instead: Exits({{{entered.repeat!r}: SAME}})",
            )
        entered = menu_prompt(entered, compiled.choices, compiled.routes, texts)
    content = render(verbs_of(entered), compiled.dress)
    check_content(state, compiled.routes, content, menu=compiled.is_menu)
    check_size(len(content.xml))
    return content


def _compile_state(state: State, choices: Mapping[str, tuple[Choice, ...]], rules: Rules) -> CompiledState:
    own = choices.get(state.name, ())
    menu = is_menu(state, choices)
    table = state.exit if isinstance(state.exit, Exits) else Exits()
    limits = state.exit if isinstance(state.exit, LeadsTo) else table
    routes = menu_routes(state, own) if menu else dict(table.rows)
    keys = [outcome for outcome in routes if not outcome[0].isalpha()]
    compiled = CompiledState(
        state=state,
        choices=own,
        routes=MappingProxyType(routes),
        otherwise=table.otherwise,
        tries=limits.tries or rules.tries,
        give_up=limits.give_up,
        phrases=spoken_routes(own),
        is_menu=menu,
        exits_hash=_hash_of(state, routes, table.otherwise),
        dress=Dress(
            voice=rules.voice,
            language=rules.language,
            num_digits=max((len(key) for key in keys), default=None),
            exits=menu or isinstance(state.exit, Exits | LeadsTo),
        ),
    )
    if callable(state.enter):
        return compiled
    return replace(compiled, content=prepare(compiled, state.enter, rules.texts))


def _hash_of(state: State, routes: Mapping[str, Target], otherwise: Target | EllipsisType) -> str:
    """Return a hash that changes when some input would lead elsewhere."""
    rows = sorted((outcome, repr(aim(target))) for outcome, target in routes.items())
    rest = repr(otherwise if otherwise is ... else aim(otherwise))
    named = sorted(repr(aim(target)) for target in state.exit.targets) if isinstance(state.exit, LeadsTo) else []
    return hashlib.sha256(repr((rows, rest, named)).encode()).hexdigest()[:16]


def _zero_of(start_menu: CompiledState | None) -> str | None:
    """Return the state that key 0 of the start menu leads to, by an option or a row."""
    target = aim(start_menu.routes.get("0")) if start_menu else None
    return target if isinstance(target, str) else None


def _notices(states: Iterable[CompiledState]) -> Iterable[str]:
    for each in states:
        state = each.state
        if each.is_menu and not has_keys(each.routes):
            yield f"the menu {state.name!r} has no options: no installed plugin offers any"
        if state.deadline is not None:
            yield f"state {state.name!r} of {state.owner} has a deadline: this version does not act on it"
        if state.needs_app:
            yield f"state {state.name!r} of {state.owner} needs an app: this version does not act on it"
        words: list[Any] = [state.enter, *(exit.say for exit in _exits_with_words(each))]
        words += (text for option in state.menu_options for text in (option.label, option.line))
        if any(isinstance(text, Text) for text in _texts_of(words)):
            yield f"state {state.name!r} of {state.owner} uses Text: this version says its key as it is written"


def _texts_of(said: Any) -> Iterable[Any]:
    """Return every text in an ``enter``, those inside of verbs included."""
    if isinstance(said, str):
        yield said
    elif isinstance(said, list | tuple):
        for each in said:
            yield from _texts_of(each)
    elif isinstance(said, Menu):
        yield from _texts_of(said.texts)
    elif isinstance(said, TwiML):
        yield from _texts_of([said.value, *said.verbs])
