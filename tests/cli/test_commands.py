"""``ivrkit``: its version, its help, and the two commands that list what is installed."""

import json

import importlib_metadata
import pytest

VERSION = importlib_metadata.version("ivrkit")

HELP = """\
Usage: ivrkit [OPTIONS] COMMAND [ARGS]...

  Serve phone trees whose states come from installed packages.

Options:
  --version  Show the version and exit.
  --help     Show this message and exit.

Commands:
  connect    Show where a Twilio number sends its calls, or send them to a...
  dev        Serve on this machine in dev mode, and load anew when code...
  doctor     Check settings, plugins, store and webhook.
  install    Install plugins with pip, and tell what came and whether the...
  new        Begin a plugin, or the folder of a team that runs a tree.
  phone      Call the installed phone tree, or whatever answers at URL.
  plugins    List the plugins, what became of each, and its states and hooks.
  schema     Print the JSON Schema of ivrkit.toml, so that editors complete...
  serve      Answer Twilio's webhooks at /webhook.
  settings   Show every setting, its value, where it comes from, what it...
  states     List the states, who owns each, its keys, and where it leads.
  uninstall  Uninstall plugins with pip, and tell what went and whether the...
"""
STATES_HELP = """\
Usage: ivrkit states [OPTIONS]

  List the states, who owns each, its keys, and where it leads.

Options:
  --block PLUGIN        Leave a plugin out. May be repeated.
  --plugins-dir FOLDER  Load the plugins that are files of a folder.
  --json                Print JSON.
  --help                Show this message and exit.
"""
PLUGINS_HELP = """\
Usage: ivrkit plugins [OPTIONS]

  List the plugins, what became of each, and its states and hooks.

Options:
  --block PLUGIN        Leave a plugin out. May be repeated.
  --plugins-dir FOLDER  Load the plugins that are files of a folder.
  --json                Print JSON.
  --requirements        Print lines for a requirements.txt, with versions.
  --help                Show this message and exit.
"""
SERVE_HELP = """\
Usage: ivrkit serve [OPTIONS]

  Answer Twilio's webhooks at /webhook.

  With --dev it listens on this machine alone, shows state and owner in the
  answers, and needs no token; where TWILIO_AUTH_TOKEN is set, signatures are
  checked all the same.

Options:
  --host TEXT              Address to listen on.  [default: 127.0.0.1]
  --port INTEGER RANGE     Port to listen on.  [default: 5000; 1<=x<=65535]
  --workers INTEGER RANGE  Processes that answer.  [default: 1; x>=1]
  --dev                    No token needed from this machine; reload when code
                           changes.
  --block PLUGIN           Leave a plugin out. May be repeated.
  --plugins-dir FOLDER     Load the plugins that are files of a folder.
  --help                   Show this message and exit.
"""
NO_OPTIONS = "Warning: the menu 'menu' has no options: no installed plugin offers any\n"

#: A plugin with hooks and two states, in a menu of its own and in the start menu under two keys.
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
    """A user finds out what is installed; the process needs no settings for it."""
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
def test_each_command_tells_what_it_takes(ivrkit, arguments, text):
    """The help names every option with its default."""
    result = ivrkit(*arguments)
    assert (result.stdout, result.exit_code) == (text, 0)


def test_help_waits_for_nothing_heavy(run):
    """``--help`` of the command line imports neither Flask nor a server."""
    done = run("--help", PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "click" in imported
    assert imported.isdisjoint({"flask", "granian", "twilio.rest"})


def test_an_unknown_command_is_told(ivrkit):
    """A typo is the user's, and ends with 2."""
    result = ivrkit("stats")
    assert result.exit_code == 2
    assert result.output.splitlines()[0] == "Usage: ivrkit [OPTIONS] COMMAND [ARGS]..."
    assert "Error: No such command 'stats'." in result.output


@pytest.mark.acme
def test_states_are_listed_with_owner_key_and_where_they_lead(ivrkit):
    """One line a state, in the order of loading; nothing goes to the error stream."""
    acme = importlib_metadata.version("acme-states")
    width = max(len("VERSION"), len(VERSION), len(acme))
    rows = [
        ("STATE", "PLUGIN", "VERSION", "KEY", "LEADS TO"),
        ("greeting", "ivrkit", VERSION, "", "menu"),
        ("menu", "ivrkit", VERSION, "", "sales, support, hours, reception, SAME, error"),
        ("error", "acme-states", acme, "", "BACK"),
        ("hours", "acme-states", acme, "3", "SAME, HOME"),
        ("reception", "acme-states", acme, "0", "HOME, hang up"),
        ("sales", "acme-states", acme, "1", "hang up"),
        ("support", "acme-states", acme, "2", "hang up, HOME"),
    ]
    lines = [f"{state:9}  {plugin:11}  {version:{width}}  {key:3}  {to}" for state, plugin, version, key, to in rows]
    result = ivrkit("states")
    assert (result.stdout.splitlines(), result.stderr, result.exit_code) == (lines, "", 0)


def test_the_core_alone_lists_its_two_states_and_warns(ivrkit, alone):
    """Without a state plugin the menu has nothing to offer; that is told and no error."""
    result = ivrkit("states")
    assert result.stdout == (
        "STATE     PLUGIN  VERSION  KEY  LEADS TO\n"
        f"greeting  ivrkit  {VERSION:7}       menu\n"
        f"menu      ivrkit  {VERSION:7}       hang up\n"
    )
    assert (result.stderr, result.exit_code) == (NO_OPTIONS, 0)


def test_a_key_of_another_menu_is_shown_with_it(ivrkit, alone, install):
    """A state may hang in several menus; only the start menu is not named with the key."""
    install("desk-states", "2.0", DESK_POINTS, desk=DESK)
    width = max(len(VERSION), len("VERSION"))
    assert ivrkit("states").stdout.splitlines()[3:] == [
        f"desk      desk-states  {'2.0':{width}}  1, desk 11  desk, pin, hang up, SAME",
        f"pin       desk-states  {'2.0':{width}}  desk 2      desk, hang up",
    ]


def test_states_as_json_have_all_options_and_exits(ivrkit, alone, install):
    """A program gets every option and every operator, outcome by outcome."""
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
    }


