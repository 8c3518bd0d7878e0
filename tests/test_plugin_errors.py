"""The errors of plugins: which errors are caught, and the texts that ivrkit makes of errors and values."""

import asyncio
import signal
import threading

import pytest

from ivrkit import FlowError
from ivrkit.plugin_errors import (
    MAX_DESCRIPTION,
    MAX_TRACEBACK_LINES,
    MAX_VALUE,
    describe_error,
    describe_traceback,
    describe_value,
    hint_of_error,
    own_ctrl_c,
    plain_text,
    plugin_errors,
)


class PanicException(BaseException):
    """The error that a panic of an extension in Rust is in Python."""


class Unprintable(Exception):  # noqa: N818
    """An error that has no message, because its ``__str__`` raises an error."""

    def __str__(self):
        raise ZeroDivisionError

    __repr__ = __str__


def is_caught(error):
    """Return whether ``plugin_errors()`` catches an error."""
    try:
        try:
            raise error
        except plugin_errors():
            return True
    except BaseException:
        return False


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        SystemExit(3),
        PanicException(),
        asyncio.CancelledError(),
        GeneratorExit(),
        StopIteration(),
        BaseExceptionGroup("group", [PanicException(), KeyboardInterrupt()]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_is_caught(error):
    """Every error of a plugin is caught, and not only an Exception."""
    assert is_caught(error)


def test_ctrl_c_is_not_an_error_of_a_plugin():
    """A KeyboardInterrupt passes in the main thread, where it can be from a user who pressed Ctrl-C."""
    assert not is_caught(KeyboardInterrupt())


def test_an_interrupt_in_another_thread_is_an_error_of_a_plugin():
    """A KeyboardInterrupt is caught in a thread of a server, because Ctrl-C interrupts the main thread only."""
    caught = []
    thread = threading.Thread(target=lambda: caught.append(is_caught(KeyboardInterrupt())))
    thread.start()
    thread.join()
    assert caught == [True]


def test_an_interrupt_in_a_server_with_its_own_signal_handler():
    """A KeyboardInterrupt is caught in the main thread, too, if the server has replaced the handler of Ctrl-C."""
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        assert is_caught(KeyboardInterrupt())
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no such tide"), "ValueError: no such tide"),
        (FlowError("exit must be a target", hint="write HOME"), "exit must be a target"),
        (Unprintable(), "Unprintable (its __str__ raises ZeroDivisionError)"),
        (ValueError("one\n  two\r\n\n three\n"), "ValueError: one two three"),
        (ValueError("\x1b[31mred\x07\0"), r"ValueError: \x1b[31mred\x07\x00"),
        (
            OSError("cannot connect to postgres://admin:canary@10.0.0.5/prod"),
            "OSError: cannot connect to postgres://...@10.0.0.5/prod",
        ),
    ],
)
def test_an_error_is_described_in_one_line(error, text):
    """The description of an error has one line without control characters and passwords."""
    assert describe_error(error) == text


def test_a_long_message_is_cut():
    """The description of an error is cut, and it has the size of the whole message."""
    text = describe_error(ValueError("x" * 1_000_000))
    assert text == f"ValueError: {'x' * (MAX_DESCRIPTION - 12)}... (1,000,012 characters)"


def test_a_value_is_described_in_one_line():
    """A value in a message is cut, and a value whose repr raises is described by its type."""
    assert describe_value({"say": 1}) == "{'say': 1}"
    assert describe_value("x" * 1000) == f"'{'x' * (MAX_VALUE - 1)}... (1,002 characters)"
    assert describe_value(type("Tide", (), {"__repr__": lambda self: 1 / 0})()) == (
        "Tide (its __repr__ raises ZeroDivisionError)"
    )


def test_the_hint_of_an_error():
    """The hint of an error is a text in every case."""
    assert hint_of_error(FlowError("no", hint="write\n HOME")) == "write HOME"
    assert hint_of_error(ValueError()) == ""
    broken = type("Broken", (Exception,), {"hint": property(lambda self: 1 / 0)})()
    assert hint_of_error(broken) == "Broken (its hint raises ZeroDivisionError)"


def raised(error):
    """Return an error with a traceback."""
    try:
        raise error
    except BaseException as caught:
        return caught


def test_a_traceback_cannot_forge_lines_of_the_log():
    """Every line of a traceback is indented, so that a message cannot look like another line of the log."""
    text = describe_traceback(raised(ValueError("bang\n2026-01-01 INFO ivrkit.calls: call CAforged")), secret=False)
    first, *lines = text.splitlines()
    assert first == "ValueError: bang 2026-01-01 INFO ivrkit.calls: call CAforged"
    assert lines[0] == "  Traceback (most recent call last):"
    assert lines[-1] == "  2026-01-01 INFO ivrkit.calls: call CAforged"
    assert all(line.startswith("  ") for line in lines)


def test_a_long_traceback_is_cut():
    """The log gets the beginning and the end of a traceback with thousands of lines."""
    lines = describe_traceback(raised(ValueError("line\n" * 5000)), secret=False).splitlines()
    assert len(lines) == MAX_TRACEBACK_LINES + 2
    assert "more lines)" in lines[MAX_TRACEBACK_LINES // 2 + 1]


def test_a_traceback_of_an_error_that_cannot_be_formatted():
    """The traceback has the source lines even if an attribute of the error panics."""

    def panic(error):
        raise PanicException

    error = type("Noted", (Exception,), {"__notes__": property(panic)})("bang")
    text = describe_traceback(raised(error), secret=False)
    assert text.startswith("Noted: bang\n")
    assert text.endswith("raise error")


def test_a_traceback_of_an_error_whose_notes_raise():
    """The traceback has the source lines even if an attribute of the error raises.

    Python 3.13 formats such an error itself, and adds a line about its notes.
    """
    error = type("Noted", (Exception,), {"__notes__": property(lambda self: 1 / 0)})("bang")
    first, *lines = describe_traceback(raised(error), secret=False).splitlines()
    assert first == "Noted: bang"
    assert "raise error" in [line.strip() for line in lines]


def test_a_traceback_after_secret_input_has_no_message():
    """After secret input, the text has the type of the error and the source lines, but no message."""
    text = describe_traceback(raised(PanicException("called unwrap() on 739518")), secret=True)
    assert text.startswith("PanicException (its message is hidden, because the input was secret)\n")
    assert text.endswith("raise error")
    assert "739518" not in text


def test_a_plain_text_has_no_methods_of_a_subclass():
    """A text of a plugin's own class becomes a str whose methods cannot fail."""
    text = type("Evil", (str,), {"__hash__": lambda self: 1 / 0, "__str__": lambda self: 1 / 0})("menu")
    assert type(plain_text(text)) is str
    assert {"menu": 1}[plain_text(text)] == 1


def test_ctrl_c_is_left_alone_in_other_threads():
    """In a thread that Ctrl-C does not interrupt, ``own_ctrl_c`` changes nothing. In the main thread it restores."""
    before = signal.getsignal(signal.SIGINT)
    handlers = []

    def use():
        with own_ctrl_c():
            handlers.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert handlers == [before]
    assert signal.getsignal(signal.SIGINT) is before
