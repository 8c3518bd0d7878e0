"""The size of the attacks: small for CI, and large with ``IVRKIT_ATTACK=full`` in the environment (``make soak``)."""

import os
import random
import sys

#: Whether the attacks run at full size.
FULL = os.environ.get("IVRKIT_ATTACK") == "full"
#: The seed of all random choices. ``IVRKIT_ATTACK_SEED`` repeats an attack or begins another one.
SEED = int(os.environ.get("IVRKIT_ATTACK_SEED", "20261201"))


def sized(count: int) -> int:
    """Return how many requests an attack sends: the count of CI, or ten times as many at full size."""
    return count * 10 if FULL else count


def generator(name: str) -> random.Random:
    """Return the random generator of one attack. The same seed and name give the same choices.

    :param name: the name of the attack.
    """
    return random.Random(f"{SEED} {name}")


def report(figures: str) -> None:
    """Print figures and the seed; pytest shows them behind the results with ``-rP``."""
    sys.stdout.write(f"{figures} (IVRKIT_ATTACK_SEED={SEED})\n")
