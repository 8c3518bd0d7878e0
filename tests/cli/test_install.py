"""``ivrkit install`` and ``ivrkit uninstall``, with real packages in a real environment."""

import json
import sys

import pytest
from click.testing import CliRunner
from tests.plugins.packages import UV, Environment, Package, build_wheels, run_uv

from ivrkit.cli.main import main

pytestmark = pytest.mark.once

PARKING = """\
from dataclasses import dataclass

from ivrkit import HOME, MenuOption, State, hookimpl


@dataclass
class ParkingSettings:
    spaces: int = 20


def parking(settings: ParkingSettings) -> State:
    return State("Behind the house.", HOME, options=MenuOption("4", "parking"))


@hookimpl
def ivrkit_call_ended():
    pass
"""
NEWER = PARKING.replace("spaces: int = 20", "levels: int").replace('"4"', '"5"') + "more = State('More.')\n"
POINTS = {"states": {"parking": "parking_ivr:parking"}, "plugins": {"parking-ivr": "parking_ivr"}}


#: The packages that the tests install.
INSTALLED = ("parking-ivr", "bad-ivr", "plain-thing", "pip")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Return folders of wheels: a plugin, its next version, a plugin that can't be imported, and another package."""
    folder = tmp_path_factory.mktemp("wheels")
    packages = {
        "old": Package("parking-ivr", "1.0", PARKING, **POINTS),
        "new": Package("parking-ivr", "2.0", NEWER, states={**POINTS["states"], "more": "parking_ivr:more"}),
        "bad": Package("bad-ivr", "1.0", "1 / 0", states={"bad": "bad_ivr:bad"}),
        "plain": Package("plain-thing", "1.0", ""),
    }
    found = {}
    for name, package in packages.items():
        (folder / name).mkdir()
        found[name] = build_wheels([package], folder / name)[package.name].parent
    return found


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Return an environment with ivrkit only."""
    return Environment.make(tmp_path_factory.mktemp("team") / "env")


@pytest.fixture
def team(environment, folder, monkeypatch):
    """Make this process use the environment as its own. The tests' packages are uninstalled afterwards."""
    (site,) = environment.folder.glob("lib/python*/site-packages")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setattr(sys, "executable", str(environment.script("python")))
    monkeypatch.setenv("PATH", str(UV).rpartition("/")[0], prepend=":")
    for name in ("PYTHONPATH", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    yield environment
    run_uv("pip", "uninstall", "--quiet", "--python", environment.script("python"), *INSTALLED)


@pytest.fixture
def ivrkit(capfd):
    """Return a function that runs the command and returns its exit code, output and error output.

    They include the output of the installer, which writes to the same terminal.
    """

    def run(*arguments, typed=None):
        done = CliRunner().invoke(main, list(map(str, arguments)), input=typed)
        out, err = capfd.readouterr()
        return done.exit_code, done.stdout + out, done.stderr + err

    return run


def from_wheels(folder, name):
    """Return the arguments that install a package from a folder of wheels."""
    return "--no-index", "--no-deps", "--find-links", folder, name


def plugins_of(environment, folder):
    """Return the version and states of each plugin in an environment, and the output of ``ivrkit plugins``."""
    _, as_json, _ = environment.run("ivrkit", "plugins", "--json", at=folder)
    found = {each["plugin"]: (each["version"], each["states"], each["hooks"]) for each in json.loads(as_json)}
    return found, environment.run("ivrkit", "plugins", at=folder)[1]


def test_install_prints_the_plugins(team, wheels, folder, ivrkit):
    """After the output of the installer, ``ivrkit install`` prints the output of ``ivrkit plugins``."""
    code, out, err = ivrkit("install", *from_wheels(wheels["old"], "parking-ivr"))
    assert code == 0
    assert "parking-ivr==1.0" in err
    plugins, listed = plugins_of(team, folder)
    assert out == listed
    assert plugins["parking-ivr"] == ("1.0", ["parking"], ["ivrkit_call_ended"])


def test_an_update_that_keeps_the_tree_from_loading(team, wheels, ivrkit):
    """If a new version needs a setting that is not set, the problem is printed and the exit code is 1."""
    ivrkit("install", *from_wheels(wheels["old"], "parking-ivr"))
    code, out, err = ivrkit("install", *from_wheels(wheels["new"], "parking-ivr==2.0"), "--upgrade")
    assert code == 1
    assert [line.split()[:3] for line in out.splitlines()[2:]] == [["parking-ivr", "2.0", "faulty"]]
    assert "parking-ivr==2.0" in err
    assert err.endswith(
        "plugins.parking-ivr.levels must be set to a whole number\n"
        "  hint: write it in ivrkit.toml:  [plugins.parking-ivr]  levels = 1\n"
    )


def test_a_plugin_that_can_not_be_imported(team, wheels, ivrkit):
    """A broken plugin is listed as faulty with its problem; after ``ivrkit uninstall`` the phone tree loads."""
    code, out, err = ivrkit("install", *from_wheels(wheels["bad"], "bad-ivr"))
    assert code == 1
    assert [line.split() for line in out.splitlines()[2:]] == [["bad-ivr", "1.0", "faulty"]]
    assert "plugin bad-ivr 1.0: its entry point bad = 'bad_ivr:bad'" in err
    code, out, err = ivrkit("uninstall", "--yes", "Bad_IVR")
    assert code == 0
    assert "bad-ivr==1.0" in err
    assert [line.split()[0] for line in out.splitlines()] == ["PLUGIN", "ivrkit"]


def test_a_package_that_is_not_a_plugin(team, wheels, ivrkit):
    """A package without entry points is installed, and the list of plugins does not change."""
    code, out, err = ivrkit("install", *from_wheels(wheels["plain"], "plain-thing"))
    assert code == 0
    assert "plain-thing==1.0" in err
    assert [line.split()[0] for line in out.splitlines()] == ["PLUGIN", "ivrkit"]


def test_a_package_that_can_not_be_installed(team, wheels, ivrkit):
    """If the installer fails, its output is shown, and the command is an error with a hint."""
    code, out, err = ivrkit("install", *from_wheels(wheels["old"], "no-such-ivr"))
    assert (code, out) == (1, "")
    assert "Error: uv install failed\n" in err
    assert "no-such-ivr" in err
    assert "  hint: see the output of uv above; to install from a folder of wheels, add --find-links FOLDER\n" in err


def test_uninstall_asks_and_prints_the_plugins(team, wheels, folder, ivrkit):
    """``ivrkit uninstall`` asks first; a table of settings that is left over is then a problem."""
    ivrkit("install", *from_wheels(wheels["old"], "parking-ivr"))
    (folder / "ivrkit.toml").write_text("[plugins.parking-ivr]\nspaces = 5\n")
    code, out, _ = ivrkit("uninstall", "parking-ivr", typed="n\n")
    assert (out, code) == ("Uninstall parking-ivr? [y/N]: n\n", 1)
    code, out, err = ivrkit("uninstall", "parking-ivr", typed="y\n")
    question, *table = out.splitlines()
    assert (code, question) == (1, "Uninstall parking-ivr? [y/N]: y")
    assert [line.split()[0] for line in table] == ["PLUGIN", "ivrkit"]
    assert "parking-ivr==1.0" in err
    assert "ivrkit.toml:1: [plugins.parking-ivr] is for a plugin that is not installed" in err


def test_plugins_that_can_not_be_uninstalled(team, wheels, folder, ivrkit):
    """The core, an unknown name and a plugin file can't be uninstalled, and each error has a hint."""
    ivrkit("install", *from_wheels(wheels["old"], "parking-ivr"))
    (folder / "shop.flow.toml").write_text('[states.shop]\nkind = "message"\ntext = "Hi."\n')
    errors = {name: ivrkit("uninstall", "--yes", name)[2] for name in ("IVRkit", "parking-irv", "shop.flow.toml")}
    assert errors["IVRkit"] == "Error: ivrkit does not uninstall itself\n  hint: run: pip uninstall ivrkit\n"
    assert errors["parking-irv"].startswith(
        "Error: plugin 'parking-irv' is not installed, did you mean 'parking-ivr'?\n  hint: installed plugins: "
    )
    assert errors["shop.flow.toml"] == (
        "Error: plugin 'shop.flow.toml' is a file, not a package\n  hint: delete the file, or its tables [states.*]\n"
    )


def test_an_environment_without_an_installer(team, monkeypatch, ivrkit):
    """Without pip and uv, the command is an error with the command that installs pip."""
    monkeypatch.setenv("PATH", "")
    assert ivrkit("install", "parking-ivr")[2] == (
        "Error: this environment has no pip, and uv is not installed\n"
        f"  hint: install pip: {sys.executable} -m ensurepip\n"
    )


def test_pip_is_used_if_the_environment_has_it(team, wheels, folder, ivrkit):
    """The environment's own pip is used rather than uv."""
    team.install("pip")
    code, out, err = team.run("ivrkit", "install", *map(str, from_wheels(wheels["old"], "parking-ivr")), at=folder)
    assert (code, err) == (0, "")
    assert "Successfully installed parking-ivr-1.0\n" in out
    assert out.endswith(plugins_of(team, folder)[1])
    code, out, _ = ivrkit("uninstall", "--yes", "parking-ivr")
    assert code == 0
    assert "Successfully uninstalled parking-ivr-1.0\n" in out
    assert "Error: pip install failed\n" in ivrkit("install", *from_wheels(wheels["old"], "no-such-ivr"))[2]


def test_requirements_reproduce_the_environment(team, wheels, tmp_path, ivrkit):
    """``ivrkit plugins --requirements`` prints lines that an installer reads; plugin files are comments."""
    ivrkit("install", *from_wheels(wheels["old"], "parking-ivr"))
    (tmp_path / "work/shop.flow.toml").write_text('[states.shop]\nkind = "message"\ntext = "Hi."\n')
    code, out, _ = team.run("ivrkit", "plugins", "--requirements", at=tmp_path / "work")
    assert code == 0
    core, parking, shop = out.splitlines()
    assert core.startswith("-e file://")
    assert (parking, shop) == ("parking-ivr==1.0", "# shop.flow.toml: a file, not a package")
    (tmp_path / "requirements.txt").write_text(out)
    run_uv("venv", "--quiet", "--python", sys.executable, tmp_path / "again")
    again = Environment(tmp_path / "again")
    again.install("-r", tmp_path / "requirements.txt", "--find-links", wheels["old"])
    assert again.run("ivrkit", "plugins", "--requirements", at=tmp_path / "work")[1] == out
