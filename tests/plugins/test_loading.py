"""Tests of the loader in this process, with real metadata on the path and with plugin objects of the host.

Each test compares the whole message and its hint, because a message that no test reads becomes wrong unnoticed.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import importlib_metadata
import pytest

import ivrkit
from ivrkit import (
    BACK,
    LoadError,
    Menu,
    MenuOption,
    Owner,
    Problem,
    Routes,
    Settings,
    SettingsError,
    State,
    Texts,
    ask,
    hookimpl,
)
from ivrkit.errors import Problems
from ivrkit.flow.compile.flow_config import EngineHooks
from ivrkit.plugins.entry_points import find_entry_points
from ivrkit.plugins.hook_calls import HookImpl
from ivrkit.plugins.load import Plugin, load
from ivrkit.settings import StateSettings, load_settings
from ivrkit.settings.names import normal_name

if TYPE_CHECKING:
    from elsewhere import Settings as Unknown

VERSION = importlib_metadata.version("ivrkit")
HOOKS_HINT = (
    "use one of: ivrkit_declare_settings, ivrkit_register_kinds, ivrkit_register_stores, "
    "ivrkit_register_states, ivrkit_edit_state, "
    "ivrkit_choose_start, ivrkit_edit_response, ivrkit_state_failed, ivrkit_clean_up, "
    "ivrkit_call_started, ivrkit_state_entered, ivrkit_state_left, ivrkit_recorded, ivrkit_call_ended, "
    "ivrkit_state_quarantined, ivrkit_state_released"
)
STATE_HINT = "name a State, or a function (settings: Settings) -> State; Settings may be the plugin's own dataclass"
MUST_BE_ANNOTATED = "must be annotated with a dataclass of settings"
MUST_BE_STATE = "it must be a State or a function that returns one, not "
#: A plugin with one hook.
HOOK_CODE = "from ivrkit import hookimpl\n@hookimpl\ndef ivrkit_call_ended(): ...\n"
STATE_CODE = "from ivrkit import State\nfound = State('Hello.')\n"


def block_hint(name: str) -> str:
    """Return the hint to block a plugin whose code fails."""
    return f'leave it out: block = ["{name}"] in ivrkit.toml, or --block {name}'


def option(key: str, menu: str = "menu") -> MenuOption:
    """Return a menu option with a key and a fixed label."""
    return MenuOption(key=key, label="more", menu=menu)


def problems_of(settings: Settings | None = None, /, **extra: object) -> tuple[Problem, ...]:
    """Return the problems with which loading fails."""
    with pytest.raises(LoadError) as caught:
        load(settings or Settings(), extra)
    return caught.value.problems


def problem_of(settings: Settings | None = None, /, **extra: object) -> Problem:
    """Return the only problem with which loading fails."""
    (problem,) = problems_of(settings, **extra)
    return problem


class StatesPlugin:
    """Plugin that registers states by its hook."""

    def __init__(self, states: object) -> None:
        self.states = states

    @hookimpl
    def ivrkit_register_states(self, settings):
        """Return the states, or raise the exception that was passed instead."""
        if isinstance(self.states, BaseException):
            raise self.states
        return self.states


class EditingPlugin:
    """Plugin that edits each state with a function."""

    def __init__(self, edit: object) -> None:
        self.edit = edit

    @hookimpl
    def ivrkit_edit_state(self, state):
        """Return the result of the function."""
        return self.edit(state)


class ObservingPlugin:
    """Plugin that implements the observing hook ``ivrkit_call_started``."""

    @hookimpl
    def ivrkit_call_started(self, call):
        """Do nothing. Other tests check that observers are called."""


pytestmark = pytest.mark.usefixtures("core_only")


class TestEntryPoints:
    """Entry points, their owners and their order."""

    def test_entry_points_are_sorted(self, install):
        """Entry points are sorted on every machine: the core first, then by name, then by distribution."""
        install("zebra", "2.0", states={"alpha": "zebra:x", "omega": "zebra:x"}, plugins={"mid": "zebra"})
        install("ant", "3.0", states={"omega": "ant:x"}, plugins={"alpha": "ant:y.z"})
        entry_points = [(str(each), str(each.owner)) for each in find_entry_points(Problems())]
        assert entry_points == [
            (
                "entry point greeting = 'ivrkit.states.default.greeting:greeting' in 'ivrkit.states'",
                f"ivrkit {VERSION}",
            ),
            ("entry point ivrkit-kinds = 'ivrkit.states.ready.kinds' in 'ivrkit.plugins'", f"ivrkit {VERSION}"),
            ("entry point ivrkit-stores = 'ivrkit.sessions.schemes' in 'ivrkit.plugins'", f"ivrkit {VERSION}"),
            ("entry point menu = 'ivrkit.states.default.menu:menu' in 'ivrkit.states'", f"ivrkit {VERSION}"),
            ("entry point alpha = 'ant:y.z' in 'ivrkit.plugins'", "ant 3.0"),
            ("entry point alpha = 'zebra:x' in 'ivrkit.states'", "zebra 2.0"),
            ("entry point mid = 'zebra' in 'ivrkit.plugins'", "zebra 2.0"),
            ("entry point omega = 'ant:x' in 'ivrkit.states'", "ant 3.0"),
            ("entry point omega = 'zebra:x' in 'ivrkit.states'", "zebra 2.0"),
        ]

    def test_an_entry_point_has_group_name_value_and_owner(self, install):
        """An entry point has group, name, value and owner, and its object is loaded only by ``load``."""
        install("ant", "3.0", states={"one": "ant:found"}, ant=STATE_CODE)
        entry_point = find_entry_points(Problems())[-1]
        assert (entry_point.group, entry_point.name, entry_point.value, entry_point.owner) == (
            "ivrkit.states", "one", "ant:found", Owner("ant", "3.0"),
        )  # fmt: skip
        assert entry_point.load().enter == "Hello."

    def test_metadata_may_lack_the_version(self, install):
        """The states of a distribution without a version are served."""
        metadata = "Metadata-Version: 2.1\nName: ghost\n"
        install("ghost", states={"lost": "ghost:found"}, metadata=metadata, ghost=STATE_CODE)
        assert load(Settings()).flow.states["lost"].state.owner == Owner("ghost", "")

    @pytest.mark.parametrize(
        ("name", "normal"),
        [("Acme.States", "acme-states"), ("acme__-.states", "acme-states"), ("acme", "acme"), ("A-B_c.d", "a-b-c-d")],
    )
    def test_names_are_normalized_as_installers_do(self, name, normal):
        """Names are compared in lower case, and each run of hyphens, underscores and dots counts as one hyphen."""
        assert normal_name(name) == normal

    def test_the_hosts_own_objects_come_last(self, install):
        """Plugin objects of the host are loaded last, and have the name that the host passed and no version."""
        install("ant", "3.0", plugins={"zz": "ant"}, ant=HOOK_CODE)
        loaded = load(Settings(), {"own": ObservingPlugin(), "more": ObservingPlugin()})
        assert [str(plugin.owner) for plugin in loaded.plugins] == [f"ivrkit {VERSION}", "ant 3.0", "own", "more"]


class TestLoadedTree:
    """Loaded trees: states from entry points and hooks, owners and observers."""

    def test_a_state_is_served_with_its_name_and_owner(self, install):
        """A state gets its name and owner from its entry point, and the package's object is not changed."""
        install("ant", "3.0", states={"one": "ant:found"}, ant=STATE_CODE)
        loaded = load(Settings())
        state = loaded.flow.states["one"].state
        assert (state.name, state.owner, state.enter) == ("one", Owner("ant", "3.0"), "Hello.")
        assert find_entry_points(Problems())[-1].load().name == ""
        assert list(loaded.flow.states) == ["greeting", "menu", "one"]
        assert (loaded.problems, tuple(map(str, loaded.startup_warnings))) == (
            (),
            ("the menu 'menu' has no options: no installed plugin offers any",),
        )

    def test_each_plugin_has_its_states_and_hooks(self, install):
        """The plugins are listed in the order of loading, each with owner, status, states and sorted hooks."""
        code = (
            "from ivrkit import State, hookimpl\nfound = State('Hello.')\n"
            "@hookimpl\ndef ivrkit_state_left(): ...\n@hookimpl\ndef ivrkit_call_ended(): ...\n"
        )
        install("ant", "3.0", states={"one": "ant:found", "two": "ant:found"}, plugins={"ant": "ant"}, ant=code)
        install("bee", "4.0", plugins={"bee": "bee"}, bee=HOOK_CODE)
        install("cat", "5.0", states={"three": "cat:nothing"})
        assert load(Settings(block=["cat"]), {"own": ObservingPlugin()}).plugins == (
            Plugin(
                Owner("ivrkit", VERSION),
                "loaded",
                ("greeting", "menu"),
                ("ivrkit_register_kinds", "ivrkit_register_stores"),
            ),
            Plugin(Owner("ant", "3.0"), "loaded", ("one", "two"), ("ivrkit_call_ended", "ivrkit_state_left")),
            Plugin(Owner("bee", "4.0"), "loaded", (), ("ivrkit_call_ended",)),
            Plugin(Owner("cat", "5.0"), "blocked", (), ()),
            Plugin(Owner("own", ""), "loaded", (), ("ivrkit_call_started",)),
        )

    def test_hooks_without_implementations_are_not_called(self):
        """Without implementations, the flow has only the hook that logs failures, and no observers."""
        loaded = load(Settings())
        assert loaded.flow.hooks == EngineHooks(None, loaded.flow.hooks.state_failed)
        assert loaded.observers == {}

    def test_observers_are_found_by_hook(self):
        """``observers`` has only implemented hooks, and their hook implementations with the last loaded one first."""
        first, second = ObservingPlugin(), ObservingPlugin()
        (hook, hook_impls), = load(Settings(), {"one": first, "two": second}).observers.items()  # fmt: skip
        assert hook == "ivrkit_call_started"
        assert hook_impls == (
            HookImpl(Owner("two"), "ivrkit_call_started", second.ivrkit_call_started, ("call",)),
            HookImpl(Owner("one"), "ivrkit_call_started", first.ivrkit_call_started, ("call",)),
        )

    def test_there_are_four_observing_hooks(self):
        """The observing hooks are those for a call that starts, enters a state, leaves a state and ends."""

        class All:
            @hookimpl
            def ivrkit_call_started(self): ...

            @hookimpl
            def ivrkit_state_entered(self): ...

            @hookimpl
            def ivrkit_state_left(self): ...

            @hookimpl
            def ivrkit_recorded(self): ...

            @hookimpl
            def ivrkit_call_ended(self): ...

            @hookimpl
            def ivrkit_edit_response(self): ...

        loaded = load(Settings(), {"all": All()})
        assert list(loaded.observers) == [
            "ivrkit_call_started", "ivrkit_state_entered", "ivrkit_state_left", "ivrkit_recorded", "ivrkit_call_ended",
        ]  # fmt: skip
        assert loaded.flow.hooks.edit_response is not None

    def test_the_settings_reach_the_flow(self):
        """The compiled flow has the configuration of the settings."""
        config = load(Settings(tries=7, start="menu")).flow.config
        assert replace(config, languages=()) == Settings(tries=7, start="menu").flow_config()
        assert [(each.tag, each.texts) for each in config.languages] == [("en-US", Texts())]

    def test_a_plugin_may_be_unhashable_and_false(self):
        """An object can be a plugin even if it is unhashable and false."""

        class Odd(ObservingPlugin, list):
            pass

        loaded = load(Settings(), {"odd": Odd()})
        assert loaded.plugins[-1] == Plugin(Owner("odd"), "loaded", (), ("ivrkit_call_started",))

    def test_a_subclass_of_state_is_kept(self):
        """A state of a subclass of State keeps its class and its own fields."""

        @dataclass(frozen=True)
        class Spoken(State):
            pace: int = 2

        loaded = load(Settings(), {"own": StatesPlugin({"one": Spoken("Hello.", pace=3)})})
        state = loaded.flow.states["one"].state
        assert isinstance(state, Spoken)
        assert (state.pace, state.name, state.owner) == (3, "one", Owner("own"))


