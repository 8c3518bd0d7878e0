"""``ivrkit``: its version, its help, and the commands that list plugins and states."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import click
import importlib_metadata
import pytest
from click.testing import CliRunner

from ivrkit.cli.flask_commands import ivrkit as flask_group
from ivrkit.cli.main import HELP_OPTIONS, main
from ivrkit.flow.compile import graph

VERSION = importlib_metadata.version("ivrkit")

HELP = """\
Usage: ivrkit [OPTIONS] COMMAND [ARGS]...

  Develop, inspect and serve a phone tree (IVR).

Options:
  --version   Show the version and exit.
  -h, --help  Show this message and exit.

Develop:
  new              Create a plugin or a project.
  dev              Serve on this machine and reload on changes.
  phone            Call the phone tree from the keyboard.

Inspect:
  plugins          List the plugins, their states and hooks.
  states           List the states with their keys and targets.
  settings         Show every setting and where it was set.
  schema           Print the JSON Schema of ivrkit.toml.
  doctor           Check settings, plugins, store and webhook.

Serve:
  serve            Answer Twilio's webhooks at /webhook.
  connect          Show or set the webhooks of a Twilio number.
  export-fallback  Write a TwiML file for when the host is down.
  quarantine       List, add or release states in quarantine.

Packages:
  install          Install plugins with pip.
  uninstall        Uninstall plugins with pip.
"""
STATES_HELP = """\
Usage: ivrkit states [OPTIONS]

  List the states with their keys and targets.

Options:
  --block PLUGIN        Leave a plugin out. May be repeated.
  --plugins-dir FOLDER  Load the plugin files in a folder.
  --safe                Load only the core's states and the operator.
  --json                Print JSON.
  -h, --help            Show this message and exit.
"""
PLUGINS_HELP = """\
Usage: ivrkit plugins [OPTIONS]

  List the plugins, their states and hooks.

  The status of a plugin is loaded, blocked or faulty. If the phone tree can't
  be loaded, its problems follow the list, and the exit code is 1.

Options:
  --block PLUGIN        Leave a plugin out. May be repeated.
  --plugins-dir FOLDER  Load the plugin files in a folder.
  --safe                Load only the core's states and the operator.
  --json                Print JSON.
  --requirements        Print lines for a requirements.txt.
  -h, --help            Show this message and exit.
"""
SERVE_HELP = """\
Usage: ivrkit serve [OPTIONS]

  Answer Twilio's webhooks at /webhook.

  With --dev the server listens on this machine only, and each response has
  headers with the state and its owner. The server then needs no auth token. If
  TWILIO_AUTH_TOKEN is set, signatures are still checked.

Options:
  --host TEXT              Address to listen on.  [default: 127.0.0.1]
  --port INTEGER RANGE     Port to listen on.  [default: 5000; 1<=x<=65535]
  --workers INTEGER RANGE  Number of worker processes.  [default: 1; x>=1]
  --dev                    Need no token on this machine, and reload on changes.
  --block PLUGIN           Leave a plugin out. May be repeated.
  --plugins-dir FOLDER     Load the plugin files in a folder.
  --safe                   Load only the core's states and the operator.
  -h, --help               Show this message and exit.
"""
NO_OPTIONS = "Warning: the menu 'menu' has no options: no installed plugin offers any\n"

#: A plugin with hooks and two states. One of them is an option of the start menu and of its own menu.
DESK = """
from ivrkit import Routes, Menu, MenuOption, State, ask, hookimpl

twice = (MenuOption("1", "desk"), MenuOption("11", "desk", menu="desk"))
desk = State(Menu(repeat=None), Routes({"*": None}), options=twice)
pin = State(ask("Code?"), Routes({"1": "desk"}, otherwise=None), options=MenuOption("2", "code", menu="desk"))

@hookimpl
def ivrkit_call_ended(call, reason): ...

