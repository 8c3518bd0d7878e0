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
    """Return a duration in milliseconds, rounded to the nearest one and at most :data:`FOREVER`."""
    return round(min(seconds * 1000, FOREVER))


def seconds(duration: int) -> float:
    """Return a duration in seconds.

    :param duration: milliseconds.
    """
    return duration / 1000


def whole_seconds(duration: int, rounding: str) -> int:
    """Return a duration in whole seconds.

    :param duration: milliseconds.
    :param rounding: a key of :data:`ROUNDINGS`. To the nearest second, half a second is rounded up.
    """
    return (duration + ROUNDINGS[rounding]) // 1000
