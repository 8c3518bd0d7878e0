"""The sandbox: runs a plugin's code, catches its errors, and restores the call's data after a failure."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar, final

from ivrkit.errors import FlowError
from ivrkit.flow.model.call import Call
from ivrkit.plugin_errors import plugin_errors

#: The maximum depth of lists and dicts in ``call.data``. A copy of deeper data could exceed the recursion limit.
MAX_DATA_DEPTH = 100

Result = TypeVar("Result")


@final
@dataclass(frozen=True, slots=True)
class Failure:
    """An error that a plugin's code raised.

    Compare with ``type(result) is Failure``: ``isinstance()`` asks the result for its class, which may raise an error.
    """

    error: BaseException


def catch_failure(run: Callable[[], Result]) -> Result | Failure:
    """Run a plugin's code, and return its result. If the code raises an error, return a :class:`Failure`.

    The error is returned so that the hook ``ivrkit_state_failed`` runs outside of an ``except`` block. Inside such a
    block, the hook could read a secret message of the error from ``sys.exc_info()``.

    :param run: a function that runs the code.
    """
    try:
        return run()
    except plugin_errors() as error:
        return Failure(error)


#: The names of all attributes of a call.
_ATTRIBUTES = tuple(each.name for each in fields(Call))
_values_of = operator.attrgetter(*_ATTRIBUTES)


def keep_attributes(call: Call, run: Callable[[], Result]) -> Result:
    """Run a plugin's code, and restore the attributes of the call that the code has replaced.

    A ``Call`` is frozen, but ``object.__setattr__`` can replace its attributes. Without their right values, the rest of
    the turn would fail outside of any sandbox.

    :param call: the call, which is an argument of the code.
    :param run: a function that runs the code.
    :returns: the result of the code.
    :raises FlowError: if the code has replaced an attribute. An error of the code itself is raised again.
    """
    before = _values_of(call)
    try:
        result = run()
    except plugin_errors():
        _restore(call, before)
        raise
    replaced = _restore(call, before)
    if replaced:
        raise FlowError(f"call.{replaced} must not be replaced", hint="change call.data in place, and nothing else")
    return result


def _restore(call: Call, before: Sequence[Any]) -> str:
    """Restore the attributes of a call. Return the name of a replaced attribute, or ``""`` if nothing was replaced."""
    replaced = ""
    for name, value in zip(_ATTRIBUTES, before, strict=True):
        if getattr(call, name, None) is not value:
            replaced = replaced or name
            object.__setattr__(call, name, value)
    return replaced


def run_sandboxed(data: dict[str, Any], run: Callable[[], Result], max_data_bytes: int | None = None) -> Result:
    """Run a plugin's code. If the code fails, undo its changes to ``call.data``.

    :param data: the dict ``call.data``, which the code may change in place.
    :param run: a function that runs the code.
    :param max_data_bytes: the maximum size of ``data`` as JSON, in bytes, or ``None`` for no maximum.
    :returns: the result of the code.
    :raises FlowError: if the code has written values to ``data`` that cannot be stored. An error of the code itself is
        raised again.
    """
    # A copy as JSON: the code may change nested values in place.
    before = json.dumps(data)
    try:
        result = run()
        if data:
            check_data(data, max_data_bytes)
    except plugin_errors():
        # The call and the session hold this very dict, so its contents are replaced.
        data.clear()
        data.update(json.loads(before))
        raise
    return result


def check_data(data: dict[str, Any], max_bytes: int | None = None) -> None:
    """Raise an error if ``call.data`` cannot be stored as JSON and loaded again unchanged.

    :param data: the dict ``call.data``.
    :param max_bytes: the maximum size of the JSON in bytes, or ``None`` for no maximum.
    :raises FlowError: if ``data`` cannot be stored. The hint lists the values that can be stored.
    """
    hint = "store strings, numbers, booleans, None, lists, and dicts with strings as keys"
    try:
        text = json.dumps(data, allow_nan=False)
        stored = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise FlowError(f"call.data cannot be stored: {error}", hint=hint) from error
    if max_bytes is not None and len(text) > max_bytes:
        raise FlowError(
            f"call.data must have at most {max_bytes} bytes in this session store, not {len(text)}",
            hint="store less in it, or set session_url to a store without this limit",
        )
    if _depth(stored) > MAX_DATA_DEPTH:
        raise FlowError(
            f"call.data must be nested at most {MAX_DATA_DEPTH} levels deep, not {_depth(stored)}",
            hint="store less in it",
        )
    if stored != data:
        raise FlowError(f"call.data {data!r} would be loaded as {stored!r}", hint=hint)


def _depth(data: dict[str, Any]) -> int:
    """Return how deep the lists and dicts in ``call.data`` are nested. A dict without lists and dicts has the depth 1.

    The function has no recursion, because the data may be deeper than the recursion limit.
    """
    depth = 0
    level: list[Any] = [data]
    while level:
        depth += 1
        nested: list[Any] = []
        for each in level:
            values = each.values() if isinstance(each, dict) else each
            nested.extend(value for value in values if isinstance(value, dict | list))
        level = nested
    return depth
