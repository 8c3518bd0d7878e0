"""``ivrkit settings``: every setting with its value, origin, type and owner."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, NamedTuple

import click

from ivrkit.cli.app_tree import app_tree
from ivrkit.cli.example import example
from ivrkit.cli.options import json_option, table, tree_options, try_load_settings_with
from ivrkit.errors import SettingsError
from ivrkit.flow.model.state import CORE_PLUGIN
from ivrkit.flow.model.text import Texts
from ivrkit.plugins.load import find_plugins
from ivrkit.plugins.plugin_settings import PluginSettings
from ivrkit.settings import Settings, StateSettings
from ivrkit.settings.core_settings import SETTINGS
from ivrkit.settings.setting import Setting, settings_of

#: The text that stands for a secret value.
MASK = "***"
#: The length at which the table cuts values off. The JSON has the whole values.
MAX_LENGTH = 40
#: The settings whose tables have a row for each key.
_TABLES = ("states", "texts", "texts_in", "plugin_settings")


class Row(NamedTuple):
    """A row in the output of ``ivrkit settings``: one setting."""

    setting: str
    value: Any
    origin: str
    type: str
    owner: str


@click.command()
@tree_options
@json_option
@click.option("--example", "as_example", is_flag=True, help="Print an ivrkit.toml with every setting.")
def settings(block: tuple[str, ...], as_json: bool, as_example: bool) -> None:
    """Show every setting and where it was set.

    Each row has the value, source, type and owner of a setting. Secrets are masked. With --example, the command prints
    an ivrkit.toml in which every setting is commented out: uncomment the settings that you want to change.
    """
    loaded = try_load_settings_with(block)
    in_app = app_tree()
    found = find_plugins(loaded.settings, in_app.mounted.plugins if in_app else None)
    if as_example:  # even if there are problems: the example helps to fix them
        click.echo(example(found.settings, found.state_names), nl=False)
        return
    rows = [*_core_rows(loaded.settings), *_plugin_rows(found.settings)]
    click.echo(_as_json(rows) if as_json else _as_table(rows))
    if loaded.problems or found.problems:
        raise SettingsError.of([*loaded.problems, *found.problems])


def _core_rows(settings: Settings) -> Iterator[Row]:
    for name, setting in SETTINGS.items():
        if name not in _TABLES:
            value = _masked(setting, getattr(settings, name))
            yield Row(name, value, settings.origin(name), setting.words, CORE_PLUGIN)
    for name, setting in settings_of(Texts).items():
        yield Row(
            f"texts.{name}", getattr(settings.texts, name), settings.origin("texts", name), setting.words, CORE_PLUGIN
        )
    for language, texts in settings.texts_in.items():
        for name, text in texts.items():
            origin, words = settings.origin("texts", language, name), settings_of(Texts)[name].words
            yield Row(f"texts.{language}.{name}", text, origin, words, CORE_PLUGIN)
    for state, decisions in settings.states.items():
        for name, setting in settings_of(StateSettings).items():
            origin, value = settings.origin("states", state, name), getattr(decisions, name)
            if origin != "default":
                shown = {**value.get("", {}), **{tag: value[tag] for tag in value if tag}} if name == "texts" else value
                yield Row(f"states.{state}.{name}", shown, origin, setting.words, CORE_PLUGIN)


def _plugin_rows(plugins: tuple[PluginSettings, ...]) -> Iterator[Row]:
    for plugin in plugins:
        for each in plugin.settings:
            value = "missing" if each.is_missing else _masked(each.setting, each.value)
            yield Row(f"{plugin.key}.{each.name}", value, each.origin, each.setting.words, str(plugin.owner))


def _masked(setting: Setting, value: Any) -> Any:
    return MASK if setting.is_secret and value else value


def _as_json(rows: list[Row]) -> str:
    return json.dumps([row._asdict() for row in rows], indent=2, default=_plain)


def _plain(value: Any) -> Any:
    """Return a value as a type that JSON has. The fields of a dataclass that have ``repr=False`` are masked."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) if each.repr else MASK for each in fields(value)}
    return _table(value)


def _table(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _as_table(rows: list[Row]) -> str:
    cells = [(row.setting, _cell(row.value), row.origin, row.type, row.owner) for row in rows]
    return table(("SETTING", "VALUE", "FROM", "TYPE", "OWNER"), cells)


def _cell(value: Any) -> str:
    """Return a value as the text of a table cell."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or (isinstance(value, tuple | list | Mapping) and not value):
        return "-"
    text = value if isinstance(value, str) else json.dumps(value, default=_plain, ensure_ascii=False)
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 3]}..."
