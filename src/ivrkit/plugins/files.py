"""Plugins that are files and no packages: ``*.py`` files of a folder, and tables of states in TOML files."""

from __future__ import annotations

import functools
import glob
import hashlib
import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any

from ivrkit.errors import IvrkitError, Problems, nearest
from ivrkit.flow.model.state import Owner, State
from ivrkit.flow.run.sandbox import PLUGIN_ERRORS
from ivrkit.hookspecs import hookimpl
from ivrkit.plugins.entry_points import FILE, PLUGINS_GROUP, EntryPoint
from ivrkit.plugins.problems import describe_error
from ivrkit.plugins.state_kinds import StateKinds
from ivrkit.plugins.toml_states import TomlStates
from ivrkit.settings import Settings
from ivrkit.settings.convert import convert_setting
from ivrkit.settings.setting import settings_of
from ivrkit.settings.state_settings import KEYS_BESIDE_KIND, StateSettings
from ivrkit.settings.toml_file import TomlFile
from ivrkit.settings.toml_keys import KIND

#: How the files of a folder end that are states without code.
FLOW = ".flow.toml"
_HOOK = "ivrkit_"
#: What pluggy marks a function with that is a hook.
_MARK = "ivrkit_impl"


class PluginFiles:
    """The files that the settings name.

    :param settings: the core's settings.
    :param kinds: the kinds of states that there will be when a file's states are made.
    :param problems: where problems are collected.
    """

    def __init__(self, settings: Settings, kinds: StateKinds, problems: Problems) -> None:
        self._settings = settings
        self._kinds = kinds
        self._problems = problems
        #: What files let states say instead: state -> language -> words.
        self.texts: dict[str, Mapping[str, Mapping[str, str]]] = {}

    def entry_points(self) -> Iterator[EntryPoint]:
        """Return the files, each where a plugin comes in: the settings file first, then by name."""
        written = {each.written_in for each in self._settings.states.values() if each.table}
        for name in sorted(written):
            yield _point(name, Owner(name), functools.partial(self._of_settings, name))
        for path in sorted({*self._flows(), *self._folder("*" + FLOW)}, key=lambda path: (path.name, path)):
            yield _point(path.name, Owner(path.name), functools.partial(self._of_flow, path), path=path)
        for path in self._folder("*.py"):
            if not path.name.startswith("_"):
                module = _module_name(path)
                owner = Owner(path.name, _version_of(path))
                yield _point(path.name, owner, functools.partial(load_file, path), module, path)

    def _flows(self) -> Iterator[Path]:
        """Return the files of the setting ``flows``; one that is named without a pattern has to be there."""
        for pattern in self._settings.flows:
            folder = self._settings.folder or Path()
            found = [_in_full(folder / each) for each in glob.glob(pattern, root_dir=folder, recursive=True)]
            if not found and not glob.has_magic(pattern):
                self._problems.error(
                    f"flows names {pattern!r}, which does not exist",
                    "mend the path: it begins in the folder of the settings",
                    location=self._settings.location("flows"),
                )
            yield from found

    def _folder(self, pattern: str) -> list[Path]:
        """Return the files of the setting ``plugins_dir``."""
        if self._settings.plugins_dir is None:
            return []
        folder = (self._settings.folder or Path()) / self._settings.plugins_dir
        if folder.is_dir():
            found = glob.glob(pattern, root_dir=folder)  # none that is hidden, as what an editor keeps beside a file is
            return sorted(_in_full(folder / each) for each in found)
        self._problems.error(
            f"plugins_dir is {self._settings.plugins_dir!r}, which is no folder",
            f"make it, or mend the path: it is {folder.resolve()}",
            location=self._settings.location("plugins_dir"),
        )
        return []

    def _of_settings(self, name: str) -> TomlStates:
        """Return the states of a settings file."""
        states = self._settings.states
        tables = {state: each.table for state, each in states.items() if each.table and each.written_in == name}
        return TomlStates(Owner(name), tables, self._settings.location, self._kinds, self._problems, KEYS_BESIDE_KIND)

    def _of_flow(self, path: Path) -> TomlStates:
        """Return the states of a file of its own.

        :raises IvrkitError: for a file that has anything else.
        """
        file, owner = TomlFile(path), Owner(path.name)

        def location(*keys: str) -> str:
            return str(file.location(*keys))

        tables: dict[str, Mapping[str, Any]] = {}
        for key, value in file.table.items():
            if key != "states" or not isinstance(value, dict):
                near = nearest(key, ["states"]) if key != "states" else ""
                hint = "it takes tables [states.NAME], each with a kind"
                self._refuse(owner, f"it has {key!r}{near}", hint, location(key))
                continue
            for name, table in value.items():
                if isinstance(table, dict) and KIND in table:
                    tables[name] = self._without_texts(owner, name, table, location)
                else:
                    hint = (
                        'write one: kind = "message"; what changes a state of a plugin belongs into the settings file'
                    )
                    self._refuse(owner, f"states.{name} has no kind", hint, location("states", name))
        return TomlStates(owner, tables, location, self._kinds, self._problems)

    def _without_texts(
        self, owner: Owner, name: str, table: dict[str, Any], location: Callable[..., str]
    ) -> Mapping[str, Any]:
        """Return a table without what it says in other languages, which is kept."""
        if "texts" in table:
            keys = ("states", name, "texts")
            texts, problems = convert_setting(table["texts"], settings_of(StateSettings)["texts"], keys)
            for each in problems:
                self._refuse(owner, each.message, each.hint_in_toml(), location(*each.path))
            if not problems:
                self.texts[name] = texts
        return {key: value for key, value in table.items() if key != "texts"}

    def _refuse(self, owner: Owner, message: str, hint: str, location: str) -> None:
        self._problems.error(message, hint, location=location, owner=owner.plugin)


