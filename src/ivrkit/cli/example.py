"""The example ``ivrkit.toml`` of ``ivrkit settings --example``: every setting, commented out."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ivrkit.errors import toml_key
from ivrkit.flow.model.speech import SPOKEN_KEYS
from ivrkit.flow.model.text import KEY_NAMES, SENTENCES, Texts
from ivrkit.plugins.plugin_settings import PluginSettings
from ivrkit.settings.core_settings import SETTINGS
from ivrkit.settings.describe import as_toml, example_of

WIDTH = 100
#: The end of each line that has an example and not a default.
EXAMPLE = "  # example"
#: The settings that are tables, with the table of the example.
_TABLES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "numbers": ('numbers."+15550199"', {"start": "greeting", "language": "en-US"}),
    "callers": ('callers."+15550100"', {"start": "menu"}),
    "voices": ("voices", {"en-US": "Polly.Joanna"}),
    "accounts": ("accounts", {"AC" + "0" * 32: "its token"}),
    "shared_keys": ("shared_keys", {"webhooks_sharedkey_" + "0" * 26: "its secret"}),
}


def example(plugins: Collection[PluginSettings], states: Collection[str]) -> str:
    """Return the text of the example ``ivrkit.toml``.

    :param plugins: the settings of the installed plugins.
    :param states: the names of the states of the installed plugins.
    """
    return "\n".join([*_core(), *_texts(), *_states(states), *_plugins(plugins)]) + "\n"


def _core() -> Iterator[str]:
    yield from _comment(
        f"The settings of ivrkit. Each line that is commented out has the default of its setting. A line that ends in "
        f"'{EXAMPLE.strip()}' has an example instead, because the setting has no value by default."
    )
    for name, setting in SETTINGS.items():
        if name not in (*_TABLES, "texts", "texts_in", "states", "plugin_settings"):
            yield ""
            yield from _comment(_sentence(setting.description))
            if setting.default is None:
                yield f"#{name} = {as_toml(example_of(setting.annotation))}{EXAMPLE}"
            else:
                yield f"#{name} = {as_toml(setting.default)}"
    for name, (header, rows) in _TABLES.items():
        yield ""
        yield from _comment(_sentence(SETTINGS[name].description))
        yield f"#[{header}]{EXAMPLE}"
        yield from (f"#{toml_key(key)} = {as_toml(value)}{EXAMPLE}" for key, value in rows.items())


def _texts() -> Iterator[str]:
    yield ""
    yield from _comment(
        "The core's own sentences, the names of the keys, and the words that callers may say for keys, separated by "
        "commas. For another language, write tables such as [texts.es], [texts.es.keys] and [texts.es.spoken_keys]."
    )
    yield "[texts]"
    yield from (f"#{name} = {as_toml(getattr(Texts, name))}" for name in SENTENCES)
    yield "[texts.keys]"
    yield from (f"#{toml_key(key)} = {as_toml(word)}" for key, word in KEY_NAMES.items())
    yield "[texts.spoken_keys]"
    yield from (f"#{toml_key(key)} = {as_toml(SPOKEN_KEYS[key])}" for key in (*KEY_NAMES, "21"))


def _states(states: Collection[str]) -> Iterator[str]:
    yield ""
    yield from _comment(
        "Your decisions about single states: plugin, enabled, key, label, sentence, voice, language, and the tables "
        "targets (outcome = target) and texts (text of the state = text to say instead)."
    )
    for state in states:
        yield f"[states.{toml_key(state)}]"
        yield "#enabled = true"


def _plugins(plugins: Collection[PluginSettings]) -> Iterator[str]:
    for plugin in plugins:
        yield ""
        yield from _comment(f"Settings of {plugin.owner}.")
        yield f"[{plugin.key}]"
        settings = [each.setting for each in plugin.settings]
        for each in sorted(settings, key=lambda each: isinstance(each.default, Mapping)):  # TOML has tables last
            description = _sentence(each.description) + " " if each.description else ""
            yield from _comment(f"{description}It must be {each.words}.")
            if each.default is None:
                yield from _comment(f"{each.name} = ... {'must be set' if each.is_required else 'is not set'}")
            else:
                yield f"#{each.name} = {as_toml(each.default)}"


def _sentence(text: str) -> str:
    text = (text[:1].upper() + text[1:]).replace("``", "")
    return text if text.endswith(".") else f"{text}."


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, WIDTH)]
