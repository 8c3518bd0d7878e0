"""Runs the plugins' own code, so that whatever it does hurts neither the caller nor what is kept of the call."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ivrkit.errors import FlowError

#: What a state's own code may raise without hurting the caller.
CAUGHT = (Exception, SystemExit)

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Failed:
    """What a plugin's own code raised."""

    error: BaseException


def attempt(run: Callable[[], Result]) -> Result | Failed:
    """Return what a plugin's code makes, or what it raises: no longer as the error that is being handled.

    Whoever is told of it could otherwise see what a stand-in is to hide.
    """
    try:
        return run()
    except CAUGHT as error:
        return Failed(error)


def sandboxed(data: dict[str, Any], run: Callable[[], Result], most: int | None = None) -> Result:
    """Run a handler; when it fails, or leaves data that can't be kept, ``data`` is as it was before.

    :param data: the ``data`` of the call, which the handler may change in place.
    :param run: runs the handler.
    :param most: how many bytes ``data`` may have as JSON, ``None`` for any number.
    :raises FlowError: for data that can't be kept; and whatever the handler raises.
    """
    before = json.dumps(data)
    try:
        result = run()
        if data:
            check_data(data, most)
    except CAUGHT:
        data.clear()
        data.update(json.loads(before))
        raise
    return result


def check_data(data: dict[str, Any], most: int | None = None) -> None:
    """Refuse data that would come back different, or not at all, at the next webhook.

    :param most: as of :func:`sandboxed`.
    :raises FlowError: with what can be kept.
    """
    hint = "keep strings, numbers, booleans, None, lists, and dicts with strings as keys"
    try:
        text = json.dumps(data, allow_nan=False)
        kept = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise FlowError(f"call.data can't be kept: {error}", hint=hint) from error
    if most is not None and len(text) > most:
        raise FlowError(
            f"call.data would have {len(text)} bytes, and where calls are kept {most} are the most",
            hint="keep less in it, or set session_url to a store with more room",
        )
    if kept != data:
        raise FlowError(f"call.data {data!r} would come back as {kept!r}", hint=hint)
