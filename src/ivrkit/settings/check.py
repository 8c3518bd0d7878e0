"""Type check of settings objects that are created in code."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from ivrkit.errors import Problems, SettingsError
from ivrkit.settings.convert import convert_setting
from ivrkit.settings.setting import settings_of


def check_fields(settings: Any, origin: str = "") -> None:
    """Convert each field of a frozen dataclass of settings to its type.

    :param settings: the instance of the dataclass.
    :param origin: the location of the problems, such as ``Settings``.
    :raises SettingsError: if a field has an invalid value. The error lists every problem.
    """
    problems = Problems()
    for name, setting in settings_of(settings.__class__).items():
        value, found = convert_setting(getattr(settings, name), setting, (name,))
        for each in found:
            problems.error(each.message, each.hint_in_code(), location=origin)
        object.__setattr__(settings, name, MappingProxyType(value) if isinstance(value, dict) else value)
    if problems:
        raise SettingsError.of(problems)
