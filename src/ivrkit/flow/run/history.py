"""The history of a call: the state from which the caller came to each state, and the menus that the caller visited."""

from __future__ import annotations

from ivrkit.flow.compile.call_flow import ERROR_STATE, CallFlow
from ivrkit.flow.model.routes import BACK, SAME, RelativeTarget
from ivrkit.flow.model.state import MenuOption, State
from ivrkit.flow.run.session import Session


class History:
    """The history of one call, which its session stores. The history decides which states SAME, BACK and HOME mean."""

    def __init__(self, flow: CallFlow, session: Session) -> None:
        self._flow = flow
        self._session = session

    def resolve(self, destination: str | RelativeTarget, origin: str | None) -> tuple[str | None, bool]:
        """Return the state that a target means.

        :param destination: the name of a state, SAME, BACK or HOME.
        :param origin: the name of the state whose exit leads to the target, or ``None`` at the start of a call.
        :returns: two values: the name of the state, or ``None`` for the operator; and whether the caller returns to
            this state, so that the failure counts of the state are kept.
        """
        # A wrong key leads through the state `error`. Behind it the caller has not left the state of that key.
        from_error_state = origin == ERROR_STATE
        returning = from_error_state or destination in (SAME, BACK)
        name = destination if isinstance(destination, str) else None
        if destination is SAME:
            name = origin
        elif destination is BACK:
            name = self._session.came_from.get(origin or "")
        if name not in self._flow.states:
            # HOME, a call that came from nowhere, or a state that a deploy has removed.
            name, returning = self.home(origin), from_error_state
        return name, returning or name == origin

    def record_origin(self, state: State, origin: str) -> None:
        """Record the state from which the caller came to another state, for BACK.

        A parent state and its substates count as one state. BACK in a substate leads to the last state outside of the
        parent state and its substates.

        :param state: the state that the caller enters.
        :param origin: the name of the state from which the caller came.
        """
        came_from = self._session.came_from
        if self._top_state(state.name) != self._top_state(origin):
            came_from[state.name] = origin
        # Inside one state with its substates, the origin is passed on.
        elif state.parent:
            came_from[state.name] = came_from.get(origin, "")

    def record_menu(self, menu: str) -> None:
        """Record that the caller is in a menu."""
        # Each menu once, the latest last.
        self._session.visited_menus = [*(each for each in self._session.visited_menus if each != menu), menu]

    def home(self, origin: str | None) -> str | None:
        """Return the name of the state that HOME means, or ``None`` for the operator.

        If menu options lead to the state ``origin``, HOME is a menu with such an option: the menu that the caller
        visited last, or else the menu of the first option. Otherwise, HOME depends on the start of the call.

        :param origin: the name of the state whose exit leads HOME.
        """
        menus = [option.menu for option in self._menu_options(origin)]
        visited = [menu for menu in reversed(self._session.visited_menus) if menu in menus]
        return next(iter(visited or menus), self._flow.start_info(self._session.start).home)

    def _top_state(self, name: str) -> str:
        """Return the name of the outermost parent state of a substate. For any other state, return the same name."""
        compiled = self._flow.states.get(name)
        return self._top_state(compiled.state.parent) if compiled and compiled.state.parent else name

    def _menu_options(self, name: str | None) -> tuple[MenuOption, ...]:
        """Return the menu options that lead to a state.

        For a substate without menu options, return the menu options of its parent state.
        """
        compiled = self._flow.states.get(name or "")
        if compiled is None:
            return ()
        return compiled.state.menu_options or self._menu_options(compiled.state.parent)
