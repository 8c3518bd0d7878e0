"""Targets, routes tables (outcome -> target), and function exits."""

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
    """A target that depends on the state that the caller is in and on the history of the call: SAME, BACK or HOME."""

    SAME = "SAME"
    BACK = "BACK"
    HOME = "HOME"

    def __repr__(self) -> str:
        """Return the name under which Python code imports the target, such as ``HOME``."""
        return self.value


#: The state that the caller is in, again.
SAME: Final = RelativeTarget.SAME
#: The state that sent the caller here.
BACK: Final = RelativeTarget.BACK
#: The menu that the caller came from, else the state's first menu, else the start menu.
HOME: Final = RelativeTarget.HOME


@dataclass(frozen=True, slots=True)
class Goto:
    """A target with prompts, a new language, or both. If the target is ``None``, the prompts replace the goodbye.

    :param target: the name of a state, SAME, BACK, HOME, or ``None`` to hang up.
    :param say: the prompts that the caller hears before the call goes to the target: a text, a ``Say``, a ``Play``, a
        ``Pause``, or a list of these.
    :param language: the new language of the call, such as ``es-MX``. The prompts in ``say`` are said in this language,
        too. The setting ``language`` or ``languages`` must contain the language.
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
    """Return a target without prompts and language: the name of a state, SAME, BACK, HOME or ``None``."""
    return target.target if isinstance(target, Goto) else target


def is_target(value: object) -> bool:
    """Return whether a value is a target: a string, SAME, BACK, HOME, ``None`` or a ``Goto``."""
    return value is None or isinstance(value, str | RelativeTarget | Goto)


@dataclass(frozen=True, slots=True)
class Routes:
    """A table outcome -> target. ivrkit can check and draw such a table, unlike a function.

    :param rows: outcome -> target. An outcome is a key sequence, such as ``"1"`` or ``"42"``, or a named outcome, such
        as ``"no-input"`` or ``"busy"``.
    :param otherwise: the target of every outcome without a row. By default, silence repeats the state, an invalid key
        leads to the state ``error`` or repeats the state, and a call that was not connected leads HOME.
    :param tries: the number of silences, or of invalid keys, at which the call goes to ``give_up``; by default the
        setting ``tries``.
    :param give_up: the target for a caller who has used up the tries; by default the operator.
    :raises FlowError: if an outcome does not exist, or a target is invalid.
    """

    rows: Mapping[str, Target] = field(default_factory=dict)
    otherwise: Target | EllipsisType = ...
    tries: int | None = None
    give_up: Target = None

    def __post_init__(self) -> None:
        """Check every row, and store a read-only copy of the table."""
        if not isinstance(self.rows, Mapping):
            raise FlowError(
                f"the rows of Routes must be a dict of outcomes and targets, not {self.rows!r}",
                hint='write Routes({"1": "sales"})',
            )
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
    """A function exit together with all its targets. The decorator :func:`leads_to` returns such an object."""

    function: ExitFunction
    targets: tuple[Target, ...]
    tries: int | None = None
    give_up: Target = None

    def __call__(self, call: Call) -> Target:
        """Return the target that the function chooses for a call. Tests can call the decorated function directly."""
        return self.function(call)


def leads_to(*targets: Target, tries: int | None = None, give_up: Target = None) -> Callable[[ExitFunction], LeadsTo]:
    """Decorate a function exit with all targets that the function may return, so that ivrkit can check the targets.

    :param targets: the targets that the function may return. If the function returns ``Goto("sales", say=...)``, the
        target ``"sales"`` is enough.
    :param tries: the number of silences, or of invalid keys, at which the call goes to ``give_up``; by default the
        setting ``tries``. A key is invalid if the function returns SAME for this key.
    :param give_up: the target for a caller who has used up the tries; by default the operator.
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
