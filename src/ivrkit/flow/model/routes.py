"""Tables and functions that decide where a call goes next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import EllipsisType, MappingProxyType
from typing import Any

from ivrkit.errors import FlowError, nearest
from ivrkit.flow.model.call import Call
from ivrkit.flow.model.outcomes import NAMED_OUTCOMES, is_key_sequence
from ivrkit.flow.model.targets import Target, is_target

#: A function exit: it is given the call and returns where it goes.
ExitFunction = Callable[[Call], Target]


@dataclass(frozen=True, slots=True)
class Routes:
    """A table outcome -> target: where the call goes after what happened. Data, so it can be checked and drawn.

    :param rows: key sequences (``"1"``, ``"42"``) and named outcomes (``"no-input"``, ``"busy"``) -> targets.
    :param otherwise: the target of every outcome without a row. Left out: silence repeats the state, a wrong
        key goes to the ``error`` state, and a call that was not connected goes HOME.
    :param tries: how many failures of a kind this state takes; the setting ``tries`` when left out.
    :param give_up: the target after the last of them; the operator when left out.
    :raises FlowError: for an outcome that does not exist, or a target that is none.
    """

    rows: Mapping[str, Target] = field(default_factory=dict)
    otherwise: Target | EllipsisType = ...
    tries: int | None = None
    give_up: Target = None

    def __post_init__(self) -> None:
        """Check every row, and keep a copy of the table that nobody can change."""
        for outcome, target in self.rows.items():
            if outcome not in NAMED_OUTCOMES and not is_key_sequence(outcome):
                raise FlowError(
                    f"Routes has a row for {outcome!r}, which no webhook can bring"
                    f"{nearest(str(outcome), NAMED_OUTCOMES)}",
                    hint=f"a row is for keys (0-9 * #, as a string) or one of: {', '.join(NAMED_OUTCOMES)}",
                )
            _check_target(f"the row {outcome!r} of Routes", target)
        if self.otherwise is not ...:
            _check_target("otherwise of Routes", self.otherwise)
        _check_limits("Routes", self.tries, self.give_up)
        object.__setattr__(self, "rows", MappingProxyType(dict(self.rows)))


@dataclass(frozen=True, slots=True)
class LeadsTo:
    """A function exit with every target that it may return; made by :func:`leads_to`."""

    function: ExitFunction
    targets: tuple[Target, ...]
    tries: int | None = None
    give_up: Target = None

    def __call__(self, call: Call) -> Target:
        """Call the function itself, so that a test can."""
        return self.function(call)


def leads_to(*targets: Target, tries: int | None = None, give_up: Target = None) -> Callable[[ExitFunction], LeadsTo]:
    """Name every target of a function exit, so that it can be checked and drawn like a table.

    :param targets: all that the function may return. An ``Goto`` it returns needs only its target named here.
    :param tries: how many silences, or keys answered with SAME, the state takes; the setting when left out.
    :param give_up: the target after the last of them; the operator when left out.
    :raises FlowError: when no target is named, or one is none.
    """
    if not targets:
        raise FlowError(
            "@leads_to names no target", hint='name all that the function returns: @leads_to("sales", SAME)'
        )
    for target in targets:
        _check_target("@leads_to", target)
    _check_limits("@leads_to", tries, give_up)

    def decorate(function: ExitFunction) -> LeadsTo:
        return LeadsTo(function, targets, tries, give_up)

    return decorate


def _check_target(where: str, target: Any) -> None:
    if not is_target(target):
        raise FlowError(
            f"{where} has the target {target!r}",
            hint="a target is a state's name, SAME, BACK, HOME, None or an Goto of one of these",
        )


def _check_limits(where: str, tries: Any, give_up: Any) -> None:
    if tries is not None and (not isinstance(tries, int) or isinstance(tries, bool) or tries < 1):
        raise FlowError(f"{where} has tries={tries!r}", hint="tries is a whole number of at least 1")
    _check_target(f"give_up of {where}", give_up)
