"""The states of a phone tree, the menu options that lead to them, and their owners."""

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
from ivrkit.flow.model.text import OPTION_PLACEHOLDERS, check_placeholders, is_text

#: The distribution of the core, which owns its own states and sentences.
CORE_PLUGIN = "ivrkit"
#: The limits of a deadline, in seconds. After 10 seconds, a webhook must have its response.
MIN_DEADLINE, MAX_DEADLINE = 0.1, 8.0
#: The name of a substate. It has no dot, because a dot separates it from the name of its parent state.
_SUBSTATE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Owner:
    """The name and version of the plugin that offers a state.

    :param plugin: the name of the distribution, such as ``acme-states``.
    :param version: the version of the distribution, or ``""`` if the version is unknown.
    """

    plugin: str
    version: str = ""

    def __str__(self) -> str:
        """Return the plugin and its version: ``acme-states 1.0``."""
        return f"{self.plugin} {self.version}".rstrip()


@dataclass(frozen=True, slots=True)
class MenuOption:
    """The menu option by which a caller reaches a state.

    :param key: the phone key or keys to press, ``0-9 * #``.
    :param label: the name of the option in the sentence "For {label}, press {key}." It is not needed with a sentence.
    :param phrases: the phrases that a caller can say instead of pressing the key. With phrases, the menu listens to
        speech, too.
    :param menu: the name of the menu that has the option.
    :param sentence: the whole sentence of the option, instead of "For {label}, press {key}." It may have the
        placeholders ``{key}``, ``{label}`` and ``{company}``.
    :raises FlowError: if an argument is invalid.
    """

    key: str
    label: str = ""
    phrases: tuple[str, ...] = ()
    menu: str = "menu"
    sentence: str | None = None

    def __post_init__(self) -> None:
        """Check all values.

        :raises FlowError: if a value is invalid. The error names the menu option.
        """
        if not is_key_sequence(self.key):
            raise FlowError(
                f"the key of MenuOption {self.label!r} must be keys of a telephone (0-9, * and #), not {self.key!r}",
                hint='write the keys as a string: key="1"',
            )
        if not is_text(self.label) and (self.label != "" or self.sentence is None):
            raise FlowError(
                f"the label of the MenuOption with the key {self.key!r} must be a text, not {self.label!r}",
                hint='give it a label: label="sales", or a whole sentence: sentence="To talk to sales, press one."',
            )
        if not is_text(self.menu):
            raise FlowError(
                f"the menu of MenuOption {self.label or self.key!r} must be the name of a state, not {self.menu!r}",
                hint='name a menu: menu="menu"',
            )
        if not (self.sentence is None or is_text(self.sentence)):
            raise FlowError(
                f"the sentence of MenuOption {self.label or self.key!r} must be a text, not {self.sentence!r}",
                hint='write a whole sentence: sentence="To talk to sales, press one."',
            )
        if self.sentence is not None and not getattr(self.sentence, "values", {}):
            check_placeholders(f"the sentence of MenuOption {self.label!r}", self.sentence, OPTION_PLACEHOLDERS)
        # One phrase may be written without a tuple.
        phrases: Any = self.phrases
        phrases = (phrases,) if isinstance(phrases, str) else tuple(phrases)
        if not all(map(is_text, phrases)):
            raise FlowError(
                f"the phrases of MenuOption {self.label or self.key!r} must be texts, not {phrases!r}",
                hint='write texts: phrases=("sales",)',
            )
        object.__setattr__(self, "phrases", phrases)


#: A function ``enter``: it takes the call and returns the content of the state.
EnterFunction = Callable[[Call], EnterContent]


