"""Tests of loading with real packages, which are built and installed.

They run with the lowest version of pluggy that the core allows and with the latest, and check the output of
``ivrkit states`` and ``ivrkit plugins``, as a user sees it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.plugins.packages import Environment, Package, build_wheels, lowest_version, run_uv

STATE_CODE = """\
from ivrkit import MenuOption, State

found = State("This is {name}.", options=MenuOption(key="{key}", label="{name}"))
"""
HOOK_CODE = """\
from ivrkit import MenuOption, State, hookimpl

found = State("By the entry point.", options=MenuOption(key="1", label="twice"))


@hookimpl
def {signature}:
    return {{"twice": State("By the hook.")}}
"""
HOOKS_HINT = (
    "use one of: ivrkit_declare_settings, ivrkit_register_kinds, ivrkit_register_stores, "
    "ivrkit_register_states, ivrkit_edit_state, "
    "ivrkit_choose_start, ivrkit_edit_response, ivrkit_state_failed, ivrkit_clean_up, "
    "ivrkit_call_started, ivrkit_state_entered, ivrkit_state_left, ivrkit_recorded, ivrkit_call_ended, "
    "ivrkit_state_quarantined, ivrkit_state_released"
)


def state_package(name: str, state: str, key: str, version: str = "1.0") -> Package:
    """Return a package with one state on one key of the menu."""
    module = name.replace("-", "_")
    return Package(name, version, STATE_CODE.format(name=name, key=key), states={state: f"{module}:found"})


def hook_package(name: str, signature: str, entry: str, **more: dict[str, str]) -> Package:
    """Return a package with one hook implementation."""
    return Package(name, "1.0", HOOK_CODE.format(signature=signature), plugins={entry: name.replace("-", "_")}, **more)


PACKAGES = [
    state_package("fine-one", "fine", "5"),
    Package("lost-import", "1.2", "import nowhere_to_be_found\n", states={"lost": "lost_import:found"}),
    Package("says-exit", "0.3", "import sys\n\nsys.exit('so long')\n", plugins={"exits": "says_exit"}),
    hook_package("typo-hook", "ivrkit_register_stats(settings)", "typo"),
    hook_package("wrong-hook", "ivrkit_state_left(call, state, result)", "wrong"),
    hook_package("stats-ant", "ivrkit_call_started(call)", "stats"),
    hook_package("stats-bee", "ivrkit_call_ended(call)", "stats"),
    state_package("desk-ant", "desk", "1", "1.5"),
    state_package("desk-bee", "desk", "2", "2.5"),
    state_package("key-ant", "ants", "1"),
    state_package("key-bee", "bees", "1"),
    state_package("key-cat", "cats", "12"),
    hook_package("both-sources", "ivrkit_register_states()", "both", states={"twice": "both_sources:found"}),
]


def block_hint(name: str) -> str:
    """Return the hint to block a package whose code fails."""
    return f'leave it out: block = ["{name}"] in ivrkit.toml, or --block {name}'


@dataclass(frozen=True)
class Case:
    """Set of packages with exactly one problem.

    :param name: the name of the problem.
    :param packages: the names of the packages, in the order of installing.
    :param message: the message of the problem.
    :param hint: the hint of the problem.
    :param states: name of a state that is served without ``strict`` -> its owner.
    :param faulty: the name of the package that has the problem.
    """

    name: str
    packages: tuple[str, ...]
    message: str
    hint: str
    states: dict[str, str] = field(default_factory=dict)
    faulty: str = ""


CASES = [
    Case(
        "broken import",
        ("lost-import", "fine-one"),
        "plugin lost-import 1.2: its entry point lost = 'lost_import:found' in 'ivrkit.states' cannot be imported: "
        "ModuleNotFoundError: No module named 'nowhere_to_be_found' (lost_import.py, line 1)",
        f"fix or reinstall the package, or {block_hint('lost-import')}",
        {"fine": "fine-one 1.0"},
        "lost-import",
    ),
    Case(
        "sys.exit at import",
        ("says-exit", "fine-one"),
        "plugin says-exit 0.3: its entry point exits = 'says_exit' in 'ivrkit.plugins' cannot be imported: "
        "SystemExit: so long (says_exit.py, line 3)",
        f"fix or reinstall the package, or {block_hint('says-exit')}",
        {"fine": "fine-one 1.0"},
        "says-exit",
    ),
    Case(
        "typo in a hook",
        ("typo-hook", "fine-one"),
        "plugin typo-hook 1.0: its entry point typo = 'typo_hook' in 'ivrkit.plugins' implements "
        "'ivrkit_register_stats', which is not a hook, did you mean 'ivrkit_register_states'?",
        HOOKS_HINT,
        {"fine": "fine-one 1.0"},
        "typo-hook",
    ),
    Case(
        "wrong arguments of a hook",
        ("wrong-hook", "fine-one"),
        "plugin wrong-hook 1.0: its entry point wrong = 'wrong_hook' in 'ivrkit.plugins' cannot be registered: "
        "PluginValidationError: Plugin 'wrong' for hook 'ivrkit_state_left' hookimpl definition: "
        "ivrkit_state_left(call, state, result) Argument(s) {'result'} are declared in the hookimpl but can not be "
        "found in the hookspec",
        f"fix or reinstall the package, or {block_hint('wrong-hook')}",
        {"fine": "fine-one 1.0"},
        "wrong-hook",
    ),
    Case(
        "one entry name twice",
        ("stats-bee", "stats-ant"),
        "plugin stats-bee 1.0: its entry point stats = 'stats_bee' in 'ivrkit.plugins' has the same name as an entry "
        "point of plugin stats-ant 1.0",
        'leave one out in ivrkit.toml:  block = ["stats-bee"]',
        {},
        "stats-bee",
    ),
    Case(
        "one state twice",
        ("desk-bee", "desk-ant"),
        "state 'desk' is offered by two plugins: desk-ant 1.5 and desk-bee 2.5",
        'choose one in ivrkit.toml:  [states.desk]  plugin = "desk-ant"',
        {"desk": "desk-ant 1.5"},
        "desk-bee",
    ),
    Case(
        "one key twice",
        ("key-bee", "key-ant"),
        "in the menu 'menu', the key '1' belongs to both ants (key-ant 1.0) and bees (key-bee 1.0)",
        'choose another key in ivrkit.toml:  [states.bees]  key = "2"',
        {"ants": "key-ant 1.0"},
        "key-bee",
    ),
    Case(
        "a key that begins another",
        ("key-cat", "key-ant"),
        "in the menu 'menu', the keys '1' and '12' are ambiguous: they belong to ants (key-ant 1.0) and cats "
        "(key-cat 1.0)",
        'choose another key in ivrkit.toml:  [states.cats]  key = "2"',
        {"ants": "key-ant 1.0"},
        "key-cat",
    ),
    Case(
        "one state as entry point and by hook",
        ("both-sources", "fine-one"),
        "plugin both-sources 1.0: it offers the state 'twice' twice: as the entry point 'twice', and as 'twice' of its "
        "hook ivrkit_register_states",
        "remove one of the two",
        {"fine": "fine-one 1.0", "twice": "both-sources 1.0"},
        "both-sources",
    ),
]


class SharedPackages(NamedTuple):
    """Environments and installed packages that all tests of one worker share.

    :param environment: returns the environment with a version of pluggy.
    :param installed: installs packages into a folder and returns it.
    """

    environment: Callable[[str], Environment]
    installed: Callable[..., Path]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> SharedPackages:
    """Create each environment and each folder of packages when it is first used."""
    folder = tmp_path_factory.mktemp("packages")
    wheels: dict[str, Path] = {}

    @cache
    def environment(pluggy: str) -> Environment:
        return Environment.make(folder / pluggy.replace("=", "-"), pluggy)

    @cache
    def installed(*names: str) -> Path:
        if not wheels:
            wheels.update(build_wheels(PACKAGES, folder))
        target = folder / "+".join(names)
        offline = ("--quiet", "--no-deps", "--no-index", "--offline")
        run_uv("pip", "install", *offline, "--target", target, *(wheels[name] for name in names))
        return target

    return SharedPackages(environment, installed)


@pytest.fixture(params=[pytest.param("lowest", marks=pytest.mark.once), "latest"])
def pluggy(request: pytest.FixtureRequest) -> str:
    """Return the requirement for the lowest supported version of pluggy, or for the latest."""
    return f"pluggy=={lowest_version('pluggy')}" if request.param == "lowest" else "pluggy"


@pytest.fixture
def environment(shared: SharedPackages, pluggy: str) -> Environment:
    """Return an environment with the core, this version of pluggy and no plugin."""
    return shared.environment(pluggy)


@pytest.fixture
def start_command(
    environment: Environment, tmp_path: Path
) -> Iterator[Callable[..., Callable[[], tuple[int, str, str]]]]:
    """Return a function that starts ``ivrkit states`` or ``ivrkit plugins``.

    That function returns another one, which waits for the command and returns exit code, output and error output.
    """
    processes = []

    def start(command, *arguments, beside, settings=""):
        folder = tmp_path / str(len(processes))
        folder.mkdir()
        (folder / "ivrkit.toml").write_text(settings, encoding="utf-8")
        process = environment.start("ivrkit", command, *arguments, at=folder, beside=beside)
        processes.append(process)

        def wait():
            out, err = process.communicate(timeout=60)
            return process.returncode, out, err

        return wait

    yield start
    for process in processes:
        process.communicate(timeout=60)


def states_of_packages(out: str) -> dict[str, str]:
    """Return state -> owner of all states except the core's."""
    owners = {each["state"]: f"{each['plugin']} {each['version']}" for each in json.loads(out)}
    return {state: owner for state, owner in owners.items() if not owner.startswith("ivrkit ")}


