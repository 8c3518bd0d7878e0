"""Routes: targets, tables from outcomes to targets, and function exits."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import EllipsisType, MappingProxyType
from typing import Any, Final

from twilio.twiml import TwiML

from ivrkit.errors import FlowError, nearest
from ivrkit.flow.model.call import Call
from ivrkit.flow.model.outcomes import NAMED_OUTCOMES, is_key_sequence
from ivrkit.flow.model.prompts import check_prompts
from ivrkit.flow.model.text import is_text


class RelativeTarget(enum.Enum):
    """A target relative to the state that the caller is in."""

    SAME = "SAME"
    BACK = "BACK"
    HOME = "HOME"

    def __repr__(self) -> str:
        """Return the name under which the target is imported."""
        return self.value


#: The state that the caller is in, again.
SAME: Final = RelativeTarget.SAME
#: The state that sent the caller here.
BACK: Final = RelativeTarget.BACK
#: The menu that the caller came from, else the state's first menu, else the start menu.
HOME: Final = RelativeTarget.HOME


@dataclass(frozen=True, slots=True)
class Goto:
    """A target with prompts, a new language, or both. With the target ``None``, the prompts replace the goodbye.

    :param target: a state's name, SAME, BACK, HOME, or ``None`` to hang up.
    :param say: the prompts before the target: a text, a ``Say``, ``Play`` or ``Pause``, or several of these.
    :param language: the new language of the call, such as ``es-MX``. The prompts are already said in this language.
        The setting ``language`` or ``languages`` must contain the language.
    :raises FlowError: if an argument is invalid.
    """

    target: str | RelativeTarget | None
    say: str | TwiML | Sequence[str | TwiML] = ()
    language: str | None = None

    def __repr__(self) -> str:
        """Return the Python code of the ``Goto``, without default arguments."""
        given = {"say": self.say, "language": self.language}
        arguments = [repr(self.target), *(f"{name}={value!r}" for name, value in given.items() if value)]
        return f"Goto({', '.join(arguments)})"

    def __post_init__(self) -> None:
        """Check all values, and store the prompts as a tuple."""
        if not (self.target is None or isinstance(self.target, str | RelativeTarget)):
            raise FlowError(
                f"the target of Goto must be a state's name, SAME, BACK, HOME or None, not {self.target!r}",
                hint='write Goto("sales"), or import SAME, BACK and HOME from ivrkit',
            )
        prompts = tuple(self.say) if isinstance(self.say, list | tuple) else (self.say,)
        check_prompts(f"Goto({self.target!r})", prompts)
        if not (self.language is None or is_text(self.language)):
            raise FlowError(
                f"the language of Goto({self.target!r}) must be a text, not {self.language!r}",
                hint='write a language tag such as "es-MX"',
            )
        object.__setattr__(self, "say", prompts)


#: Anything that an exit can lead to.
Target = str | RelativeTarget | Goto | None
#: A function exit: it takes the call and returns its target.
ExitFunction = Callable[[Call], Target]


def destination_of(target: Target) -> str | RelativeTarget | None:
    """Return the destination of a target, without the prompts and the language of a ``Goto``."""
    return target.target if isinstance(target, Goto) else target


def is_target(value: object) -> bool:
    """Return whether a value is a target."""
    return value is None or isinstance(value, str | RelativeTarget | Goto)


@dataclass(frozen=True, slots=True)
class Routes:
    """A table outcome -> target. The table is data, so that ivrkit can check and draw it.

    :param rows: key sequences (``"1"``, ``"42"``) and named outcomes (``"no-input"``, ``"busy"``) -> targets.
    :param otherwise: the target of every outcome without a row. When left out, silence repeats the state, a wrong key
        goes to the state ``error``, and a call that was not connected goes HOME.
    :param tries: the number of failures of one outcome at which the call goes to ``give_up``; the setting ``tries``
        when left out.
    :param give_up: the target after that number of failures; the operator when left out.
    :raises FlowError: if an outcome does not exist, or a target is invalid.
    """

    rows: Mapping[str, Target] = field(default_factory=dict)
    otherwise: Target | EllipsisType = ...
    tries: int | None = None
    give_up: Target = None

    def __post_init__(self) -> None:
        """Check every row, and store a read-only copy of the table."""
        for outcome, target in self.rows.items():
            if outcome not in NAMED_OUTCOMES and not is_key_sequence(outcome):
                raise FlowError(
                    f"a row of Routes must be for keys or a named outcome, not {outcome!r}"
                    f"{nearest(str(outcome), NAMED_OUTCOMES)}",
                    hint=f"use keys (0-9 * #, as a string) or one of: {', '.join(NAMED_OUTCOMES)}",
                )
            _check_target(f"the row {outcome!r} of Routes", target)
        if self.otherwise is not ...:
            _check_target("otherwise of Routes", self.otherwise)
        _check_limits("Routes", self.tries, self.give_up)
        object.__setattr__(self, "rows", MappingProxyType(dict(self.rows)))


@dataclass(frozen=True, slots=True)
class LeadsTo:
    """A function exit with all its targets. The decorator :func:`leads_to` makes this object."""

    function: ExitFunction
    targets: tuple[Target, ...]
    tries: int | None = None
    give_up: Target = None

    def __call__(self, call: Call) -> Target:
        """Return the target that the function chooses. A test can call the exit like the function."""
        return self.function(call)


def leads_to(*targets: Target, tries: int | None = None, give_up: Target = None) -> Callable[[ExitFunction], LeadsTo]:
    """Declare all targets of a function exit, so that they can be checked and drawn like the targets of a table.

    :param targets: the targets that the function may return. For a ``Goto``, its target is enough.
    :param tries: the number of failures of one outcome at which the call goes to ``give_up``; the setting ``tries``
        when left out. A failure is silence, or a key for which the function returns SAME.
    :param give_up: the target after that number of failures; the operator when left out.
    :raises FlowError: if there is no target, or a target is invalid.
    """
    # Without targets, the checks at start would find nothing wrong with the function.
    if not targets:
        raise FlowError(
            "@leads_to must have at least one target",
            hint='name all that the function returns: @leads_to("sales", SAME)',
        )
    for target in targets:
        _check_target("a target of @leads_to", target)
    _check_limits("@leads_to", tries, give_up)

    def decorate(function: ExitFunction) -> LeadsTo:
        return LeadsTo(function, targets, tries, give_up)

    return decorate


def _check_target(name: str, target: Any) -> None:
    if not is_target(target):
        raise FlowError(
            f"{name} must be a target, not {target!r}",
            hint="write a state's name, SAME, BACK, HOME, None, or a Goto of one of these",
        )


def _check_limits(name: str, tries: Any, give_up: Any) -> None:
    if tries is not None and (not isinstance(tries, int) or isinstance(tries, bool) or tries < 1):
        raise FlowError(
            f"tries of {name} must be a whole number of at least 1, not {tries!r}", hint="write a number: tries=3"
        )
    _check_target(f"give_up of {name}", give_up)