class TestBlock:
    """The setting ``block``, which leaves a plugin out before its code runs."""

    @pytest.mark.parametrize("name", ["Broken-Ant", "broken_ant", "broken.ant"])
    def test_a_blocked_plugin_is_not_imported(self, install, name):
        """A blocked plugin is not imported, even if its name is spelt in another way."""
        install("broken-ant", states={"one": "ant:x"}, plugins={"two": "ant"}, ant="raise SystemExit")
        loaded = load(Settings(block=[name]))
        assert list(loaded.flow.states) == ["greeting", "menu"]
        assert loaded.plugins[-1] == Plugin(Owner("broken-ant", "1.0"), "blocked", (), ())
        assert tuple(map(str, loaded.startup_warnings)) == (
            "the menu 'menu' has no options: no installed plugin offers any",
        )

    def test_the_hosts_own_object_can_be_blocked(self):
        """A plugin object of the host can be blocked by the name that the host passed."""
        loaded = load(Settings(block=["own"]), {"own": ObservingPlugin()})
        assert (loaded.observers, loaded.plugins[-1].status) == ({}, "blocked")

    def test_a_block_without_a_plugin_is_a_warning(self, install):
        """A blocked name that is not installed is a startup warning, with the nearest name."""
        install("broken-ant", states={"one": "ant:x"}, ant="raise SystemExit")
        loaded = load(Settings(block=["Broken-Ant", "brokn_ant", "whale"], strict=False))
        assert tuple(map(str, loaded.startup_warnings[1:])) == (
            "block names 'brokn_ant', which is not installed, did you mean 'broken-ant'?",
            "block names 'whale', which is not installed",
        )


