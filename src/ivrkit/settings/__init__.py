"""The settings of the core, and the setting types for the settings of plugins.

A plugin annotates the fields of its dataclass of settings with these types::

    from ivrkit.settings import PhoneNumber, Range, Seconds

    @dataclass(frozen=True, kw_only=True)
    class ParkingSettings:
        gate_number: PhoneNumber
        rings: Annotated[Seconds, Range(5, 600)] = 20
"""

from ivrkit.settings.core_settings import Settings
from ivrkit.settings.load import load_settings
from ivrkit.settings.setting_type import Range, SettingType
from ivrkit.settings.state_settings import StartSettings, StateSettings
from ivrkit.settings.types import (
    AccountSid,
    ConnectionOverrides,
    Keys,
    LanguageTag,
    NonEmptyText,
    OneOrMore,
    PhoneNumber,
    PluginName,
    Seconds,
    StateName,
    TimeZone,
    Token,
    Url,
    UrlPath,
    Voice,
)

__all__ = [
    "AccountSid",
    "ConnectionOverrides",
    "Keys",
    "LanguageTag",
    "NonEmptyText",
    "OneOrMore",
    "PhoneNumber",
    "PluginName",
    "Range",
    "Seconds",
    "SettingType",
    "Settings",
    "StartSettings",
    "StateName",
    "StateSettings",
    "TimeZone",
    "Token",
    "Url",
    "UrlPath",
    "Voice",
    "load_settings",
]
