"""How large these tests are: small enough for CI, or in full with ``IVRKIT_CALLS=full`` in the environment."""

import os
import random
import sys

#: Whether ``make soak`` runs them.
FULL = os.environ.get("IVRKIT_CALLS") == "full"


def tell(figures: str) -> None:
    """Write figures where pytest shows them behind the results, with ``-rP``."""
    sys.stdout.write(f"{figures}\n")


def about(seconds: float) -> float:
    """Return a time in which people differ: half as long to half as long again."""
    return seconds * random.uniform(0.5, 1.5)
