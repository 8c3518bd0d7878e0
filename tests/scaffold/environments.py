"""Virtual environments, and commands that are run in them."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import uv

CHECKOUT = Path(__file__).parents[2]
UV = uv.find_uv_bin()
#: Prefixes of variables that would change the results of the commands.
_REMOVED = ("IVRKIT_", "TWILIO_", "FLASK_", "PYTHON", "PYTEST", "VIRTUAL_ENV", "COV", "TOX", "STRICT")


def run(*command: str | Path, at: Path, typed: str | None = None, **environ: str) -> str:
    """Run a command and return its output. If the command fails, the test fails with the output.

    :param at: the working folder.
    :param typed: its input.
    :param environ: more environment variables.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_REMOVED)}
    done = subprocess.run(
        command,
        cwd=at,
        env={**kept, "PYTHONUTF8": "1", "UV_PYTHON_DOWNLOADS": "never", **environ},
        input=typed or "",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def find_python(version: str) -> str | None:
    """Return the interpreter of a version, or ``None`` if it is not installed."""
    found = subprocess.run(
        [UV, "python", "find", "--no-project", "--system", version],
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or None


@dataclass(frozen=True)
class Environment:
    """A virtual environment. Packages that are not on a package index are installed from a folder of wheels.

    :param folder: its folder.
    :param version: the version of Python.
    :param wheels: the folder of wheels.
    """

    folder: Path
    version: str
    wheels: Path

    def make(self, *requirements: str | Path) -> Environment:
        """Create the environment and install packages."""
        run(UV, "venv", "--quiet", "--python", self._interpreter, self.folder, at=self.wheels)
        links = ("--find-links", self.wheels)
        python = self.commands / "python"
        run(UV, "pip", "install", "--quiet", "--python", python, *links, *requirements, at=self.wheels)
        return self

    @property
    def _interpreter(self) -> str:
        found = find_python(self.version)
        assert found is not None
        return found

    @property
    def commands(self) -> Path:
        """The folder of its commands."""
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    def run(self, command: str, *arguments: str, at: Path, typed: str | None = None, **environ: str) -> str:
        """Run a command of the activated environment, with the folder of wheels in the variables of pip and uv."""
        links = {"PIP_FIND_LINKS": str(self.wheels), "UV_FIND_LINKS": str(self.wheels)}
        folders = (self.commands, Path(self._interpreter).parent, os.environ["PATH"])
        path = os.pathsep.join(map(str, folders))
        return run(self.commands / command, *arguments, at=at, typed=typed, PATH=path, **links, **environ)
