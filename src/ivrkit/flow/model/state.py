"""A state of the call flow, how it is reached, and what belongs to it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from types import MappingProxyType
from typing import Any, cast

from twilio.twiml import TwiML

from ivrkit.errors import FlowError
from ivrkit.flow.model.call import Call
from ivrkit.flow.model.outcomes import is_key_sequence
from ivrkit.flow.model.prompts import EnterContent, Menu, Whisper
from ivrkit.flow.model.routes import LeadsTo, Routes, Target, is_target

#: The distribution of the core, which owns its own states and sentences.
CORE_PLUGIN = "ivrkit"
#: How a part of a state may be called.
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Owner:
    """The plugin that a state came from.

    :param plugin: the name of the distribution, such as ``acme-states``.
    :param version: its version, ``""`` when it has none.
    """

    plugin: str
    version: str = ""

    def __str__(self) -> str:
        """Return ``acme-states 1.0``."""
        return f"{self.plugin} {self.version}".rstrip()


@dataclass(frozen=True, slots=True)
class MenuOption:
    """How a state is reached from a menu.

    :param key: the key or keys to press, ``0-9 * #``.
    :param label: what the option is called: "For {label}, press {key}."
    :param phrases: what a caller may say instead; the menu then listens for speech as well.
    :param menu: the state whose ``Menu`` the option is read in.
    :param sentence: the whole sentence, in place of the one made of label and key.
    :raises FlowError: for a key that no telephone has, or a label that is empty.
    """

    key: str
    label: str
    phrases: tuple[str, ...] = ()
    menu: str = "menu"
    sentence: str | None = None

    def __post_init__(self) -> None:
        """Check everything, so that no menu has to suffer for it."""
        if not is_key_sequence(self.key):
            raise FlowError(
                f"MenuOption {self.label!r} has the key {self.key!r}",
                hint='a key is a string of 0-9, * and #, such as key="1"',
            )
        if not _is_text(self.label):
            raise FlowError(f"MenuOption with the key {self.key!r} has no label", hint='give one: label="sales"')
        if not _is_text(self.menu) or not (self.sentence is None or _is_text(self.sentence)):
            raise FlowError(
                f"MenuOption {self.label!r} has menu={self.menu!r} and sentence={self.sentence!r}",
                hint="menu is the name of a state, and sentence a whole sentence",
            )
        phrases: Any = self.phrases
        phrases = (phrases,) if isinstance(phrases, str) else tuple(phrases)
        if not all(map(_is_text, phrases)):
            raise FlowError(
                f"MenuOption {self.label!r} has the phrases {phrases!r}", hint='phrases are texts: phrases=("sales",)'
            )
        object.__setattr__(self, "phrases", phrases)


#: A function ``enter``: it is given the call and returns what the caller hears.
EnterFunction = Callable[[Call], EnterContent]


@dataclass(frozen=True)
class State:
    """One place in the call flow.

    :param enter: what the caller hears: a text, a verb of ``twilio.twiml.voice_response``, a list of these, a
        ``Menu``, or a function ``(call) -> any of these``.
    :param exit: where the call goes next: ``None`` when the state's own words are the last, a target to go there
        at once, an ``Routes`` table, or a function ``(call) -> target`` decorated with ``@leads_to``.
    :param options: the menu option or options by which a caller reaches the state.
    :param on_error: the state to go to when this one's code fails; HOME when left out.
    :param secret: what the caller presses or says here is kept out of every log, record and store.
    :param voice: of every ``Say`` of this state without voice and language; that of the call's language when left out.
    :param language: the language that this state is always said in, whatever the call's is.
    :param whisper: what whoever answers this state's ``Dial`` hears before both talk.
    :param substates: states that belong to this one, by name: the substate ``confirm`` of the state ``account`` is
        the state ``account.confirm``. In this state and its substates, a target that begins with a dot names one of
        them: ``".confirm"``; ``"."`` is this state itself. The same holds for the ``menu`` of a ``MenuOption``.
        Substates may have substates; a name is looked up in the innermost state that has it.
    :param name: bound by the loader: the name of the entry point.
    :param owner: bound by the loader: the plugin that it came from.
    :param parent: bound by the loader: the state that this one is a part of, ``""`` for none.
    :raises FlowError: for an enter, an exit, an option or a part of the wrong kind.
    """

    enter: EnterContent | EnterFunction
    exit: Target | Routes | LeadsTo = None
    _: KW_ONLY
    options: MenuOption | Iterable[MenuOption] = ()
    on_error: str | None = None
    secret: bool = False
    voice: str | None = None
    language: str | None = None
    whisper: Whisper | None = None
    substates: Mapping[str, State] = field(default_factory=dict)
    name: str = ""
    owner: Owner = Owner("")
    parent: str = ""

    def __post_init__(self) -> None:
        """Check the kind of everything, and keep the options as a tuple."""
        if not (callable(self.enter) or isinstance(self.enter, str | TwiML | Menu | list | tuple)):
            raise FlowError(
                f"{self._who()} has enter={self.enter!r}",
                hint="enter is a text, a verb, a list of these, a Menu, or a function (call) -> any of these",
            )
        if callable(self.enter):
            _check_handler(self._who(), self.enter)
        if isinstance(self.exit, LeadsTo):
            _check_handler(self._who(), self.exit.function)
        if not (self.on_error is None or isinstance(self.on_error, str)):
            raise FlowError(f"{self._who()} has on_error={self.on_error!r}", hint="on_error is the name of a state")
        if callable(self.exit) and not isinstance(self.exit, LeadsTo):
            raise FlowError(
                f"{self._who()} has the exit function {getattr(self.exit, '__name__', self.exit)!r} without targets",
                hint='decorate it with all that it returns: @leads_to("sales", SAME)',
            )
        if not isinstance(self.exit, Routes | LeadsTo) and not is_target(self.exit):
            raise FlowError(
                f"{self._who()} has exit={self.exit!r}",
                hint="exit is None, a target, Routes({...}), or a function decorated with @leads_to",
            )
        self._check_voice()
        self._check_parts()
        options = (self.options,) if isinstance(self.options, MenuOption) else tuple(self.options)
        for option in options:
            if not isinstance(option, MenuOption):
                raise FlowError(f"{self._who()} has the option {option!r}", hint="an option is a MenuOption(...)")
        object.__setattr__(self, "options", options)

    def _check_voice(self) -> None:
        for name, example in (("voice", "Polly.Mia"), ("language", "es-MX")):
            value = getattr(self, name)
            if not (value is None or _is_text(value)):
                raise FlowError(f"{self._who()} has {name}={value!r}", hint=f'it is a text such as "{example}"')

    def _check_parts(self) -> None:
        if not (self.whisper is None or isinstance(self.whisper, Whisper)):
            raise FlowError(f"{self._who()} has whisper={self.whisper!r}", hint='it is a Whisper("...")')
        substates: Mapping[Any, Any] = self.substates
        for name, part in substates.items():
            if not (isinstance(name, str) and _PART.fullmatch(name)):
                raise FlowError(f"{self._who()} has a part called {name!r}", hint="use letters, digits, - and _")
            if not isinstance(part, State):
                raise FlowError(f"{self._who()} has the part {name!r}, which is {part!r}", hint="a part is a State")
        object.__setattr__(self, "substates", MappingProxyType(dict(self.substates)))

    def _who(self) -> str:
        return f"state {self.name!r}" if self.name else "a State"

    @property
    def menu_options(self) -> tuple[MenuOption, ...]:
        """The options as a tuple, however they were given."""
        return cast("tuple[MenuOption, ...]", self.options)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _check_handler(who: str, handler: Any) -> None:
    """Refuse a handler that could not be called with the call, before a caller finds out."""
    name = getattr(handler, "__name__", repr(handler))
    if inspect.iscoroutinefunction(handler):
        raise FlowError(
            f"{who} has the async function {name!r}", hint="handlers are plain functions: write def, not async def"
        )
    if inspect.isclass(handler):
        raise FlowError(f"{who} has the class {name!r} for a function", hint=f"make an object of it: {name}(...)")
    try:
        inspect.signature(handler).bind(None)
    except ValueError:  # some of those written in C don't tell
        return
    except TypeError as error:
        raise FlowError(
            f"{who} has the function {name!r}, which can't be given the call: {error}",
            hint="a handler takes one argument, the call",
        ) from error
