"""Ways in which the code of a plugin can misbehave: errors that it raises, and values that it returns."""

import asyncio
from collections.abc import Callable
from typing import Any

from twilio.twiml import GenericNode
from twilio.twiml.voice_response import Pause, Record, Say

from ivrkit import FlowError, ask


class PanicException(BaseException):
    """The error that a panic of an extension in Rust is in Python."""


class UnprintableError(Exception):
    """An error whose message cannot be printed."""

    def __str__(self) -> str:
        raise ZeroDivisionError

    __repr__ = __str__


class UnprintablePanic(BaseException):
    """An error that is no Exception, and whose message raises another such error."""

    def __str__(self) -> str:
        raise PanicException


class BadHintError(Exception):
    """An error whose hint raises an error."""

    @property
    def hint(self) -> str:
        """Raise an error."""
        raise PanicException


class BadNotesError(Exception):
    """An error whose notes raise an error."""

    @property
    def __notes__(self) -> list[str]:
        raise ZeroDivisionError


class EvilText(str):
    """A text whose methods raise errors."""

    __slots__ = ()

    def __hash__(self) -> int:
        raise PanicException

    def __str__(self) -> str:
        raise PanicException


class EvilObject:
    """An object that raises an error at every access."""

    def __getattribute__(self, name: str) -> Any:
        raise PanicException(name)

    def __repr__(self) -> str:
        raise PanicException


def nested(levels: int) -> list[Any]:
    """Return lists that are nested in each other."""
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


def nested_say(levels: int) -> Say:
    """Return a Say with nested elements."""
    say = inner = Say("x")
    for _ in range(levels):
        inner = inner.emphasis("y")
    return say


def child_with_bad_name() -> Say:
    """Return a Say with a child whose name is not a name of XML."""
    say = Say("x")
    say.add_child("e><x", "y")
    return say


def chained() -> Exception:
    """Return an error that was raised from another error."""
    error = ValueError("second")
    error.__cause__ = UnprintableError()
    return error


def recurse() -> None:
    """Exceed the recursion limit."""
    recurse()


#: Name -> an error to raise.
ERRORS: dict[str, Callable[[], BaseException]] = {
    "ValueError": lambda: ValueError("bang"),
    "IvrkitError": lambda: FlowError("exit must be a target", hint="write HOME"),
    "SystemExit": lambda: SystemExit(3),
    "KeyboardInterrupt": KeyboardInterrupt,
    "CancelledError": lambda: asyncio.CancelledError("cancelled"),
    "GeneratorExit": GeneratorExit,
    "panic": lambda: PanicException("called `Result::unwrap()` on an `Err` value"),
    "ExceptionGroup": lambda: ExceptionGroup("group", [ValueError("inner")]),
    "BaseExceptionGroup": lambda: BaseExceptionGroup("group", [PanicException("inner"), KeyboardInterrupt()]),
    "unprintable": UnprintableError,
    "unprintable panic": UnprintablePanic,
    "bad hint": BadHintError,
    "bad notes": BadNotesError,
    "chained": chained,
    "StopIteration": StopIteration,
    "StopAsyncIteration": StopAsyncIteration,
    "MemoryError": MemoryError,
    "AssertionError": AssertionError,
    "no message": Exception,
    "a megabyte": lambda: ValueError("x" * 1_000_000),
    "many lines": lambda: ValueError("line\n2026-01-01 INFO ivrkit.calls: call CAforged\n" * 1000),
    "control characters": lambda: ValueError("\x1b[31mred\x07\0\ud800"),
    "a password": lambda: OSError("cannot connect to postgres://admin:canarypw@10.0.0.5/prod"),
}

#: Name -> a value to return.
VALUES: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "a number": lambda: 7,
    "bytes": lambda: b"<Say>x</Say>",
    "a dict": lambda: {"say": "x"},
    "a dict with evil keys": lambda: {7: EvilObject()},
    "a generator": lambda: (each for each in ("x",)),
    "an evil text": lambda: EvilText("menu"),
    "an evil object": EvilObject,
    "a huge text": lambda: "x" * 200_000,
    "a bad name": lambda: GenericNode("a b><c", "x"),
    "a bad attribute": lambda: Say("x", **{"a b": "c"}),
    "a prefix without a namespace": lambda: Say("x", **{"q:r": "s"}),
    "a child with a bad name": child_with_bad_name,
    "10,000 verbs": lambda: [Pause(length=1)] * 10_000,
    "nested 5,000 levels deep": lambda: nested_say(5_000),
    "two verbs that wait": lambda: [ask("a"), Record()],
}

#: Name -> a value to store in ``call.data``.
DATA: dict[str, Callable[[], Any]] = {
    "data: a set": lambda: {1, 2},
    "data: NaN": lambda: float("nan"),
    "data: number as key": lambda: {1: 2},
    "data: 400 deep": lambda: nested(400),
    "data: 900 deep": lambda: nested(900),
    "data: 100,000 deep": lambda: nested(100_000),
    "data: an evil object": EvilObject,
}

#: Name -> an attribute of the call to replace, although the call is frozen, and the value.
ATTRIBUTES: dict[str, tuple[str, Callable[[], Any]]] = {
    "replaces call.data": ("data", EvilObject),
    "replaces call.data by a dict": ("data", dict),
    "replaces call.params": ("params", lambda: None),
    "replaces call.sid": ("sid", lambda: 7),
}

FATES = [*ERRORS, "RecursionError", *VALUES, *DATA, *ATTRIBUTES]

#: The values that are no mistake at a place at load.
VALID_AT_LOAD = {
    "settings": {*VALUES, *DATA, *ATTRIBUTES},  # nothing reads what __post_init__ returns
    "defaults of settings": {*VALUES, *DATA, *ATTRIBUTES} - {"an evil object"},  # a default is a value like any other
    "edit_state": {"None"},
}
#: The places in a call whose return value is not read.
IGNORED = {"edit_response", "clean_up", "call_started", "state_entered", "state_left", "recorded", "call_ended"}
#: The values that are a valid result at a place in a call.
VALID_IN_CALLS = {
    "choose_start": {"None", "an evil text"},
    "state_failed": {"None", "an evil text", *DATA},
}


class Fate:
    """The fate of the current test. The attribute ``name`` is one of :data:`FATES`, or ``""`` for good behaviour."""

    def __init__(self) -> None:
        self.name = ""

    def run(self, call: Any = None) -> Any:
        """Misbehave.

        :param call: the call, for a fate that stores data.
        """
        if self.name in ERRORS:
            raise ERRORS[self.name]()
        if self.name == "RecursionError":
            return recurse()
        if self.name in DATA:
            if call is not None:
                call.data["x"] = DATA[self.name]()
            return "x"
        if self.name in ATTRIBUTES:
            name, make_value = ATTRIBUTES[self.name]
            if call is not None:
                object.__setattr__(call, name, make_value())
            return "x"
        return VALUES[self.name]()


#: The fate of the module that the tests install.
fate = Fate()
