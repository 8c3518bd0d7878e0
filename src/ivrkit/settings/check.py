"""The type check of a settings object when code creates it, such as ``Settings(tries=3)``."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from ivrkit.errors import Problems, SettingsError
from ivrkit.settings.convert import convert_setting
from ivrkit.settings.setting import settings_of


def check_fields(settings: Any, origin: str = "") -> None:
    """Convert the value of each field to the type of the field. Store the converted values in the settings object.

    :param settings: an instance of a frozen dataclass of settings.
    :param origin: the name of the source of the values, such as ``Settings``. Messages begin with this name.
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
