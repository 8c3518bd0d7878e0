"""Plugins that are files: Python files in ``plugins_dir``, and TOML states in flow files and settings files."""

from __future__ import annotations

import functools
import glob
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ivrkit.errors import Problems, SettingsError, nearest
from ivrkit.flow.compile.languages import Translations
from ivrkit.flow.model.state import Owner
from ivrkit.plugins.distributions import PLUGINS_GROUP
from ivrkit.plugins.entry_points import FILE, EntryPoint
from ivrkit.plugins.languages import check_state_texts, in_spoken_languages
from ivrkit.plugins.problems import leave_out
from ivrkit.plugins.python_files import load_python_file, module_name, version_of
from ivrkit.plugins.state_kinds import StateKinds
from ivrkit.plugins.toml_states import TomlStates
from ivrkit.settings import Settings
from ivrkit.settings.convert import convert, convert_setting
from ivrkit.settings.setting import settings_of
from ivrkit.settings.state_settings import KEYS_BESIDE_KIND, TEXTS, StateSettings
from ivrkit.settings.toml_file import TomlFile
from ivrkit.settings.toml_keys import KIND
from ivrkit.settings.types import LanguageTag

#: The suffix of flow files: TOML files with nothing but states.
FLOW_SUFFIX = ".flow.toml"


