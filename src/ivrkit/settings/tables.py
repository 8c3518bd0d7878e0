"""The tables of settings: what a team decides about single states, and where the calls of single numbers begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ivrkit.errors import SettingsError
from ivrkit.settings import types
from ivrkit.settings.types import SettingType


@dataclass(frozen=True, slots=True)
class StateSettings:
    """What a team decides about one state: a table ``[states.NAME]``.

    :param plugin: the plugin that the state is taken from, where several offer it.
    :param enabled: whether it is in the tree at all.
    :param key: the key of its menu options, in place of the package's own.
    :param label: what its menu options are called.
    :param sentence: the whole sentence of its menu options.
    :param voice: the voice that it speaks with.
    :param language: the language that it is always said in.
    :param targets: outcome -> where it leads instead: the name of a state, ``HOME``, ``BACK``, ``SAME`` or ``HANG UP``.
    :param texts: what it says -> what it says instead; with a language in between, in that language alone. Kept as
        language -> table, ``""`` for every language.
    :param table: the whole table of a state that the team itself writes, with its ``kind``; empty for every other.
    :param written_in: the file of that table.
    """

    plugin: str | None = None
    enabled: bool = True
    key: str | None = None
    label: str | None = None
    sentence: str | None = None
    voice: str | None = None
    language: str | None = None
    targets: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    table: Mapping[str, Any] = field(default_factory=dict)
    written_in: str = ""

    @classmethod
    def of(cls, table: Mapping[str, Any], written_in: str = "Settings") -> StateSettings:
        """Return what a table decides: of one with a ``kind``, the rest is for the state that is made of it.

        :raises SettingsError: for a value that its key cannot take.
        """
        if KIND not in table:
            return cls(**table)
        decided = {key: value for key, value in table.items() if key in DECIDED}
        return cls(**decided, table=MappingProxyType(dict(table)), written_in=written_in)

    def __post_init__(self) -> None:
        """Keep the texts by their languages.

        :raises SettingsError: for a value that its key cannot take.
        """
        for name, kind in STATE_SETTING_TYPES.items():
            value = getattr(self, name)
            try:
                object.__setattr__(self, name, kind.read(value))
            except (ValueError, TypeError):
                raise SettingsError(f"{name} is {value!r}", hint=f"it takes {kind.expects}") from None


@dataclass(frozen=True, slots=True)
class StartSettings:
    """Where the calls of one number begin: a table ``[numbers."+15550100"]`` or ``[callers."+15550100"]``.

    :param start: the state; the setting ``start`` when left out.
    :param language: the language that they are held in; the setting ``language`` when left out.
    """

    start: str | None = None
    language: str | None = None


def _states(value: Any) -> Mapping[str, StateSettings]:
    if not isinstance(value, Mapping):
        raise ValueError(value)
    states = {name: StateSettings.of(each) if isinstance(each, Mapping) else each for name, each in value.items()}
    if all(isinstance(each, StateSettings) for each in states.values()):
        return MappingProxyType(states)
    raise ValueError(value)


def _texts_of_state(value: Any) -> Mapping[str, Mapping[str, str]]:
    if not isinstance(value, Mapping):
        raise ValueError(value)
    plain = {written: said for written, said in value.items() if not isinstance(said, Mapping)}
    found = {language: types.table_of_texts(each) for language, each in value.items() if isinstance(each, Mapping)}
    return MappingProxyType({**({"": types.table_of_texts(plain)} if plain else {}), **found})


def _starts(value: Any) -> Mapping[str, StartSettings]:
    if not isinstance(value, Mapping):
        raise ValueError(value)
    starts = {str(name): StartSettings(**each) if isinstance(each, Mapping) else each for name, each in value.items()}
    for each in starts.values():
        if not isinstance(each, StartSettings) or each == StartSettings():
            raise ValueError(value)
        for given in (each.start, each.language):
            types.optional(types.TEXT).read(given)
    return MappingProxyType(starts)


_KEYS = {"type": "string", "pattern": "^[0-9*#]+$"}
#: The key of a table ``[states.NAME]`` that makes it a state of the team's own.
KIND = "kind"
#: The keys of a table ``[states.NAME]``, with what each expects.
STATE_SETTING_TYPES: Mapping[str, SettingType] = {
    "plugin": types.optional(SettingType("the name of a plugin", types.text, types.NOT_BLANK)),
    "enabled": types.FLAG,
    "key": types.optional(SettingType("keys of a telephone: 0-9, * and #", types.key, _KEYS)),
    "label": types.optional(types.TEXT),
    "sentence": types.optional(types.TEXT),
    "voice": types.optional(SettingType("a voice such as 'Polly.Joanna'", types.text, types.NOT_BLANK)),
    "language": types.optional(SettingType("a language such as 'en-US'", types.language, types.SCHEMA_OF_TAG)),
    "targets": SettingType(
        'a table of outcomes with names of states, "HOME", "BACK", "SAME" or "HANG UP"',
        types.table_of_texts,
        types.table_of({"type": "string"}),
    ),
    "texts": SettingType(
        "a table of texts, or of languages with their texts",
        _texts_of_state,
        types.table_of({"anyOf": [{"type": "string"}, types.table_of({"type": "string"})]}),
    ),
}
#: Those of them that a table with a ``kind`` has beside what its state is made of.
DECIDED = ("plugin", "enabled", "targets", "texts")
_START = {
    "type": "object",
    "properties": {"start": types.NOT_BLANK, "language": types.SCHEMA_OF_TAG},
    "additionalProperties": False,
    "minProperties": 1,
}
#: The tables of numbers, and of callers.
STARTS = SettingType("a table of numbers, each with start or language", _starts, types.table_of(_START))
#: The tables of states.
STATES = SettingType("a table of states", _states)