class TestAllow:
    """The setting ``allow``, which leaves out every installed plugin that it does not name."""

    def test_only_the_named_plugins_are_loaded(self, install):
        """Only the plugins in ``allow`` are imported, in any spelling of their names; the core is always loaded."""
        install("good-ant", states={"one": "ant:found"}, ant=STATE_CODE)
        install("late-bee", states={"two": "bee:x"}, bee="raise SystemExit")
        loaded = load(Settings(allow=["Good.Ant"]))
        assert list(loaded.flow.states) == ["greeting", "menu", "one"]
        assert [(plugin.owner.plugin, plugin.status) for plugin in loaded.plugins] == [
            ("ivrkit", "loaded"), ("good-ant", "loaded"), ("late-bee", "blocked"),
        ]  # fmt: skip

    def test_an_empty_list_allows_the_core_only(self, install):
        """An empty ``allow`` leaves out every installed plugin."""
        install("good-ant", states={"one": "ant:found"}, ant=STATE_CODE)
        assert list(load(Settings(allow=[])).flow.states) == ["greeting", "menu"]

    def test_the_hosts_own_object_needs_no_entry(self):
        """A plugin object of the host is loaded although ``allow`` does not name it."""
        assert load(Settings(allow=[]), {"own": ObservingPlugin()}).plugins[-1].status == "loaded"

    def test_block_wins(self, install):
        """A plugin that both settings name is left out."""
        install("good-ant", states={"one": "ant:found"}, ant=STATE_CODE)
        assert list(load(Settings(allow=["good-ant"], block=["good-ant"])).flow.states) == ["greeting", "menu"]

    def test_a_name_that_is_not_installed_is_an_error(self, install):
        """A wrong name in ``allow`` prevents the start, because a plugin that the team needs is missing."""
        install("good-ant", states={"one": "ant:found"}, ant=STATE_CODE)
        assert problem_of(Settings(allow=["god-ant"])) == Problem(
            "allow names 'god-ant', which is not installed, did you mean 'good-ant'?",
            "install the plugin, or remove the name from allow",
        )

    def test_the_error_has_the_line(self, tmp_path):
        """The error for a wrong name in ``allow`` has the file and line of the setting."""
        (tmp_path / "ivrkit.toml").write_text('tries = 2\nallow = ["whale"]\n', encoding="utf-8")
        assert problem_of(load_settings(tmp_path, {})).location == "ivrkit.toml:2"

    def test_a_list_of_plugins_is_not_the_tables_of_plugins(self, tmp_path):
        """A list under ``plugins``, the key of the tables with settings, gets a hint to write ``allow``."""
        (tmp_path / "ivrkit.toml").write_text('plugins = ["acme-states"]\n', encoding="utf-8")
        with pytest.raises(SettingsError) as caught:
            load_settings(tmp_path, {})
        assert caught.value.message.startswith("ivrkit.toml:1: plugins must be a table of plugins; ")
        assert caught.value.hint == (
            'to load only some plugins, write allow = ["acme-states"]; to change the settings of a plugin, '
            "write a table [plugins.acme-states] with lines such as reception_rings = 20"
        )


class TestImport:
    """Entry points that cannot be imported."""

    @pytest.mark.parametrize(
        ("value", "code", "reason"),
        [
            ("ant:found", "import nowhere", "ModuleNotFoundError: No module named 'nowhere' (ant.py, line 1)"),
            ("ant:found", "import sys\nsys.exit('so long')", "SystemExit: so long (ant.py, line 2)"),
            ("ant:missing", "", "AttributeError: module 'ant' has no attribute 'missing'"),
            ("ant:found", "1 / 0", "ZeroDivisionError: division by zero (ant.py, line 1)"),
            (
                "ant:found",
                "import json\n\njson.loads('')",
                "JSONDecodeError: Expecting value: line 1 column 1 (char 0) (ant.py, line 3)",
            ),
            ("ant:found", "x = (", "SyntaxError: '(' was never closed (ant.py, line 1)"),
        ],
    )
    @pytest.mark.parametrize("group", ["states", "plugins"])
    def test_a_failed_import_has_entry_point_owner_and_hint(self, install, group, value, code, reason):
        """Any exception during an import is a problem with entry point, the plugin's own line, owner and hint."""
        install("ant", "3.0", **{group: {"one": value}}, ant=code)
        assert problem_of() == Problem(
            f"plugin ant 3.0: its entry point one = {value!r} in 'ivrkit.{group}' cannot be imported: {reason}",
            f"fix or reinstall the package, or {block_hint('ant')}",
            owner="ant",
        )

    def test_the_hint_of_an_ivrkit_error_is_kept(self, install):
        """If an import raises an error of ivrkit, the problem has the error's hint and the hint to block the plugin."""
        code = "from ivrkit import MenuOption\nfound = MenuOption(key='x', label='sales')\n"
        install("ant", states={"one": "ant:found"}, ant=code)
        assert problem_of() == Problem(
            "plugin ant 1.0: its entry point one = 'ant:found' in 'ivrkit.states' cannot be imported: "
            "the key of MenuOption 'sales' must be keys of a telephone (0-9, * and #), not 'x' (ant.py, line 2)",
            f'write the keys as a string: key="1"; or {block_hint("ant")}',
            owner="ant",
        )

    def test_a_failed_import_is_one_problem(self, install):
        """A failed import is one problem: states that lead to the missing state or replace it cause no others."""
        install("ant", states={"lost": "ant:x", "sub": "ant:y"})
        dependents = StatesPlugin({
            "to": State("Hello.", "lost"),
            "in": State("Hello.", options=(option("1", "sub"), option("9", "sub"))),
            "lost": State("Me too."),
        })  # fmt: skip
        settings = Settings(states={"lost": StateSettings(plugin="Ant"), "sub": StateSettings(plugin="ant")})
        problems = problems_of(settings, own=dependents)
        assert [problem.located_message.partition(" cannot")[0] for problem in problems] == [
            "plugin ant 1.0: its entry point lost = 'ant:x' in 'ivrkit.states'",
            "plugin ant 1.0: its entry point sub = 'ant:y' in 'ivrkit.states'",
        ]

    def test_a_failed_function_of_a_chosen_plugin_is_one_problem(self):
        """If the function for a chosen plugin's state fails, the choice is not reported as a second problem."""
        settings = Settings(states={"one": StateSettings(plugin="ant")})
        problem = problem_of(
            settings, ant=StatesPlugin({"one": _returns_text}), bee=StatesPlugin({"one": State("Hello.")})
        )
        assert problem.owner == "ant"

    def test_a_failed_import_does_not_hide_an_invalid_choice(self, install):
        """A plugin that does not offer the chosen state is a problem, even if another import failed."""
        install("ant", states={"one": "ant:x"})
        plugins = {"bee": StatesPlugin({"one": State("Hello."), "two": State("Hello.")})}
        settings = Settings(states={"one": StateSettings(plugin="whale"), "two": StateSettings(plugin="ant")})
        assert [problem.located_message for problem in problems_of(settings, **plugins)][1:] == [
            "[states.one] plugin must be a plugin that offers the state 'one', not 'whale'",
            "[states.two] plugin must be a plugin that offers the state 'two', not 'ant'",
        ]

    def test_strict_false_serves_the_other_states(self, install):
        """``strict = false`` leaves out a broken state and the states that need it, and reports each."""
        install("ant", states={"lost": "ant:x"})
        install("bee", states={"good": "bee:found"}, bee=STATE_CODE)
        loaded = load(Settings(strict=False), {"own": StatesPlugin({"to": State("Hello.", "lost")})})
        assert list(loaded.flow.states) == ["greeting", "menu", "good"]
        assert loaded.problems == (
            Problem(
                "plugin ant 1.0: its entry point lost = 'ant:x' in 'ivrkit.states' cannot be imported: "
                "ModuleNotFoundError: No module named 'ant'",
                f"fix or reinstall the package, or {block_hint('ant')}",
                owner="ant",
            ),
            Problem(
                "state 'to' of own: exit leads to 'lost', which no plugin offers",
                "install a plugin with this state, or reinstall the package if its entry point is new",
                owner="own",
                state="to",
            ),
        )
        assert [(str(plugin.owner), plugin.status) for plugin in loaded.plugins] == [
            (f"ivrkit {VERSION}", "loaded"), ("bee 1.0", "loaded"), ("ant 1.0", "faulty"), ("own", "faulty"),
        ]  # fmt: skip

    def test_strict_false_serves_another_plugins_state(self, install):
        """``strict = false`` serves another plugin's state if the state of the chosen plugin is broken."""
        install("ant", states={"one": "ant:x"})
        install("bee", states={"one": "bee:found"}, bee=STATE_CODE)
        loaded = load(Settings(strict=False, states={"one": StateSettings(plugin="ant")}))
        assert str(loaded.flow.states["one"].state.owner) == "bee 1.0"
        assert [problem.owner for problem in loaded.problems] == ["ant"]


def _with_class(settings: Settings) -> State:
    return State(settings.company)


