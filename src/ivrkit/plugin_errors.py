"""The errors of plugins: which errors ivrkit catches around a plugin's code, and how messages and logs describe them.

A plugin can raise anything, and its errors and return values are objects of its own classes. So every text that ivrkit
makes of such an object is made here. The text is short, it has one line, and making it never raises an error.
"""

from __future__ import annotations

import re
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ivrkit.errors import IvrkitError, redacted

#: The longest description of an error or a value, in characters.
MAX_DESCRIPTION = 1_000
#: The longest description of a value inside of a message, in characters.
MAX_VALUE = 200
#: The largest number of lines that the log gets of one traceback.
MAX_TRACEBACK_LINES = 200

#: User and password in a URL. A password that is not percent-encoded may contain / and @.
_CREDENTIALS = re.compile(r"(?<=://)[^\s'\"<>]*@")


def plugin_errors() -> type[BaseException] | tuple[()]:
    """Return the errors to catch around the code of a plugin.

    Write ``except plugin_errors() as error:``. Python calls this function when an error reaches this clause. The clause
    catches every error, such as the panic of an extension in Rust, ``asyncio.CancelledError``, ``SystemExit`` and
    ``BaseExceptionGroup``. Only a ``KeyboardInterrupt`` passes, if it can be from a user who pressed Ctrl-C.
    """
    error = sys.exception()
    is_ctrl_c = isinstance(error, CtrlC) or (isinstance(error, KeyboardInterrupt) and _gets_ctrl_c())
    return () if is_ctrl_c else BaseException


class CtrlC(KeyboardInterrupt):
    """The user has pressed Ctrl-C, in a program with :func:`own_ctrl_c`."""


@contextmanager
def own_ctrl_c() -> Iterator[None]:
    """Return a context manager in which Ctrl-C raises ``CtrlC``.

    So a ``KeyboardInterrupt`` of a plugin cannot be mistaken for Ctrl-C, and is caught as any other error. If Ctrl-C
    does not raise ``KeyboardInterrupt`` in this thread, nothing changes.
    """
    if not _gets_ctrl_c():
        yield
        return
    signal.signal(signal.SIGINT, _raise_ctrl_c)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _raise_ctrl_c(number: int, frame: FrameType | None) -> None:
    raise CtrlC


def _gets_ctrl_c() -> bool:
    """Return whether Ctrl-C raises ``KeyboardInterrupt`` in this thread.

    Python does this in the main thread only. A server such as gunicorn replaces the signal handler.
    """
    is_main = threading.current_thread() is threading.main_thread()
    return is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def describe_error(error: BaseException) -> str:
    """Return the message of an error in one line. For an error that is not an ``IvrkitError``, add its type in front.

    Control characters are escaped, passwords in URLs are hidden, and a long message is cut.

    :param error: the error. Its ``__str__`` may raise an error.
    """
    return _safely(lambda: _message_of(error), error, "__str__", MAX_DESCRIPTION)


def describe_value(value: object) -> str:
    """Return the ``repr()`` of a value in one line, for the part "not ..." of a message.

    Control characters are escaped, passwords in URLs are hidden, and a long text is cut.

    :param value: the value. Its ``__repr__`` may raise an error.
    """
    return _safely(lambda: repr(value), value, "__repr__", MAX_VALUE)


def hint_of_error(error: BaseException) -> str:
    """Return the hint of an error in one line, or ``""`` if the error has no hint."""
    return _safely(lambda: str(getattr(error, "hint", "")), error, "hint", MAX_DESCRIPTION)


def describe_traceback(error: BaseException, *, secret: bool) -> str:
    """Return a description of an error in one line. The lines of its traceback follow.

    The lines of the traceback are indented, so that a line break in a message cannot forge a line of the log.

    :param error: the error.
    :param secret: whether the input was secret. If so, the text has no message of an error, because a message may quote
        the input of the caller. The lines of source code are still there.
    """
    if secret:
        first, lines = redacted(error).message, traceback.format_tb(error.__traceback__)
    else:
        first, lines = describe_error(error), _format_exception(error)
    shown = [_one_line(line, MAX_DESCRIPTION) for line in "".join(lines).splitlines()]
    if len(shown) > MAX_TRACEBACK_LINES:
        half = MAX_TRACEBACK_LINES // 2
        shown[half:-half] = [f"... ({len(shown) - 2 * half} more lines)"]
    return "\n  ".join([first, *shown])


def escape_control_characters(text: str) -> str:
    """Return a text with its control characters escaped, so that line breaks in the text cannot forge log lines."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)


def plain_text(text: str) -> str:
    """Return a text of a plugin as a ``str``, without the methods of a subclass, which may raise errors."""
    return str.__str__(text)


def _message_of(error: BaseException) -> str:
    return f"{error.message}" if isinstance(error, IvrkitError) else f"{type(error).__name__}: {error}"


def _format_exception(error: BaseException) -> list[str]:
    try:
        return traceback.format_exception(error)
    except plugin_errors():  # an attribute of the error, such as __notes__, raises an error
        return traceback.format_tb(error.__traceback__)


def _safely(describe: Callable[[], str], value: object, name: str, limit: int) -> str:
    """Return a text about an object of a plugin in one line.

    :param describe: a function that returns the text.
    :param value: the object.
    :param name: the attribute of the object that the function calls.
    :param limit: the largest number of characters.
    """
    try:
        return _one_line(describe(), limit)
    except plugin_errors() as error:
        return f"{type(value).__name__} (its {name} raises {type(error).__name__})"


def _one_line(text: str, limit: int) -> str:
    """Return a text in one line. Line breaks and the spaces around them become one space."""
    size = len(text)
    # Cut first, so that a huge text costs nothing. The rest of the work can make the text a little longer.
    if size > limit:
        text = f"{text[:limit]}... ({size:,} characters)"
    stripped = [line.strip() for line in text.splitlines()]
    line = " ".join(filter(None, stripped)) if len(stripped) > 1 else text.rstrip("\r\n")
    return hide_passwords(escape_control_characters(line))


def hide_passwords(text: str) -> str:
    """Return a text in which the users and passwords of all URLs are replaced by ``...``."""
    return _CREDENTIALS.sub("...@", text) if "://" in text else text
