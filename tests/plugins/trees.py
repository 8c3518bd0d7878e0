"""A working folder with a tree that stands in files, and what comes of loading it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from ivrkit import LoadError, Problem
from ivrkit.plugins.load import LoadedTree, load
from ivrkit.settings.load import try_load_settings


class Folder:
    """A working folder.

    :param path: where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str | bytes) -> Path:
        """Write a file of it, as it would stand there."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(textwrap.dedent(text).lstrip("\n").encode() if isinstance(text, str) else text)
        return path

    def load(self, environ: dict[str, str] | None = None, **overrides: Any) -> LoadedTree:
        """Load what is in it."""
        result = try_load_settings(self.path, environ or {}, **overrides)
        return load(result.settings, None, result.problems)

    def problems(self, environ: dict[str, str] | None = None, **overrides: Any) -> tuple[Problem, ...]:
        """Return why it is not served."""
        with pytest.raises(LoadError) as caught:
            self.load(environ, **overrides)
        return caught.value.problems

    def problem(self, environ: dict[str, str] | None = None, **overrides: Any) -> tuple[str, str]:
        """Return the one reason why it is not served, and the mend."""
        (problem,) = self.problems(environ, **overrides)
        return problem.located_message, problem.hint

    def state(self, name: str, **overrides: Any) -> Any:
        """Return a state of it as it is served."""
        return self.load(**overrides).flow.states[name].state

    def owners(self, **overrides: Any) -> list[tuple[str, str, tuple[str, ...]]]:
        """Return the plugins that are no distribution's: each with its status and states."""
        plugins = self.load(**overrides).plugins
        return [(str(each.owner), each.status, each.states) for each in plugins if each.owner.plugin != "ivrkit"]