def _with_string(settings: "ivrkit.Settings") -> State:  # noqa: UP037  a string annotation is tested
    return State(settings.company)


def _with_quoted_string(settings: "'Settings'") -> State:  # noqa: UP037  a quoted string is tested
    return State(settings.company)


def _without_annotation(settings):
    return State(settings.company)


def _with_unknown_class(settings: Unknown) -> State:
    return State("never made")


def _with_unknown_result(settings: Settings) -> Unknown:
    return State(settings.company)


class OtherSettings:
    """Class of settings that is not a dataclass."""


def _with_other_settings(settings: OtherSettings) -> State:
    return State("never made")


def _with_two_parameters(settings: Settings, more: int = 1) -> State:
    return State("never made")


def _without_parameters() -> State:
    return State("ACME")


def _with_bare_parameter(settings: Settings, more) -> State:
    return State("never made")


def _returns_text(settings: Settings) -> str:
    return "no state"


def _exits(settings: Settings) -> State:
    raise SystemExit(3)


def _raises_flow_error(settings: Settings) -> State:
    return State(enter=5)


def _first_line(function):
    """Return the location of the first line in the body of a function, as a message has it."""
    return f"(test_loading.py, line {function.__code__.co_firstlineno + 1})"


class CallableObject:
    """Object that can be called but is not a function."""

    def __call__(self, settings: Settings) -> State:
        """Return a state."""
        return State("never made")

    def __repr__(self) -> str:
        return "<Callable>"


class TestFactories:
    """Functions that return a state, as entry points and in ``ivrkit_register_states``."""

    @pytest.mark.parametrize(
        "factory",
        [
            *(
                _with_class,
                _with_string,
                _with_quoted_string,
                _without_annotation,
                _without_parameters,
                _with_unknown_result,
            ),
            lambda settings: State(settings.company),
        ],
    )
    def test_a_function_gets_the_settings_of_the_core(self, factory):
        """A function gets the settings of the core.

        The annotation may be the class, its name, a quoted name or missing. The return annotation is not resolved. A
        function without parameters is called without arguments.
        """
        loaded = load(Settings(company="ACME"), {"own": StatesPlugin({"one": factory})})
        assert loaded.flow.states["one"].state.enter == "ACME"

    def test_an_entry_point_may_name_a_function(self, install):
        """An entry point can name a function, and the function can import the class Settings under another name."""
        code = (
            "from __future__ import annotations\nfrom ivrkit import Settings as Core, State\n"
            "def make(settings: Core) -> State:\n    return State(settings.company)\n"
        )
        install("ant", states={"one": "ant:make"}, ant=code)
        assert load(Settings(company="ACME")).flow.states["one"].state.enter == "ACME"

    def test_another_class_named_settings_is_refused(self, install):
        """A plugin's own class named Settings is not taken for the settings of the core."""
        code = (
            "from ivrkit import State\nclass Settings: ...\n"
            "def make(settings: Settings) -> State:\n    return State('Hello.')\n"
        )
        install("ant", states={"one": "ant:make"}, ant=code)
        assert problem_of() == Problem(
            "plugin ant 1.0: the entry point 'one' cannot be made into a state: the parameter 'settings' of 'make' "
            f"{MUST_BE_ANNOTATED}, not with Settings",
            STATE_HINT,
            owner="ant",
        )

    @pytest.mark.parametrize(
        ("factory", "reason", "hint"),
        [
            (
                _with_other_settings,
                f"the parameter 'settings' of '_with_other_settings' {MUST_BE_ANNOTATED}, not with OtherSettings",
                STATE_HINT,
            ),
            (
                _with_unknown_class,
                f"the parameter 'settings' of '_with_unknown_class' {MUST_BE_ANNOTATED}, not with Unknown",
                STATE_HINT,
            ),
            (
                _with_two_parameters,
                f"the parameter 'more' of '_with_two_parameters' {MUST_BE_ANNOTATED}, not with int",
                STATE_HINT,
            ),
            (
                _with_bare_parameter,
                f"the parameter 'more' of '_with_bare_parameter' {MUST_BE_ANNOTATED}, and it is not annotated",
                STATE_HINT,
            ),
            (_returns_text, "the function '_returns_text' must return a State, not 'no state'", STATE_HINT),
            (_exits, f"SystemExit: 3 {_first_line(_exits)}", block_hint("own")),
            (
                _raises_flow_error,
                (
                    "enter of a State must be a text, a verb, a list of these, a Menu or a function, not 5 "
                    f"{_first_line(_raises_flow_error)}"
                ),
                'write enter="Hello." or a function that takes the call',
            ),
            (CallableObject(), f"{MUST_BE_STATE}<Callable>", STATE_HINT),
            (
                State,
                "it must be a State or a function that returns one, not <class 'ivrkit.flow.model.state.State'>",
                STATE_HINT,
            ),
            (None, f"{MUST_BE_STATE}None", STATE_HINT),
            (
                functools.partial(int),
                "it must be a State or a function that returns one, not functools.partial(<class 'int'>)",
                STATE_HINT,
            ),
        ],
    )
    def test_an_object_that_gives_no_state_is_refused(self, factory, reason, hint):
        """An object that gives no state is a problem with its source, and its missing state causes no other problem."""
        assert problem_of(own=StatesPlugin({"one": factory, "two": State("Hello.", "one")})) == Problem(
            f"plugin own: 'one' of its hook ivrkit_register_states cannot be made into a state: {reason}",
            hint,
            owner="own",
        )

    def test_a_union_annotation_is_shown_unchanged(self):
        """An annotation without a name, such as a union, is shown unchanged in the message."""

        def make(settings):
            return State("never made")

        make.__annotations__["settings"] = int | str
        assert problem_of(own=StatesPlugin({"one": make})).message == (
            "plugin own: 'one' of its hook ivrkit_register_states cannot be made into a state: "
            f"the parameter 'settings' of 'make' {MUST_BE_ANNOTATED}, not with int | str"
        )

    def test_a_subclass_that_cannot_be_copied_is_refused(self):
        """A state is refused if the constructor of its subclass does not take name and owner."""

        class Spoken(State):
            def __init__(self, word):
                super().__init__(word)

        problem = problem_of(own=StatesPlugin({"one": Spoken("Hello.")}))
        assert problem.located_message.startswith(
            "plugin own: 'one' of its hook ivrkit_register_states cannot be made into a state: TypeError: "
        )
        assert problem.hint == block_hint("own")

    @pytest.mark.parametrize("name", ["no spaces", "-dash", "über", "", "line\n", 'quo"te'])
    def test_an_unsafe_name_is_refused(self, name):
        """A state's name with other characters is refused, because it is written to settings, logs and headers."""
        assert problem_of(own=StatesPlugin({name: State("Hello.")})) == Problem(
            f"plugin own: {name!r} of its hook ivrkit_register_states is not a valid name of a state",
            "use letters, digits, - _ and .",
            owner="own",
        )

    def test_an_unsafe_name_of_an_entry_point_is_refused(self, install):
        """An entry point whose name is not a valid state name is refused, and the message names it."""
        install("ant", states={"Ü": "ant:found"}, ant=STATE_CODE)
        assert problem_of() == Problem(
            "plugin ant 1.0: the entry point 'Ü' is not a valid name of a state",
            "use letters, digits, - _ and .",
            owner="ant",
        )

    @pytest.mark.parametrize("name", ["a", "7", "mail_box-2.b", "Sales", 12])
    def test_a_name_of_letters_digits_and_three_signs_is_valid(self, name):
        """A name of letters, digits, ``-``, ``_`` and ``.`` is valid, and a number is converted to text."""
        assert str(name) in load(Settings(), {"own": StatesPlugin({name: State("Hello.")})}).flow.states


