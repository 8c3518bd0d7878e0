"""Reads the settings of a working folder: ``ivrkit.toml``, then the environment, then what code says."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from ivrkit.errors import FlowError, SettingsError, nearest
from ivrkit.flow.text import Texts
from ivrkit.settings import ACCOUNT_SID, FLAG, KINDS, Settings, StateSettings, read_value

#: The settings file of a working folder; another is named by the environment variable ``IVRKIT_SETTINGS``.
FILE = "ivrkit.toml"
FILE_VARIABLE = "IVRKIT_SETTINGS"
#: Every setting can come from the environment as this and its name in capitals.
PREFIX = "IVRKIT_"
#: Twilio's own name for the token that signs its webhooks; with ``_`` and an AccountSid, that account's.
TOKEN_VARIABLE = "TWILIO_AUTH_TOKEN"  # noqa: S105  the name of a variable, no token

ENVIRONMENT = "environment"
TEXT_NAMES = tuple(each.name for each in fields(Texts))
#: What has no single value, and so no variable.
TABLES = ("accounts", "states", "texts", "texts_keys")
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off", "")


def load_settings(folder: Path | None = None, environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Return the settings of a folder, the environment over its file, and the overrides over both.

    :param folder: where ``ivrkit.toml`` and ``.env`` are looked for; the working folder when left out.
    :param environ: the environment; the process's own over the folder's ``.env`` when left out.
    :param overrides: settings by name, as :class:`Settings` takes them.
    :raises SettingsError: with file, key, expectation and nearest name.
    """
    folder = folder or Path.cwd()
    if environ is None:
        environ = {**_kept_in(folder / ".env"), **os.environ}
    values = _from_file(folder, environ)
    _take_environment(values, environ)
    for name in overrides:
        if name not in KINDS:
            raise SettingsError(f"there is no setting {name!r}{nearest(name, KINDS)}", hint=_known(KINDS))
    texts = values.pop("texts", {})
    try:
        made = {"texts": Texts(**texts)} if texts else {}
    except FlowError as error:
        raise SettingsError(f"{ENVIRONMENT}: {error.message}", hint=error.hint) from error
    return Settings(**{**values, **made, **overrides})


def _kept_in(path: Path) -> dict[str, str]:
    """Return the variables of a ``.env`` file; none where there is no such file."""
    try:
        return {name: value for name, value in dotenv_values(path).items() if value is not None}
    except (UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path.name} cannot be read: {error}", hint="it has lines NAME=value, in UTF-8") from None


def _from_file(folder: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    named = environ.get(FILE_VARIABLE)
    path = folder / (named or FILE)
    if not path.exists():
        if named:
            raise SettingsError(
                f"{FILE_VARIABLE} names {named}, which does not exist", hint="mend the path, or unset it"
            )
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path.name} cannot be read: {error}", hint="it is a TOML file, in UTF-8") from error
    if "plugins" in table:
        raise SettingsError(
            f"{path.name}: [plugins.*] is not read by this version: plugins have no settings of their own yet",
            hint="take the table out; block = [...] leaves a plugin out",
        )
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in KINDS:
            raise SettingsError(f"{path.name}: unknown key {key!r}{nearest(key, KINDS)}", hint=_known(KINDS))
        if key == "texts":
            values[key] = _texts(value, path.name)
        elif key == "states":
            values[key] = _states(value, path.name)
        else:
            values[key] = read_value(key, value, path.name)
    return values


def _texts(table: Any, origin: str) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise SettingsError(
            f"{origin}: texts is {table!r}", hint='it takes a table: [texts] and lines such as goodbye = "Bye."'
        )
    for name, value in table.items():
        if name not in TEXT_NAMES:
            raise SettingsError(
                f"{origin}: unknown key 'texts.{name}'{nearest(name, TEXT_NAMES)}", hint=_known(TEXT_NAMES)
            )
        words = value.values() if name == "keys" and isinstance(value, dict) else (value,)
        if not all(isinstance(word, str) for word in words) or (name == "keys" and not isinstance(value, dict)):
            takes = 'a table such as [texts.keys] with lines such as "1" = "one"' if name == "keys" else "a text"
            raise SettingsError(f"{origin}: texts.{name} is {value!r}", hint=f"it takes {takes}")
    try:
        Texts(**table)
    except FlowError as error:
        raise SettingsError(f"{origin}: {error.message}", hint=error.hint) from error
    return table


def _states(table: Any, origin: str) -> dict[str, StateSettings]:
    takes = '[states.NAME] takes plugin = "..." and key = "..."'
    if not isinstance(table, dict) or not all(isinstance(each, dict) for each in table.values()):
        raise SettingsError(f"{origin}: states is {table!r}", hint=takes)
    for name, values in table.items():
        for key, value in values.items():
            if key not in ("plugin", "key"):
                raise SettingsError(
                    f"{origin}: unknown key 'states.{name}.{key}'{nearest(key, ('plugin', 'key'))}", hint=takes
                )
            if not isinstance(value, str):
                raise SettingsError(f"{origin}: states.{name}.{key} is {value!r}", hint=f"it takes a text; {takes}")
    states = {name: StateSettings(**values) for name, values in table.items()}
    for name, values in states.items():
        read_value("states", {name: values}, origin, key=f"states.{name}")
    return states


def _take_environment(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Put what the environment says over what the file says."""
    for variable in sorted(environ):
        text = environ[variable]
        account = variable.removeprefix(f"{TOKEN_VARIABLE}_")
        if variable.startswith(PREFIX) and variable != FILE_VARIABLE:
            _take_variable(values, variable, text)
        elif variable == TOKEN_VARIABLE and text:
            values["auth_token"] = _split(text)
        elif account != variable and ACCOUNT_SID.fullmatch(account) and text:
            values["accounts"] = {**values.get("accounts", {}), account: _split(text)}


def _take_variable(values: dict[str, Any], variable: str, text: str) -> None:
    name = variable[len(PREFIX) :].lower()
    word = name.removeprefix("texts_")
    if name.startswith("texts_") and word in TEXT_NAMES and word != "keys":
        values["texts"] = {**values.get("texts", {}), word: text}
        return
    if name in TABLES or name not in KINDS:
        known = [each.upper() for each in KINDS if each not in TABLES]
        sentences = [f"TEXTS_{each.upper()}" for each in TEXT_NAMES if each != "keys"]
        near = "" if name in TABLES else nearest(name.upper(), known + sentences)
        near = near.replace(" '", f" '{PREFIX}")  # put before it afterwards: what all share is no likeness
        raise SettingsError(
            f"{ENVIRONMENT}: {variable} is no setting{near}",
            hint=f"{_known([PREFIX + each for each in known])}; texts as {PREFIX}TEXTS_GOODBYE and so on; "
            f"tables only in {FILE}",
        )
    values[name] = read_value(name, _typed(name, text), ENVIRONMENT, key=variable)


def _typed(name: str, text: str) -> Any:
    """Return the text of a variable as the value that a file would have had."""
    default = getattr(Settings, name)
    if KINDS[name] is FLAG:
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


def _known(names: Mapping[str, Any] | tuple[str, ...] | list[str]) -> str:
    return f"there are: {', '.join(names)}"