class TestProblems:
    """Loading problems of real packages."""

    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
    def test_a_problem_is_one_message_and_strict_false_serves_the_rest(self, shared, start_command, case):
        """A problem is printed with message and hint, and ``strict = false`` serves the other states.

        No traceback is printed. The result does not depend on the order of installing.
        """
        beside = shared.installed(*case.packages)
        strict = start_command("states", beside=beside)
        lenient = start_command("states", "--json", beside=beside, settings="strict = false")
        assert strict() == (
            1,
            "",
            f"Error: the phone tree has 1 problem and was not started:\n{case.message}\n  hint: {case.hint}\n",
        )
        code, out, err = lenient()
        assert (code, states_of_packages(out)) == (0, case.states)
        assert err.splitlines()[:2] == [f"Left out: {case.message}", f"  hint: {case.hint}"]

    def test_all_problems_are_printed_at_once(self, shared, start_command):
        """One error lists all problems in the order of loading: the core first, then by the name of the entry point."""
        names = ("says-exit", "lost-import", "typo-hook", "key-bee", "key-ant")
        beside = shared.installed(*names)
        strict = start_command("states", beside=beside)
        lenient = start_command("plugins", "--json", beside=beside, settings="strict = false")
        texts = {case.faulty: f"{case.message}\n  hint: {case.hint}\n" for case in CASES}
        problems = texts["says-exit"] + texts["lost-import"] + texts["typo-hook"] + texts["key-bee"]
        assert strict() == (1, "", f"Error: the phone tree has 4 problems and was not started:\n{problems}")
        code, out, _ = lenient()
        assert code == 0
        assert [(each["plugin"], each["status"], each["states"]) for each in json.loads(out)] == [
            ("ivrkit", "loaded", ["greeting", "menu"]),
            ("key-ant", "loaded", ["ants"]),
            ("key-bee", "faulty", []),
            ("says-exit", "faulty", []),
            ("lost-import", "faulty", []),
            ("typo-hook", "faulty", []),
        ]


