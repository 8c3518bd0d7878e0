"""The installed phone tree, with which ``ivrkit new plugin`` compares the state and the key of a new plugin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivrkit.cli.scaffold.answers import NONE
from ivrkit.errors import IvrkitError, Problem, toml_key
from ivrkit.flow.compile.languages import base_language
from ivrkit.flow.model.state import State
from ivrkit.plugins.load import load
from ivrkit.settings import Settings
from ivrkit.settings.load import try_load_settings
from ivrkit.settings.names import normal_name

#: The keys that are proposed, in this order. Key 9 repeats the menu, key 0 leads to the operator.
_PROPOSED_KEYS = "12345678*"
#: The default key if the installed phone tree can't be loaded, or if all keys are taken.
DEFAULT_KEY = "4"


@dataclass(frozen=True)
class InstalledTree:
    """The states, keys and languages that a new plugin will meet.

    :param plugin: the name of the new plugin. If the plugin is installed already, its own states are left out.
    :param states: name of a state -> the plugin that owns the state.
    :param keys: phone key in the start menu -> the state with this key.
    :param languages: the languages of the phone tree besides English, without their countries.
    :param is_loaded: whether the phone tree could be loaded. If not, ``states`` and ``keys`` are empty.
    """

    plugin: str
    states: Mapping[str, str]
    keys: Mapping[str, str]
    languages: tuple[str, ...]
    is_loaded: bool

    @classmethod
    def of_working_folder(cls, plugin: str) -> InstalledTree:
        """Return the phone tree with the settings of the working folder. Its problems do not raise an error."""
        result = try_load_settings()
        languages = _languages(result.settings)
        try:
            flow = load(result.settings, problems=result.problems).flow
        except IvrkitError:  # a phone tree with problems must not keep anybody from creating a plugin
            return cls(plugin, {}, {}, languages, is_loaded=False)
        others = [each.state for each in flow.states.values() if normal_name(each.state.owner.plugin) != plugin]
        states = {state.name: state.owner.plugin for state in others}
        return cls(plugin, states, dict(_keys(others)), languages, is_loaded=True)

    def default_state(self) -> str:
        """Return a name for the state of the new plugin that no other plugin uses."""
        short = self._short_name
        names = (short, self.plugin, *(f"{short}-{number}" for number in range(2, len(self.states) + 3)))
        return next(name for name in names if name not in self.states)

    def about_default_state(self) -> str:
        """Return a sentence if the state is not named after the plugin because the name is taken, else ``""``."""
        taken = self._short_name
        if taken not in self.states:
            return ""
        return f"Plugin {self.states[taken]} has a state {taken!r} already, so {self.default_state()!r} is proposed."

    @property
    def _short_name(self) -> str:
        return self.plugin.removeprefix("ivr-").removesuffix("-ivr")

    def default_key(self) -> str:
        """Return the first free key of the start menu.

        If the phone tree cannot be loaded, or if all keys are taken, return :data:`DEFAULT_KEY`.
        """
        if not self.is_loaded:
            return DEFAULT_KEY
        taken = {key[0] for key in self.keys}
        return next((key for key in _PROPOSED_KEYS if key not in taken), DEFAULT_KEY)

    def default_languages(self) -> str:
        """Return the answer for the languages of the phone tree, such as ``es, de``, or ``none``."""
        return ", ".join(self.languages) or NONE

    def clashes(self, state: str, key: str) -> Iterator[Problem]:
        """Yield a warning if another plugin has the state, and a warning if another state has the key.

        :param state: the state of the new plugin.
        :param key: the key of this state in the start menu.
        """
        if not self.is_loaded:
            yield Problem(
                "the installed phone tree has problems, so the state and the key were not compared with it",
                "list the problems: ivrkit plugins",
                level="warning",
            )
        if state in self.states:
            yield Problem(
                f"plugin {self.states[state]} in the installed phone tree has a state {state!r} too",
                f"use another name: --state {self.default_state()}; or choose the plugin of the state in ivrkit.toml:  "
                f'[states.{toml_key(state)}]  plugin = "{self.plugin}"',
                level="warning",
            )
        if self.keys.get(key, state) != state:
            free = self.default_key()
            use = f"use a free key: --key {free}; or " if free not in self.keys else "no key is free: "
            yield Problem(
                f"state {self.keys[key]!r} in the installed phone tree has key {key} too",
                f"{use}change a key in ivrkit.toml:  [states.{toml_key(state)}]  key = ...",
                level="warning",
            )


def _keys(states: list[State]) -> Iterator[tuple[str, str]]:
    for state in states:
        yield from ((option.key, state.name) for option in state.menu_options if option.menu == "menu")


def _languages(settings: Settings) -> tuple[str, ...]:
    bases = map(base_language, (settings.language, *settings.languages))
    return tuple(dict.fromkeys(base for base in bases if base != "en"))
