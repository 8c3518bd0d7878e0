"""The rows of ``ivrkit settings``: one row for each setting of the core and of the plugins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ivrkit.errors import IvrkitError, nearest
from ivrkit.flow.model.state import CORE_PLUGIN
from ivrkit.flow.model.text import Texts
from ivrkit.plugins.plugin_settings import PluginSettings
from ivrkit.settings import Settings, StateSettings
from ivrkit.settings.core_settings import SETTINGS
from ivrkit.settings.redaction import redact_value
from ivrkit.settings.setting import Setting, settings_of

#: The text that stands for a secret value.
MASK = "***"
#: The origin of a value that is not set.
DEFAULT = "default"
#: The settings whose tables have a row for each key.
_TABLES = ("states", "texts", "texts_in", "plugin_settings")


class Row(NamedTuple):
    """A row in the output of ``ivrkit settings``: one setting."""

    setting: str
    value: Any
    origin: str
    type: str
    owner: str
    description: str


def setting_rows(settings: Settings, plugins: Iterable[PluginSettings]) -> list[Row]:
    """Return a row for each setting of the core and of the plugins.

    :param settings: the settings of the core.
    :param plugins: the settings of the plugins.
    """
    return [*_core_rows(settings), *_text_rows(settings), *_state_rows(settings), *_plugin_rows(plugins)]


def rows_named(name: str, rows: Iterable[Row]) -> list[Row]:
    """Return the row of a setting, or the rows of the settings in a table.

    :param name: the name of a setting, such as ``tries``, or of a table, such as ``texts`` or ``plugins.acme-states``.
    :raises IvrkitError: if no setting has this name.
    """
    rows = list(rows)
    found = [row for row in rows if row.setting == name or row.setting.startswith(f"{name}.")]
    if not found:
        near = nearest(name, [row.setting for row in rows])
        raise IvrkitError(f"{name!r} is not a setting{near}", hint="list the settings: ivrkit settings")
    return found


def _row(name: str, value: Any, origin: str, setting: Setting, owner: str = CORE_PLUGIN, about: str = "") -> Row:
    """Return the row of a setting.

    :param about: the description of the table around the setting, for a setting without a description.
    """
    shown = MASK if setting.is_secret and value else redact_value(name, value)
    return Row(name, shown, origin, setting.words, owner, setting.description or about)


def _core_rows(settings: Settings) -> Iterator[Row]:
    for name, setting in SETTINGS.items():
        if name not in _TABLES:
            yield _row(name, getattr(settings, name), settings.origin(name), setting)


def _text_rows(settings: Settings) -> Iterator[Row]:
    known = settings_of(Texts)
    for name, setting in known.items():
        about = SETTINGS["texts"].description
        yield _row(f"texts.{name}", getattr(settings.texts, name), settings.origin("texts", name), setting, about=about)
    for language, texts in settings.texts_in.items():
        for name, text in texts.items():
            origin, about = settings.origin("texts", language, name), SETTINGS["texts_in"].description
            yield _row(f"texts.{language}.{name}", text, origin, known[name], about=about)


def _state_rows(settings: Settings) -> Iterator[Row]:
    for state, decisions in settings.states.items():
        for name, setting in settings_of(StateSettings).items():
            origin, value = settings.origin("states", state, name), getattr(decisions, name)
            if origin != DEFAULT:
                shown = {**value.get("", {}), **{tag: value[tag] for tag in value if tag}} if name == "texts" else value
                yield _row(f"states.{state}.{name}", shown, origin, setting)


def _plugin_rows(plugins: Iterable[PluginSettings]) -> Iterator[Row]:
    for plugin in plugins:
        for each in plugin.settings:
            row = _row(f"{plugin.key}.{each.name}", each.value, each.origin, each.setting, str(plugin.owner))
            yield row._replace(value="missing") if each.is_missing else row
