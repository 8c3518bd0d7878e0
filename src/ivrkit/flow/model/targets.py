"""Where a call can go next: a state's name, SAME, BACK, HOME, ``None``, or an ``Goto`` of one of these."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from twilio.twiml import TwiML

from ivrkit.errors import FlowError

#: What may be said on the way to a target: texts, and the verbs that only sound.
PROMPT_VERBS = ("Say", "Play", "Pause")


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
