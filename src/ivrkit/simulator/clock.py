"""The unit of a call's clock: whole milliseconds.

Sums of milliseconds are exact. Sums of fractions of a second are not: speech in several pieces could add up to a little
more than 20 seconds, and would be reported as 21.
"""

from __future__ import annotations

#: Rounding -> milliseconds that are added before a duration is cut to whole seconds.
ROUNDINGS = {"up": 999, "down": 0, "nearest": 500}
#: A duration that is longer than any call: about 31 years.
FOREVER = 10**12


def milliseconds(seconds: float) -> int:
    """Return a duration in whole milliseconds, at most :data:`FOREVER`.

    :param seconds: the duration in seconds.
    """
    return round(min(seconds * 1000, FOREVER))


def seconds(duration: int) -> float:
    """Return a duration in seconds.

    :param duration: the duration in milliseconds.
    """
    return duration / 1000


def whole_seconds(duration: int, rounding: str) -> int:
    """Return a duration in whole seconds.

    :param duration: the duration in milliseconds.
    :param rounding: a key of :data:`ROUNDINGS`. With ``nearest``, half a second is rounded up.
    """
    return (duration + ROUNDINGS[rounding]) // 1000
