"""Connection overrides: timeouts and retries in the fragment of a URL.

https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: The maximum seconds of any request of a call. Overrides can't raise this limit.
MAX_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Overrides:
    """Timeouts and retries of a request.

    :param connect: the longest time to open the connection, in seconds.
    :param read: the longest time to wait for the response, in seconds.
    :param total: the longest time for the connection and the response together, in seconds.
    :param retries: the number of attempts after the first attempt.
    :param retry_on: the failures after which the request is sent again: ``4xx``, ``5xx``, ``ct`` (no connection) or
        ``rt`` (no response in time).
    """

    connect: float = 5.0
    read: float = MAX_SECONDS
    total: float = MAX_SECONDS
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct"})


DEFAULT = Overrides()
_ALL_FAILURES = frozenset({"4xx", "5xx", "ct", "rt"})
#: Key -> the name of a timeout, and its minimum and maximum in milliseconds.
_TIMEOUTS = {"ct": ("connect", 100, 10_000), "rt": ("read", 100, 15_000), "tt": ("total", 100, 15_000)}


def overrides_of(url: str) -> tuple[Overrides, list[str]]:
    """Return the connection overrides in the fragment of a URL. Invalid overrides are left out.

    :returns: the overrides, and a list with a message for each invalid override.
    """
    fragment = url.partition("#")[2]
    if not fragment:
        return DEFAULT, []
    fields: dict[str, Any] = {}
    messages = []
    for override in fragment.split("&"):
        key, _, value = override.partition("=")
        try:
            fields.update(_read(key, value))  # a repeated key replaces the earlier value
        except ValueError as error:
            messages.append(str(error))
    return Overrides(**fields), messages


def _read(key: str, value: str) -> dict[str, Any]:
    """Return a dict with the field of :class:`Overrides` that one connection override sets, and its value.

    :param key: the name of the connection override, such as ``rc``.
    :returns: the dict, which is empty if the simulator ignores this connection override.
    :raises ValueError: if the name or the value is invalid.
    """
    if key in _TIMEOUTS:
        name, least, most = _TIMEOUTS[key]
        return {name: _number(key, value, least, most) / 1000}
    if key == "rc":
        return {"retries": _number(key, value, 0, 5)}
    if key == "rp":
        failures = frozenset(value.split(","))
        if failures <= _ALL_FAILURES | {"all"}:
            return {"retry_on": _ALL_FAILURES if "all" in failures else failures}
        raise ValueError(f"the connection override rp must be one or more of 4xx,5xx,ct,rt,all, not {value!r}")
    if key == "sni":
        if value in ("y", "n"):
            return {}
        raise ValueError(f"the connection override sni must be y or n, not {value!r}")
    # Edge locations have no effect here, so they are not checked.
    if key == "e":
        return {}
    raise ValueError(f"the connection override must be ct, rt, tt, rc, rp, sni or e, not {key!r}")


def _number(key: str, value: str, least: int, most: int) -> int:
    if value.isascii() and value.isdigit() and len(value) < 9 and least <= int(value) <= most:
        return int(value)
    raise ValueError(f"the connection override {key} must be from {least} to {most}, not {value!r}")
