"""``flask ivrkit``: the commands for a phone tree that is mounted in a Flask app."""

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
    """Return a function that runs ``flask --app team ivrkit`` for an app with the given mounts."""

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
        kept = [line for line in done.stderr.splitlines(True) if "'acme-states', which is not installed" not in line]
        done.stderr = "".join(kept)
        return done

    return run


def test_the_states_are_those_of_the_mounted_tree(flask: Flask):
    """``states`` lists the states that the app serves, with those of plugin objects in its code."""
    done = flask(ONE, "states")
    assert (done.stderr, done.returncode) == ("", 0)
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["STATE", "PLUGIN"],
        ["greeting", "ivrkit"],
        ["menu", "ivrkit"],
        ["depot", "team"],
    ]


def test_the_plugins_are_those_of_the_mounted_tree(flask: Flask):
    """``plugins`` lists the plugins that the mounted phone tree loaded."""
    found = json.loads(flask(ONE, "plugins", "--json").stdout)
    assert {each["plugin"]: each["status"] for each in found}["team"] == "loaded"


def test_block_leaves_a_plugin_out(flask: Flask):
    """``--block`` loads the settings and plugins of the mounted phone tree again, without the plugin."""
    done = flask(ONE, "states", "--json", "--block", "team")
    assert (done.stderr.splitlines()[0], done.returncode) == (
        "Warning: the menu 'menu' has no options: no installed plugin offers any",
        0,
    )
    assert [each["state"] for each in json.loads(done.stdout)] == ["greeting", "menu"]


def test_a_call_runs_in_the_app(flask: Flask, folder):
    """``phone`` calls the mounted phone tree: in the app's context, with the tree's token, path and sessions."""
    done = flask(ONE, "phone", typed="1\nq\n")
    assert (done.stderr, done.returncode) == ("", 0)
    assert "We are in Berlin." in done.stdout
    assert (folder / "calls.sqlite3").exists()


def test_phone_refuses_block(flask: Flask):
    """The tree in the app is called as it is."""
    done = flask(ONE, "phone", "--block", "team")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == (
        "Error: --block must not be given here, because the phone tree in the app is called as it is mounted\n"
        "  hint: set IVRKIT_BLOCK in the environment of the app\n"
    )


def test_safe_loads_no_plugin(flask: Flask):
    """``--safe`` loads the settings of the mounted phone tree again, without plugins."""
    done = flask(ONE, "plugins", "--json", "--safe")
    assert done.returncode == 0
    assert done.stderr.startswith("Warning: safe mode is on, no plugin is loaded: ")
    found = {each["plugin"]: each["status"] for each in json.loads(done.stdout)}
    assert (found["team"], found["ivrkit"]) == ("blocked", "loaded")


def test_phone_refuses_safe(flask: Flask):
    """The tree in the app is called as it is."""
    done = flask(ONE, "phone", "--safe")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == (
        "Error: --safe must not be given here, because the phone tree in the app is called as it is mounted\n"
        "  hint: set IVRKIT_SAFE in the environment of the app\n"
    )


def test_plugins_dir_adds_a_folder_of_plugins(flask: Flask, folder):
    """``--plugins-dir`` loads the settings and plugins of the mounted phone tree again, with those of the folder."""
    write_parking(folder)
    done = flask(ONE, "states", "--json", "--plugins-dir", "files")
    assert done.returncode == 0
    assert [each["state"] for each in json.loads(done.stdout) if each["plugin"] == "parking.py"] == ["parking"]
    assert "parking" not in flask(ONE, "states", "--json").stdout


def test_phone_refuses_plugins_dir(flask: Flask, folder):
    """The tree in the app is called as it is."""
    write_parking(folder)
    done = flask(ONE, "phone", "--plugins-dir", "files")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == (
        "Error: --plugins-dir must not be given here, because the phone tree in the app is called as it is mounted\n"
        "  hint: set IVRKIT_PLUGINS_DIR in the environment of the app\n"
    )


def write_parking(folder) -> None:
    """Write a folder with a plugin file."""
    (folder / "files").mkdir()
    text = (
        "from ivrkit import HOME, MenuOption, State\nparking = State('Here.', HOME, options=MenuOption('8', 'cars'))\n"
    )
    (folder / "files" / "parking.py").write_text(text, encoding="utf-8")


def test_one_of_several_trees_is_named(flask: Flask):
    """If the app has several phone trees, ``--tree`` names one; without it, the error lists them."""
    done = flask(TWO, "states")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == (
        "Error: the app 'team' has several phone trees: sales, help\n  hint: choose one: flask ivrkit --tree sales\n"
    )
    found = json.loads(flask(TWO, "--tree", "help", "states", "--json").stdout)
    assert found[-1]["plugin"] == "help"
    done = flask(TWO, "--tree", "halp", "states")
    assert (done.stdout, done.returncode) == ("", 1)
    assert (
        done.stderr == "Error: the app 'team' has no phone tree 'halp', did you mean 'help'?\n"
        "  hint: its phone trees: sales, help\n"
    )


def test_an_app_without_a_tree_is_an_error(flask: Flask):
    """An app without a phone tree is one message with a hint."""
    done = flask("", "states")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == "Error: the app 'team' has no phone tree\n  hint: mount one: ivrkit.web.Ivrkit(app)\n"


def test_a_tree_that_can_not_be_mounted_is_one_message(flask: Flask):
    """If the app can't mount its phone tree, the error is one message without a traceback."""
    done = flask('Ivrkit(app, dev=True, compamy="ACME")', "states")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr.startswith("Error: 'compamy' is not a setting, did you mean 'company'?\n  hint: use one of: ")


def test_the_help_needs_no_app(flask: Flask):
    """``--help`` lists the commands even if the app can't be made; ``serve`` is not in the list."""
    done = flask("1 / 0", "--help")
    assert done.returncode == 0
    _, *sections = done.stdout.partition("Options:\n")[2].split("\n\n")
    listed = [line.split()[0] for section in sections for line in section.splitlines()[1:]]
    assert listed == ["phone", "plugins", "states", "settings", "schema", "doctor", "quarantine"]


def test_the_settings_are_those_of_the_mounted_tree(flask: Flask):
    """``settings`` has the values of ``app.config`` and of the code, and the settings of plugin objects."""
    done = flask(ONE, "settings", "--json")
    assert (done.stderr, done.returncode) == ("", 0)
    found = {each["setting"]: each for each in json.loads(done.stdout)}
    assert (found["url_prefix"]["value"], found["auth_token"]["value"]) == ("/phone", "***")
    assert found["session_url"]["value"] == "sqlite:///calls.sqlite3"


@pytest.mark.acme
def test_the_doctor_checks_the_mounted_tree(flask: Flask):
    """``doctor`` checks the settings, plugin objects and session store of the mounted phone tree."""
    done = flask(ONE, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 states are served, from ivrkit " in done.stdout


def test_a_mounted_tree_has_a_quarantine_of_its_own(flask: Flask):
    """The command works on the quarantine of the named phone tree, which is not shared with the other phone trees."""
    assert "depot is in quarantine" in flask(TWO, "--tree", "help", "quarantine", "add", "depot").stdout
    assert flask(TWO, "--tree", "sales", "quarantine").stdout == "No state is in quarantine.\n"
    (entry,) = json.loads(flask(TWO, "--tree", "help", "quarantine", "--json").stdout)
    assert (entry["state"], entry["plugin"]) == ("depot", "help")
    assert flask(TWO, "--tree", "help", "quarantine", "clear", "--all").stdout == "depot is released\n"
