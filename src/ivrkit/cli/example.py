"""An ``ivrkit.toml`` with every setting in it, commented out: what ``ivrkit settings --example`` prints."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any

from ivrkit.flow.model.text import KEY_NAMES, Texts
from ivrkit.plugins.plugin_settings import PluginSettings, descriptions_of
from ivrkit.settings.core import SETTING_TYPES, Settings

WIDTH = 100
#: What is written for a setting that has no value of its own.
_INSTEAD: Mapping[str, Any] = {
    "operator": "reception",
    "voice": "Polly.Joanna",
    "public_url": "https://ivr.example.com",
    "plugins_dir": "states",
}
#: The tables, with an example of each.
_TABLES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "numbers": ('numbers."+15550199"', {"start": "greeting", "language": "en-US"}),
    "callers": ('callers."+15550100"', {"start": "menu"}),
    "voices": ("voices", {"en-US": "Polly.Joanna"}),
    "accounts": ("accounts", {"AC" + "0" * 32: "its token"}),
}


def example(of_plugins: Collection[PluginSettings], states: Collection[str]) -> str:
    """Return the file.

    :param of_plugins: the settings of the plugins that are installed.
    :param states: the names of the states that are installed.
    """
    return "\n".join([*_core(), *_texts(), *_states(states), *_plugins(of_plugins)]) + "\n"


def _core() -> Iterator[str]:
    descriptions = descriptions_of(Settings)
    yield from _comment("Settings of ivrkit. A line that is commented out has a default, or an example.")
    plain = Settings()
    for name in SETTING_TYPES:
        if name not in (*_TABLES, "texts", "texts_in", "states", "plugin_settings"):
            value = getattr(plain, name)
            yield ""
            yield from _comment(_sentence(descriptions[name]))
            yield f"#{name} = {_toml(_INSTEAD.get(name, value))}"
    for name, (header, rows) in _TABLES.items():
        yield ""
        yield from _comment(_sentence(descriptions[name]))
        yield f"#[{header}]"
        yield from (f"#{_key(key)} = {_toml(value)}" for key, value in rows.items())


def _texts() -> Iterator[str]:
    yield ""
    yield from _comment(
        "The core's own sentences; in another language as [texts.es], their key words as [texts.es.keys]."
    )
    yield "[texts]"
    yield from (f"#{each.name} = {_toml(each.default)}" for each in fields(Texts) if each.name != "keys")
    yield "[texts.keys]"
    yield from (f"#{_key(key)} = {_toml(word)}" for key, word in KEY_NAMES.items())


def _states(states: Collection[str]) -> Iterator[str]:
    yield ""
    yield from _comment(
        "What you decide about single states: plugin, enabled, key, label, sentence, voice, language, and the tables "
        "targets (outcome = where it leads) and texts (what it says = what it says instead)."
    )
    for state in states:
        yield f"[states.{_key(state)}]"
        yield "#enabled = true"


def _plugins(of_plugins: Collection[PluginSettings]) -> Iterator[str]:
    for plugin in of_plugins:
        yield ""
        yield from _comment(f"Settings of {plugin.owner}.")
        yield f"[{plugin.key}]"
        for each in sorted(plugin.settings, key=lambda each: isinstance(each.default, Mapping)):
            described = _sentence(each.description) + " " if each.description else ""
            yield from _comment(f"{described}It takes {each.takes}.")
            if each.required or each.default is None:
                yield from _comment(f"{each.name} = ... {'has to be set' if each.required else 'is not set'}")
            else:
                yield f"#{each.name} = {_toml(each.default)}"


def _sentence(text: str) -> str:
    text = (text[:1].upper() + text[1:]).replace("``", "")
    return text if text.endswith(".") else f"{text}."


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, WIDTH)]


def _key(key: str) -> str:
    return key if key and all(each.isalnum() or each in "-_" for each in key) and key.isascii() else json.dumps(key)


def _toml(value: Any) -> str:
    """Return a value as TOML writes it."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(str(key))} = {_toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(str(getattr(value, "value", value)) if value is not None else "", ensure_ascii=False)
