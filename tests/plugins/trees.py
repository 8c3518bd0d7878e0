"""A working folder with the files of a phone tree, and shortcuts to load it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from ivrkit import LoadError, Problem
from ivrkit.plugins.load import LoadedTree, load
from ivrkit.settings.load import try_load_settings


class Folder:
    """Working folder that holds a phone tree in files.

    :param path: the path of the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file into the folder.

        :param name: the file's path relative to the folder.
        :param text: the content. The common indentation of a text is removed.
        :returns: the path of the file.
        """
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(textwrap.dedent(text).lstrip("\n").encode() if isinstance(text, str) else text)
        return path

    def load(self, environ: dict[str, str] | None = None, **overrides: Any) -> LoadedTree:
        """Load the phone tree of the folder.

        :param environ: the environment variables to read settings from.
        :param overrides: settings that override the ones in the files.
        """
        result = try_load_settings(self.path, environ or {}, **overrides)
        return load(result.settings, None, result.problems)

    def problems(self, environ: dict[str, str] | None = None, **overrides: Any) -> tuple[Problem, ...]:
        """Return the problems with which loading fails."""
        with pytest.raises(LoadError) as caught:
            self.load(environ, **overrides)
        return caught.value.problems

    def problem(self, environ: dict[str, str] | None = None, **overrides: Any) -> tuple[str, str]:
        """Return the message and the hint of the only problem with which loading fails."""
        (problem,) = self.problems(environ, **overrides)
        return problem.located_message, problem.hint

    def state(self, name: str, **overrides: Any) -> Any:
        """Load the phone tree and return one of its states."""
        return self.load(**overrides).flow.states[name].state

    def owners(self, **overrides: Any) -> list[tuple[str, str, tuple[str, ...]]]:
        """Return owner, status and states of each plugin except the core."""
        plugins = self.load(**overrides).plugins
        return [(str(each.owner), each.status, each.states) for each in plugins if each.owner.plugin != "ivrkit"]