@dataclass(frozen=True)
class State:
    """One state of a phone tree: the content that a caller hears, and the exit to the next state.

    :param enter: the content that the caller hears: a text, a verb of ``twilio.twiml.voice_response``, a list of texts
        and verbs, a ``Menu``, or a function that takes the call and returns any of these.
    :param exit: where the call goes next: ``None`` to end the call, a target to go to at once, a ``Routes`` table, or a
        function ``(call) -> target`` with the decorator ``@leads_to``.
    :param options: the menu option or options that lead to the state.
    :param on_error: the name of the state to go to if the code of this state fails; by default HOME.
    :param secret: whether the caller's input in this state is kept out of every log, record and store.
    :param voice: the voice of every ``Say`` without voice and language; by default the voice of the call's language.
    :param language: the language of this state in every call; by default the language of the call.
    :param whisper: the prompts that the callee of this state's ``Dial`` hears before both parties are connected.
    :param deadline: the number of seconds that an ``enter`` or exit function of this state may run. If the function
        runs longer, the caller hears an apology and goes to ``on_error``. By default the setting ``deadline`` applies.
    :param substates: name -> state, for states that belong to this state. The full name of the substate ``confirm`` of
        the state ``account`` is ``account.confirm``. In the exits and menu options of both states, ``".confirm"`` is
        short for ``account.confirm``, and ``"."`` is short for ``account``. Substates may have substates: a short name
        means a substate of the innermost state that has a substate of this name.
    :param name: the name of the state. The loader sets it.
    :param owner: the plugin that offers the state. The loader sets it.
    :param parent: the name of the parent state, or ``""`` if the state is not a substate. The loader sets it.
    :raises FlowError: if an argument is invalid.
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
    deadline: float | None = None
    substates: Mapping[str, State] = field(default_factory=dict)
    name: str = ""
    owner: Owner = Owner("")
    parent: str = ""

    def __post_init__(self) -> None:
        """Check all values, and store the options as a tuple and the substates as a read-only copy."""
        self._check_enter()
        self._check_exit()
        self._check_other_values()
        self._check_substates()
        options = (self.options,) if isinstance(self.options, MenuOption) else tuple(self.options)
        for option in options:
            if not isinstance(option, MenuOption):
                raise FlowError(
                    f"an option of {self._title()} must be a MenuOption, not {option!r}",
                    hint='write MenuOption(key="1", label="sales")',
                )
        # The dataclass is frozen; this is the way to set a field of it.
        object.__setattr__(self, "options", options)
        object.__setattr__(self, "substates", MappingProxyType(dict(self.substates)))

    def _check_enter(self) -> None:
        if not (callable(self.enter) or isinstance(self.enter, str | TwiML | Menu | list | tuple)):
            raise FlowError(
                f"enter of {self._title()} must be a text, a verb, a list of these, a Menu or a function, "
                f"not {self.enter!r}",
                hint='write enter="Hello." or a function that takes the call',
            )
        if callable(self.enter):
            _check_handler(self._title(), self.enter)

    def _check_exit(self) -> None:
        if isinstance(self.exit, LeadsTo):
            _check_handler(self._title(), self.exit.function)
        elif callable(self.exit):
            raise FlowError(
                f"the exit function {getattr(self.exit, '__name__', self.exit)!r} of {self._title()} must declare its "
                "targets",
                hint='decorate it with all that it returns: @leads_to("sales", SAME)',
            )
        elif not isinstance(self.exit, Routes) and not is_target(self.exit):
            raise FlowError(
                f"exit of {self._title()} must be None, a target, Routes or a function, not {self.exit!r}",
                hint="write a state's name, Routes({...}), or a function decorated with @leads_to",
            )

    def _check_other_values(self) -> None:
        if not (self.on_error is None or isinstance(self.on_error, str)):
            raise FlowError(
                f"on_error of {self._title()} must be the name of a state, not {self.on_error!r}",
                hint='write on_error="menu"',
            )
        for name, example in (("voice", "Polly.Mia"), ("language", "es-MX")):
            value = getattr(self, name)
            if not (value is None or is_text(value)):
                raise FlowError(
                    f"{name} of {self._title()} must be a text, not {value!r}", hint=f'write {name}="{example}"'
                )
        if not (self.whisper is None or isinstance(self.whisper, Whisper)):
            raise FlowError(
                f"whisper of {self._title()} must be a Whisper, not {self.whisper!r}",
                hint='write whisper=Whisper("...")',
            )
        if not (self.deadline is None or _is_deadline(self.deadline)):
            raise FlowError(
                f"deadline of {self._title()} must be a number of seconds from {MIN_DEADLINE} to {MAX_DEADLINE}, "
                f"not {self.deadline!r}",
                hint="write deadline=3",
            )

    def _check_substates(self) -> None:
        substates: Mapping[Any, Any] = self.substates
        for name, substate in substates.items():
            if not (isinstance(name, str) and _SUBSTATE_NAME.fullmatch(name)):
                raise FlowError(
                    f"the name of a substate of {self._title()} must have only letters, digits, - and _, not {name!r}",
                    hint="rename the substate",
                )
            if not isinstance(substate, State):
                raise FlowError(
                    f"the substate {name!r} of {self._title()} must be a State, not {substate!r}",
                    hint="write State(...)",
                )

    def _title(self) -> str:
        return f"state {self.name!r}" if self.name else "a State"

    @property
    def menu_options(self) -> tuple[MenuOption, ...]:
        """The menu options that lead to the state, as a tuple even for a single option."""
        return cast("tuple[MenuOption, ...]", self.options)


def _is_deadline(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return bool(is_number and MIN_DEADLINE <= value <= MAX_DEADLINE)


def _check_handler(title: str, handler: Any) -> None:
    """Raise an error if an ``enter`` or exit function cannot be called with the call as its only argument.

    :param title: the state in words, for the message.
    :param handler: the ``enter`` or exit function.
    :raises FlowError: if the function is async, is a class, or takes other arguments.
    """
    name = getattr(handler, "__name__", repr(handler))
    if inspect.iscoroutinefunction(handler):
        raise FlowError(
            f"the function {name!r} of {title} must be a plain function, not an async one",
            hint="write def, not async def",
        )
    if inspect.isclass(handler):
        raise FlowError(
            f"the function {name!r} of {title} must be a function, not a class",
            hint=f"pass an object of the class: {name}(...)",
        )
    # Binding the arguments finds a wrong signature without calling the handler.
    try:
        inspect.signature(handler).bind(None)
    except ValueError:
        # Some functions that are written in C have no signature.
        return
    except TypeError as error:
        raise FlowError(
            f"the function {name!r} of {title} must take the call: {error}",
            hint="give it one parameter, the call",
        ) from error
