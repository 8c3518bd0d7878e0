"""The descriptions of parameters in docstrings."""

from __future__ import annotations

import inspect
import re


def descriptions_of(described: object) -> dict[str, str]:
    """Return the description of each parameter, from the ``:param name:`` lines of a docstring.

    :param described: a class or a function.
    """
    docstring = inspect.getdoc(described) or ""
    found = re.findall(r"^:param (\w+):\s*(.+?)(?=^:|^\s*$|\Z)", docstring, re.MULTILINE | re.DOTALL)
    return {name: " ".join(text.split()) for name, text in found}