class TestHookPlugins:
    """Plugins with hooks that are refused when they are registered."""

    def test_a_second_entry_point_of_one_name_is_refused(self, install):
        """The second of two distributions with one entry point name is refused, and the message names both."""
        install("ant", "3.0", plugins={"stats": "ant"}, ant=HOOK_CODE)
        install("bee", "4.0", plugins={"stats": "bee"}, bee=HOOK_CODE)
        problem = Problem(
            "plugin bee 4.0: its entry point stats = 'bee' in 'ivrkit.plugins' has the same name as an entry point of "
            "plugin ant 3.0",
            'leave one out in ivrkit.toml:  block = ["bee"]',
            owner="bee",
        )
        assert problem_of() == problem
        loaded = load(Settings(strict=False))
        assert loaded.problems == (problem,)
        assert [plugin.status for plugin in loaded.plugins] == ["loaded", "loaded", "faulty"]

    def test_a_refused_plugin_still_uses_its_name(self, install):
        """A second plugin of one name is a problem even if the first one is refused."""
        install("ant", plugins={"own": "ant:found"}, ant="found = None")
        assert [problem.owner for problem in problems_of(own=ObservingPlugin())] == ["ant", "own"]

    @pytest.mark.parametrize(
        ("plugin", "reason", "hint"),
        [
            (
                "None",
                "it must be a module or an object, not None",
                "name a module or an object with functions marked @ivrkit.hookimpl",
            ),
            (
                "type('P', (), {'ivrkit_call_started': ivrkit.hookimpl(wrapper=True)(wrap)})()",
                "its ivrkit_call_started must not be a hook wrapper, because each plugin is called alone",
                "mark it @ivrkit.hookimpl, without wrapper=True or hookwrapper=True",
            ),
            (
                "type('P', (), {'ivrkit_call_started': ivrkit.hookimpl(hookwrapper=True)(wrap)})()",
                "its ivrkit_call_started must not be a hook wrapper, because each plugin is called alone",
                "mark it @ivrkit.hookimpl, without wrapper=True or hookwrapper=True",
            ),
            (
                "type('P', (), {'ivrkit_call_started': ivrkit.hookimpl(later)})()",
                "its ivrkit_call_started must be a plain function, not an async function",
                "write def, not async def",
            ),
            (
                "type('P', (), {'ivrkit_call_started': ivrkit.hookimpl(later_values)})()",
                "its ivrkit_call_started must be a plain function, not an async function",
                "write def, not async def",
            ),
            (
                "type('P', (), {'ivrkit_call_started': ivrkit.hookimpl(wrap)})()",
                "its ivrkit_call_started must be a plain function, not a generator",
                "write return, not yield",
            ),
            *(
                (
                    f"type('P', (), {{'ivrkit_call_started': ivrkit.hookimpl(lambda self, {parameters}: None)}})()",
                    f"the parameter {reason}, so it would get no argument",
                    "name only arguments of the hook, without *, ** and defaults",
                )
                for parameters, reason in {
                    "*, call": "'call' of its ivrkit_call_started is keyword-only",
                    "*calls": "'calls' of its ivrkit_call_started takes any number of arguments",
                    "call, **more": "'more' of its ivrkit_call_started takes any names",
                    "call=None": "'call' of its ivrkit_call_started has a default",
                    "call, more=3": "'more' of its ivrkit_call_started has a default",
                }.items()
            ),
            *(
                (
                    value,
                    f"it must have a hook implementation, and {value} has none",
                    "name a module or an object with functions marked @ivrkit.hookimpl",
                )
                for value in ("5", "'stats'", "[1]")
            ),
            (
                "type('P', (), {'__eq__': lambda self, other: True})()",
                "it must be equal to no other object",
                "remove its method __eq__",
            ),
            (
                "type('P', (), {'ivrkit_call_started': wrap, 'ivrkit_limit': 5})()",
                "its ivrkit_call_started is not marked as a hook implementation, so it is never called",
                "mark it @ivrkit.hookimpl, or rename it",
            ),
        ],
    )
    def test_an_object_whose_hooks_would_not_run_is_refused(self, install, plugin, reason, hint):
        """An object is refused with a hint if its functions would not be called as its author expects.

        No hook of the refused plugin is called.
        """
        code = (
            "import ivrkit\ndef wrap(self, call):\n    yield\nasync def later(self, call):\n    pass\n"
            "async def later_values(self, call):\n    yield\n"
            f"found = {plugin}\n"
        )
        install("ant", plugins={"stats": "ant:found"}, ant=code)
        problem = Problem(
            f"plugin ant 1.0: its entry point stats = 'ant:found' in 'ivrkit.plugins' cannot be registered: {reason}",
            f"{hint}; or {block_hint('ant')}",
            owner="ant",
        )
        assert problem_of() == problem
        loaded = load(Settings(strict=False), {"own": ObservingPlugin()})
        assert loaded.problems == (problem,)
        assert [str(impl.owner) for impl in loaded.observers["ivrkit_call_started"]] == ["own"]
        assert loaded.plugins[1] == Plugin(Owner("ant", "1.0"), "faulty", (), ())

    @pytest.mark.parametrize("method", ["__eq__", "__dir__"])
    def test_an_object_that_cannot_be_examined_is_refused(self, install, method):
        """An object whose own methods fail is a problem of its own plugin, and the other plugins are served."""
        code = f"found = type('P', (), {{'{method}': lambda *args: 1 / 0, '__hash__': None}})()\n"
        install("ant", plugins={"stats": "ant:found"}, ant=code)
        problem = Problem(
            "plugin ant 1.0: its entry point stats = 'ant:found' in 'ivrkit.plugins' cannot be registered: "
            "ZeroDivisionError: division by zero",
            f"fix or reinstall the package, or {block_hint('ant')}",
            owner="ant",
        )
        assert problem_of(own=ObservingPlugin()) == problem
        assert load(Settings(strict=False), {"own": ObservingPlugin()}).observers.keys() == {"ivrkit_call_started"}

    def test_an_async_hook_is_refused_beside_valid_ones(self):
        """An async function is refused even if other plugins implement the hook correctly."""

        class AsyncPlugin:
            @hookimpl
            async def ivrkit_call_started(self): ...

        plugins = {"own": ObservingPlugin(), "more": ObservingPlugin(), "later": AsyncPlugin()}
        assert problem_of(**plugins).message.endswith(
            "its ivrkit_call_started must be a plain function, not an async function"
        )

    def test_one_object_under_two_names_is_refused(self):
        """One object under two names is refused, because its hooks would be called twice."""
        plugin = ObservingPlugin()
        assert problem_of(one=plugin, two=plugin) == Problem(
            "plugin two: its entry point two = \"the host's own code\" in 'ivrkit.plugins' cannot be registered: "
            "the entry point 'one' of plugin one names the same object",
            f"remove one of the two; or {block_hint('two')}",
            owner="two",
        )

    def test_an_empty_name_is_refused(self):
        """A plugin with an empty name is refused, because its hooks would have no owner."""
        assert problem_of(**{"": ObservingPlugin()}) == Problem(
            "plugin : its entry point  = \"the host's own code\" in 'ivrkit.plugins' cannot be registered: "
            "it has no name",
            f"name the entry point; or {block_hint('')}",
            owner="",
        )

    def test_an_object_that_cannot_be_registered_is_refused(self):
        """An object that raises while it is registered is refused, even if it raises SystemExit."""

        class Uncomparable(ObservingPlugin):
            def __eq__(self, other):
                raise SystemExit("not with me")

            __hash__ = None

        problems = problems_of(own=ObservingPlugin(), grudge=Uncomparable(), last=ObservingPlugin())
        assert problems[0].message == (
            "plugin grudge: its entry point grudge = \"the host's own code\" in 'ivrkit.plugins' cannot be registered: "
            "SystemExit: not with me"
        )
        assert problems[0].hint == f"fix or reinstall the package, or {block_hint('grudge')}"

    def test_wrong_arguments_are_refused_in_one_line(self):
        """A wrong argument is refused with hook and argument in one line, with every version of pluggy."""

        class Wrong:
            @hookimpl
            def ivrkit_call_started(self, caller):
                """Take an argument that the hook does not have."""

            @hookimpl
            def ivrkit_call_ended(self, call):
                """Be registered before the invalid implementation."""

        problem = Problem(
            "plugin own: its entry point own = \"the host's own code\" in 'ivrkit.plugins' cannot be registered: "
            "PluginValidationError: Plugin 'own' for hook 'ivrkit_call_started' hookimpl definition: "
            "ivrkit_call_started(caller) Argument(s) {'caller'} are declared in the hookimpl but can not be found in "
            "the hookspec",
            f"fix or reinstall the package, or {block_hint('own')}",
            owner="own",
        )
        assert problem_of(own=Wrong()) == problem
        loaded = load(Settings(strict=False), {"own": Wrong()})
        assert (loaded.problems, loaded.observers) == ((problem,), {})
        assert loaded.plugins[-1] == Plugin(Owner("own"), "faulty", (), ())

    def test_each_unknown_hook_is_a_problem(self):
        """Each unknown hook of each plugin is a problem with the nearest name and a list of all hooks."""

        class Typo(ObservingPlugin):
            @hookimpl
            def ivrkit_call_strated(self): ...

            @hookimpl
            def ivrkit_zzz(self): ...

            @hookimpl(optionalhook=True)
            def ivrkit_some_day(self): ...

        def problem_with(plugin: str, hook: str, nearest: str) -> Problem:
            entry_point = f"""entry point {plugin} = "the host's own code" in 'ivrkit.plugins'"""
            message = f"its {entry_point} implements {hook!r}, which is not a hook{nearest}"
            return Problem(f"plugin {plugin}: {message}", HOOKS_HINT, owner=plugin)

        problems = (
            problem_with("one", "ivrkit_call_strated", ", did you mean 'ivrkit_call_started'?"),
            problem_with("one", "ivrkit_zzz", ""),
            problem_with("two", "ivrkit_call_strated", ", did you mean 'ivrkit_call_started'?"),
            problem_with("two", "ivrkit_zzz", ""),
        )
        plugins = {"one": Typo(), "two": Typo(), "fine": ObservingPlugin()}
        assert problems_of(**plugins) == problems
        loaded = load(Settings(strict=False), plugins)
        assert loaded.problems == problems
        assert [str(impl.owner) for impl in loaded.observers["ivrkit_call_started"]] == ["fine"]
        assert [plugin.status for plugin in loaded.plugins] == ["loaded", "faulty", "faulty", "loaded"]

    def test_an_optional_hook_may_be_unknown(self):
        """An unknown hook that is marked optional is accepted, because another version may have it."""

        class OptionalPlugin:
            @hookimpl(optionalhook=True)
            def ivrkit_some_day(self): ...

        assert load(Settings(), {"own": OptionalPlugin()}).problems == ()

    def test_no_hook_of_a_refused_plugin_is_called(self):
        """No hook of a refused plugin is called, even if two of its functions implement the same hook."""

        class Twice:
            @hookimpl(specname="ivrkit_call_started")
            def first(self): ...

            @hookimpl(specname="ivrkit_call_started")
            def second(self): ...

            @hookimpl
            def ivrkit_zzz(self): ...

        loaded = load(Settings(strict=False), {"own": Twice()})
        assert (loaded.observers, loaded.plugins[-1].hooks) == ({}, ())


