"""The texts of settings without passwords, for listings and messages."""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from ivrkit.plugin_errors import hide_passwords
from ivrkit.settings.setting import settings_of
from ivrkit.settings.type_structure import is_dataclass_type, without_metadata

#: The setting whose URL may have a password in its options, such as ``?password=``.
SESSION_URL = "session_url"


def redact_url(url: str) -> str:
    """Return a URL without user, password and options, for messages.

    A password that is not percent-encoded can contain ``/``, ``?`` and ``@``. So this function removes the text between
    the scheme and the last ``@``. If an ``@`` comes after a ``?``, this function removes everything after the scheme.
    """
    scheme, slashes, rest = url.partition("://")
    if not slashes or "@" in rest.partition("?")[2]:
        return f"{scheme}://..." if slashes else "..."
    return f"{scheme}://{re.sub('^.*@', '...@', rest).partition('?')[0]}"


def redact_value(name: str, value: Any) -> Any:
    """Return the value of a setting without passwords in URLs. Lists and tables are copied.

    :param name: the name of the setting.
    :param value: the value.
    """
    if isinstance(value, str):
        return redact_url(value) if name == SESSION_URL and ("@" in value or "?" in value) else hide_passwords(value)
    if isinstance(value, tuple | list):
        return tuple(redact_value(name, each) for each in value)
    if isinstance(value, Mapping):
        return {key: redact_value(name, each) for key, each in value.items()}
    return value


def repr_without_passwords(settings: Any) -> str:
    """Return the ``repr()`` of a dataclass of settings without passwords in URLs and without secret fields."""
    shown = [each.name for each in fields(settings) if each.repr]
    values = (f"{name}={redact_value(name, getattr(settings, name))!r}" for name in shown)
    return f"{type(settings).__name__}({', '.join(values)})"


def has_secret(annotation: Any, seen: frozenset[type] = frozenset()) -> bool:
    """Return whether values of a type contain secrets: a secret field of a dataclass, at any depth.

    :param annotation: the type, with its metadata.
    :param seen: the dataclasses that contain the type. They are not examined again, because a dataclass may contain
        itself.
    """
    base, _ = without_metadata(annotation)
    if is_dataclass_type(base):
        found = () if base in seen else settings_of(base).values()
        return any(each.is_secret or has_secret(each.annotation, seen | {base}) for each in found)
    return any(has_secret(each, seen) for each in typing.get_args(base))  # of a union, a list or a table
