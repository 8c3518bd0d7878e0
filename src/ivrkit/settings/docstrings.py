"""The descriptions of parameters in docstrings."""

from __future__ import annotations

import inspect
import re


def descriptions_of(described: object) -> dict[str, str]:
    """Return parameter name -> description, from the ``:param name:`` lines of a docstring.

    :param described: the class or the function with the docstring.
    """
    docstring = inspect.getdoc(described) or ""
    found = re.findall(r"^:param (\w+):\s*(.+?)(?=^:|^\s*$|\Z)", docstring, re.MULTILINE | re.DOTALL)
    return {name: " ".join(text.split()) for name, text in found}
