"""`ivrkit install` and `ivrkit uninstall`: real packages, a real environment, and what is told of the tree."""

import json
import os
import subprocess
import sys
from dataclasses import asdict

import pytest
from click.testing import CliRunner
from tests.plugins.packages import UV, Environment, Package, build_wheels, run_uv

from ivrkit.cli.main import main
from ivrkit.cli.packages.inventory import inventory

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


#: What the tests put into the environment.
PUT_IN = ("parking-ivr", "bad-ivr", "plain-thing", "pip")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """Return folders of wheels: a plugin, its next version, one that does not work, and no plugin at all."""
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
    """Return an environment with the core alone."""
    return Environment.make(tmp_path_factory.mktemp("team") / "env")


@pytest.fixture
def team(environment, folder, monkeypatch):
    """Return the environment, which this process takes for its own; what a test puts there is taken out again."""
    monkeypatch.syspath_prepend(site_of(environment))
    monkeypatch.setattr(sys, "executable", str(environment.script("python")))
    monkeypatch.setenv("PATH", str(UV).rpartition("/")[0], prepend=":")
    for name in ("PYTHONPATH", "COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    yield environment
    run_uv("pip", "uninstall", "--quiet", "--python", environment.script("python"), *PUT_IN)


def site_of(environment):
    """Return where the packages of an environment are."""
    (site,) = environment.folder.glob("lib/python*/site-packages")
    return site


def ivrkit(*words, typed=None):
    """Run the command in this process."""
    return CliRunner().invoke(main, list(map(str, words)), input=typed)


def put(wheels, which, name):
    """Return the arguments that install a package from a folder of wheels."""
    return "--no-index", "--no-deps", "--find-links", wheels[which], name


def test_what_came_is_told(team, wheels):
    """States with their keys, hooks, settings, and whether the tree starts."""
    done = ivrkit("install", *put(wheels, "old", "parking-ivr"))
    assert done.output == (
        "Came: parking-ivr 1.0\n"
        "  state    parking (key 4 in menu)\n"
        "  hook     ivrkit_call_ended\n"
        "  setting  spaces: a whole number\n"
        "The tree starts: 3 states of 2 plugins.\n"
    )
    assert done.exit_code == 0


def test_what_changed_is_told_and_what_keeps_the_tree_from_starting(team, wheels):
    """A new version with another key, one more state, and a setting that has to be set."""
    ivrkit("install", *put(wheels, "old", "parking-ivr"))
    done = ivrkit("install", *put(wheels, "new", "parking-ivr==2.0"), "--upgrade")
    assert done.stdout == (
        "Changed: parking-ivr 1.0 -> 2.0\n"
        "- state    parking (key 4 in menu)\n"
        "- hook     ivrkit_call_ended\n"
        "- setting  spaces: a whole number\n"
        "+ state    more\n"
        "+ setting  levels: a whole number, has to be set\n"
    )
    assert done.stderr == (
        "The tree does not start:\n"
        "plugin parking-ivr 2.0: it needs the setting 'levels': a whole number\n"
        "  hint: write it in ivrkit.toml:  [plugins.parking-ivr]  levels = ...\n"
    )
    assert done.exit_code == 1


def test_a_plugin_that_does_not_work_is_told_with_the_way_back(team, wheels):
    """What was installed stays, and the hint says how to take it out."""
    done = ivrkit("install", *put(wheels, "bad", "bad-ivr"))
    assert done.stdout == "Came: bad-ivr 1.0\n"
    assert done.stderr.startswith("The tree does not start:\nplugin bad-ivr 1.0: its entry point bad = 'bad_ivr:bad'")
    assert done.stderr.endswith("  hint: to go back: ivrkit uninstall bad-ivr\n")
    assert done.exit_code == 1
    done = ivrkit("uninstall", "--yes", "Bad_IVR")
    assert done.output == "Went: bad-ivr 1.0\nThe tree starts: 2 states of 1 plugin.\n"
    assert done.exit_code == 0


def test_what_is_no_plugin_changes_nothing(team, wheels):
    """It is installed, and told as what it is."""
    done = ivrkit("install", *put(wheels, "plain", "plain-thing"))
    assert done.output == (
        "Nothing in the tree has changed: what was installed is no plugin, or was there.\n"
        "The tree starts: 2 states of 1 plugin.\n"
    )


def test_what_can_not_be_installed_is_told_as_the_installer_has_it(team, wheels):
    """All that it says, and nothing was changed."""
    done = ivrkit("install", *put(wheels, "old", "no-such-ivr"))
    assert done.stdout == ""
    assert done.stderr.startswith("Error: uv install failed, and nothing was changed:\n")
    assert "no-such-ivr" in done.stderr
    assert done.stderr.endswith(
        "  hint: what uv says is above; packages from a folder are found with --find-links FOLDER\n"
    )
    assert done.exit_code == 1


def test_uninstalling_is_asked_and_leaves_tables_behind(team, wheels, tmp_path):
    """No means no; yes tells what went, and which table of the settings is for nobody now."""
    ivrkit("install", *put(wheels, "old", "parking-ivr"))
    (tmp_path / "work/ivrkit.toml").write_text("[plugins.parking-ivr]\nspaces = 5\n")
    done = ivrkit("uninstall", "parking-ivr", typed="n\n")
    assert (done.stdout, done.exit_code) == ("Uninstall parking-ivr? [y/N]: n\n", 1)
    done = ivrkit("uninstall", "parking-ivr", typed="y\n")
    assert "Went: parking-ivr 1.0\n  state    parking (key 4 in menu)\n" in done.stdout
    assert done.stderr.splitlines()[:2] == [
        "The tree does not start:",
        "ivrkit.toml:1: [plugins.parking-ivr] is for a plugin that is not installed",
    ]
    assert done.exit_code == 1


def test_what_can_not_be_uninstalled(team, wheels, tmp_path):
    """The core, what is not there, and what is a file."""
    ivrkit("install", *put(wheels, "old", "parking-ivr"))
    (tmp_path / "work/shop.flow.toml").write_text('[states.shop]\nkind = "message"\ntext = "Hi."\n')
    told = {name: ivrkit("uninstall", "--yes", name).stderr for name in ("IVRkit", "parking-irv", "shop.flow.toml")}
    assert told["IVRkit"] == "Error: ivrkit itself is no plugin to be uninstalled\n  hint: pip uninstall ivrkit\n"
    assert told["parking-irv"].startswith(
        "Error: plugin 'parking-irv' is not installed, did you mean 'parking-ivr'?\n  hint: installed: "
    )
    assert told["shop.flow.toml"] == (
        "Error: plugin 'shop.flow.toml' is a file, and no package\n  hint: remove the file, or its tables\n"
    )


def test_without_an_installer_the_mend_is_told(team, monkeypatch):
    """Neither pip nor uv is there."""
    monkeypatch.setenv("PATH", "")
    done = ivrkit("install", "parking-ivr")
    assert done.stderr == (
        "Error: this environment has no pip, and there is no uv\n"
        f"  hint: put pip into it: {sys.executable} -m ensurepip\n"
    )


def test_an_environment_that_can_not_tell_what_it_has(team, tmp_path):
    """As when a file of settings can't even be looked at by a new process."""
    customized = site_of(team) / "sitecustomize.py"
    customized.write_text("raise SystemExit('no way')\n")
    done = ivrkit("install", "parking-ivr")
    customized.unlink()
    assert done.stderr == (
        "Error: what is installed can't be told: SystemExit: no way\n"
        "  hint: look at it with: python -m ivrkit.cli.packages.inventory\n"
    )


def test_pip_is_taken_where_it_is(team, wheels, monkeypatch, tmp_path):
    """The environment's own pip comes first; the command is the one that a person types there."""
    team.install("pip")
    code, out, err = team.run("ivrkit", "install", *map(str, put(wheels, "old", "parking-ivr")), at=tmp_path / "work")
    assert (code, err, out.splitlines()[0]) == (0, "", "Came: parking-ivr 1.0")
    done = ivrkit("uninstall", "--yes", "parking-ivr")
    assert done.stdout.startswith("Went: parking-ivr 1.0\n")
    done = ivrkit("install", *put(wheels, "old", "no-such-ivr"))
    assert done.stderr.startswith("Error: pip install failed, and nothing was changed:\n")


def test_the_inventory_of_this_process_and_of_a_new_one_are_the_same(install, alone, folder, monkeypatch):
    """A fresh look tells the same where nothing has changed: plugins, what is wrong, and that the tree starts not."""
    points = "[ivrkit.states]\nparking = parking_ivr:parking\n[ivrkit.plugins]\nparking-ivr = parking_ivr\n"
    install("parking-ivr", "1.0", points, parking_ivr=PARKING)
    (folder / "ivrkit.toml").write_text('block = ["acme-states"]\ntries = 0\n')
    paths = [str(folder.parent / "site-acme-states"), str(folder.parent / "site-parking-ivr")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    told = subprocess.run(
        [sys.executable, "-m", "ivrkit.cli.packages.inventory"], capture_output=True, text=True, check=True
    )
    fresh = json.loads(told.stdout)
    assert fresh == asdict(inventory())
    assert fresh["plugins"]["parking-ivr"] == {
        "version": "1.0",
        "states": {"parking": ["4 in menu"]},
        "hooks": ["ivrkit_call_ended"],
        "settings": {"spaces": "a whole number"},
    }
    assert "acme-states" not in fresh["plugins"]
    assert (fresh["starts"], fresh["problems"]) == (
        False,
        ["ivrkit.toml:2: tries is 0\n  hint: it takes a whole number of at least 1"],
    )


def test_requirements_make_the_same_again(team, wheels, tmp_path):
    """What is printed is what an installer takes; files and the host's own code are comments."""
    ivrkit("install", *put(wheels, "old", "parking-ivr"))
    (tmp_path / "work/shop.flow.toml").write_text('[states.shop]\nkind = "message"\ntext = "Hi."\n')
    code, out, _ = team.run("ivrkit", "plugins", "--requirements", at=tmp_path / "work")
    assert code == 0
    core, parking, shop = out.splitlines()
    assert core.startswith("-e file://")
    assert (parking, shop) == ("parking-ivr==1.0", "# shop.flow.toml: a file, and no package")
    (tmp_path / "requirements.txt").write_text(out)
    run_uv("venv", "--quiet", "--python", sys.executable, tmp_path / "again")
    again = Environment(tmp_path / "again")
    again.install("-r", tmp_path / "requirements.txt", "--find-links", wheels["old"])
    assert again.run("ivrkit", "plugins", "--requirements", at=tmp_path / "work")[1] == out