class TestHints:
    """Hints of the problems: following a hint fixes the problem."""

    def test_block_is_read_from_settings_and_command_line(self, shared, start_command):
        """A package that is blocked in the settings or on the command line is not imported.

        The two lists are added, and the spelling of a name may differ in case and separators.
        """
        beside = shared.installed("lost-import", "says-exit", "fine-one")
        in_file = start_command("states", "--json", beside=beside, settings='block = ["lost-import", "Says_Exit"]')
        in_both = start_command(
            "states", "--json", "--block", "says.exit", beside=beside, settings='block = ["lost-import"]'
        )
        for wait in (in_file, in_both):
            code, out, err = wait()
            assert (code, states_of_packages(out), err) == (0, {"fine": "fine-one 1.0"}, "")

    def test_a_plugin_and_a_key_are_chosen(self, shared, start_command):
        """``[states.NAME]`` chooses the plugin of a state and its key."""
        beside = shared.installed("desk-ant", "desk-bee", "key-ant", "key-bee", "key-cat")
        settings = '[states.desk]\nplugin = "desk-bee"\nkey = "7"\n[states.bees]\nkey = "2"\n[states.cats]\nkey = "3"\n'
        code, out, err = start_command("states", "--json", beside=beside, settings=settings)()
        assert (code, err) == (0, "")
        assert states_of_packages(out) == {
            "ants": "key-ant 1.0",
            "bees": "key-bee 1.0",
            "cats": "key-cat 1.0",
            "desk": "desk-bee 2.5",
        }
        keys = {each["state"]: [option["key"] for option in each["options"]] for each in json.loads(out)}
        assert (keys["ants"], keys["bees"], keys["cats"], keys["desk"]) == (["1"], ["2"], ["3"], ["7"])


