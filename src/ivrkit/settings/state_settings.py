"""The tables of settings: decisions about single states, and where the calls of single numbers begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from ivrkit.settings.check import check_fields
from ivrkit.settings.setting import not_a_setting
from ivrkit.settings.setting_type import SettingType
from ivrkit.settings.toml_keys import KIND
from ivrkit.settings.types import Keys, LanguageTag, NonEmptyText, PluginName, StateName, Voice

#: The keys of a table with a ``kind`` that are settings; the other keys are for the function that makes the state.
KEYS_BESIDE_KIND = ("plugin", "enabled", "targets", "texts")


def _by_language(table: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    """Return language -> texts, with ``""`` for the texts of every language."""
    everywhere = {written: said for written, said in table.items() if isinstance(said, str)}
    single = {language: dict(texts) for language, texts in table.items() if not isinstance(texts, str)}
    return MappingProxyType({**({"": everywhere} if everywhere else {}), **single})


#: Where an outcome leads.
TargetName = Annotated[str, SettingType('the name of a state, "HOME", "BACK", "SAME" or "HANG UP"', example="HOME")]
Targets = Annotated[
    Mapping[str, TargetName], SettingType("a table of outcomes with their targets", example={"no-answer": "sales"})
]
#: Texts that a state says instead of others, in every language or in single ones.
OwnTexts = Annotated[
    Mapping[str, Mapping[str, str]],
    SettingType(
        "a table of texts, or of languages with their texts",
        _by_language,
        example={"We are closed.": "We are on holiday."},
        written_as=Mapping[str, str | Mapping[str, str]],
    ),
]


@dataclass(frozen=True, slots=True)
class StateSettings:
    """The settings of one state: a table ``[states.NAME]``.

    :param plugin: the plugin of the state, if several plugins offer it.
    :param enabled: whether the state is in the phone tree.
    :param key: the key of its menu options, instead of the key that the plugin sets.
    :param label: the name of its menu options.
    :param sentence: the whole sentence of its menu options.
    :param voice: the voice of the state.
    :param language: the language of the state in all calls.
    :param targets: outcome -> its target: the name of a state, ``HOME``, ``BACK``, ``SAME`` or ``HANG UP``.
    :param texts: text of the state -> the text to say instead; in a table of a language, for calls in it only. Kept as
        language -> texts, with ``""`` for every language.
    :param table: the whole table if it has a ``kind`` and so defines a state; empty for a state of a plugin.
    :param written_in: the file of that table.
    :raises SettingsError: for invalid values.
    """

    #: A key that a table may have, and that is not a setting.
    OTHER_KEYS: ClassVar = (KIND,)

    plugin: PluginName | None = None
    enabled: bool = True
    key: Keys | None = None
    label: NonEmptyText | None = None
    sentence: NonEmptyText | None = None
    voice: Voice | None = None
    language: LanguageTag | None = None
    targets: Targets = field(default_factory=dict)
    texts: OwnTexts = field(default_factory=dict)
    table: Mapping[str, Any] = not_a_setting(default_factory=dict)
    written_in: str = not_a_setting(default="")

    def __post_init__(self) -> None:
        """Check the values, and keep each in its final form."""
        check_fields(self)

    @staticmethod
    def split_table(table: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Split a table ``[states.NAME]`` into its settings and other arguments of this class.

        :param table: the table. If it has a ``kind``, it defines a state, and only ``KEYS_BESIDE_KIND`` are settings.
        :returns: the settings, and the arguments that are not settings.
        """
        if KIND not in table:
            return table, {}
        settings = {key: value for key, value in table.items() if key in KEYS_BESIDE_KIND}
        return settings, {"table": MappingProxyType(dict(table)), "written_in": "Settings"}


@dataclass(frozen=True, slots=True)
class StartSettings:
    """Where the calls of one number begin: a table ``[numbers."+15550100"]`` or ``[callers."+15550100"]``.

    :param start: the state; without it, the setting ``start``.
    :param language: the language of the calls; without it, the setting ``language``.
    """

    start: StateName | None = None
    language: LanguageTag | None = None


def _not_empty(start: StartSettings) -> StartSettings:
    if start == StartSettings():
        raise ValueError(start)
    return start


#: A table with the start of a call.
Start = Annotated[
    StartSettings,
    SettingType("a table with start or language", _not_empty, {"minProperties": 1}, {"start": "menu"}),
]
