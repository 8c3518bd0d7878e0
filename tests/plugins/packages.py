"""Real packages for tests: build them, install them, and run ``ivrkit`` in their environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import uv

CHECKOUT = Path(__file__).parents[2]
UV = uv.find_uv_bin()

PROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "{version}"
requires-python = ">=3.11"

[tool.hatch.build.targets.wheel]
include = ["*.py"]
"""

#: Builds a wheel of each project folder. It calls the build hook that every installer calls.
BUILD = """\
import os, sys
import hatchling.build
for folder in sys.argv[2:]:
    os.chdir(folder)
    hatchling.build.build_wheel(sys.argv[1])
"""


def metadata_text(name: str, version: str) -> str:
    """Return the text of a distribution's ``METADATA``."""
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


def entry_points_text(states: Mapping[str, str] | None, plugins: Mapping[str, str] | None) -> str:
    """Return the text of a distribution's ``entry_points.txt``."""
    groups = {"ivrkit.states": states or {}, "ivrkit.plugins": plugins or {}}
    return "".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in groups.items()
    )


@dataclass(frozen=True)
class Package:
    """Package that can be built: one module and its entry points.

    :param name: the name of the distribution. The module has the same name, with underscores.
    :param version: the version of the distribution.
    :param code: the source of the module.
    :param states: the entry points in ``ivrkit.states``: name -> value.
    :param plugins: the entry points in ``ivrkit.plugins``: name -> value.
    """

    name: str
    version: str
    code: str
    states: Mapping[str, str] = field(default_factory=dict)
    plugins: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Write the package's project into a new subfolder.

        :returns: the subfolder.
        """
        project = folder / self.name
        project.mkdir()
        text = PROJECT.format(name=self.name, version=self.version)
        for group, entries in (("ivrkit.states", self.states), ("ivrkit.plugins", self.plugins)):
            if entries:
                text += f'\n[project.entry-points."{group}"]\n'
                text += "".join(f'{name} = "{value}"\n' for name, value in entries.items())
        (project / "pyproject.toml").write_text(text, encoding="utf-8")
        (project / f"{self.name.replace('-', '_')}.py").write_text(self.code, encoding="utf-8")
        return project


def run_uv(*arguments: str | Path) -> None:
    """Run uv. If it fails, the assertion shows its error output."""
    result = subprocess.run(
        [UV, *map(str, arguments)],
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
        cwd=CHECKOUT.anchor,  # outside the checkout, because uv reads the settings of the folder it runs in
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def build_wheels(packages: Iterable[Package], folder: Path) -> dict[str, Path]:
    """Build a wheel of each package.

    :returns: name of a package -> path of its wheel.
    """
    wheels = folder / "wheels"
    wheels.mkdir()
    projects = {package.name: package.write(folder) for package in packages}
    builder = ("--no-project", "--isolated", "--with", "hatchling>=1.27", "--python", sys.executable)
    run_uv("run", *builder, "python", "-c", BUILD, wheels, *projects.values())
    return {name: next(wheels.glob(f"{name.replace('-', '_')}-*.whl")) for name in projects}


def lowest_version(dependency: str) -> str:
    """Return the lowest version of a dependency that the core allows."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return next(
        re.findall(rf"^{dependency}>=([\d.]+)", each)[0] for each in project["dependencies"] if dependency in each
    )


@dataclass(frozen=True)
class Environment:
    """Virtual environment with an editable install of this checkout."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, *requirements: str) -> Environment:
        """Create an environment with the core and further requirements installed."""
        environment = cls(folder)
        run_uv("venv", "--quiet", "--python", sys.executable, folder)
        environment.install("--editable", CHECKOUT, *requirements)
        return environment

    def script(self, name: str) -> Path:
        """Return the path of a command in the environment."""
        return self.folder / ("Scripts" if os.name == "nt" else "bin") / name

    def install(self, *arguments: str | Path) -> None:
        """Install packages into the environment."""
        run_uv("pip", "install", "--quiet", "--python", self.script("python"), *arguments)

    def uninstall(self, name: str) -> None:
        """Uninstall a package from the environment."""
        run_uv("pip", "uninstall", "--quiet", "--python", self.script("python"), name)

    def start(self, command: str, *arguments: str, at: Path, beside: Path | None = None) -> subprocess.Popen[str]:
        """Start a command of the environment.

        :param at: the working folder of the command.
        :param beside: a folder with more packages, which is put on ``PYTHONPATH``.
        """
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("IVRKIT_", "TWILIO_", "PYTHON", "VIRTUAL_ENV", "COV"))
        }
        paths = {"PYTHONPATH": str(beside)} if beside else {}
        return subprocess.Popen(
            [self.script(command), *arguments],
            cwd=at,
            env={**inherited, **paths, "PYTHONUTF8": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, command: str, *arguments: str, at: Path) -> tuple[int, str, str]:
        """Run a command of the environment and wait for it.

        :param at: the working folder of the command.
        :returns: the exit code, the standard output and the error output.
        """
        with self.start(command, *arguments, at=at) as process:
            out, err = process.communicate(timeout=60)
        return process.returncode, out, err
