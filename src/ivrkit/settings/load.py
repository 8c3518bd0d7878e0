"""The settings of a working folder. The environment overrides ``ivrkit.toml``; arguments in code override both.

All problems are collected with their files and lines. At the end, one error reports all problems.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from ivrkit.errors import Problem, Problems, SettingsError, nearest
from ivrkit.flow.model.text import SENTENCES, Texts
from ivrkit.settings.convert import INVALID, convert_setting
from ivrkit.settings.core_settings import SETTINGS, Settings
from ivrkit.settings.names import dotted, normal_name, use_one_of
from ivrkit.settings.scalars import EnvironmentText
from ivrkit.settings.shared_key_variables import SHARED_KEYS_PREFIX, shared_key_of_variable
from ivrkit.settings.toml_file import TomlFile, keys_of
from ivrkit.settings.type_structure import is_table
from ivrkit.settings.types import ACCOUNT_SID
from ivrkit.settings.value_problem import ValueProblem

#: The settings file of a working folder. The environment variable ``IVRKIT_SETTINGS`` names another.
FILE = "ivrkit.toml"
FILE_VARIABLE = "IVRKIT_SETTINGS"
#: The variables with the prefix of a setting that are not settings. The server sets the folder of its workers' files.
_OTHER_VARIABLES = {FILE_VARIABLE, "IVRKIT_WORKER_DIR"}
#: The prefix of the variable of a setting. The name of the setting follows in capitals.
PREFIX = "IVRKIT_"
#: The prefix of the variable of a plugin's setting. The plugin, two underscores and the setting follow.
PLUGINS_PREFIX = "IVRKIT_PLUGINS__"
#: Twilio's own name for the token that signs its webhooks. For a subaccount, ``_`` and the AccountSid follow.
TOKEN_VARIABLE = "TWILIO_AUTH_TOKEN"  # noqa: S105  the name of a variable, not a token

ENVIRONMENT, ENV_FILE, ARGUMENT = "environment", ".env", "argument"
TEXT_NAMES = tuple(each.name for each in fields(Texts))
#: The settings that are tables. They have no variable of their own.
TABLES = tuple(name for name, each in SETTINGS.items() if is_table(each.annotation))
#: The keys of the file. In the file, ``plugin_settings`` is ``plugins``, and ``texts_in`` is a part of ``texts``.
FILE_KEYS = (*(name for name in SETTINGS if name not in ("plugin_settings", "texts_in")), "plugins")


@dataclass(frozen=True)
class SettingsResult:
    """The result of loading settings: the settings, and their problems.

    :param settings: the settings, without the invalid values.
    :param problems: the problems of all invalid values.
    """

    settings: Settings
    problems: tuple[Problem, ...]


def load_settings(folder: Path | None = None, environ: Mapping[str, str] | None = None, **arguments: Any) -> Settings:
    """Return the settings of a folder.

    Environment variables override the file ``ivrkit.toml``. The arguments override the file and the variables.

    :param folder: the folder of ``ivrkit.toml`` and ``.env``; by default the working folder.
    :param environ: the environment variables; by default the variables of the process and of the file ``.env``. If both
        have a variable, the value in the process is used.
    :param arguments: settings by name, with the names of the parameters of :class:`Settings`.
    :raises SettingsError: if a setting is invalid or unknown. The error lists every problem.
    """
    result = try_load_settings(folder, environ, **arguments)
    if result.problems:
        raise SettingsError.of(result.problems)
    return result.settings


def try_load_settings(
    folder: Path | None = None, environ: Mapping[str, str] | None = None, **arguments: Any
) -> SettingsResult:
    """Return the settings of a folder together with their problems.

    Unlike :func:`load_settings`, this function does not raise an error for an invalid setting.

    :param folder: the folder of ``ivrkit.toml`` and ``.env``; by default the working folder.
    :param environ: the environment variables; by default the variables of the process and of the file ``.env``. If both
        have a variable, the value in the process is used.
    :param arguments: settings by name, with the names of the parameters of :class:`Settings`.
    """
    return _Reader(folder or Path.cwd()).read(environ, arguments)


class _Reader:
    """Reader of the settings. A source that is read later overrides the sources that were read before.

    :param folder: the folder of ``ivrkit.toml`` and ``.env``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: Path | None = None
        self._values: dict[str, Any] = {}
        self._origins: dict[str, object] = {}
        self._plugins: dict[str, dict[str, Any]] = {}
        self._problems = Problems()

    def read(self, environ: Mapping[str, str] | None, arguments: Mapping[str, Any]) -> SettingsResult:
        """Read the file ``ivrkit.toml``, the environment variables and the arguments, and return the settings.

        :param environ: the environment variables, or ``None`` for the variables of the process and of ``.env``.
        :param arguments: settings by name.
        """
        layers = [(ENVIRONMENT, environ)] if environ is not None else self._environments()
        variables = {name: text for _, each in layers for name, text in each.items()}
        with self._problems.collect():
            self._read_file(variables.get(FILE_VARIABLE))
        for origin, layer in layers:
            for variable in sorted(layer):
                self._read_variable(variable, layer[variable], origin)
        for name, value in arguments.items():
            self._read_argument(name, value)
        values = {**self._values, "plugin_settings": self._plugins}
        # IVRKIT_SETTINGS can name a file in another folder.
        folder = self._file.parent if self._file else self._folder
        settings = Settings(**values, origins=self._origins, folder=folder, file=self._file)
        return SettingsResult(settings, tuple(self._problems))

    def _convert(self, name: str, value: Any, keys: tuple[str, ...], report: Callable[[ValueProblem], Problem]) -> bool:
        """Convert and store the value of a setting, and collect the problems. Invalid keys of a table are left out.

        :param name: the name of the setting.
        :param value: the value as it was written.
        :param keys: the path to the value in its source.
        :param report: a function that adds the location and the hint to a problem.
        :returns: whether the whole value is valid.
        """
        converted, problems = convert_setting(value, SETTINGS[name], keys, keep_valid=True)
        for each in problems:
            self._problems.add(report(each))
            self._origins.pop(".".join(each.path), None)
        if converted is not INVALID:
            self._values[name] = converted
        return not problems

    # The file.

    def _read_file(self, named: str | None) -> None:
        path = self._folder / (named or FILE)
        if not _exists(path):
            if named:
                raise SettingsError(
                    f"{FILE_VARIABLE} names {named}, which does not exist", hint="fix the path, or unset the variable"
                )
            return
        self._file = path
        file = TomlFile(path, hide_values=True)
        for keys in keys_of(file.table):
            self._origins[".".join(keys)] = file.location(*keys)
        for key, value in file.table.items():
            self._read_key(file, key, value)

    def _read_key(self, file: TomlFile, key: str, value: Any) -> None:
        def report(problem: ValueProblem) -> Problem:
            return Problem(problem.message, problem.hint_in_toml(), location=str(file.location(*problem.path)))

        if key not in FILE_KEYS:
            message = f"unknown key {key!r}{nearest(key, FILE_KEYS)}"
            self._problems.error(message, use_one_of(FILE_KEYS), location=str(file.location(key)))
            return
        if key == "plugins":
            self._read_plugins(file, value)
        elif key == "texts" and isinstance(value, dict):
            languages = {name: each for name, each in value.items() if _is_language(name, each)}
            self._convert("texts", {name: value[name] for name in value if name not in languages}, (key,), report)
            self._convert("texts_in", languages, (key,), report)
        else:
            self._convert(key, value, (key,), report)
        if key == "states":
            states = self._values.get(key, {})
            self._values[key] = {
                name: replace(each, written_in=file.name) if each.table else each for name, each in states.items()
            }

    def _read_plugins(self, file: TomlFile, tables: Any) -> None:
        """Read the tables ``[plugins.NAME]``. The keys of each table are checked later, when its plugin is loaded."""
        if not isinstance(tables, dict):
            self._problems.error(
                "plugins must be a table of plugins; its value is not shown, as it may be secret",
                'to load only some plugins, write allow = ["acme-states"]; to change the settings of a plugin, '
                "write a table [plugins.acme-states] with lines such as reception_rings = 20",
                location=str(file.location("plugins")),
            )
            return
        for name, table in tables.items():
            if not isinstance(table, dict):
                key = dotted(("plugins", name))
                self._problems.error(
                    f"{key} must be a table; its value is not shown, as it may be secret",
                    f"write a table [{key}] with a line for each setting",
                    location=str(file.location("plugins", name)),
                )
                continue
            plugin = normal_name(name)
            self._plugins.setdefault(plugin, {}).update(table)
            for keys in ((), *keys_of(table)):
                self._origins[".".join(("plugins", plugin, *keys))] = file.location("plugins", name, *keys)

    # The environment.

    def _environments(self) -> list[tuple[str, Mapping[str, str]]]:
        """Return the environment variables of the file ``.env`` and of the process, as two pairs of origin and mapping.

        The mapping for ``.env`` does not contain variables that the process sets, too.
        """
        from dotenv import dotenv_values

        path = self._folder / ENV_FILE
        try:
            kept = {name: value for name, value in dotenv_values(path).items() if value is not None}
        except (UnicodeDecodeError, OSError) as error:
            message = f"{path.name} cannot be read: {error}"
            self._problems.error(message, "write lines NAME=value, in UTF-8")
            kept = {}
        return [(ENV_FILE, {name: kept[name] for name in kept if name not in os.environ}), (ENVIRONMENT, os.environ)]

    def _read_variable(self, variable: str, text: str, origin: str) -> None:
        account = variable.removeprefix(f"{TOKEN_VARIABLE}_")
        variable_in = f"{variable} in {'the environment' if origin == ENVIRONMENT else origin}"
        if variable.startswith(PLUGINS_PREFIX):
            self._read_plugin_variable(variable, text, origin, variable_in)
        elif variable.startswith(SHARED_KEYS_PREFIX):
            with self._problems.collect(location=origin):
                key, secret = shared_key_of_variable(variable, text)
                self._values["shared_keys"] = {**self._values.get("shared_keys", {}), key: secret}
                self._origins["shared_keys"] = variable_in
        elif variable.startswith(PREFIX) and variable not in _OTHER_VARIABLES:
            self._read_setting_variable(variable, text, origin, variable_in)
        elif variable == TOKEN_VARIABLE and text:
            self._values["auth_token"] = _tokens(text)
            self._origins["auth_token"] = variable_in
        elif account != variable and ACCOUNT_SID.fullmatch(account) and text:
            self._values["accounts"] = {**self._values.get("accounts", {}), account: _tokens(text)}
            self._origins["accounts"] = variable_in

    def _read_plugin_variable(self, variable: str, text: str, origin: str, variable_in: str) -> None:
        plugin, *keys = variable.removeprefix(PLUGINS_PREFIX).lower().split("__")
        if not plugin or not keys or not all(keys):
            self._problems.error(
                f"{variable} does not name a setting of a plugin",
                f"write {PLUGINS_PREFIX}, the plugin, two underscores and the setting: "
                f"{PLUGINS_PREFIX}ACME_STATES__RECEPTION_NUMBER",
                location=origin,
            )
            return
        plugin = normal_name(plugin)
        table: dict[str, Any] = self._plugins.setdefault(plugin, {})
        *above, last = keys
        for key in above:
            table[key] = dict(table[key]) if isinstance(table.get(key), dict) else {}
            table = table[key]
        table[last] = EnvironmentText(text)
        for count in range(1, len(keys) + 1):
            self._origins[".".join(("plugins", plugin, *keys[:count]))] = variable_in

    def _read_setting_variable(self, variable: str, text: str, origin: str, variable_in: str) -> None:
        name = variable.removeprefix(PREFIX).lower()
        sentence = name.removeprefix("texts_")
        if name.startswith("texts_") and sentence in SENTENCES:
            texts = self._values.get("texts", Texts())
            with self._problems.collect(location=origin):
                self._values["texts"] = replace(texts, **{sentence: text})
                self._origins[f"texts.{sentence}"] = variable_in
            return
        if name in TABLES or name not in SETTINGS:
            self._problems.add(_not_a_variable(name, variable, origin))
            return

        def report(problem: ValueProblem) -> Problem:
            return Problem(problem.message, problem.hint_in_environment(variable), location=origin)

        if self._convert(name, EnvironmentText(text), (variable,), report):
            self._origins[name] = variable_in

    # Code.

    def _read_argument(self, name: str, value: Any) -> None:
        if name not in SETTINGS:
            self._problems.error(f"{name!r} is not a setting{nearest(name, SETTINGS)}", use_one_of(SETTINGS))
            return
        converted, problems = convert_setting(value, SETTINGS[name], (name,))
        for each in problems:
            self._problems.error(each.message, each.hint_in_code(), location="Settings")
        if problems:
            return
        if name != "plugin_settings":
            self._values[name] = converted
            self._origins[name] = ARGUMENT
            return
        for plugin, table in converted.items():
            self._plugins.setdefault(plugin, {}).update(table)
            self._origins |= {f"plugins.{plugin}.{key}": ARGUMENT for key in table}