def test_plugins_are_listed_with_what_became_of_each(ivrkit, alone, install):
    """One line a plugin: its states and the hooks that it implements."""
    install("desk-states", "2.0", DESK_POINTS, desk=DESK)
    result = ivrkit("plugins")
    width = max(len("VERSION"), len(VERSION))
    assert result.stdout == (
        f"PLUGIN       {'VERSION':{width}}  STATUS  STATES          HOOKS\n"
        f"ivrkit       {VERSION:{width}}  loaded  greeting, menu  ivrkit_register_kinds, ivrkit_register_stores\n"
        f"desk-states  {'2.0':{width}}  loaded  desk, pin       ivrkit_call_ended, ivrkit_call_started\n"
    )
    assert (result.stderr, result.exit_code) == ("", 0)


def test_plugins_as_json(ivrkit, alone, install):
    """A program gets the same in lists."""
    install("desk-states", "2.0", DESK_POINTS, desk=DESK)
    own = {"plugin": "ivrkit", "version": VERSION, "status": "loaded", "states": ["greeting", "menu"]}
    assert json.loads(ivrkit("plugins", "--json").stdout) == [
        {**own, "hooks": ["ivrkit_register_kinds", "ivrkit_register_stores"]},
        {
            "plugin": "desk-states",
            "version": "2.0",
            "status": "loaded",
            "states": ["desk", "pin"],
            "hooks": ["ivrkit_call_ended", "ivrkit_call_started"],
        },
    ]


def test_plugins_as_requirements(ivrkit, alone, install):
    """The core first, each with its version; what each line can be is told in tests/cli/test_requirements.py."""
    install("desk-states", "2.0", DESK_POINTS, desk=DESK)
    lines = ivrkit("plugins", "--requirements").stdout.splitlines()
    assert lines[1:] == ["desk-states==2.0"]
    assert "ivrkit" in lines[0] or lines[0].startswith("-e file://")


def test_a_blocked_plugin_is_left_out_and_still_listed(ivrkit, alone, install, folder):
    """``--block`` adds to the plugins that the settings block; what is not installed is warned of."""
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
BROKEN_FAULT = """\
plugin broken-states 1.0: its entry point broken = 'broken:broken' in 'ivrkit.states' can't be imported: \
ZeroDivisionError: division by zero
  hint: fix or reinstall the package, or leave it out: block = ["broken-states"] in ivrkit.toml, or --block \
broken-states
"""


@pytest.mark.parametrize("command", ["states", "plugins"])
def test_a_fault_is_one_message_with_its_hint(ivrkit, alone, install, command):
    """An error on purpose ends with 1 and shows no traceback."""
    install("broken-states", "1.0", BROKEN, broken="1 / 0")
    result = ivrkit(command)
    assert (result.stdout, result.exit_code) == ("", 1)
    assert result.stderr == f"Error: the call flow has 1 problem and was not started:\n{BROKEN_FAULT}"


def test_without_strict_a_fault_is_told_and_the_rest_listed(ivrkit, alone, install, folder):
    """What is left out is told first, then what is served is listed."""
    install("broken-states", "1.0", BROKEN, broken="1 / 0")
    (folder / "ivrkit.toml").write_text("strict = false", encoding="utf-8")
    result = ivrkit("plugins", "--json")
    assert result.stderr == f"Left out: {BROKEN_FAULT}{NO_OPTIONS}"
    assert {each["plugin"]: each["status"] for each in json.loads(result.stdout)} == {
        "ivrkit": "loaded",
        "broken-states": "faulty",
    }


def test_a_wrong_setting_is_told_with_the_faults_of_the_tree(ivrkit, folder, alone, install):
    """What lists the tree tells both at once; what needs settings alone tells theirs."""
    (folder / "ivrkit.toml").write_text("tries = 0", encoding="utf-8")
    told = "ivrkit.toml:1: tries is 0\n  hint: it takes a whole number of at least 1\n"
    assert ivrkit("phone").stderr == f"Error: {told}"
    install("broken-states", "1.0", "[ivrkit.states]\nbroken = broken:broken\n", broken="1 / 0")
    done = ivrkit("states").stderr
    assert done.startswith(
        f"Error: the call flow has 2 problems and was not started:\n{told}plugin broken-states 1.0: "
    )


def test_a_wrong_setting_is_one_message_with_its_hint(run, folder):
    """The same in a process of its own: nothing but the message is on the error stream."""
    (folder / "ivrkit.toml").write_text("tries = 0", encoding="utf-8")
    done = run("states")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == "Error: ivrkit.toml:1: tries is 0\n  hint: it takes a whole number of at least 1\n"


def test_a_folder_of_plugins_can_be_given(ivrkit, alone, folder):
    """``--plugins-dir`` stands for the setting, and begins where the command is called; it has to be a folder."""
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
