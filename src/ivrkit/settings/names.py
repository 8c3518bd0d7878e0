"""The names of distributions, and the names of keys in TOML tables."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ivrkit.errors import toml_key


def normal_name(name: str) -> str:
    """Return the normalized name of a distribution (PEP 503). Compare distributions by their normalized names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def dotted(keys: Iterable[str | int]) -> str:
    """Return a path of keys and list indexes as text, such as ``states.sales.options[0].key``."""
    written = "".join(f"[{key}]" if isinstance(key, int) else f".{toml_key(key)}" for key in keys)
    return written.removeprefix(".")


def use_one_of(names: Iterable[str]) -> str:
    """Return the hint that lists the valid names."""
    return f"use one of: {', '.join(names)}"
