"""The failures of a plugin's handlers and hooks in a check."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ivrkit.conformance.checked_plugin import CheckedPlugin, ConformanceError

_EMPTY_DATA_HINT = (
    "a state can be entered from any other state, with empty call.data: use call.data.get, and lead elsewhere if a "
    "value is missing"
)
_APP_HINT = (
    "if the code needs an app of yours, return an app_factory from pytest_ivrkit_conformance, or use --ivrkit-app"
)
_FLASK_IMPORT = re.compile(r"^\s*(from|import) flask", re.MULTILINE)


@contextmanager
def record_plugin_errors() -> Iterator[list[str]]:
    """Collect the errors that ivrkit logs about plugins during the ``with`` block, and log them nowhere else."""
    errors: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: errors.append(record.getMessage())  # type: ignore[method-assign]  # simpler than a class
    log = logging.getLogger("ivrkit.plugins")
    log.addHandler(handler)
    before, log.propagate = log.propagate, False
    try:
        yield errors
    finally:
        log.propagate = before
        log.removeHandler(handler)


@contextmanager
def refuse_failures(plugin: CheckedPlugin, where: str) -> Iterator[None]:
    """Raise an error at the end of the ``with`` block if a handler or a hook failed during the block.

    A check that compares results needs this: a handler that fails in every run gives the same result in every run.

    :param where: the beginning of the error message.
    :raises ConformanceError: if ivrkit logged an error of the plugin.
    """
    with record_plugin_errors() as errors:
        yield
    refuse_errors(f"{where} failed in a call", errors, plugin)


def refuse_errors(message: str, errors: list[str], plugin: CheckedPlugin) -> None:
    """Raise an error if ivrkit logged an error of the plugin. The hint names the line of the plugin that failed.

    :param message: the beginning of the error message.
    :param errors: the logged errors.
    """
    if not errors:
        return
    own = "|".join(map(re.escape, plugin.source_paths()))
    locations = re.findall(rf'(File "((?:{own})[^"]*)", line \d+)', errors[0])
    location, path = locations[-1] if locations else (errors[0].splitlines()[0], "")
    hint = _APP_HINT if path and not plugin.has_own_app and _uses_flask(path) else _EMPTY_DATA_HINT
    # The first line begins with the state or hook and the call. After secret input, no other line has the error.
    error = re.sub(r".* failed in call \S+: ", "", errors[0].splitlines()[0])
    raise ConformanceError(f"{message}: {error}", hint=f"{hint}; it failed at {location}")


def _uses_flask(path: str) -> bool:
    return _FLASK_IMPORT.search(Path(path).read_text(encoding="utf-8", errors="replace")) is not None
