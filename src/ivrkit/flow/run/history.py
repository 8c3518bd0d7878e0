"""Where a caller came from: who sent them to each state, and the menus that they stood in."""

from __future__ import annotations

from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.flow.model.state import MenuOption, State
from ivrkit.flow.run.session import Session


class History:
    """The history of one call, kept in its session."""

    def __init__(self, flow: CallFlow, session: Session) -> None:
        self._flow = flow
        self._session = session

    def sender(self, state: str | None) -> str | None:
        """Return who sent the caller to a state."""
        return self._session.came_from.get(state or "")

    def send(self, state: State, origin: str) -> None:
        """Keep who sent the caller to a state; within a family, that is whoever sent them to it in the first place."""
        senders = self._session.came_from
        if self._whole(state.name) != self._whole(origin):
            senders[state.name] = origin
        elif state.parent:
            senders[state.name] = senders.get(origin, "")

    def _whole(self, name: str) -> str:
        compiled = self._flow.states.get(name)
        return self._whole(compiled.state.parent) if compiled and compiled.state.parent else name

    def stand_in(self, menu: str) -> None:
        """Keep that the caller stands in a menu."""
        self._session.visited_menus = [*(each for each in self._session.visited_menus if each != menu), menu]

    def home(self, origin: str | None) -> str | None:
        """Return the option's menu that the caller last stood in, else the first option's, else the flow's."""
        menus = [option.menu for option in self._options(origin)]
        stood_in = [menu for menu in reversed(self._session.visited_menus) if menu in menus]
        return next(iter(stood_in or menus), self._flow.start_info(self._session.start).home)

    def _options(self, name: str | None) -> tuple[MenuOption, ...]:
        """Return the options of a state; a part without any hangs where its whole does."""
        compiled = self._flow.states.get(name or "")
        if compiled is None:
            return ()
        return compiled.state.menu_options or self._options(compiled.state.parent)
