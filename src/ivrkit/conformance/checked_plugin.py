"""The checked plugin: the metadata, modules and states of the plugin, and phones that call these states."""

from __future__ import annotations

import functools
import importlib
import json
import pkgutil
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import importlib_metadata

from ivrkit.errors import IvrkitError, SettingsError, nearest
from ivrkit.flow.compile.compiled_state import CompiledState
from ivrkit.hookspecs import hookimpl
from ivrkit.plugins.distributions import PLUGINS_GROUP, STATES_GROUP
from ivrkit.plugins.load import find_plugins
from ivrkit.plugins.loaded import InstalledPlugins
from ivrkit.settings import load_settings
from ivrkit.settings.names import normal_name
from ivrkit.testing import AppFactory, Phone, installed_plugins, make_app

#: The start of calls that begin in the usual state of the phone tree, not in a state that a check chooses.
NORMAL_START = "normal-start"
#: ``(name of the plugin, empty folder) -> arguments of make_phone``, called before each phone tree is made.
SettingsFor = Callable[[str, Path], Mapping[str, Any] | None]


class ConformanceError(IvrkitError):
    """The error for a plugin that breaks a rule of the conformance kit."""


class CheckedPlugin:
    """The installed plugin that the checks run on.

    :param name: the name of the plugin's distribution.
    :param root: the root folder of the test run.
    :param app_factory: a function that returns a new Flask app for each phone tree, or ``None`` for apps of ivrkit.
    :param settings_for: a function that returns settings for the phone trees of the checks. These settings are added
        to the settings in the ``ivrkit.toml`` of the root folder.
    :raises SettingsError: if the distribution is not installed or is not a plugin.
    """

    def __init__(
        self,
        name: str,
        root: Path,
        settings_for: SettingsFor | None = None,
        app_factory: AppFactory | None = None,
    ) -> None:
        known = installed_plugins()
        if normal_name(name) not in known:
            raise SettingsError(
                f"--ivrkit-conformance must name an installed plugin, not {name!r}{nearest(normal_name(name), known)}",
                hint=f"install it for the tests, for example with pip install -e .; installed: {', '.join(known)}",
            )
        self.name = normal_name(name)
        self.root = root
        self._settings_for = settings_for
        self._app_factory = app_factory
        #: Whether the last phone tree was mounted in an app of the project.
        self.has_own_app = False
        self.dist = importlib_metadata.distribution(name)
        #: The plugins in the phone trees of the checks: this one, and those that it requires.
        self.plugins = sorted(_with_required_plugins(self.name, set(known)))

    @property
    def packages(self) -> list[str]:
        """The top-level packages that the plugin's entry points name."""
        entry_points = [each for each in self.dist.entry_points if each.group in (STATES_GROUP, PLUGINS_GROUP)]
        return sorted({each.value.partition(":")[0].partition(".")[0] for each in entry_points})

    @property
    def project(self) -> Path:
        """The project folder of an editable install. For any other install, the root folder of the test run."""
        origin = json.loads(self.dist.read_text("direct_url.json") or "{}")
        if origin.get("dir_info", {}).get("editable"):
            return Path(url2pathname(urlsplit(origin["url"]).path))
        return self.root

    def modules(self) -> list[ModuleType]:
        """Import and return all modules of the plugin's packages."""
        modules = []
        for name in self.packages:
            package = importlib.import_module(name)
            modules.append(package)
            below = pkgutil.walk_packages(getattr(package, "__path__", ()), f"{name}.")
            modules.extend(importlib.import_module(each.name) for each in below)
        return modules

    def source_paths(self) -> list[str]:
        """Return the folders of the plugin's packages, and the files of its top-level modules."""
        tops = [importlib.import_module(package) for package in self.packages]
        return [path for top in tops for path in (*getattr(top, "__path__", ()), str(top.__file__))]

    def languages(self) -> list[str]:
        """Return the languages that the plugin has translations for."""
        found: set[str] = set()
        for module in self.modules():
            for folder in getattr(module, "__path__", ()):
                found.update(path.parents[1].name for path in Path(folder).glob("locale/*/LC_MESSAGES/*.po"))
        return sorted(tag.replace("_", "-") for tag in found)

    def language(self) -> str:
        """Return the default language of the phone trees that the checks call."""
        with self.phone() as phone:
            return phone.host.settings.language

    def states(self) -> dict[str, CompiledState]:
        """Return the plugin's compiled states by name, including substates."""
        return dict(self._states)

    @functools.cached_property
    def _states(self) -> dict[str, CompiledState]:
        with self.phone() as phone:
            states = phone.host.loaded.flow.states
            return {name: each for name, each in states.items() if normal_name(each.state.owner.plugin) == self.name}

    def installed(self) -> InstalledPlugins:
        """Load the checked plugin and the plugins that this plugin requires. The states are not compiled."""
        with tempfile.TemporaryDirectory(prefix="ivrkit-") as folder:
            arguments = self._arguments(Path(folder))
            block = [each for each in installed_plugins() if each not in self.plugins]
            objects = arguments.pop("objects", None)
            arguments.pop("app_factory", None)  # plugins are found and loaded before an app has a phone tree
            settings = load_settings(arguments.pop("settings_from", Path(folder)), environ={}, block=block, **arguments)
            return find_plugins(settings, objects)

    @contextmanager
    def phone(self, start: str = NORMAL_START, **settings: Any) -> Iterator[Phone]:
        """Yield a phone that calls a new phone tree with the checked plugin and the plugins that this plugin requires.

        :param start: a name from :meth:`starts`. All calls begin in this state, even if a hook chooses another state.
        :param settings: settings of the phone tree, by name.
        :raises IvrkitError: if the phone tree does not start.
        """
        with tempfile.TemporaryDirectory(prefix="ivrkit-") as folder:
            arguments = {**self._arguments(Path(folder)), **settings}
            if start != NORMAL_START:
                arguments["objects"] = {**arguments.get("objects", {}), "ivrkit-conformance": _StartPlugin(start)}
            self.has_own_app = arguments.get("app_factory") is not None
            phone = Phone(make_app(Path(folder), plugins=self.plugins, **arguments))
            try:
                yield phone
            finally:
                phone.close()

    def starts(self) -> list[str]:
        """Return the names of the states in which the calls of the checks begin: all states of the plugin.

        If the plugin has hooks or no states, the list also has :data:`NORMAL_START`, for calls that begin in
        the start state of the phone tree.
        """
        has_hooks = any(each.group == PLUGINS_GROUP for each in self.dist.entry_points)
        return [*self.states(), *([NORMAL_START] if has_hooks or not self.states() else [])]

    def where(self, start: str) -> str:
        """Return the beginning of an error message: the plugin, and the state in which the calls begin.

        :param start: a name from :meth:`starts`.
        """
        return f"{self.name}: {'the normal start' if start == NORMAL_START else f'the state {start!r}'}"

    def _arguments(self, folder: Path) -> dict[str, Any]:
        """Return the arguments for ``make_app``, including the arguments from the project's ``conftest.py``."""
        # Flow files and single-file plugins of the project are not part of the installed plugin.
        arguments: dict[str, Any] = {"flows": [], "plugins_dir": None, "app_factory": self._app_factory}
        if (self.root / "ivrkit.toml").exists():
            arguments["settings_from"] = self.root
        files = folder / "files"
        files.mkdir()
        return arguments | dict((self._settings_for(self.name, files) if self._settings_for else None) or {})


class _StartPlugin:
    """A plugin that lets all calls begin in one state, even if another plugin chooses a start state."""

    def __init__(self, state: str) -> None:
        self._state = state

    @hookimpl(tryfirst=True)
    def ivrkit_choose_start(self) -> str:
        """Return the state in which all calls begin."""
        return self._state


def requirements_of(dist: Any) -> list[str]:
    """Return the names of the distributions that a distribution requires. Optional requirements are left out."""
    lines = [line for line in dist.requires or () if "extra ==" not in line.partition(";")[2]]
    return [normal_name(re.split(r"[^A-Za-z0-9._-]", line.strip())[0]) for line in lines]


def _with_required_plugins(name: str, plugins: set[str]) -> set[str]:
    """Return the names of a plugin and of all plugins that this plugin requires.

    A plugin can be required through a package that is not a plugin.

    :param name: the name of the plugin.
    :param plugins: the names of the installed plugins.
    """
    seen, queue = set[str](), [name]
    while queue:
        each = queue.pop()
        if each not in seen:
            seen.add(each)
            with suppress(importlib_metadata.PackageNotFoundError):
                queue.extend(requirements_of(importlib_metadata.distribution(each)))
    return seen & plugins