def _exists(path: Path) -> bool:
    """Return whether a file exists. A path that the operating system refuses counts as a missing file."""
    try:
        return path.exists()
    except OSError:
        return False


def _is_language(name: str, value: Any) -> bool:
    """Return whether a key of the table ``[texts]`` is a language, such as ``es`` in ``[texts.es]``.

    :param name: the key.
    :param value: the value of the key. The value of a language is a table.
    """
    return isinstance(value, dict) and name not in TEXT_NAMES and bool(name.strip())


def _not_a_variable(name: str, variable: str, origin: str) -> Problem:
    names = [each.upper() for each in SETTINGS if each not in TABLES]
    sentences = [f"TEXTS_{each.upper()}" for each in SENTENCES]
    is_known = name in (*TABLES, *(f"texts_{each}" for each in TEXT_NAMES if each not in SENTENCES))
    # The prefix is added afterwards, because a prefix that all names share would make unrelated names look similar.
    near = "" if is_known else nearest(name.upper(), names + sentences).replace(" '", f" '{PREFIX}")
    return Problem(
        f"{variable} is not a setting{near}",
        f"{use_one_of([PREFIX + each for each in names])}; texts as {PREFIX}TEXTS_GOODBYE and so on, settings of "
        f"plugins as {PLUGINS_PREFIX}ACME_STATES__RECEPTION_NUMBER, shared keys as {SHARED_KEYS_PREFIX} and the id; "
        f"other tables only in {FILE}",
        location=origin,
    )


def _tokens(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())
