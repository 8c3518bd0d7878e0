"""The settings of single states (``[states.NAME]``) and of single numbers (``[numbers]`` and ``[callers]``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from ivrkit.settings.check import check_fields
from ivrkit.settings.setting import not_a_setting
from ivrkit.settings.setting_type import SettingType
from ivrkit.settings.toml_keys import KIND
from ivrkit.settings.types import Keys, LanguageTag, NonEmptyText, OptionSentence, PluginName, StateName, Voice

#: The keys that are settings in a table with a ``kind``. The other keys are read by the code that makes the state.
TEXTS = "texts"
KEYS_BESIDE_KIND = ("plugin", "enabled", "targets", TEXTS)


def _by_language(table: Mapping[str, Any]) -> Mapping[str, Mapping[str, str]]:
    """Return language -> text of the state -> text to say instead. The language ``""`` stands for all languages.

    :param table: the table ``[states.NAME.texts]``. The value of a key is a text to say instead, or a table of such
        texts for one language.
    """
    everywhere = {written: said for written, said in table.items() if isinstance(said, str)}
    single = {language: dict(texts) for language, texts in table.items() if not isinstance(texts, str)}
    return MappingProxyType({**({"": everywhere} if everywhere else {}), **single})


#: The target of an outcome.
TargetName = Annotated[str, SettingType('the name of a state, "HOME", "BACK", "SAME" or "HANG UP"', example="HOME")]
Targets = Annotated[
    Mapping[str, TargetName], SettingType("a table of outcomes with their targets", example={"no-answer": "sales"})
]
#: Texts that replace texts of a state, in all languages or in one language.
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

    :param plugin: the plugin from which the state is taken, if several plugins offer a state of this name.
    :param enabled: whether the state is a part of the phone tree.
    :param key: the phone key of the state's menu options. It replaces the key that the plugin sets.
    :param label: the label of the state's menu options, in "For {label}, press {key}."
    :param sentence: the whole sentence of the state's menu options, instead of "For {label}, press {key}."
    :param voice: the voice of the state.
    :param language: the language of the state in all calls.
    :param targets: outcome -> target: the name of a state, ``HOME``, ``BACK``, ``SAME`` or ``HANG UP``.
    :param texts: text of the state -> text to say instead. A table inside ``texts``, such as
        ``[states.NAME.texts.es]``, has the texts for calls in one language. The stored value is language -> texts,
        where the language ``""`` stands for all languages.
    :param table: the whole table if it has the key ``kind``, so that it defines a TOML state; otherwise an empty dict.
    :param written_in: the name of the file that contains ``table``.
    :raises SettingsError: if a value is invalid. The error lists every invalid value.
    """

    #: The keys of a table that are not settings.
    OTHER_KEYS: ClassVar = (KIND,)
    #: The hints for unknown keys that are keys of a state kind. The nearest name of a setting would mislead.
    HINTS: ClassVar = dict.fromkeys(("text", "then", "routes"), 'to define a state here, write kind = "message"')

    plugin: PluginName | None = None
    enabled: bool = True
    key: Keys | None = None
    label: NonEmptyText | None = None
    sentence: OptionSentence | None = None
    voice: Voice | None = None
    language: LanguageTag | None = None
    targets: Targets = field(default_factory=dict)
    texts: OwnTexts = field(default_factory=dict)
    table: Mapping[str, Any] = not_a_setting(default_factory=dict)
    written_in: str = not_a_setting(default="")

    def __post_init__(self) -> None:
        """Check the value of every field, and store it converted to the type of the field."""
        check_fields(self)

    @staticmethod
    def split_table(table: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Split a table ``[states.NAME]`` into the settings and the other arguments of this class.

        :param table: the table. If it has the key ``kind``, it defines a TOML state, and only ``plugin``, ``enabled``,
            ``targets`` and ``texts`` are settings.
        :returns: two mappings: the settings, and the arguments ``table`` and ``written_in``. The second mapping is
            empty for a table without ``kind``.
        """
        if KIND not in table:
            return table, {}
        settings = {key: value for key, value in table.items() if key in KEYS_BESIDE_KIND}
        return settings, {"table": MappingProxyType(dict(table)), "written_in": "Settings"}


@dataclass(frozen=True, slots=True)
class StartSettings:
    """The start of the calls to or from one number: a table ``[numbers."+15550100"]`` or ``[callers."+15550100"]``.

    :param start: the state in which the calls begin. If it is ``None``, the setting ``start`` applies.
    :param language: the language of the calls. If it is ``None``, the setting ``language`` applies.
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