PHONE_CODE = """\
import sys
from ivrkit.web import create_app

app = create_app(dev=True)
client = app.test_client()
for digits in sys.argv[1:]:
    params = {"CallSid": "CA1", "CallStatus": "in-progress", **({"Digits": digits} if digits else {})}
    answer = client.post("/webhook", data=params)
    print(answer.status_code, answer.headers["Ivrkit-State"], answer.headers["Ivrkit-Owner"], answer.text)
app.extensions["ivrkit"].sessions.close()
"""
WEATHER_CODE = """\
from ivrkit import MenuOption, State

weather = State("It is sunny.", options=MenuOption(key="6", label="the weather"))
"""


def test_an_installed_package_is_in_the_menu(environment, tmp_path):
    """The state of a package is in the menu while the package is installed, and not after it is uninstalled.

    No line of the core and no setting changes: the entry point of the package is enough.
    """
    package = Package("weather-states", "3.1", WEATHER_CODE, states={"weather": "weather_states:weather"})
    before = environment.run("ivrkit", "states", at=tmp_path)
    assert before[0] == 0
    assert "weather" not in before[1]
    environment.install(package.write(tmp_path))
    try:
        code, out, err = environment.run("ivrkit", "states", at=tmp_path)
        assert (code, err) == (0, "")
        assert ["weather", "weather-states", "3.1", "6", "hang", "up"] in [line.split() for line in out.splitlines()]
        code, out, err = environment.run("python", "-c", PHONE_CODE, "", "6", at=tmp_path)
        assert (code, err) == (0, "")
        menu, weather = (line for line in out.splitlines() if line.startswith("200 "))
        assert menu.split()[1:3] == ["menu", "ivrkit"]
        assert "For the weather, press six." in out
        assert weather.split()[1:4] == ["weather", "weather-states", "3.1"]
        assert "It is sunny." in out
    finally:
        environment.uninstall("weather-states")
    assert environment.run("ivrkit", "states", at=tmp_path) == before


def test_each_environment_has_its_version_of_pluggy(environment, pluggy, tmp_path):
    """One environment has the lowest version of pluggy that the core allows, and the other has a later one."""
    script = "import importlib.metadata, ivrkit; print(importlib.metadata.version('pluggy'), ivrkit.__file__)"
    code, out, _ = environment.run("python", "-c", script, at=tmp_path)
    version, file = out.split(maxsplit=1)
    lowest = [int(number) for number in lowest_version("pluggy").split(".")]
    installed = [int(number) for number in version.split(".")]
    assert code == 0
    assert (installed[: len(lowest)] == lowest) == ("==" in pluggy)
    assert installed >= lowest
    assert Path(file.strip()).is_relative_to(Path(__file__).parents[2])
