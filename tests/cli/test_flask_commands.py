"""``flask ivrkit``: the commands of a tree that is mounted in somebody's app, run by Flask's own command."""

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

pytestmark = pytest.mark.once

TEAM = """
from flask import Flask, current_app
from ivrkit import HOME, Routes, MenuOption, State, ask, hookimpl
from ivrkit.web import Ivrkit


class Plugin:
    @hookimpl
    def ivrkit_register_states(self):
        return {"depot": State(self.depot, Routes({"1": HOME}), options=MenuOption("1", "our depot"))}

    def depot(self, call):
        return ask(f"We are in {current_app.config['DEPOT']}.")


def create_app():
    app = Flask("team")
    app.config.update(DEPOT="Berlin", IVRKIT_SESSION_URL="sqlite:///calls.sqlite3", IVRKIT_BLOCK=["acme-states"])
    MOUNT
    return app
"""
ONE = 'Ivrkit(app, plugins={"team": Plugin()}, auth_token="12345", url_prefix="/phone")'
TWO = """for name in ("sales", "help"):
        Ivrkit(app, name=name, plugins={name: Plugin()}, auth_token="12345", url_prefix=f"/{name}", strict=False)"""

Flask = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def flask(folder) -> Flask:
    """Return ``flask --app team ...``, for an app that mounts what is told."""

    def run(mount: str, *arguments: str, typed: str = "", **environ: str) -> "subprocess.CompletedProcess[str]":
        (folder / "team.py").write_text(TEAM.replace("MOUNT", mount), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "team", "ivrkit", *arguments],
            env={**os.environ, "COLUMNS": "100", **environ},
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        told = [line for line in done.stderr.splitlines(True) if "'acme-states', which is not installed" not in line]
        done.stderr = "".join(told)
        return done

    return run


def test_the_states_are_those_of_the_mounted_tree(flask: Flask):
    """Plugin objects of the app's own code included, as the app serves them."""
    done = flask(ONE, "states")
    assert (done.stderr, done.returncode) == ("", 0)
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["STATE", "PLUGIN"],
        ["greeting", "ivrkit"],
        ["menu", "ivrkit"],
        ["depot", "team"],
    ]


def test_the_plugins_are_those_of_the_mounted_tree(flask: Flask):
    """As the tree loaded them."""
    told = json.loads(flask(ONE, "plugins", "--json").stdout)
    assert {each["plugin"]: each["status"] for each in told}["team"] == "loaded"


def test_a_plugin_can_be_left_out_to_look(flask: Flask):
    """--block loads the mounted tree's settings and plugins anew, without it."""
    done = flask(ONE, "states", "--json", "--block", "team")
    assert (done.stderr.splitlines()[0], done.returncode) == (
        "Warning: the menu 'menu' has no options: no installed plugin offers any",
        0,
    )
    assert [each["state"] for each in json.loads(done.stdout)] == ["greeting", "menu"]


def test_a_call_is_one_of_the_app(flask: Flask, folder):
    """Handlers have their app; token, path and sessions are the mounted tree's own."""
    done = flask(ONE, "phone", typed="1\nq\n")
    assert (done.stderr, done.returncode) == ("", 0)
    assert "We are in Berlin." in done.stdout
    assert (folder / "calls.sqlite3").exists()


def test_a_call_leaves_no_plugin_out(flask: Flask):
    """The tree in the app is called as it is."""
    done = flask(ONE, "phone", "--block", "team")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == (
        "Error: the tree in the app is called as it is mounted there, and --block would make another one of it\n"
        "  hint: set IVRKIT_BLOCK where the app is made\n"
    )


def test_a_folder_of_plugins_can_be_looked_at(flask: Flask, folder):
    """--plugins-dir loads the mounted tree's settings and plugins anew, with what is in the folder."""
    write_parking(folder)
    done = flask(ONE, "states", "--json", "--plugins-dir", "files")
    assert done.returncode == 0
    assert [each["state"] for each in json.loads(done.stdout) if each["plugin"] == "parking.py"] == ["parking"]
    assert "parking" not in flask(ONE, "states", "--json").stdout


def test_a_call_gets_no_folder_of_plugins(flask: Flask, folder):
    """The tree in the app is called as it is."""
    write_parking(folder)
    done = flask(ONE, "phone", "--plugins-dir", "files")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == (
        "Error: the tree in the app is called as it is mounted there, and --plugins-dir would make another one of it\n"
        "  hint: set IVRKIT_PLUGINS_DIR where the app is made\n"
    )


def write_parking(folder) -> None:
    """Write a folder with a plugin that is a file."""
    (folder / "files").mkdir()
    text = (
        "from ivrkit import HOME, MenuOption, State\nparking = State('Here.', HOME, options=MenuOption('8', 'cars'))\n"
    )
    (folder / "files" / "parking.py").write_text(text, encoding="utf-8")


def test_of_several_trees_one_is_named(flask: Flask):
    """Without a name, the command says which there are."""
    done = flask(TWO, "states")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == (
        "Error: the app 'team' has several trees: sales, help\n  hint: say which is meant: flask ivrkit --tree sales\n"
    )
    told = json.loads(flask(TWO, "--tree", "help", "states", "--json").stdout)
    assert told[-1]["plugin"] == "help"
    done = flask(TWO, "--tree", "halp", "states")
    assert (done.stdout, done.returncode) == ("", 1)
    assert (
        done.stderr == "Error: the app 'team' has no phone tree 'halp', did you mean 'help'?\n"
        "  hint: its phone trees: sales, help\n"
    )


def test_an_app_without_a_tree_is_told(flask: Flask):
    """One message with the mend."""
    done = flask("", "states")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == "Error: the app 'team' has no tree\n  hint: mount one: ivrkit.web.Ivrkit(app)\n"


def test_a_tree_that_cannot_be_mounted_is_told_without_a_traceback(flask: Flask):
    """The app's own start fails with one message and its hint."""
    done = flask('Ivrkit(app, dev=True, compamy="ACME")', "states")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr.startswith("Error: there is no setting 'compamy', did you mean 'company'?\n  hint: there are: ")


def test_the_help_needs_no_app(flask: Flask):
    """What can be done is listed even where the app can't be made; `serve` is not among it, for the app is served."""
    done = flask("1 / 0", "--help")
    assert done.returncode == 0
    listed = [line.split()[0] for line in done.stdout.partition("Commands:\n")[2].splitlines()]
    assert listed == ["doctor", "phone", "plugins", "schema", "settings", "states"]


def test_the_settings_are_those_of_the_mounted_tree(flask: Flask):
    """What ``app.config`` and the code say is there, and what the plugin objects of the app have."""
    done = flask(ONE, "settings", "--json")
    assert (done.stderr, done.returncode) == ("", 0)
    told = {each["setting"]: each for each in json.loads(done.stdout)}
    assert (told["url_prefix"]["value"], told["auth_token"]["value"]) == ("/phone", "***")
    assert told["session_url"]["value"] == "sqlite:///calls.sqlite3"


@pytest.mark.acme
def test_the_doctor_looks_at_the_mounted_tree(flask: Flask):
    """Its settings, its plugin objects and its store; the wire only where there is a public address."""
    done = flask(ONE, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 states are served, from ivrkit " in done.stdout