class TestRegisterStates:
    """The hook ``ivrkit_register_states``."""

    def test_states_are_in_the_order_of_loading(self):
        """States are in the order in which their plugins are loaded, and within a plugin in the order of the dict."""
        loaded = load(
            Settings(),
            {
                "one": StatesPlugin({"zulu": State("Hello."), "alpha": _with_class}),
                "two": StatesPlugin({"mike": State("Hello.")}),
            },
        )
        assert [(name, each.state.owner.plugin) for name, each in loaded.flow.states.items()][2:] == [
            ("zulu", "one"), ("alpha", "one"), ("mike", "two"),
        ]  # fmt: skip
        assert [plugin.states for plugin in loaded.plugins] == [("greeting", "menu"), ("zulu", "alpha"), ("mike",)]

    def test_the_hook_gets_the_settings(self):
        """The hook gets the same settings object with which the tree is loaded."""
        received = []

        class ReceivesSettings:
            @hookimpl
            def ivrkit_register_states(self, settings):
                received.append(settings)
                return {}

        settings = Settings()
        load(settings, {"own": ReceivesSettings()})
        assert received[0] is settings

    @pytest.mark.parametrize(
        ("result", "reason", "hint"),
        [
            (None, "it must return a dict, not None", "return a dict: name -> State"),
            ([State], f"it must return a dict, not [{State!r}]", "return a dict: name -> State"),
            (SystemExit(2), "SystemExit: 2", block_hint("own")),
            (KeyError("x"), "KeyError: 'x'", block_hint("own")),
            (ivrkit.FlowError("no", hint="so"), "no", "so"),
        ],
    )
    def test_a_failing_hook_is_a_problem(self, result, reason, hint):
        """A hook that raises an exception or does not return a dict is a problem with the reason and a hint."""
        assert problem_of(own=StatesPlugin(result)) == Problem(
            f"plugin own: its hook ivrkit_register_states failed: {reason}", hint, owner="own"
        )

    def test_a_mapping_that_fails_on_reading_is_a_problem(self):
        """A returned mapping that raises an exception when it is read is a problem of the hook."""

        class Broken(Mapping):
            def __getitem__(self, name):
                raise OSError("gone")

            def __iter__(self):
                return iter(["one"])

            def __len__(self):
                return 1

        assert problem_of(own=StatesPlugin(Broken())).message == (
            "plugin own: its hook ivrkit_register_states failed: OSError: gone"
        )

    def test_a_failing_hook_does_not_affect_other_plugins(self):
        """``strict = false`` serves the states of the other plugins when one plugin's hook fails."""
        loaded = load(
            Settings(strict=False), {"bad": StatesPlugin(KeyError()), "good": StatesPlugin({"one": State("Hello.")})}
        )
        assert list(loaded.flow.states) == ["greeting", "menu", "one"]
        assert [plugin.status for plugin in loaded.plugins] == ["loaded", "faulty", "loaded"]