@hookimpl
def ivrkit_call_started(call): ...
"""
DESK_POINTS = "[ivrkit.states]\ndesk = desk:desk\npin = desk:pin\n[ivrkit.plugins]\ndesk = desk\n"


def test_the_version_is_that_of_the_installed_package(run):
    """``--version`` prints the version of the package, even if the settings are invalid."""
    done = run("--version", IVRKIT_NONSENSE="1")
    assert (done.stdout, done.stderr, done.returncode) == (f"ivrkit {VERSION}\n", "", 0)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--help"], HELP),
        (["states", "--help"], STATES_HELP),
        (["plugins", "--help"], PLUGINS_HELP),
        (["serve", "--help"], SERVE_HELP),
    ],
    ids=["ivrkit", "states", "plugins", "serve"],
)
def test_the_help_of_a_command(ivrkit, arguments, text):
    """The help of a command lists every option with its default."""
    result = ivrkit(*arguments)
    assert (result.stdout, result.exit_code) == (text, 0)


def help_pages(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command below a group, and of the group itself."""
    yield above
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from help_pages(command, *above, name)
        else:
            yield (*above, name)


@pytest.mark.parametrize("words", list(help_pages(main)), ids=" ".join)
def test_h_prints_the_help_of_every_command(ivrkit, words):
    """``-h`` prints the same text as ``--help``, and the text lists both."""
    short, long = ivrkit(*words, "-h"), ivrkit(*words, "--help")
    assert (short.stdout, short.exit_code) == (long.stdout, 0)
    assert re.search(r"^  -h, --help +Show this message and exit\.$", short.stdout, re.MULTILINE)


