"""How long Twilio waits for an answer and how often it tries: what the fragment of a URL may say.

https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: The longest that any request of a call takes, whatever is asked for, in seconds.
LONGEST = 15.0


@dataclass(frozen=True, slots=True)
class Overrides:
    """How a request is tried.

    :param connect: seconds for a connection.
    :param read: seconds for the answer.
    :param total: seconds for both.
    :param retries: attempts beyond the first.
    :param retry_on: what is tried again: ``4xx``, ``5xx``, ``ct``, ``rt``.
    """

    connect: float = 5.0
    read: float = LONGEST
    total: float = LONGEST
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct"})


DEFAULT = Overrides()
_ALL = frozenset({"4xx", "5xx", "ct", "rt"})
#: Key -> the field in seconds, and its range in thousandths of one.
_TIMES = {"ct": ("connect", 100, 10_000), "rt": ("read", 100, 15_000), "tt": ("total", 100, 15_000)}


def overrides_of(url: str) -> tuple[Overrides, list[str]]:
    """Return what the fragment of a URL asks for, and a sentence for each part that can't be and is left out."""
    fragment = url.partition("#")[2]
    if not fragment:
        return DEFAULT, []
    fields: dict[str, Any] = {}
    complaints = []
    for part in fragment.split("&"):
        key, _, written = part.partition("=")
        try:
            name, value = _read(key, written)
        except ValueError as error:
            complaints.append(str(error))
        else:
            fields[name] = value
    fields.pop("", None)
    return Overrides(**fields), complaints


def _read(key: str, written: str) -> tuple[str, Any]:
    """Return the field that a part sets, ``""`` for one that is only recognised.

    :raises ValueError: with what is wrong.
    """
    if key in _TIMES:
        name, least, most = _TIMES[key]
        return name, _number(key, written, least, most) / 1000
    if key == "rc":
        return "retries", _number(key, written, 0, 5)
    if key == "rp":
        kinds = frozenset(written.split(","))
        if kinds <= _ALL | {"all"}:
            return "retry_on", _ALL if "all" in kinds else kinds
        raise ValueError(f"the connection override rp={written} takes some of 4xx,5xx,ct,rt,all")
    if key == "sni":
        if written in ("y", "n"):
            return "", None
        raise ValueError(f"the connection override sni={written} takes y or n")
    if key == "e":
        return "", None
    raise ValueError(f"there is no connection override {key!r}: ct, rt, tt, rc, rp, sni and e are")


def _number(key: str, written: str, least: int, most: int) -> int:
    if written.isascii() and written.isdigit() and len(written) < 9 and least <= int(written) <= most:
        return int(written)
    raise ValueError(f"the connection override {key}={written} takes {least} to {most}")
