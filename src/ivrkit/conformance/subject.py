"""The distribution that is checked: what it offers, what it needs, and phones to trees of it."""

from __future__ import annotations

import functools
import importlib
import json
import logging
import pkgutil
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import importlib_metadata

from ivrkit.errors import IvrkitError, SettingsError, nearest
from ivrkit.flow.compile.compiled_state import CompiledState
from ivrkit.hookspecs import hookimpl
from ivrkit.plugins.entry_points import PLUGINS_GROUP, STATES_GROUP
from ivrkit.plugins.load import find_plugins
from ivrkit.plugins.loaded import InstalledPlugins
from ivrkit.settings.load import load_settings
from ivrkit.settings.types import normal_name
from ivrkit.testing import Phone, installed_plugins, make_app

#: Where calls begin that no check begins elsewhere.
AS_THEY_BEGIN = "calls as they begin"
#: What is asked for settings, before each tree is made: the name and a new folder -> what ``make_phone`` takes.
SettingsFor = Callable[[str, Path], Mapping[str, Any] | None]


class Nonconformity(IvrkitError):  # noqa: N818  the word of the field
    """A package does not keep what every package keeps: who, what was found, and the mend."""


class Subject:
    """One installed distribution.

    :param name: its name.
    :param root: the folder of the project whose tests are run.
    :param settings_for: gives settings for the trees that are made; ``None`` for those of the project alone.
    :raises SettingsError: when it is not installed, or is no plugin.
    """

    def __init__(self, name: str, root: Path, settings_for: SettingsFor | None = None) -> None:
        known = installed_plugins()
        if normal_name(name) not in known:
            raise SettingsError(
                f"--ivrkit-conformance {name}: there is no such plugin{nearest(normal_name(name), known)}",
                hint=f"install it where the tests run: pip install -e . for your own; installed: {', '.join(known)}",
            )
        self.name = normal_name(name)
        self.root = root
        self._settings_for = settings_for
        self.dist = importlib_metadata.distribution(name)
        #: The plugins that a tree is made of: this one, and those that it requires.
        self.plugins = sorted(_required(self.name, set(known)))

    @property
    def packages(self) -> list[str]:
        """The top-level packages that its entry points name."""
        points = [each for each in self.dist.entry_points if each.group in (STATES_GROUP, PLUGINS_GROUP)]
        return sorted({each.value.partition(":")[0].partition(".")[0] for each in points})

    @property
    def project(self) -> Path:
        """The folder of the project: where it is installed from, else that of the tests."""
        origin = json.loads(self.dist.read_text("direct_url.json") or "{}")
        if origin.get("dir_info", {}).get("editable"):
            return Path(url2pathname(urlsplit(origin["url"]).path))
        return self.root

    def modules(self) -> list[ModuleType]:
        """Return all modules of its packages, imported."""
        found = []
        for package in self.packages:
            module = importlib.import_module(package)
            found.append(module)
            below = pkgutil.walk_packages(getattr(module, "__path__", ()), f"{package}.")
            found.extend(importlib.import_module(each.name) for each in below)
        return found

    def folders(self) -> list[str]:
        """Return where its own code is, as the beginning of paths: packages, and modules that are none."""
        tops = [importlib.import_module(package) for package in self.packages]
        return [path for top in tops for path in (*getattr(top, "__path__", ()), str(top.__file__))]

    def languages(self) -> list[str]:
        """Return the languages that it has catalogues for."""
        found: set[str] = set()
        for module in self.modules():
            for root in getattr(module, "__path__", ()):
                found.update(path.parents[1].name for path in Path(root).glob("locale/*/LC_MESSAGES/*.po"))
        return sorted(tag.replace("_", "-") for tag in found)

    def language(self) -> str:
        """Return the language of the trees that are made of it."""
        with self.phone() as phone:
            return phone.host.settings.language

    def states(self) -> dict[str, CompiledState]:
        """Return its states, parts included, compiled."""
        return dict(self._states)

    @functools.cached_property
    def _states(self) -> dict[str, CompiledState]:
        with self.phone() as phone:
            states = phone.host.loaded.flow.states
            return {name: each for name, each in states.items() if normal_name(each.state.owner.plugin) == self.name}

    def found(self) -> InstalledPlugins:
        """Return what was found of it and of what it requires."""
        with tempfile.TemporaryDirectory(prefix="ivrkit-") as folder:
            given = self._given(Path(folder))
            block = [each for each in installed_plugins() if each not in self.plugins]
            objects = given.pop("objects", None)
            settings = load_settings(given.pop("settings_from", Path(folder)), environ={}, block=block, **given)
            return find_plugins(settings, objects)

    @contextmanager
    def phone(self, begun: str = AS_THEY_BEGIN, **settings: Any) -> Iterator[Phone]:
        """Give a phone to a tree of it and what it requires, with everything new.

        :raises IvrkitError: for a tree that does not start.
        """
        with tempfile.TemporaryDirectory(prefix="ivrkit-") as folder:
            given = {**self._given(Path(folder)), **settings}
            if begun != AS_THEY_BEGIN:
                given["objects"] = {**given.get("objects", {}), "ivrkit-conformance": _Beginning(begun)}
            phone = Phone(make_app(Path(folder), plugins=self.plugins, **given))
            try:
                yield phone
            finally:
                phone.close()

    def tried(self) -> list[str]:
        """Return where calls are begun: in each of its states, and where hooks may decide it, as they begin."""
        has_hooks = any(point.group == PLUGINS_GROUP for point in self.dist.entry_points)
        return [*self.states(), *([AS_THEY_BEGIN] if has_hooks or not self.states() else [])]

    def where(self, begun: str) -> str:
        """Return how it is told where calls were begun."""
        return f"{self.name}: {begun if begun == AS_THEY_BEGIN else f'the state {begun!r}'}"

    def phone_to(self, begun: str, **settings: Any) -> AbstractContextManager[Phone]:
        """Give a phone whose calls begin in a state, whatever else would decide that; or as they begin.

        :param begun: one of :meth:`tried`.
        """
        return self.phone(begun, **settings)

    def _given(self, folder: Path) -> dict[str, Any]:
        given: dict[str, Any] = {"flows": [], "plugins_dir": None}  # the files of the project are no part of it
        if (self.root / "ivrkit.toml").exists():
            given["settings_from"] = self.root
        own = folder / "given"
        own.mkdir()
        return given | dict((self._settings_for(self.name, own) if self._settings_for else None) or {})


