"""Where a call goes next: targets, routes tables and exit functions."""

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
from ivrkit.flow.model.prompts import PROMPT_VERBS


class RelativeTarget(enum.Enum):
    """A target that is not a state's name, but a direction seen from the state that the caller is in."""

    SAME = "SAME"
    BACK = "BACK"
    HOME = "HOME"

    def __repr__(self) -> str:
        """Return the name under which it is imported."""
        return self.value


#: The state that the caller is in, once more.
SAME: Final = RelativeTarget.SAME
#: The state that sent the caller here.
BACK: Final = RelativeTarget.BACK
#: The menu that the caller came from, else the state's first menu, else the start menu.
HOME: Final = RelativeTarget.HOME


@dataclass(frozen=True, slots=True)
class Goto:
    """A target with words to be said first; with the target ``None`` they replace the goodbye.

    :param target: a state's name, SAME, BACK, HOME, or ``None`` to hang up.
    :param say: a text, a ``Say``, ``Play`` or ``Pause``, or several of these.
    :param language: the language that the call is held in from here on, these words included: ``es-MX``, one of the
        settings ``language`` and ``languages``.
    :raises FlowError: for a target, words or a language of another kind.
    """

    target: str | RelativeTarget | None
    say: str | TwiML | Sequence[str | TwiML] = ()
    language: str | None = None

    def __repr__(self) -> str:
        """Return it as it is written in code, without what was left out."""
        given = {"say": self.say, "language": self.language}
        return f"Goto({', '.join([repr(self.target), *(f'{name}={it!r}' for name, it in given.items() if it)])})"

    def __post_init__(self) -> None:
        """Check all of them, and keep the words as a tuple."""
        if not (self.target is None or isinstance(self.target, str | RelativeTarget)):
            raise FlowError(
                f"Goto has the target {self.target!r}",
                hint="a target is a state's name, SAME, BACK, HOME or None",
            )
        words = tuple(self.say) if isinstance(self.say, list | tuple) else (self.say,)
        for each in words:
            if not isinstance(each, str) and getattr(each, "name", None) not in PROMPT_VERBS:
                raise FlowError(
                    f"Goto({self.target!r}) says {each!r}",
                    hint="say takes texts, Say, Play and Pause; whatever waits needs a state of its own",
                )
        language: object = self.language
        if not (language is None or (isinstance(language, str) and language.strip())):
            raise FlowError(f"Goto({self.target!r}) has language={language!r}", hint='it is a text such as "es-MX"')
        object.__setattr__(self, "say", words)


#: Anything that an exit may name.
Target = str | RelativeTarget | Goto | None


def destination_of(target: Target) -> str | RelativeTarget | None:
    """Return the target itself, without the words that are said on the way."""
    return target.target if isinstance(target, Goto) else target


def is_target(value: object) -> bool:
    """Return whether a value is a target at all."""
    return value is None or isinstance(value, str | RelativeTarget | Goto)


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