def load_file(path: Path) -> object:
    """Run a Python file, and return the plugin that it is: its hooks, and its states.

    :raises IvrkitError: for a file that offers neither; and whatever the file raises.
    """
    module = _run(path)
    states = dict(_states_of(module))
    hooks = {
        name: each
        for name, each in vars(module).items()
        if callable(each) and (name.startswith(_HOOK) or hasattr(each, _MARK))
    }
    if not states and not hooks:
        raise IvrkitError(
            "it offers no state and no hook",
            hint="a state is a State of the file, or a function in it that is annotated -> State; a file whose "
            "name begins with _ is left alone",
        )
    offered = {"states_of_the_file": hookimpl(specname="ivrkit_register_states")(lambda: states)} if states else {}
    return SimpleNamespace(**hooks, **offered)


class _Source(SourceFileLoader):
    """Compiles a file each time: what Python keeps of it is taken for the file's as long as its second and size are."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def _run(path: Path) -> ModuleType:
    name = _module_name(path)
    loader = _Source(name, str(path))
    spec = ModuleSpec(name, loader, origin=str(path))
    spec.has_location = True
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(name)  # that of another app with the same folder
    sys.modules[name] = module  # where its dataclasses look their types up
    try:
        loader.exec_module(module)
    except PLUGIN_ERRORS as error:
        sys.modules.pop(name, None)
        if before is not None:
            sys.modules[name] = before
        lines = [each.lineno for each in traceback.extract_tb(error.__traceback__) if each.filename == str(path)]
        where = f" ({path.name}, line {lines[-1]})" if lines else ""
        raise IvrkitError(describe_error(error) + where, hint=getattr(error, "hint", "") or "fix the file") from error
    return module


def _states_of(module: ModuleType) -> Iterator[tuple[str, object]]:
    """Return the states of a module: those that stand in it, and the functions that make one."""
    for name, each in vars(module).items():
        if name.startswith(("_", _HOOK)) or hasattr(each, _MARK):
            continue
        if isinstance(each, State) or _makes_state(each, module):
            yield name, each


def _makes_state(function: object, module: ModuleType) -> bool:
    if not inspect.isfunction(function) or function.__module__ != module.__name__:
        return False
    returned = inspect.get_annotations(function).get("return")
    if isinstance(returned, str):
        return returned.strip("'\"").rpartition(".")[2] == State.__name__
    return returned is State


def _module_name(path: Path) -> str:
    """Return what a file is called as a module: no two files alike, wherever they are."""
    words = re.sub(r"\W", "_", path.stem)
    return f"ivrkit_file_{words}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


def _version_of(path: Path) -> str:
    """Return the version that a file says it has; it is not run for that."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # it is told when it is loaded
        return ""
    found = re.search(r"""^__version__\s*(?::\s*\w+\s*)?=\s*(['"])(.+?)\1""", text, re.MULTILINE)
    return found[2] if found else ""


def _in_full(path: Path) -> Path:
    """Return the whole path of a file under the name that it has here, also where it is a link."""
    return path.parent.resolve() / path.name


def _point(name: str, owner: Owner, load: Callable[[], Any], value: str = "", path: Path | None = None) -> EntryPoint:
    return EntryPoint(PLUGINS_GROUP, name, value, owner, load, FILE, str(path or ""))
