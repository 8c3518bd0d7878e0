"""Finds the installed plugins, loads them, leaves some out, and keeps who owns what.

The way of loading: block -> import -> factories -> ``[states.*]`` of the settings -> clash check -> compile. Every
fault is collected, with its plugin and its mend, before anybody decides what to do about it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import importlib_metadata
import pluggy

from ivrkit import hookspecs
from ivrkit.errors import Fault, IvrkitError, LoadError, nearest
from ivrkit.flow.flow import CallFlow, Hooks, compile_flow
from ivrkit.flow.state import Menu, Owner, State
from ivrkit.hooks import Caller, callers_of, edit_response_by, failed_by
from ivrkit.settings import Settings

#: The entry point groups: a state each, and plugins with hooks.
STATES, PLUGINS = "ivrkit.states", "ivrkit.plugins"
#: The distribution whose states come first.
OWN = "ivrkit"
#: What a distribution is called whose metadata lacks a name.
NAMELESS = "UNKNOWN"
#: The hooks that only watch.
OBSERVING = ("ivrkit_call_started", "ivrkit_state_entered", "ivrkit_state_left", "ivrkit_call_ended")
#: What a plugin's code may raise without ending the host.
CAUGHT = (Exception, SystemExit)

_STATE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Plugin:
    """One installed distribution that offers states or hooks, or an object that the host's own code gives.

    :param owner: its name and version.
    :param status: ``loaded``, ``blocked`` or ``faulty``.
    :param states: the states that are served from it.
    :param hooks: the hooks that it implements.
    """

    owner: Owner
    status: str
    states: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Loaded:
    """What came of loading.

    :param flow: the compiled call flow.
    :param plugins: every plugin that was found, in the order of loading.
    :param faults: what was left out and why; always empty when ``strict`` is on.
    :param observers: hook -> its callers, for the hooks that only watch and that somebody implements.
    :param notices: what the host warns of when it starts, a sentence each.
    """

    flow: CallFlow
    plugins: tuple[Plugin, ...]
    faults: tuple[Fault, ...]
    observers: Mapping[str, tuple[Caller, ...]]
    notices: tuple[str, ...]


class Point(NamedTuple):
    """One entry point with its owner: where a plugin comes in."""

    group: str
    name: str
    value: str
    owner: Owner
    load: Callable[[], Any]

    def __str__(self) -> str:
        """Return it as its package wrote it."""
        return f"{self.name} = {self.value!r} in {self.group!r}"


class Offer(NamedTuple):
    """A state that a plugin offers, and by which door."""

    state: State
    door: str


def load(settings: Settings, extra: Mapping[str, object] | None = None) -> Loaded:
    """Find, load and compile everything that is installed.

    :param settings: the core's settings.
    :param extra: plugin objects of the host's own code, each by a name, as if an entry point named them.
    :raises LoadError: with every fault, when ``strict`` is on, or when what is left cannot be served.
    """
    return _Loader(settings, [*find_points(), *_extra_points(extra or {})]).load()


def find_points() -> list[Point]:
    """Return the entry points of all installed distributions, in one order on every machine.

    ivrkit's own come first, then by entry name and distribution.
    """
    points = [
        Point(group, entry.name, entry.value, _owner_of(entry.dist), entry.load)
        for group in (STATES, PLUGINS)
        for entry in importlib_metadata.entry_points(group=group)
        if entry.dist is not None
    ]
    return sorted(points, key=lambda point: (point.owner.plugin != OWN, point.name, point.owner.plugin))


def _owner_of(dist: importlib_metadata.Distribution) -> Owner:
    """Return the name and version of a distribution; what is left of one that was half removed has neither."""
    try:
        found = dist.metadata
    except OSError:
        return Owner(NAMELESS)
    return Owner(found.get("Name") or NAMELESS, found.get("Version") or "")


def _extra_points(extra: Mapping[str, object]) -> Iterator[Point]:
    for name, plugin in extra.items():
        yield Point(PLUGINS, name, "the host's own code", Owner(name), lambda plugin=plugin: plugin)  # type: ignore[misc]


def normal_name(name: str) -> str:
    """Return the name of a distribution as names are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


