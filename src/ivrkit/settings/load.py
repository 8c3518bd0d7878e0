"""Reads the settings of a working folder: ``ivrkit.toml``, then the environment, then what code says.

Every problem is collected before any of them is told, with its file and line.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from ivrkit.errors import FlowError, Problem, SettingsError, nearest
from ivrkit.flow.model.text import Texts
from ivrkit.settings.core import SETTING_TYPES, Settings, read_value
from ivrkit.settings.settings_file import TEXT_NAMES, FileOfSettings, known
from ivrkit.settings.toml_file import TomlFile
from ivrkit.settings.types import ACCOUNT_SID, FLAG, normal_name

#: The settings file of a working folder; another is named by the environment variable ``IVRKIT_SETTINGS``.
FILE = "ivrkit.toml"
FILE_VARIABLE = "IVRKIT_SETTINGS"
#: Every setting can come from the environment as this and its name in capitals.
PREFIX = "IVRKIT_"
#: The setting of a plugin as this, the plugin's name, and the setting's name, with two underscores between.
PLUGINS_PREFIX = "IVRKIT_PLUGINS__"
#: Twilio's own name for the token that signs its webhooks; with ``_`` and an AccountSid, that account's.
TOKEN_VARIABLE = "TWILIO_AUTH_TOKEN"  # noqa: S105  the name of a variable, no token

ENVIRONMENT, ENV_FILE, ARGUMENT = "environment", ".env", "argument"
#: What has no single value, and so no variable.
TABLES = ("accounts", "states", "texts", "texts_in", "texts_keys", "voices", "numbers", "callers", "plugin_settings")
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


class FromText(str):
    """A value from the environment, which has nothing but texts."""

    __slots__ = ()


@dataclass(frozen=True)
class Gathered:
    """Settings with whatever is wrong with them.

    :param settings: the settings; what is faulty has its default.
    :param problems: what is wrong, all of it.
    """

    settings: Settings
    problems: tuple[Problem, ...]


def load_settings(folder: Path | None = None, environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Return the settings of a folder, the environment over its file, and the overrides over both.

    :param folder: where ``ivrkit.toml`` and ``.env`` are looked for; the working folder when left out.
    :param environ: the environment; the process's own over the folder's ``.env`` when left out.
    :param overrides: settings by name, as :class:`Settings` takes them.
    :raises SettingsError: with every problem: its file and line, key, expectation and nearest name.
    """
    gathered = gather_settings(folder, environ, **overrides)
    if gathered.problems:
        raise SettingsError.of(gathered.problems)
    return gathered.settings


def gather_settings(folder: Path | None = None, environ: Mapping[str, str] | None = None, **overrides: Any) -> Gathered:
    """Return the settings of a folder as :func:`load_settings`, and their problems instead of an error.

    :param folder: as there.
    :param environ: as there.
    :param overrides: as there.
    """
    return _Gathering(folder or Path.cwd()).gather(environ, overrides)