class TestEditState:
    """The hook ``ivrkit_edit_state``, which edits states before the flow is compiled."""

    def test_each_plugin_edits_the_state_of_the_previous_one(self):
        """Each plugin edits the state that the previous one returned, the last loaded first; None keeps the state."""

        def appends(word):
            return EditingPlugin(
                lambda state: replace(state, enter=f"{state.enter} {word}") if state.name == "one" else None
            )

        plugins = {
            "own": StatesPlugin({"one": State("Hello.")}),
            "a": appends("A"),
            "none": EditingPlugin(lambda _: None),
            "b": appends("B"),
        }
        assert load(Settings(), plugins).flow.states["one"].state.enter == "Hello. B A"

    def test_every_state_is_edited_in_the_order_of_loading(self):
        """All states, the core's included, are edited in the order of loading, with name, owner and configured key."""
        edited = []
        plugins = {
            "own": StatesPlugin({"one": State("Hello.", options=option("1"))}),
            "watch": EditingPlugin(edited.append),
        }
        load(Settings(states={"one": StateSettings(key="5")}), plugins)
        assert [(state.name, state.owner.plugin) for state in edited] == [
            ("greeting", "ivrkit"), ("menu", "ivrkit"), ("one", "own"),
        ]  # fmt: skip
        assert [each.key for each in edited[2].options] == ["5"]

    def test_name_and_owner_cannot_be_changed(self):
        """An edit cannot change the name and the owner of a state, because errors and logs use them."""
        edit = EditingPlugin(lambda state: replace(state, name="other", owner=Owner("other"), secret=True))
        state = load(Settings(), {"own": edit}).flow.states["menu"].state
        assert (state.name, state.owner.plugin, state.secret) == ("menu", "ivrkit", True)

    def test_a_failing_edit_is_left_out(self):
        """A failing edit is a problem for each state on which it fails, and the edits of other plugins are kept."""

        def fail(state):
            if state.name == "menu":
                raise SystemExit("no")
            return "greeting" if state.name == "greeting" else None

        secret = EditingPlugin(lambda state: replace(state, secret=True))
        loaded = load(Settings(strict=False), {"quiet": secret, "own": EditingPlugin(fail)})
        assert [each.state.secret for each in loaded.flow.states.values()] == [True, True]
        assert loaded.problems == (
            Problem(
                "plugin own: its hook ivrkit_edit_state failed for 'greeting': "
                "it must return a State or None, not 'greeting'",
                "return the edited State, or None to keep it",
                owner="own",
            ),
            Problem(
                "plugin own: its hook ivrkit_edit_state failed for 'menu': SystemExit: no",
                block_hint("own"),
                owner="own",
            ),
        )

    def test_an_edit_to_a_subclass_that_cannot_be_copied_fails(self):
        """An edit fails if it returns a subclass of State whose constructor does not take name and owner."""

        class Spoken(State):
            def __init__(self):
                super().__init__("Hello.")

        problem, *_ = problems_of(own=EditingPlugin(lambda _: Spoken()))
        assert problem.located_message.startswith(
            "plugin own: its hook ivrkit_edit_state failed for 'greeting': TypeError: "
        )


class TestClashes:
    """Clashes: two plugins with one state or one key."""

    def test_a_state_of_two_plugins_is_a_problem(self):
        """A state of two plugins is a problem that names both.

        The hint chooses the plugin that was loaded first, and ``strict = false`` serves its state.
        """
        plugins = {name: StatesPlugin({"one": State(f"I am {name}.")}) for name in ("a", "b", "c")}
        problems = tuple(
            Problem(
                f"state 'one' is offered by two plugins: a and {other}",
                'choose one in ivrkit.toml:  [states.one]  plugin = "a"',
                owner=other,
            )
            for other in ("b", "c")
        )
        assert problems_of(**plugins) == problems
        loaded = load(Settings(strict=False), plugins)
        assert loaded.problems == problems
        assert loaded.flow.states["one"].state.enter == "I am a."
        assert [(plugin.status, plugin.states) for plugin in loaded.plugins[1:]] == [
            ("loaded", ("one",)), ("faulty", ()), ("faulty", ()),
        ]  # fmt: skip

    @pytest.mark.parametrize("chosen", ["b-b", "B_B"])
    def test_the_settings_choose_a_plugin(self, chosen):
        """The setting ``plugin`` of a state chooses among several plugins, even if its name is spelt in another way."""
        plugins = {name: StatesPlugin({"one": State(f"I am {name}.")}) for name in ("a", "b-b")}
        loaded = load(Settings(states={"one": StateSettings(plugin=chosen)}), plugins)
        assert loaded.flow.states["one"].state.enter == "I am b-b."
        assert loaded.problems == ()

    def test_one_state_as_entry_point_and_by_hook_is_a_problem(self, install):
        """A package must not offer a state both as an entry point and by its hook, and no setting can choose."""
        code = (
            "from ivrkit import State, hookimpl\nfound = State('By the entry point.')\n"
            "@hookimpl\ndef ivrkit_register_states():\n    return {'one': State('By the hook.')}\n"
        )
        install("ant", "3.0", states={"one": "ant:found"}, plugins={"ant": "ant"}, ant=code)
        problem = Problem(
            "plugin ant 3.0: it offers the state 'one' twice: as the entry point 'one', "
            "and as 'one' of its hook ivrkit_register_states",
            "remove one of the two",
            owner="ant",
        )
        assert problem_of() == problem
        assert problem_of(Settings(states={"one": StateSettings(plugin="ant")})) == problem
        assert load(Settings(strict=False)).flow.states["one"].state.enter == "By the entry point."

    def test_a_chosen_plugin_without_the_state_is_a_problem(self):
        """A chosen plugin that does not offer the state is a problem.

        The message has the nearest name, and the hint lists the plugins that offer the state. ``strict = false`` serves
        the state of the first one.
        """
        plugins = {name: StatesPlugin({"one": State(f"I am {name}.")}) for name in ("sales", "helpdesk")}
        settings = Settings(strict=False, states={"one": StateSettings(plugin="helpdisk")})
        loaded = load(settings, plugins)
        assert loaded.problems == (
            Problem(
                "[states.one] plugin must be a plugin that offers the state 'one', not 'helpdisk', "
                "did you mean 'helpdesk'?",
                "use one of: sales, helpdesk",
            ),
        )
        assert loaded.flow.states["one"].state.enter == "I am sales."

    def test_a_chosen_plugin_may_be_blocked(self):
        """The choice of a blocked plugin is ignored: the only other plugin is used, and several others clash."""
        plugins = {name: StatesPlugin({"one": State(f"I am {name}.")}) for name in ("a", "b", "c")}
        states = {"one": StateSettings(plugin="A")}
        assert load(Settings(block=["a", "c"], states=states), plugins).flow.states["one"].state.enter == "I am b."
        assert problem_of(Settings(block=["a"], states=states), **plugins).message == (
            "state 'one' is offered by two plugins: b and c"
        )

    def test_a_table_for_an_unknown_state_is_a_problem(self):
        """A table for a state that no plugin offers is a problem with the nearest name and a list of all states."""
        assert problem_of(Settings(states={"menus": StateSettings(key="1")})) == Problem(
            "[states.menus] names a state that no plugin offers, did you mean 'menu'?", "use one of: greeting, menu"
        )

    def test_a_block_does_not_hide_an_unknown_state(self, install):
        """A table for a state that no plugin offers is a problem even if another plugin is blocked."""
        install("ant", states={"one": "ant:one"}, ant="from ivrkit import State\none = State('One.')\n")
        settings = Settings(states={"one": StateSettings(key="1"), "oen": StateSettings(key="1")}, block=["ant"])
        with pytest.raises(LoadError) as caught:
            load(settings)
        assert [problem.located_message for problem in caught.value.problems] == [
            "[states.oen] names a state that no plugin offers"
        ]

    def test_a_table_for_a_state_of_a_blocked_plugin_is_valid(self):
        """A table for a state of a blocked plugin is valid, so that blocking needs no other change of settings."""
        settings = Settings(states={"one": StateSettings(key="1")}, block=["own"])
        assert load(settings, {"own": StatesPlugin({"one": State("Hello.")})}).problems == ()

    def test_one_key_for_two_states_is_a_problem(self):
        """One key for two states is a problem that names both owners and a free key.

        ``strict = false`` leaves out the state that was loaded later.
        """
        plugins = {name: StatesPlugin({name: State("Hello.", options=option("1"))}) for name in ("a", "b")}
        problem = Problem(
            "in the menu 'menu', the key '1' belongs to both a (a) and b (b)",
            'choose another key in ivrkit.toml:  [states.b]  key = "2"',
            owner="b",
            state="b",
        )
        assert problem_of(**plugins) == problem
        loaded = load(Settings(strict=False), plugins)
        assert (list(loaded.flow.states), loaded.problems) == (["greeting", "menu", "a"], (problem,))
        fixed = load(Settings(states={"b": StateSettings(key="2")}), plugins)
        assert fixed.flow.states["menu"].routes == {"1": "a", "2": "b", "9": ivrkit.SAME}

    def test_a_key_that_begins_another_is_a_problem(self):
        """A key that is the beginning of another key in the same menu is a problem, because the two are ambiguous."""
        plugins = {
            name: StatesPlugin({name: State("Hello.", options=option(key))}) for name, key in (("a", "12"), ("b", "1"))
        }
        assert problem_of(**plugins) == Problem(
            "in the menu 'menu', the keys '12' and '1' are ambiguous: they belong to a (a) and b (b)",
            'choose another key in ivrkit.toml:  [states.b]  key = "2"',
            owner="b",
            state="b",
        )

    def test_a_configured_key_replaces_the_key_of_an_option(self):
        """A configured key replaces the key in the menu option of a state, and changes nothing else."""
        state = State("Hello.", options=MenuOption(key="2", label="more", phrases="sales", menu="sub"))
        plugins = {"own": StatesPlugin({"one": state, "sub": State(Menu())})}
        one = load(Settings(states={"one": StateSettings(key="5")}), plugins).flow.states["one"].state
        assert one.options == (MenuOption(key="5", label="more", phrases="sales", menu="sub"),)
        assert (one.name, one.owner) == ("one", Owner("own"))

    def test_a_configured_key_for_several_options_is_a_problem(self):
        """A configured key for a state with several menu options is a problem, because one key cannot replace both."""
        state = State("Hello.", options=(option("1"), MenuOption(key="2", label="more", phrases="sales", menu="sub")))
        plugins = {"own": StatesPlugin({"one": state, "sub": State(Menu())})}
        assert problem_of(Settings(states={"one": StateSettings(key="5")}), **plugins) == Problem(
            "[states.one] key must be left out: the state of own has more than one menu option: '1' in 'menu', "
            "'2' in 'sub'",
            "change the options in the hook ivrkit_edit_state, in a file of plugins_dir",
            owner="own",
        )

    def test_a_key_for_a_state_without_options_is_a_problem(self):
        """A configured key for a state without menu options is a problem, because it could never be pressed."""
        settings = Settings(states={"one": StateSettings(key="5")})
        assert problem_of(settings, own=StatesPlugin({"one": State("Hello.")})) == Problem(
            "[states.one] key must be left out: the state of own has no menu option", "remove key", owner="own"
        )