class _Loader:
    """One loading: ``faults`` and ``offers`` collect what is found on the way."""

    def __init__(self, settings: Settings, points: list[Point]) -> None:
        self.settings = settings
        self.points = points
        self.blocked = {normal_name(name) for name in settings.block}
        self.manager = pluggy.PluginManager(hookspecs.PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self.owners: dict[str, Owner] = {}
        self.offers: list[Offer] = []
        self.missing: list[State] = []
        self.faults: list[Fault] = []

    def load(self) -> Loaded:
        """Go the whole way of loading."""
        for point in self.points:
            if normal_name(point.owner.plugin) not in self.blocked:
                self._import(point)
        self._refuse_unknown_hooks()
        for caller in reversed(self._callers("ivrkit_register_states")):
            self._register_states(caller)
        flow = self._compile(self._edited(self._chosen()))
        if flow is None or (self.faults and self.settings.strict):
            raise LoadError(self.faults)
        observers = {hook: self._callers(hook) for hook in OBSERVING if self._callers(hook)}
        notices = (*flow.notices, *self._unknown_blocks())
        return Loaded(flow, tuple(self._plugins(flow)), tuple(self.faults), observers, notices)

    def _fault(self, owner: Owner, message: str, hint: str) -> None:
        self.faults.append(Fault(f"plugin {owner}: {message}", hint, owner.plugin))

    def _callers(self, hook: str) -> tuple[Caller, ...]:
        return callers_of(self.manager, hook, self.owners)

    # Import.

    def _import(self, point: Point) -> None:
        """Import what an entry point names, and take it in."""
        try:
            found = point.load()
        except CAUGHT as error:
            self._fault(point.owner, f"its entry point {point} can't be imported: {_told(error)}", _mend(point, error))
            if point.group == STATES:
                self._miss(point.owner, point.name)
        else:
            if point.group == STATES:
                self._offer(point.owner, point.name, found, f"the entry point {point.name!r}")
            else:
                self._register(point, found)

    def _offer(self, owner: Owner, name: str, found: object, door: str) -> None:
        """Take in a state, or what its function makes of the settings."""
        if not _STATE_NAME.fullmatch(name):
            self._fault(owner, f"{door} is no name for a state", "use letters, digits, - _ and .")
            return
        try:
            state = replace(found if isinstance(found, State) else self._made(found), name=name, owner=owner)
        except CAUGHT as error:
            self._fault(owner, f"{door} gave no state: {_told(error)}", getattr(error, "hint", "") or _leave_out(owner))
            self._miss(owner, name)
        else:
            self.offers.append(Offer(state, door))

    def _miss(self, owner: Owner, name: str) -> None:
        """Keep the place of a state that can't be had; it may be a menu, with options hanging in it."""
        self.missing.append(State(Menu(repeat=None), name=name, owner=owner))

    def _made(self, found: object) -> State:
        """Return the state that a function makes of the settings that its annotation asks for.

        :raises IvrkitError: when it is no such function, or makes something else.
        """
        hint = "name a State, or a function (settings: Settings) -> State"
        if not inspect.isfunction(found):
            raise IvrkitError(f"it is {found!r}", hint=hint)
        parameters = list(_signature(found).parameters.values())
        if len(parameters) != 1:
            raise IvrkitError(f"the function {found.__name__!r} takes {len(parameters)} arguments", hint=hint)
        asked = parameters[0].annotation
        if not _asks_for_settings(asked):
            named = getattr(asked, "__name__", str(asked))
            raise IvrkitError(
                f"the function {found.__name__!r} asks for {named}; this version has only ivrkit.Settings to give",
                hint=hint,
            )
        made = found(self.settings)
        if not isinstance(made, State):
            raise IvrkitError(f"the function {found.__name__!r} made {made!r}", hint=hint)
        return made

    # Hooks.

    def _register(self, point: Point, found: object) -> None:
        """Register a plugin with hooks; what pluggy rejects is not left half in (1.5 and 1.6 would)."""
        if point.name in self.owners:
            self._fault(
                point.owner,
                f"its entry point {point} has the name of one of plugin {self.owners[point.name]}",
                f'leave one out in ivrkit.toml:  block = ["{point.owner.plugin}"]',
            )
            return
        self.owners[point.name] = point.owner
        try:
            self._refuse_object(point, found)
            self.manager.register(found, name=point.name)
            self._refuse_functions(found)
        except CAUGHT as error:
            message = " ".join(_told(error).split())
            self._fault(point.owner, f"its entry point {point} is refused: {message}", _mend(point, error))
            if self.manager.has_plugin(point.name):
                self.manager.unregister(name=point.name)

    def _refuse_object(self, point: Point, found: object) -> None:
        """Refuse what pluggy would take and mislead with, or refuse with words of its own insides."""
        if found is None:
            raise IvrkitError("it is None", hint="name a module or object with functions marked @ivrkit.hookimpl")
        if not point.name:
            raise IvrkitError("it has no name", hint="give the entry point a name")
        for name, plugin in self.manager.list_name_plugin():
            if plugin is found:
                raise IvrkitError(
                    f"it is what the entry point {name!r} of plugin {self.owners[name]} names already",
                    hint="keep one of the two",
                )

    def _refuse_functions(self, plugin: object) -> None:
        for hook in self.manager.get_hookcallers(plugin) or ():
            for each in hook.get_hookimpls():
                if each.plugin is not plugin:
                    continue
                if each.hookwrapper or each.wrapper:
                    raise IvrkitError(
                        f"its {hook.name} is a hook wrapper, and each plugin is called by itself",
                        hint="mark it @ivrkit.hookimpl, without wrapper=True or hookwrapper=True",
                    )
                if inspect.iscoroutinefunction(each.function):
                    raise IvrkitError(
                        f"its {hook.name} is an async function, and nobody would await it",
                        hint="hooks are plain functions: write def, not async def",
                    )

    def _refuse_unknown_hooks(self) -> None:
        """Refuse every plugin with hooks that do not exist, as pluggy's check_pending(), which tells of one alone."""
        known = [each for each in vars(hookspecs) if each.startswith("ivrkit_")]
        for name, plugin in self.manager.list_name_plugin():
            unknown = [
                hook.name
                for hook in self.manager.get_hookcallers(plugin) or ()
                if not hook.has_spec()
                and any(each.plugin is plugin and not each.optionalhook for each in hook.get_hookimpls())
            ]
            for each in unknown:
                self._fault(
                    self.owners[name],
                    f"its entry point {name!r} in {PLUGINS!r} implements {each!r}, which is no hook"
                    f"{nearest(each, known)}",
                    f"the hooks are: {', '.join(known)}",
                )
            if unknown:
                self.manager.unregister(name=name)

    def _register_states(self, caller: Caller) -> None:
        """Take in the states that a plugin offers by its hook."""
        try:
            found = caller({"settings": self.settings})
            if not isinstance(found, Mapping):
                raise IvrkitError(f"it returned {found!r}", hint="return a dict: name -> State")
            offered = list(found.items())
        except CAUGHT as error:
            hint = getattr(error, "hint", "") or _leave_out(caller.owner)
            self._fault(caller.owner, f"its hook {caller.hook} failed: {_told(error)}", hint)
        else:
            for name, each in offered:
                self._offer(caller.owner, str(name), each, f"{str(name)!r} of its hook {caller.hook}")

    def _edited(self, states: Iterable[State]) -> Iterator[State]:
        """Return the states as the plugins edit them; an edit that fails is left out."""
        callers = self._callers("ivrkit_edit_state")
        for state in states:
            edited = state
            for caller in callers:
                try:
                    answer = caller({"state": edited})
                    if not isinstance(answer, State | None):
                        raise IvrkitError(f"it returned {answer!r}", hint="return a State, or None to leave it")
                    if answer is not None:
                        edited = replace(answer, name=state.name, owner=state.owner)
                except CAUGHT as error:
                    hint = getattr(error, "hint", "") or _leave_out(caller.owner)
                    self._fault(caller.owner, f"its hook {caller.hook} failed for {state.name!r}: {_told(error)}", hint)
            yield edited

    # What the team decided, and what clashes.

    def _chosen(self) -> Iterator[State]:
        """Return one state for each name, with the key that the team gave it."""
        by_name: dict[str, list[Offer]] = {}
        for offer in self.offers:
            by_name.setdefault(offer.state.name, []).append(offer)
        names = {*by_name, *(state.name for state in self.missing)}
        for name in self.settings.states:
            if name not in names and not self.blocked:
                message = f"[states.{name}] names a state that no plugin offers{nearest(name, names)}"
                self.faults.append(Fault(message, f"there are: {', '.join(sorted(names))}"))
        for name, offers in by_name.items():
            yield self._with_key(self._one_of(name, offers))

    def _one_of(self, name: str, offers: list[Offer]) -> State:
        """Return the state that is taken; where nothing picks between two, that is a fault and the first is taken."""
        chosen = self.settings.states[name].plugin if name in self.settings.states else None
        if chosen is None or normal_name(chosen) in self.blocked:
            found = offers
        else:
            found = [each for each in offers if normal_name(each.state.owner.plugin) == normal_name(chosen)]
            if not found:
                self._refuse_choice(name, chosen, [each.state.owner for each in offers])
                return offers[0].state
        first, *others = found
        for other in others:
            if other.state.owner == first.state.owner:
                self._fault(
                    first.state.owner,
                    f"it offers the state {name!r} twice: by {first.door}, and by {other.door}",
                    "keep one of the two",
                )
            else:
                self.faults.append(
                    Fault(
                        f"state {name!r} is offered by two plugins: {first.state.owner} and {other.state.owner}",
                        f'choose one in ivrkit.toml:  [states.{name}]  plugin = "{first.state.owner.plugin}"',
                        other.state.owner.plugin,
                    )
                )
        return first.state

    def _refuse_choice(self, name: str, chosen: str, owners: list[Owner]) -> None:
        """Tell that a chosen plugin does not offer the state, unless it would and that it can't is told already."""
        if any(state.name == name and normal_name(state.owner.plugin) == normal_name(chosen) for state in self.missing):
            return
        self.faults.append(
            Fault(
                f'[states.{name}] plugin = "{chosen}" names no plugin that offers {name!r}'
                f"{nearest(chosen, [owner.plugin for owner in owners])}",
                f"it is offered by: {', '.join(map(str, owners))}",
            )
        )

    def _with_key(self, state: State) -> State:
        key = self.settings.states[state.name].key if state.name in self.settings.states else None
        if key is None:
            return state
        if not state.menu_options:
            message = f'[states.{state.name}] key = "{key}": the state of {state.owner} hangs in no menu'
            self.faults.append(Fault(message, "take the key out", state.owner.plugin))
        return replace(state, options=tuple(replace(option, key=key) for option in state.menu_options))

    # Compile.

    def _compile(self, states: Iterable[State]) -> CallFlow | None:
        """Return the call flow, ``None`` when there can be none; without ``strict``, the states with faults left out.

        With ``strict``, a state that could not be imported still counts as a target, so that one broken import is
        told once, and not again by everything that leads there.
        """
        kept = {state.name: state for state in (*(self.missing if self.settings.strict else ()), *states)}
        hooks = Hooks(
            edit_response_by(self._callers("ivrkit_edit_response")),
            failed_by(self._callers("ivrkit_state_failed"), kept.keys()),
        )
        while True:
            try:
                return compile_flow(kept.values(), self.settings.rules(), hooks)
            except LoadError as error:
                self.faults += [fault for fault in error.faults if fault not in self.faults]
                broken = {fault.state for fault in error.faults} & kept.keys()
                if self.settings.strict or not broken:
                    return None
                for name in broken:
                    del kept[str(name)]

    def _unknown_blocks(self) -> Iterator[str]:
        found = {normal_name(point.owner.plugin) for point in self.points}
        for name in self.settings.block:
            if normal_name(name) not in found:
                yield f"block names {name!r}, which is not installed{nearest(name, found)}"

    def _plugins(self, flow: CallFlow) -> Iterator[Plugin]:
        """Return every plugin that was found, with what is served from it."""
        for owner in dict.fromkeys(point.owner for point in self.points):
            states = tuple(name for name, each in flow.states.items() if each.state.owner == owner)
            registered = [plugin for name, plugin in self.manager.list_name_plugin() if self.owners.get(name) == owner]
            hooks = {hook.name for plugin in registered for hook in self.manager.get_hookcallers(plugin) or ()}
            faulty = any(fault.plugin == owner.plugin for fault in self.faults)
            status = "blocked" if normal_name(owner.plugin) in self.blocked else "faulty" if faulty else "loaded"
            yield Plugin(owner, status, states, tuple(sorted(hooks)))


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """Return a function's signature, its annotations looked up where that can be done."""
    try:
        return inspect.signature(function, eval_str=True)
    except CAUGHT:  # a name that is imported for the type checker alone
        return inspect.signature(function)


def _asks_for_settings(asked: Any) -> bool:
    """Return whether an annotation is the core's settings; one that could not be looked up goes by its name."""
    if isinstance(asked, str):
        return asked.strip("'\"").rpartition(".")[2] == Settings.__name__
    return asked in (inspect.Parameter.empty, Settings)


def _told(error: BaseException) -> str:
    return error.message if isinstance(error, IvrkitError) else f"{type(error).__name__}: {error}"


def _mend(point: Point, error: BaseException) -> str:
    hint = getattr(error, "hint", "")
    return (
        f"{hint}; or {_leave_out(point.owner)}"
        if hint
        else f"mend or reinstall the package, or {_leave_out(point.owner)}"
    )


def _leave_out(owner: Owner) -> str:
    return f'leave it out: block = ["{owner.plugin}"] in ivrkit.toml, or --block {owner.plugin}'
