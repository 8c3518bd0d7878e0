"""The states that plugins offer, and which of them are taken: one for each name, as the team decided."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from ivrkit.errors import IvrkitError, Problems, nearest, toml_key
from ivrkit.flow.model.prompts import Menu
from ivrkit.flow.model.state import Owner, State
from ivrkit.flow.model.substates import expand_substates, substate_names
from ivrkit.flow.run.sandbox import PLUGIN_ERRORS
from ivrkit.plugins.overrides import overridden
from ivrkit.plugins.plugin_settings import SettingsOfPlugins
from ivrkit.plugins.problems import UNAVAILABLE, Unavailable, describe_error, hint_of, plugin_problem
from ivrkit.settings import Settings
from ivrkit.settings.names import normal_name

_STATE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


class Offer(NamedTuple):
    """A state that a plugin offers, and by which source."""

    state: State
    source: str


class Selection:
    """What is offered while loading.

    :param settings: the core's settings.
    :param of_plugins: the plugins' own.
    :param blocked: the plugins that are left out, by their normal names.
    :param excused: tells whether a state may be one of theirs, which may keep its table in the settings.
    :param problems: where problems are collected.
    """

    def __init__(
        self,
        settings: Settings,
        of_plugins: SettingsOfPlugins,
        blocked: Collection[str],
        excused: Callable[[str], bool],
        problems: Problems,
    ) -> None:
        self._settings = settings
        self._of_plugins = of_plugins
        self._excused = excused
        self._blocked = blocked
        self._problems = problems
        self._offers: list[Offer] = []
        self.missing: list[State] = []

    def take(self, owner: Owner, name: str, found: object, source: str) -> None:
        """Take in a state, or what a function makes of the settings.

        :param owner: who offers it.
        :param name: its name.
        :param found: the state, or the function.
        :param source: by which source it comes, as it is told.
        """
        if not _STATE_NAME.fullmatch(name):
            self._problems.add(
                plugin_problem(owner, f"{source} is no name for a state", "use letters, digits, - _ and .")
            )
            return
        try:
            state = found if isinstance(found, State | Unavailable) else make_state(found, owner, self._of_plugins)
            if isinstance(state, State):
                self._offers.append(Offer(replace(state, name=name, owner=owner, parent=""), source))
                return
        except PLUGIN_ERRORS as error:
            self._problems.add(
                plugin_problem(owner, f"{source} gave no state: {describe_error(error)}", hint_of(error, owner))
            )
        self.miss(owner, name)

    def miss(self, owner: Owner, name: str) -> None:
        """Keep the place of a state that can't be had; it may be a menu, with options hanging in it."""
        self.missing.append(State(Menu(repeat=None), name=name, owner=owner))

    def states(self) -> tuple[State, ...]:
        """Return the states that are offered, as their plugins have them, each with its parts."""
        return tuple(state for offer in self._offers for state in expand_substates(offer.state))

    def names(self) -> tuple[str, ...]:
        """Return the names of all states that are offered, those that can't be had included."""
        states = [*(offer.state for offer in self._offers), *self.missing]
        return tuple(dict.fromkeys(name for state in states for name in (state.name, *substate_names(state))))

    def chosen(self) -> Iterator[State]:
        """Return one state for each name, with the key that the team gave it, and its parts after it."""
        by_name: dict[str, list[Offer]] = {}
        for offer in self._offers:
            by_name.setdefault(offer.state.name, []).append(offer)
        names = self.names()
        missing = {state.name for state in self.missing}  # with parts that nobody knows
        for name, decided in self._settings.states.items():
            if decided.table or name in names or name.rpartition(".")[0] in missing:
                continue  # a table with a kind is a state itself: what is wrong with it is told already
            if not self._excused(name):
                self._problems.error(
                    f"[states.{name}] names a state that no plugin offers{nearest(name, names)}",
                    f"there are: {', '.join(sorted(names))}",
                    location=self._settings.location("states", name),
                )
        for name, offers in by_name.items():
            for whole in self._as_decided(name, offers):
                for state in expand_substates(whole):
                    if state.parent:
                        yield from self._part(state, by_name)
                    else:
                        yield state

    def _part(self, state: State, by_name: Mapping[str, list[Offer]]) -> Iterator[State]:
        """Return a part as the team decided about it; none where another state has its name."""
        if state.name in by_name:
            other = by_name[state.name][0].state.owner
            self._problems.error(
                f"state {state.name!r} of {other} has the name of a part of {state.parent!r} of {state.owner}",
                "give one of the two another name",
                owner=other.plugin,
            )
        elif state.name in self._settings.states:
            yield from self._as_decided(state.name, [Offer(state, f"a part of {state.parent!r}")])
        else:
            yield state

    def _as_decided(self, name: str, offers: list[Offer]) -> Iterator[State]:
        """Return the state of a name with what the team decided about it; none when it is left out."""
        decided = self._settings.states.get(name)
        if decided is None:
            yield self._one_of(name, offers)
        elif decided.enabled:
            state = self._one_of(name, offers)
            try:
                yield overridden(state, decided)
            except IvrkitError as error:
                message, location = f"[states.{name}] {error.message}", self._settings.location("states", name)
                self._problems.error(message, error.hint, location=location, owner=state.owner.plugin)
                yield state

    def _one_of(self, name: str, offers: list[Offer]) -> State:
        """Return the state that is taken; where nothing picks between two, that is a problem and the first is taken."""
        chosen = self._settings.states[name].plugin if name in self._settings.states else None
        if chosen is None or normal_name(chosen) in self._blocked:
            found = offers
        else:
            found = [each for each in offers if normal_name(each.state.owner.plugin) == normal_name(chosen)]
            if not found:
                self._refuse_choice(name, chosen, [each.state.owner for each in offers])
                return offers[0].state
        first, *others = found
        for other in others:
            if other.state.owner == first.state.owner:
                self._problems.add(
                    plugin_problem(
                        first.state.owner,
                        f"it offers the state {name!r} twice: by {first.source}, and by {other.source}",
                        "keep one of the two",
                    )
                )
            else:
                self._problems.error(
                    f"state {name!r} is offered by two plugins: {first.state.owner} and {other.state.owner}",
                    f'choose one in ivrkit.toml:  [states.{toml_key(name)}]  plugin = "{first.state.owner.plugin}"',
                    owner=other.state.owner.plugin,
                )
        return first.state

    def _refuse_choice(self, name: str, chosen: str, owners: list[Owner]) -> None:
        """Tell that a chosen plugin does not offer the state, unless it would and that it can't is told already."""
        if any(state.name == name and normal_name(state.owner.plugin) == normal_name(chosen) for state in self.missing):
            return
        self._problems.error(
            f'[states.{name}] plugin = "{chosen}" names no plugin that offers {name!r}'
            f"{nearest(chosen, [owner.plugin for owner in owners])}",
            f"it is offered by: {', '.join(map(str, owners))}",
        )


#: How a function is written that offers a state.
HINT = "name a State, or a function (settings: Settings) -> State; Settings may be the plugin's own dataclass"


def make_state(found: object, owner: Owner, settings: SettingsOfPlugins) -> State | Unavailable:
    """Return the state that a function makes of the settings that its annotations ask for.

    :returns: the state; ``UNAVAILABLE`` when these settings have problems, which are recorded.
    :raises IvrkitError: when it is no such function, or makes something else.
    """
    if not inspect.isfunction(found):
        raise IvrkitError(f"it is {found!r}", hint=HINT)
    arguments = settings.arguments(found, owner, HINT)
    if arguments is None:
        return UNAVAILABLE
    made = found(*arguments)
    if not isinstance(made, State):
        raise IvrkitError(f"the function {found.__name__!r} made {made!r}", hint=HINT)
    return made