class _Beginning:
    """Lets calls begin in a state, before anybody else is asked."""

    def __init__(self, state: str) -> None:
        self._state = state

    @hookimpl(tryfirst=True)
    def ivrkit_choose_start(self) -> str:
        """Return the state."""
        return self._state


def requirements_of(dist: Any) -> list[str]:
    """Return the names of what a distribution requires, without its extras."""
    lines = [line for line in dist.requires or () if "extra ==" not in line.partition(";")[2]]
    return [normal_name(re.split(r"[^A-Za-z0-9._-]", line.strip())[0]) for line in lines]


def _required(name: str, plugins: set[str]) -> set[str]:
    """Return a plugin and all plugins that it requires, through packages that are none as well."""
    seen, queue = set[str](), [name]
    while queue:
        each = queue.pop()
        if each not in seen:
            seen.add(each)
            with suppress(importlib_metadata.PackageNotFoundError):
                queue.extend(requirements_of(importlib_metadata.distribution(each)))
    return seen & plugins


@contextmanager
def failures() -> Iterator[list[str]]:
    """Give a list to which everything is added that fails in the code of plugins meanwhile; it is told nowhere else."""
    found: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: found.append(record.getMessage())  # type: ignore[method-assign]  # a list is its stream
    log = logging.getLogger("ivrkit.plugins")
    log.addHandler(handler)
    before, log.propagate = log.propagate, False
    try:
        yield found
    finally:
        log.propagate = before
        log.removeHandler(handler)