class _Gathering(FileOfSettings):
    """One reading: ``values``, ``origins`` and ``problems`` collect what is found on the way."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.base = folder  # that of the file, where another is named

    def gather(self, environ: Mapping[str, str] | None, overrides: Mapping[str, Any]) -> Gathered:
        """Go through the file, the environment and the overrides, in this order."""
        layers = [(ENVIRONMENT, environ)] if environ is not None else self._environments()
        self.attempt(lambda: self._take_file({name: text for _, each in layers for name, text in each.items()}))
        for origin, variables in layers:
            for variable in sorted(variables):
                self.attempt(lambda: self._take_variable(variable, variables[variable], origin))  # noqa: B023  at once
        self.attempt(self._make_texts)
        for name, value in overrides.items():
            self.attempt(lambda: self._take_override(name, value))  # noqa: B023  called at once
        settings = Settings(**{**self.values, "plugin_settings": self.plugins}, origins=self.origins, folder=self.base)
        return Gathered(settings, tuple(self.problems))

    def _environments(self) -> list[tuple[str, Mapping[str, str]]]:
        """Return the variables of ``.env`` that the process does not have, and those of the process."""
        path = self.folder / ENV_FILE
        try:
            kept = {name: value for name, value in dotenv_values(path).items() if value is not None}
        except (UnicodeDecodeError, OSError) as error:
            message = f"{path.name} cannot be read: {error}"
            self.problems.error(message, "it has lines NAME=value, in UTF-8")
            kept = {}
        return [(ENV_FILE, {name: kept[name] for name in kept if name not in os.environ}), (ENVIRONMENT, os.environ)]

    def _take_file(self, environ: Mapping[str, str]) -> None:
        named = environ.get(FILE_VARIABLE)
        path = self.folder / (named or FILE)
        if not _is_there(path):
            if named:
                raise SettingsError(
                    f"{FILE_VARIABLE} names {named}, which does not exist", hint="mend the path, or unset it"
                )
            return
        self.base = path.parent
        self.take_file(TomlFile(path))

    # The environment.

    def _take_variable(self, variable: str, text: str, origin: str) -> None:
        account = variable.removeprefix(f"{TOKEN_VARIABLE}_")
        told = f"{variable} in {'the environment' if origin == ENVIRONMENT else origin}"
        if variable.startswith(PLUGINS_PREFIX):
            self._take_plugin_variable(variable, text, told)
        elif variable.startswith(PREFIX) and variable != FILE_VARIABLE:
            self._take_setting_variable(variable, text, origin, told)
        elif variable == TOKEN_VARIABLE and text:
            self.values["auth_token"] = _split(text)
            self.origins["auth_token"] = told
        elif account != variable and ACCOUNT_SID.fullmatch(account) and text:
            self.values["accounts"] = {**self.values.get("accounts", {}), account: _split(text)}
            self.origins["accounts"] = told

    def _take_plugin_variable(self, variable: str, text: str, told: str) -> None:
        plugin, *keys = variable.removeprefix(PLUGINS_PREFIX).lower().split("__")
        if not plugin or not keys or not all(keys):
            raise SettingsError(
                f"{ENVIRONMENT}: {variable} names no setting of a plugin",
                hint=f"it is {PLUGINS_PREFIX} and the plugin, two underscores and the setting: "
                f"{PLUGINS_PREFIX}ACME_STATES__RECEPTION_NUMBER",
            )
        table: dict[str, Any] = self.plugins.setdefault(normal_name(plugin), {})
        *above, last = keys
        for key in above:
            table[key] = dict(table[key]) if isinstance(table.get(key), dict) else {}
            table = table[key]
        table[last] = FromText(text)
        self.origins[f"plugins.{normal_name(plugin)}.{keys[0]}"] = told

    def _take_setting_variable(self, variable: str, text: str, origin: str, told: str) -> None:
        name = variable[len(PREFIX) :].lower()
        word = name.removeprefix("texts_")
        if name.startswith("texts_") and word in TEXT_NAMES and word != "keys":
            try:
                Texts(**{word: text})  # type: ignore[arg-type]  # it is one of the sentences
            except FlowError as error:
                raise SettingsError(f"{origin}: {error.message}", hint=error.hint) from error
            self.texts[word] = text
            self.origins[f"texts.{word}"] = told
            return
        if name in TABLES or name not in SETTING_TYPES:
            raise _no_variable(name, variable, origin)
        self.values[name] = read_value(name, _typed(name, text), origin, key=variable)
        self.origins[name] = told

    def _make_texts(self) -> None:
        if self.texts:
            self.values["texts"] = Texts(**self.texts)

    # What code says.

    def _take_override(self, name: str, value: Any) -> None:
        if name not in SETTING_TYPES:
            raise SettingsError(
                f"there is no setting {name!r}{nearest(name, SETTING_TYPES)}", hint=known(SETTING_TYPES)
            )
        read = read_value(name, value, "Settings")
        if name != "plugin_settings":
            self.values[name] = read
            self.origins[name] = ARGUMENT
            return
        for plugin, given in read.items():
            self.plugins.setdefault(plugin, {}).update(given)
            self.origins |= {f"plugins.{plugin}.{key}": ARGUMENT for key in given}


def _is_there(path: Path) -> bool:
    """Return whether a file is there; what can't even be looked for is not."""
    try:
        return path.exists()
    except OSError:
        return False


def _no_variable(name: str, variable: str, origin: str) -> SettingsError:
    single = [each.upper() for each in SETTING_TYPES if each not in TABLES]
    sentences = [f"TEXTS_{each.upper()}" for each in TEXT_NAMES if each != "keys"]
    near = "" if name in TABLES else nearest(name.upper(), single + sentences)
    near = near.replace(" '", f" '{PREFIX}")  # put before it afterwards: what all share is no likeness
    return SettingsError(
        f"{origin}: {variable} is no setting{near}",
        hint=f"{known([PREFIX + each for each in single])}; texts as {PREFIX}TEXTS_GOODBYE and so on, settings of "
        f"plugins as {PLUGINS_PREFIX}ACME_STATES__RECEPTION_NUMBER; tables only in {FILE}",
    )


def _typed(name: str, text: str) -> Any:
    """Return the text of a variable as the value that a file would have had."""
    default = getattr(Settings, name)
    if SETTING_TYPES[name] is FLAG:
        return True if text.lower() in _TRUE else False if text.lower() in _FALSE else text
    if isinstance(default, int):
        try:
            return int(text)
        except ValueError:
            return text
    if isinstance(default, tuple):
        return _split(text)
    return text if text or default is not None else None


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
