"""The size of these tests: small for CI, and large with ``IVRKIT_CALLS=full`` in the environment (``make soak``)."""

import os
import random
import sys

#: Whether the tests run at full size.
FULL = os.environ.get("IVRKIT_CALLS") == "full"


def report(figures: str) -> None:
    """Print figures; pytest shows them behind the results with ``-rP``."""
    sys.stdout.write(f"{figures}\n")


def vary(seconds: float) -> float:
    """Return a random time between half and one and a half of the given one, because callers differ."""
    return seconds * random.uniform(0.5, 1.5)