def test_python_runs_the_package_as_the_command():
    """``python -m ivrkit`` is the command, and its help names it so."""
    command = [sys.executable, "-m", "ivrkit", "plugins", "-h"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.startswith("Usage: python -m ivrkit plugins [OPTIONS]\n")


GROUPS = pytest.mark.parametrize(
    "group", [main, main.get_command(None, "new"), flask_group], ids=["ivrkit", "ivrkit new", "flask ivrkit"]
)


def summaries(group: click.Group) -> dict[str, str]:
    """Return the summary of each command in a group."""
    context = click.Context(group)
    return {name: group.get_command(context, name).get_short_help_str(1000) for name in group.list_commands(context)}


@GROUPS
def test_no_summary_is_longer_than_45_characters(group):
    """The summary of each command has at most 45 characters."""
    assert {name: text for name, text in summaries(group).items() if len(text) > 45} == {}


@GROUPS
def test_no_summary_is_cut_off(group):
    """On 80 columns, ``--help`` shows the summary of each command to its end."""
    # click keeps the help option of a command, so it must be the option that the whole program has.
    result = CliRunner().invoke(group, ["--help"], terminal_width=80, **HELP_OPTIONS)
    listed = result.stdout.partition("Options:\n")[2]
    assert "..." not in listed
    assert summaries(group)
    assert [text for text in summaries(group).values() if f"  {text}\n" not in listed] == []


def test_help_imports_nothing_slow(run):
    """``ivrkit --help`` imports neither Flask nor a server nor Twilio's client."""
    done = run("--help", PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "click" in imported
    assert imported.isdisjoint({"flask", "granian", "twilio.rest"})


def test_an_unknown_command_is_a_usage_error(ivrkit):
    """The error names the unknown command, and the exit code is 2."""
    result = ivrkit("stats")
    assert result.exit_code == 2
    assert result.output.splitlines()[0] == "Usage: ivrkit [OPTIONS] COMMAND [ARGS]..."
    assert "Error: No such command 'stats'." in result.output


@pytest.mark.acme
def test_states_are_listed_with_plugin_key_and_targets(ivrkit):
    """``ivrkit states`` prints a row for each state, in the order of loading, and nothing on the standard error."""
    acme = importlib_metadata.version("acme-states")
    width = max(len("VERSION"), len(VERSION), len(acme))
    rows = [
        ("STATE", "PLUGIN", "VERSION", "KEY", "LEADS TO"),
        ("greeting", "ivrkit", VERSION, "", "menu"),
        ("menu", "ivrkit", VERSION, "", "sales, support, hours, reception, SAME, error"),
        ("error", "acme-states", acme, "", "BACK"),
        ("hours", "acme-states", acme, "3", "SAME, HOME"),
        ("reception", "acme-states", acme, "0", "HOME, hang up"),
        ("sales", "acme-states", acme, "1", "hang up, HOME"),
        ("support", "acme-states", acme, "2", "hang up, HOME"),
    ]
    lines = [f"{state:9}  {plugin:11}  {version:{width}}  {key:3}  {to}" for state, plugin, version, key, to in rows]
    result = ivrkit("states")
    assert (result.stdout.splitlines(), result.stderr, result.exit_code) == (lines, "", 0)


def test_the_core_alone_lists_its_two_states_and_warns(ivrkit, alone):
    """Without another plugin, ivrkit lists its two states and warns that the menu has no options."""
    result = ivrkit("states")
    assert result.stdout == (
        "STATE     PLUGIN  VERSION  KEY  LEADS TO\n"
        f"greeting  ivrkit  {VERSION:7}       menu\n"
        f"menu      ivrkit  {VERSION:7}       hang up\n"
    )
    assert (result.stderr, result.exit_code) == (NO_OPTIONS, 0)


def test_a_key_of_another_menu_has_the_name_of_the_menu(ivrkit, alone, install):
    """The key of an option in another menu than the start menu is listed with that menu's name."""
    install("desk-states", "2.0", DESK_POINTS, desk=DESK)
    width = max(len(VERSION), len("VERSION"))
    assert ivrkit("states").stdout.splitlines()[3:] == [
        f"desk      desk-states  {'2.0':{width}}  1, desk 11  desk, pin, hang up, SAME",
        f"pin       desk-states  {'2.0':{width}}  desk 2      desk, hang up",
    ]


def test_states_as_json_have_all_options_and_routes(ivrkit, alone, install):
    """``ivrkit states --json`` has every menu option and the target of every outcome."""
    install("desk-states", "2.0", DESK_POINTS, desk=DESK)
    result = ivrkit("states", "--json")
    found = {each["state"]: each for each in json.loads(result.stdout)}
    assert list(found) == ["greeting", "menu", "desk", "pin"]
    assert found["greeting"] == {
        "state": "greeting",
        "plugin": "ivrkit",
        "version": VERSION,
        "options": [],
        "routes": [{"outcome": None, "target": "menu"}],
        "quarantine": None,
    }
    assert found["pin"] == {
        "state": "pin",
        "plugin": "desk-states",
        "version": "2.0",
        "options": [{"menu": "desk", "key": "2", "label": "code"}],
        "routes": [
            {"outcome": "1", "target": "desk"},
            {"outcome": "no-match", "target": "hang up"},
            {"outcome": "no-input", "target": "hang up"},
        ],
        "quarantine": None,
    }


def test_the_edges_of_each_state_are_computed_once(ivrkit, alone, folder):
    """``ivrkit states`` visits each state once, so that its time grows linearly with the phone tree."""
    tables = (f'[states.room-{number}]\nkind = "message"\ntext = "Room."\n' for number in range(20))
    (folder / "rooms.flow.toml").write_text("".join(tables), encoding="utf-8")
    (folder / "ivrkit.toml").write_text('flows = ["rooms.flow.toml"]\n', encoding="utf-8")
    visited: Counter[str] = Counter()

    def count(frame, event, argument):
        if event == "call" and frame.f_code is graph.waiting_verb.__code__:
            visited[frame.f_locals["compiled"].name] += 1

    sys.setprofile(count)
    try:
        listed = ivrkit("states").stdout.splitlines()
    finally:
        sys.setprofile(None)
    assert len(listed) == 23
    assert visited["room-19"] == 1
    assert set(visited.values()) == {1}


def test_plugins_are_listed_with_status_states_and_hooks(ivrkit, alone, install):
    """``ivrkit plugins`` prints a row for each plugin, with its states and its hook implementations.

    The startup warnings are printed to the standard error.
    """
    install("desk-states", "2.0", DESK_POINTS, desk=DESK)
    result = ivrkit("plugins")
    width = max(len("VERSION"), len(VERSION))
    assert result.stdout == (
        f"PLUGIN       {'VERSION':{width}}  STATUS  STATES          HOOKS\n"
        f"ivrkit       {VERSION:{width}}  loaded  greeting, menu  ivrkit_register_kinds, ivrkit_register_stores\n"
        f"desk-states  {'2.0':{width}}  loaded  desk, pin       ivrkit_call_ended, ivrkit_call_started\n"
    )
    assert result.stderr == (
        "Warning: in the menu 'desk', the key '11' of desk (desk-states 2.0) is longer than the other keys: callers "
        "who press a shorter key wait 5 seconds\n"
        "  hint: choose a shorter key in the hook ivrkit_edit_state, because 'desk' has more than one menu option\n"
    )
    assert result.exit_code == 0


def test_plugins_are_listed_despite_problems(ivrkit, alone, install, folder):
    """``ivrkit plugins`` prints its table also if the phone tree cannot be loaded; the problems follow."""
    install("desk-states", "2.0", DESK_POINTS, desk=DESK)
    install("broken-states", "1.0", "[ivrkit.states]\nbroken = broken:broken\n", broken="1 / 0")
    (folder / "ivrkit.toml").write_text("tries = 0", encoding="utf-8")
    result = ivrkit("plugins", "--json")
    assert {each["plugin"]: each["status"] for each in json.loads(result.stdout)} == {
        "ivrkit": "loaded",
        "broken-states": "faulty",
        "desk-states": "loaded",
    }
    assert result.stderr.startswith("Error: the phone tree has 2 problems and was not started:\nivrkit.toml:1: tries ")
    assert result.exit_code == 1


def test_plugins_as_json(ivrkit, alone, install):
    """``ivrkit plugins --json`` has the same values, with states and hooks as lists."""
    install("desk-states", "2.0", DESK_POINTS, desk=DESK)
    own = {"plugin": "ivrkit", "version": VERSION, "status": "loaded", "states": ["greeting", "menu"]}
    assert json.loads(ivrkit("plugins", "--json").stdout) == [
        {**own, "hooks": ["ivrkit_register_kinds", "ivrkit_register_stores"], "quarantine": []},
        {
            "plugin": "desk-states",
            "version": "2.0",
            "status": "loaded",
            "states": ["desk", "pin"],
            "hooks": ["ivrkit_call_ended", "ivrkit_call_started"],
            "quarantine": [],
        },
    ]


def test_plugins_as_requirements(ivrkit, alone, install):
    """``ivrkit plugins --requirements`` prints a line for each plugin, ivrkit first."""
    install("desk-states", "2.0", DESK_POINTS, desk=DESK)
    lines = ivrkit("plugins", "--requirements").stdout.splitlines()
    assert lines[1:] == ["desk-states==2.0"]
    assert "ivrkit" in lines[0] or lines[0].startswith("-e file://")


def test_a_blocked_plugin_is_left_out_and_still_listed(ivrkit, alone, install, folder):
    """``--block`` adds to the setting ``block``, and warns about a plugin that is not installed."""
    install("desk-states", "2.0", DESK_POINTS, desk=DESK)
    install(
        "shop-states",
        "3.0",
        "[ivrkit.states]\nshop = shop:shop\n",
        shop="from ivrkit import State\nshop = State('Hi.')",
    )
    (folder / "ivrkit.toml").write_text('block = ["shop-states"]', encoding="utf-8")
    result = ivrkit("plugins", "--block", "Desk_States", "--block", "dexk-states", "--json")
    assert {each["plugin"]: each["status"] for each in json.loads(result.stdout)} == {
        "ivrkit": "loaded",
        "desk-states": "blocked",
        "shop-states": "blocked",
    }
    assert result.stderr == (
        f"{NO_OPTIONS}Warning: block names 'dexk-states', which is not installed, did you mean 'desk-states'?\n"
    )


BROKEN = "[ivrkit.states]\nbroken = broken:broken\n"
BROKEN_PROBLEM = """\
plugin broken-states 1.0: its entry point broken = 'broken:broken' in 'ivrkit.states' cannot be imported: \
ZeroDivisionError: division by zero (broken.py, line 1)
  hint: fix or reinstall the package, or leave it out: block = ["broken-states"] in ivrkit.toml, or --block \
broken-states
"""


def test_a_problem_is_one_message_with_its_hint(ivrkit, alone, install):
    """If a plugin can't be imported, the command prints the problem without a traceback and exits with 1."""
    install("broken-states", "1.0", BROKEN, broken="1 / 0")
    result = ivrkit("states")
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr == f"Error: the phone tree has 1 problem and was not started:\n{BROKEN_PROBLEM}"


def test_without_strict_a_problem_is_printed_and_the_rest_is_listed(ivrkit, alone, install, folder):
    """With ``strict = false`` the problem goes to the standard error, and the other plugins are listed."""
    install("broken-states", "1.0", BROKEN, broken="1 / 0")
    (folder / "ivrkit.toml").write_text("strict = false", encoding="utf-8")
    result = ivrkit("plugins", "--json")
    assert result.stderr == f"Left out: {BROKEN_PROBLEM}{NO_OPTIONS}"
    assert {each["plugin"]: each["status"] for each in json.loads(result.stdout)} == {
        "ivrkit": "loaded",
        "broken-states": "faulty",
    }


def test_an_invalid_setting_is_printed_with_the_problems_of_the_plugins(ivrkit, folder, alone, install):
    """A command that loads the plugins prints the problems of settings and plugins together."""
    (folder / "ivrkit.toml").write_text("tries = 0", encoding="utf-8")
    problem = "ivrkit.toml:1: tries must be a whole number of at least 1, not 0\n  hint: write tries = 3\n"
    assert ivrkit("phone").stderr == f"Error: {problem}"
    install("broken-states", "1.0", "[ivrkit.states]\nbroken = broken:broken\n", broken="1 / 0")
    printed = ivrkit("states").stderr
    assert printed.startswith(
        f"Error: the phone tree has 2 problems and was not started:\n{problem}plugin broken-states 1.0: "
    )


def test_an_invalid_setting_is_one_message_with_its_hint(run, folder):
    """In a process of its own, the command prints the message and the hint, and nothing else."""
    (folder / "ivrkit.toml").write_text("tries = 0", encoding="utf-8")
    done = run("states")
    assert (done.stdout, done.returncode) == ("", 1)
    message = "Error: ivrkit.toml:1: tries must be a whole number of at least 1, not 0"
    assert done.stderr == f"{message}\n  hint: write tries = 3\n"


def test_plugins_dir_names_a_folder_of_plugin_files(ivrkit, alone, folder):
    """``--plugins-dir`` replaces the setting, is relative to the working folder, and must be a folder."""
    (folder / "files").mkdir()
    text = (
        "from ivrkit import HOME, MenuOption, State\nparking = State('Here.', HOME, options=MenuOption('8', 'cars'))\n"
    )
    (folder / "files" / "parking.py").write_text(text, encoding="utf-8")
    (folder / "ivrkit.toml").write_text('plugins_dir = "nowhere"', encoding="utf-8")
    found = json.loads(ivrkit("plugins", "--json", "--plugins-dir", "files").stdout)
    assert [each["states"] for each in found if each["plugin"] == "parking.py"] == [["parking"]]
    refused = ivrkit("plugins", "--plugins-dir", "elsewhere")
    assert refused.exit_code == 2
    assert "Invalid value for '--plugins-dir': Directory 'elsewhere' does not exist." in refused.stderr
