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

    :param connect: seconds for the connection.
    :param read: seconds for the response.
    :param total: seconds for the connection and the response together.
    :param retries: number of attempts after the first.
    :param retry_on: the failures that are retried: ``4xx``, ``5xx``, ``ct`` (no connection) or ``rt`` (no response in
        time).
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
    """Return the overrides in the fragment of a URL, without the invalid overrides.

    :returns: the overrides, and a message for each invalid override.
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
    """Return the field that an override sets, with its value. The dict is empty if the simulator ignores the override.

    :raises ValueError: if the override is invalid.
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
