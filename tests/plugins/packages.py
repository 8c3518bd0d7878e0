"""Makes real packages, installs them, and runs the command ``ivrkit`` where they are."""

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

#: Builds a wheel of each project folder, by the hook that every installer calls.
BUILD = """\
import os, sys
import hatchling.build
for folder in sys.argv[2:]:
    os.chdir(folder)
    hatchling.build.build_wheel(sys.argv[1])
"""


def metadata_text(name: str, version: str) -> str:
    """Return the ``METADATA`` of a distribution."""
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"


def entry_points_text(states: Mapping[str, str] | None, plugins: Mapping[str, str] | None) -> str:
    """Return the ``entry_points.txt`` of a distribution."""
    groups = {"ivrkit.states": states or {}, "ivrkit.plugins": plugins or {}}
    return "".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in entries.items())
        for group, entries in groups.items()
    )


@dataclass(frozen=True)
class Package:
    """A package to be: one module, named as the package is, and its entry points as they stand in the project file."""

    name: str
    version: str
    code: str
    states: Mapping[str, str] = field(default_factory=dict)
    plugins: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Write the project into a folder of its own, as somebody would who begins a package."""
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
    """Run uv, and tell what it said when it fails."""
    done = subprocess.run(
        [UV, *map(str, arguments)],
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
        cwd=CHECKOUT.anchor,  # away from the checkout, whose settings are nobody else's
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def build_wheels(packages: Iterable[Package], folder: Path) -> dict[str, Path]:
    """Build a wheel of each package, and return them by the packages' names."""
    wheels = folder / "wheels"
    wheels.mkdir()
    projects = {package.name: package.write(folder) for package in packages}
    builder = ("--no-project", "--isolated", "--with", "hatchling>=1.27", "--python", sys.executable)
    run_uv("run", *builder, "python", "-c", BUILD, wheels, *projects.values())
    return {name: next(wheels.glob(f"{name.replace('-', '_')}-*.whl")) for name in projects}


def lowest(dependency: str) -> str:
    """Return the lowest version of a dependency that the core declares."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return next(
        re.findall(rf"^{dependency}>=([\d.]+)", each)[0] for each in project["dependencies"] if dependency in each
    )


@dataclass(frozen=True)
class Environment:
    """A virtual environment that has the core as it is in this checkout."""

    folder: Path

    @classmethod
    def make(cls, folder: Path, *requirements: str) -> Environment:
        """Make one, with the core installed and what else is asked for."""
        made = cls(folder)
        run_uv("venv", "--quiet", "--python", sys.executable, folder)
        made.install("--editable", CHECKOUT, *requirements)
        return made

    def script(self, name: str) -> Path:
        """Return the path of a command in it."""
        return self.folder / ("Scripts" if os.name == "nt" else "bin") / name

    def install(self, *arguments: str | Path) -> None:
        """Install into it."""
        run_uv("pip", "install", "--quiet", "--python", self.script("python"), *arguments)

    def uninstall(self, name: str) -> None:
        """Uninstall from it."""
        run_uv("pip", "uninstall", "--quiet", "--python", self.script("python"), name)

    def start(self, command: str, *arguments: str, at: Path, beside: Path | None = None) -> subprocess.Popen[str]:
        """Start a command of it, in a folder, with the packages of another folder beside its own."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("IVRKIT_", "TWILIO_", "PYTHON", "VIRTUAL_ENV", "COV"))
        }
        paths = {"PYTHONPATH": str(beside)} if beside else {}
        return subprocess.Popen(
            [self.script(command), *arguments],
            cwd=at,
            env={**kept, **paths, "PYTHONUTF8": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, command: str, *arguments: str, at: Path) -> tuple[int, str, str]:
        """Run a command of it; return its exit code, and what it printed and complained of."""
        with self.start(command, *arguments, at=at) as process:
            out, err = process.communicate(timeout=60)
        return process.returncode, out, err
