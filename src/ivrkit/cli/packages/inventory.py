"""What there is in the tree at a moment, told by a process of its own, so that two moments can be compared.

This process has the packages as they were when it began; ``python -m`` and this module sees them as they are.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from ivrkit.errors import IvrkitError
from ivrkit.plugins.load import InstalledPlugins, Plugin, find_plugins
from ivrkit.settings.load import gather_settings


@dataclass(frozen=True)
class Item:
    """One plugin.

    :param version: its version.
    :param states: state -> the keys by which it is reached, each with its menu.
    :param hooks: its hooks.
    :param settings: setting -> what it takes, and whether it has to be set.
    """

    version: str
    states: Mapping[str, list[str]] = field(default_factory=dict)
    hooks: list[str] = field(default_factory=list)
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Inventory:
    """Everything that there is.

    :param plugins: plugin -> what it brings.
    :param problems: what is wrong, each with its mend.
    :param starts: whether the tree starts.
    """

    plugins: Mapping[str, Item]
    problems: list[str]
    starts: bool

    @classmethod
    def taken(cls) -> Inventory:
        """Return what there is now in the tree of the working folder.

        :raises IvrkitError: when nobody can tell.
        """
        command = [sys.executable, "-m", "ivrkit.cli.packages.inventory"]
        asked = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own command line
        if asked.returncode:
            said = asked.stderr.strip().splitlines() or ["nothing"]
            raise IvrkitError(
                f"what is installed can't be told: {said[-1]}",
                hint="look at it with: python -m ivrkit.cli.packages.inventory",
            )
        told = json.loads(asked.stdout)
        plugins = {name: Item(**item) for name, item in told["plugins"].items()}
        return cls(plugins, told["problems"], told["starts"])

    @property
    def states(self) -> int:
        """How many states there are."""
        return sum(len(item.states) for item in self.plugins.values())


def inventory() -> Inventory:
    """Return what there is, as this process sees it."""
    gathered = gather_settings()
    found = find_plugins(gathered.settings)
    problems = [str(problem) for problem in (*gathered.problems, *found.problems)]
    plugins = {plugin.owner.plugin: _item(plugin, found) for plugin in found.plugins if plugin.status != "blocked"}
    return Inventory(plugins, problems, found.can_start and not gathered.problems)


def _item(plugin: Plugin, found: InstalledPlugins) -> Item:
    mine = [state for state in found.states if state.owner == plugin.owner]
    states = {state.name: [f"{each.key} in {each.menu}" for each in state.menu_options] for state in mine}
    settings: dict[str, str] = {}
    for of_plugin in found.settings:
        if of_plugin.owner == plugin.owner:
            settings = {
                each.name: each.takes + (", has to be set" if each.is_missing else "") for each in of_plugin.settings
            }
    return Item(plugin.owner.version, states, list(plugin.hooks), settings)


if __name__ == "__main__":
    print(json.dumps(asdict(inventory())))  # noqa: T201  it is what is asked for