class TestStrict:
    """The setting ``strict``: one error with all problems, or a tree without the broken states."""

    def test_all_problems_are_raised_at_once(self, install):
        """One error has all problems in the order of loading, then of compiling, each with its hint."""
        install("ant", states={"lost": "ant:x"})
        plugins = {"own": StatesPlugin({"to": State("Hello.", "nowhere"), "no name": State("Hello.")}), "none": None}
        missing = "ModuleNotFoundError: No module named 'ant'"
        with pytest.raises(LoadError) as caught:
            load(Settings(states={"zz": StateSettings()}), plugins)
        assert [problem.located_message for problem in caught.value.problems] == [
            f"plugin ant 1.0: its entry point lost = 'ant:x' in 'ivrkit.states' cannot be imported: {missing}",
            (
                "plugin none: its entry point none = \"the host's own code\" in 'ivrkit.plugins' cannot be registered: "
                "it must be a module or an object, not None"
            ),
            "plugin own: 'no name' of its hook ivrkit_register_states is not a valid name of a state",
            "[states.zz] names a state that no plugin offers",
            "state 'to' of own: exit leads to 'nowhere', which no plugin offers",
        ]
        assert str(caught.value) == "the phone tree has 5 problems and was not started:\n" + "\n".join(
            f"{problem.located_message}\n  hint: {problem.hint}" for problem in caught.value.problems
        )
        assert caught.value.problems[3].hint == "use one of: greeting, lost, menu, to"

    def test_states_that_lead_to_a_broken_state_are_left_out(self):
        """``strict = false`` leaves out each state that leads to a left-out state, and reports each problem once."""
        chain = {
            "a": State("Hello.", "b"),
            "b": State("Hello.", "c"),
            "c": State("Hello.", "gone"),
            "d": State("Hello."),
        }
        loaded = load(Settings(strict=False), {"own": StatesPlugin(chain)})
        assert list(loaded.flow.states) == ["greeting", "menu", "d"]
        assert [(problem.state, problem.located_message.partition(": ")[2]) for problem in loaded.problems] == [
            ("c", "exit leads to 'gone', which no plugin offers"),
            ("b", "exit leads to 'c', which no plugin offers"),
            ("a", "exit leads to 'b', which no plugin offers"),
        ]

    def test_a_missing_start_is_an_error_without_strict(self):
        """A missing start state is an error even with ``strict = false``, and the earlier problems are listed first."""
        plugins = {"own": StatesPlugin({"bad name": State("Hello.")})}
        assert [
            problem.located_message for problem in problems_of(Settings(strict=False, start="gone"), **plugins)
        ] == [
            "plugin own: 'bad name' of its hook ivrkit_register_states is not a valid name of a state",
            "the setting 'start' names the state 'gone', which no plugin offers",
        ]

    def test_a_state_that_cannot_be_compiled_is_left_out(self):
        """``strict = false`` leaves out a state whose problem is found only by the compiler."""
        states = {"bad": State("Hello.", Routes({"1": BACK})), "good": State(ask("Hello?"), Routes({"1": BACK}))}
        loaded = load(Settings(strict=False), {"own": StatesPlugin(states)})
        assert list(loaded.flow.states) == ["greeting", "menu", "good"]
        assert [(problem.owner, problem.state) for problem in loaded.problems] == [("own", "bad")]

    def test_a_failed_state_cannot_lead_to_a_left_out_state(self, caplog):
        """``ivrkit_state_failed`` can choose only states that are served, not those that were left out."""

        class ChoosesOnError:
            @hookimpl
            def ivrkit_state_failed(self, state):
                return state.on_error

        states = {"bad": State("Hello.", "gone"), "good": State("Hello.")}
        loaded = load(Settings(strict=False), {"own": StatesPlugin(states), "decides": ChoosesOnError()})
        assert failure_target(loaded, "good") == "good"
        assert failure_target(loaded, "bad") is None
        assert "must return the name of a state or None, not 'bad'" in caplog.text


def failure_target(loaded, on_error: str) -> str | None:
    """Return the target that the plugins choose when a state with ``on_error`` fails."""
    from ivrkit.flow.model.call import make_call

    call = make_call({"CallSid": "CA1"}, now=None, language="en-US", turn=1, data={})
    state = State("Hello.", name="one", owner=Owner("own"), on_error=on_error)
    return loaded.flow.hooks.state_failed(call, state, ValueError("no"), [])


def test_a_problem_makes_only_its_owner_faulty():
    """Only the plugin that owns a problem has the status ``faulty``."""
    loaded = load(Settings(strict=False), {"bad": StatesPlugin(None), "good": ObservingPlugin()})
    assert [(plugin.owner.plugin, plugin.status) for plugin in loaded.plugins] == [
        ("ivrkit", "loaded"), ("bad", "faulty"), ("good", "loaded"),
    ]  # fmt: skip
