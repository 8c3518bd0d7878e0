"""What the file ``ivrkit.toml`` says: taken table by table, with the place of everything that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any

from ivrkit.errors import FlowError, Problems, SettingsError, nearest
from ivrkit.flow.model.text import Texts
from ivrkit.settings.core import SETTING_TYPES, read_value
from ivrkit.settings.tables import DECIDED, KIND, STATE_SETTING_TYPES, StateSettings
from ivrkit.settings.toml_file import TomlFile
from ivrkit.settings.types import normal_name

TEXT_NAMES = tuple(each.name for each in fields(Texts))
#: The tables of the file that are no settings of the same name.
TABLES_OF_FILE = {"plugins": "plugin_settings"}
_TABLE_EXAMPLES = {
    "texts": '[texts] and lines such as goodbye = "Bye."',
    "states": '[states.sales] and lines such as key = "4"',
    "plugins": "[plugins.acme-states] and lines such as reception_rings = 20",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key stands in a file; its line is looked up when it is told."""

    file: TomlFile
    keys: tuple[str, ...]

    def __str__(self) -> str:
        """Return ``ivrkit.toml:3``."""
        return self.file.place(*self.keys)


class FileOfSettings:
    """What is taken from the file: ``values``, ``texts`` and ``plugins``, with their ``origins`` and ``problems``."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.origins: dict[str, object] = {}
        self.problems = Problems()
        self.texts: dict[str, Any] = {}
        self.plugins: dict[str, dict[str, Any]] = {}

    def attempt(self, take: Callable[[], None]) -> None:
        """Run a step; what is wrong is kept, and the reading goes on."""
        with self.problems.collect():
            take()

    def take_file(self, file: TomlFile) -> None:
        """Take everything that the file has.

        :param file: the settings file.
        """
        takers = {"texts": self._take_texts, "states": self._take_states, "plugins": self._take_plugins}
        for key, value in file.table.items():
            taker = takers.get(key)
            if taker is None:
                self.attempt(lambda: self._take_key(file, key, value))  # noqa: B023  called at once
            elif isinstance(value, dict):
                taker(file, value)
            else:
                hint = f"it takes a table, such as {_TABLE_EXAMPLES[key]}"
                self._refuse(file.place(key), f"{key} is {value!r}", hint)

    def _refuse(self, place: object, message: str, hint: str) -> None:
        self.problems.error(message, hint, location=str(place))

    def _take_key(self, file: TomlFile, key: str, value: Any) -> None:
        if key not in SETTING_TYPES or key in TABLES_OF_FILE.values() or key == "texts_in":
            keys = _keys_of_file()
            raise SettingsError(f"{file.place(key)}: unknown key {key!r}{nearest(key, keys)}", hint=known(keys))
        try:
            self.values[key] = read_value(key, value, file.name)
        except SettingsError:
            read_value(key, value, file.place(key))
        self.origins[key] = Place(file, (key,))

    def _take_texts(self, file: TomlFile, table: dict[str, Any]) -> None:
        """Take ``[texts]``, and the tables of languages in it."""
        languages = {
            name: each
            for name, each in table.items()
            if isinstance(each, dict) and name not in TEXT_NAMES and name.strip()
        }
        plain = {name: each for name, each in table.items() if name not in languages}
        self.texts = self._checked_texts(file, plain, ("texts",))
        found = {tag: self._checked_texts(file, each, ("texts", tag)) for tag, each in languages.items()}
        if found:
            self.values["texts_in"] = found

    def _checked_texts(self, file: TomlFile, table: dict[str, Any], above: tuple[str, ...]) -> dict[str, Any]:
        """Return the texts of a table that can be said."""
        good: dict[str, Any] = {}
        for name, value in table.items():
            place, key = Place(file, (*above, name)), ".".join((*above, name))
            if name not in TEXT_NAMES:
                self._refuse(place, f"unknown key {key!r}{nearest(name, TEXT_NAMES)}", known(TEXT_NAMES))
                continue
            words = value.values() if name == "keys" and isinstance(value, dict) else (value,)
            if not all(isinstance(word, str) for word in words) or (name == "keys" and not isinstance(value, dict)):
                takes = 'a table such as [texts.keys] with lines such as "1" = "one"' if name == "keys" else "a text"
                self._refuse(place, f"{key} is {value!r}", f"it takes {takes}")
                continue
            try:
                Texts(**{name: value})
            except FlowError as error:
                self._refuse(place, error.message, error.hint)
                continue
            good[name] = value
            self.origins[key] = place
        return good

    def _take_states(self, file: TomlFile, table: dict[str, Any]) -> None:
        """Take the tables ``[states.NAME]``."""
        self.values["states"] = {}
        for name, given in table.items():
            if not isinstance(given, dict):
                self._refuse(Place(file, ("states", name)), f"states.{name} is {given!r}", known(STATE_SETTING_TYPES))
                continue
            self.origins[f"states.{name}"] = Place(file, ("states", name))
            good = self._checked_state(file, name, given)
            self.values["states"][name] = StateSettings.of(good, file.name)

    def _checked_state(self, file: TomlFile, name: str, given: dict[str, Any]) -> dict[str, Any]:
        """Return the keys of a table ``[states.NAME]`` that can be taken; those of a kind are looked at later."""
        good: dict[str, Any] = {}
        known_here = DECIDED if KIND in given else STATE_SETTING_TYPES
        for key, value in given.items():
            place = Place(file, ("states", name, key))
            if key not in STATE_SETTING_TYPES and KIND not in given:
                near, keys = nearest(key, STATE_SETTING_TYPES), known((*STATE_SETTING_TYPES, KIND))
                self._refuse(place, f"unknown key 'states.{name}.{key}'{near}", keys)
                continue
            try:
                StateSettings(**({key: value} if key in known_here else {}))
            except SettingsError as error:
                self._refuse(place, f"states.{name}.{error.message}", error.hint)
                continue
            good[key] = value
            self.origins[f"states.{name}.{key}"] = place
        return good

    def _take_plugins(self, file: TomlFile, table: dict[str, Any]) -> None:
        """Take the tables ``[plugins.NAME]``; what is in them is checked when the plugin is loaded."""
        for name, given in table.items():
            if not isinstance(given, dict):
                hint = f"it takes a table: [plugins.{name}] and a line for each setting"
                self._refuse(Place(file, ("plugins", name)), f"plugins.{name} is no table", hint)
                continue
            plugin = normal_name(name)
            self.origins[f"plugins.{plugin}"] = Place(file, ("plugins", name))
            for key, value in given.items():
                self.plugins.setdefault(plugin, {})[key] = value
                self.origins[f"plugins.{plugin}.{key}"] = Place(file, ("plugins", name, key))
            self.plugins.setdefault(plugin, {})


def _keys_of_file() -> list[str]:
    """Return the keys of the file."""
    names = [name for name in SETTING_TYPES if name not in TABLES_OF_FILE.values() and name != "texts_in"]
    return [*names, *TABLES_OF_FILE]


def known(names: Iterable[str]) -> str:
    """Return what names there are."""
    return f"there are: {', '.join(names)}"