class PluginFiles:
    """The plugins that are files. The settings ``plugins_dir``, ``flows`` and ``states`` of the core define them.

    :param settings: the settings of the core.
    :param kinds: the collection of state kinds. It may be empty at first: it is only read when states are made.
    :param problems: the collection to which problems are added.
    """

    def __init__(self, settings: Settings, kinds: StateKinds, problems: Problems) -> None:
        self._settings = settings
        self._kinds = kinds
        self._problems = problems
        #: State -> language -> texts that replace texts of the state, from the tables ``texts`` of flow files.
        self.text_overrides: dict[str, Mapping[str, Translations]] = {}

    def entry_points(self) -> list[EntryPoint]:
        """Return an entry point for each file: first the settings files, then the flow files, then the Python files."""
        settings_files = {table.written_in for table in self._settings.states.values() if table.table}
        # A set, because both settings may name the same file, which must be loaded once.
        flow_files = {*self._flow_files(), *self._in_plugins_dir("*" + FLOW_SUFFIX)}
        points = [
            _entry_point(name, Owner(name), functools.partial(self._load_settings_file, name))
            for name in sorted(settings_files)
        ]
        points += [
            _entry_point(path.name, Owner(path.name), functools.partial(self._load_flow_file, path), path=path)
            # Sorted, so that the order of loading does not depend on the file system.
            for path in sorted(flow_files, key=lambda path: (path.name, path))
        ]
        points += [
            _entry_point(
                path.name,
                Owner(path.name, version_of(path)),
                functools.partial(load_python_file, path),
                value=module_name(path),
                path=path,
            )
            for path in self._in_plugins_dir("*.py")
            if not path.name.startswith("_")
        ]
        return points

    def _flow_files(self) -> list[Path]:
        """Return the paths of the files that the setting ``flows`` names. Report a path that does not exist."""
        folder = self._settings.folder or Path()
        files: list[Path] = []
        for pattern in self._settings.flows:
            found = [_absolute(folder / name) for name in glob.glob(pattern, root_dir=folder, recursive=True)]
            # A pattern may match nothing. A plain name that does not exist is a typing error.
            if not found and not glob.has_magic(pattern):
                self._problems.error(
                    f"flows names {pattern!r}, which does not exist",
                    "fix the path; it is relative to the folder of the settings file",
                    location=self._settings.location("flows"),
                )
            files += found
        return files

    def _in_plugins_dir(self, pattern: str) -> list[Path]:
        """Return the paths of the files in the folder ``plugins_dir`` that match a pattern, such as ``*.py``."""
        if self._settings.plugins_dir is None:
            return []
        folder = (self._settings.folder or Path()) / self._settings.plugins_dir
        if folder.is_dir():
            # glob leaves out hidden files, such as the backups of an editor.
            return sorted(_absolute(folder / name) for name in glob.glob(pattern, root_dir=folder))
        self._problems.error(
            f"plugins_dir must be a folder, not {self._settings.plugins_dir!r}",
            f"fix the path, or make the folder {folder.resolve()}",
            location=self._settings.location("plugins_dir"),
        )
        return []

    def _load_settings_file(self, name: str) -> TomlStates:
        """Return a plugin with the TOML states of a settings file.

        :param name: the name of the file.
        """
        states = self._settings.states
        tables = {state: each.table for state, each in states.items() if each.table and each.written_in == name}
        return TomlStates(
            Owner(name), tables, self._settings.location, self._kinds, self._problems, self._settings, KEYS_BESIDE_KIND
        )

    def _load_flow_file(self, path: Path) -> TomlStates:
        """Return a plugin with the TOML states of a flow file (``*.flow.toml``). Report the problems of the file."""
        owner = Owner(path.name)
        try:
            file = TomlFile(path)
        except SettingsError as error:
            self._report(owner, error.message, f"{error.hint}; or {leave_out(owner)}", "")
            return TomlStates(owner, {}, str, self._kinds, self._problems, self._settings)

        # A problem does not stop the reading: the states without problems are still offered.
        def location(*keys: str) -> str:
            return str(file.location(*keys))

        tables: dict[str, Mapping[str, Any]] = {}
        for key, value in file.table.items():
            if key != "states" or not isinstance(value, dict):
                message = f"states must be a table, not {value!r}"
                if key != "states":
                    message = f"unknown key {key!r}{nearest(key, ['states'])}"
                self._report(owner, message, "write tables [states.NAME], each with a kind", location(key))
                continue
            for name, table in value.items():
                # Without a kind the table would change the state of a plugin, which is left to the settings.
                if isinstance(table, dict) and KIND in table:
                    tables[name] = self._without_texts(owner, name, table, location)
                else:
                    hint = 'write kind = "message"; or, to change a state of a plugin, write it in the settings file'
                    self._report(owner, f"states.{name} must be a table with a kind", hint, location("states", name))
        return TomlStates(owner, tables, location, self._kinds, self._problems, self._settings, (TEXTS,))

    def _without_texts(
        self, owner: Owner, name: str, table: dict[str, Any], location: Callable[..., str]
    ) -> Mapping[str, Any]:
        """Return the table of a state without the key ``texts``. Add the texts to ``text_overrides`` instead.

        Texts in a language that the phone tree does not have are ignored, so that several phone trees with different
        languages can use the same file.
        """
        if TEXTS in table:
            keys = ("states", name, TEXTS)
            texts, problems = convert_setting(table[TEXTS], settings_of(StateSettings)[TEXTS], keys)
            if not problems:
                languages = {tag: said for tag, said in texts.items() if tag}
                _, problems = convert(languages, Mapping[LanguageTag, Any], keys)
            for each in problems:
                self._report(owner, each.message, each.hint_in_toml(), location(*each.path))
            if not problems:
                self._problems.add(*check_state_texts(name, texts, location, owner.plugin))
                self.text_overrides[name] = in_spoken_languages(texts, self._settings)
        return {key: value for key, value in table.items() if key != TEXTS}

    def _report(self, owner: Owner, message: str, hint: str, location: str) -> None:
        self._problems.error(message, hint, location=location, owner=owner.plugin)


def _absolute(path: Path) -> Path:
    """Return the absolute path of a file. The last part of the path stays, even if it is a symbolic link."""
    return path.parent.resolve() / path.name


def _entry_point(
    name: str, owner: Owner, load: Callable[[], Any], *, value: str = "", path: Path | None = None
) -> EntryPoint:
    return EntryPoint(PLUGINS_GROUP, name, value, owner, load, FILE, str(path or ""))
