"""The loader, in this process: real metadata on the path, and plugin objects of the host's own code.

Every message is asserted whole, with its mend, because an error that no test reads is wrong sooner or later.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import importlib_metadata
import pytest

import ivrkit
from ivrkit import BACK, LoadError, Menu, MenuOption, Owner, Problem, Routes, Settings, State, Texts, ask, hookimpl
from ivrkit.flow.compile.flow_config import EngineHooks
from ivrkit.plugins.entry_points import find_entry_points
from ivrkit.plugins.hook_calls import HookImpl
from ivrkit.plugins.load import Plugin, load
from ivrkit.settings import StateSettings
from ivrkit.settings.names import normal_name

if TYPE_CHECKING:
    from elsewhere import Settings as Unknown

VERSION = importlib_metadata.version("ivrkit")
HOOKS = (
    "use one of: ivrkit_declare_settings, ivrkit_register_kinds, ivrkit_register_stores, "
    "ivrkit_register_states, ivrkit_edit_state, "
    "ivrkit_choose_start, ivrkit_edit_response, ivrkit_state_failed, "
    "ivrkit_call_started, ivrkit_state_entered, ivrkit_state_left, ivrkit_call_ended"
)
MAKE = "name a State, or a function (settings: Settings) -> State; Settings may be the plugin's own dataclass"
ANNOTATED = "must be annotated with a dataclass of settings"
A_FUNCTION = "it must be a State or a function that returns one, not "
A_STATE = "from ivrkit import State\nfound = State('Hello.')\n"


def leave_out(name: str) -> str:
    """Return the mend that is offered for whatever a package's own code does."""
    return f'leave it out: block = ["{name}"] in ivrkit.toml, or --block {name}'


def option(key: str, menu: str = "menu") -> MenuOption:
    """Return an option of a key, with the same label for all keys."""
    return MenuOption(key=key, label="more", menu=menu)


def problems_of(settings: Settings | None = None, /, **extra: object) -> tuple[Problem, ...]:
    """Return why nothing is served."""
    with pytest.raises(LoadError) as caught:
        load(settings or Settings(), extra)
    return caught.value.problems


def problem_of(settings: Settings | None = None, /, **extra: object) -> Problem:
    """Return the one reason why nothing is served."""
    (problem,) = problems_of(settings, **extra)
    return problem


class Registers:
    """A plugin that offers states by its hook."""

    def __init__(self, states: object) -> None:
        self.states = states

    @hookimpl
    def ivrkit_register_states(self, settings):
        """Return the states, or raise what was given in their place."""
        if isinstance(self.states, BaseException):
            raise self.states
        return self.states


class Edits:
    """A plugin that edits every state with a function."""

    def __init__(self, edit: object) -> None:
        self.edit = edit

    @hookimpl
    def ivrkit_edit_state(self, state):
        """Call the function."""
        return self.edit(state)


class Watches:
    """A plugin that watches a call begin."""

    @hookimpl
    def ivrkit_call_started(self, call):
        """Do nothing; that it is called is another test's."""


pytestmark = pytest.mark.usefixtures("bare")


class TestWhatIsFound:
    """Entry points, their owners and their order."""

    def test_the_core_comes_first_then_entry_name_then_distribution(self, install):
        """The order is the same on every machine, whatever the order on the path."""
        install("zebra", "2.0", states={"alpha": "zebra:x", "omega": "zebra:x"}, plugins={"mid": "zebra"})
        install("ant", "3.0", states={"omega": "ant:x"}, plugins={"alpha": "ant:y.z"})
        found = [(str(point), str(point.owner)) for point in find_entry_points()]
        assert found == [
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

    def test_a_point_keeps_what_its_package_wrote(self, install):
        """Group, name, value and owner stay apart, and the object is loaded only when it is asked for."""
        install("ant", "3.0", states={"one": "ant:found"}, ant=A_STATE)
        point = find_entry_points()[-1]
        assert (point.group, point.name, point.value, point.owner) == (
            "ivrkit.states", "one", "ant:found", Owner("ant", "3.0"),
        )  # fmt: skip
        assert point.load().enter == "Hello."

    def test_what_is_left_of_a_distribution_has_no_name(self, install):
        """A half-removed distribution is named by its entry point, and can be blocked as UNKNOWN."""
        install("ghost", states={"lost": "ghost:x"}, metadata="")
        assert problem_of() == Problem(
            "plugin UNKNOWN: its entry point lost = 'ghost:x' in 'ivrkit.states' cannot be imported: "
            "ModuleNotFoundError: No module named 'ghost'",
            f"fix or reinstall the package, or {leave_out('UNKNOWN')}",
            owner="UNKNOWN",
        )
        loaded = load(Settings(block=["UNKNOWN"]))
        assert loaded.plugins[-1] == Plugin(Owner("UNKNOWN", ""), "blocked")

    @pytest.mark.parametrize(
        ("metadata", "owner"),
        [
            ("Metadata-Version: 2.1\nVersion: 5\n", Owner("UNKNOWN", "5")),
            ("Metadata-Version: 2.1\nName: ghost\n", Owner("ghost", "")),
        ],
    )
    def test_metadata_may_lack_a_field(self, install, metadata, owner):
        """A distribution without a name or without a version is served as well."""
        install("ghost", states={"lost": "ghost:found"}, metadata=metadata, ghost=A_STATE)
        assert load(Settings()).flow.states["lost"].state.owner == owner

    @pytest.mark.parametrize(
        ("name", "normal"),
        [("Acme.States", "acme-states"), ("acme__-.states", "acme-states"), ("acme", "acme"), ("A-B_c.d", "a-b-c-d")],
    )
    def test_names_are_compared_as_installers_compare_them(self, name, normal):
        """No case, and one hyphen for every run of hyphens, underscores and dots."""
        assert normal_name(name) == normal

    def test_entry_points_that_can_not_be_read_name_their_distribution(self, install, tmp_path, monkeypatch):
        """Whatever package it is, of ivrkit or not: it is named with the mend, and not with a traceback."""
        (tmp_path / "odd" / "odd_one-2.0.dist-info").mkdir(parents=True)
        folder = tmp_path / "odd" / "odd_one-2.0.dist-info"
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-one\nVersion: 2.0\n", encoding="utf-8")
        (folder / "entry_points.txt").write_text("[console_scripts]\nno value\n", encoding="utf-8")
        monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "odd")])
        with pytest.raises(LoadError) as caught:
            find_entry_points()
        (problem,) = caught.value.problems
        assert problem.located_message.startswith("plugin odd-one 2.0: its entry_points.txt cannot be read: ")
        assert (problem.hint, problem.owner) == ("reinstall it, or uninstall it", "odd-one")

    def test_the_hosts_own_objects_come_last(self, install):
        """A plugin object of the host's own code is known by the name it was given, without a version."""
        install("ant", "3.0", plugins={"zz": "ant"}, ant="")
        loaded = load(Settings(), {"own": Watches(), "more": Watches()})
        assert [str(plugin.owner) for plugin in loaded.plugins] == [f"ivrkit {VERSION}", "ant 3.0", "own", "more"]


class TestWhatIsServed:
    """The good way: states by both doors, hooks, owners."""

    def test_a_state_is_served_with_its_name_and_owner(self, install):
        """The entry's name is the state's name, the distribution its owner; the package's object is not changed."""
        install("ant", "3.0", states={"one": "ant:found"}, ant=A_STATE)
        loaded = load(Settings())
        state = loaded.flow.states["one"].state
        assert (state.name, state.owner, state.enter) == ("one", Owner("ant", "3.0"), "Hello.")
        assert find_entry_points()[-1].load().name == ""
        assert list(loaded.flow.states) == ["greeting", "menu", "one"]
        assert (loaded.problems, tuple(map(str, loaded.startup_warnings))) == (
            (),
            ("the menu 'menu' has no options: no installed plugin offers any",),
        )

    def test_every_plugin_is_told_with_its_states_and_hooks(self, install):
        """What was found is listed in the order of loading: owner, status, states and hooks, sorted."""
        code = (
            "from ivrkit import State, hookimpl\nfound = State('Hello.')\n"
            "@hookimpl\ndef ivrkit_state_left(): ...\n@hookimpl\ndef ivrkit_call_ended(): ...\n"
        )
        install("ant", "3.0", states={"one": "ant:found", "two": "ant:found"}, plugins={"ant": "ant"}, ant=code)
        install("bee", "4.0", plugins={"bee": "bee"}, bee="")
        install("cat", "5.0", states={"three": "cat:nothing"})
        assert load(Settings(block=["cat"]), {"own": Watches()}).plugins == (
            Plugin(
                Owner("ivrkit", VERSION),
                "loaded",
                ("greeting", "menu"),
                ("ivrkit_register_kinds", "ivrkit_register_stores"),
            ),
            Plugin(Owner("ant", "3.0"), "loaded", ("one", "two"), ("ivrkit_call_ended", "ivrkit_state_left")),
            Plugin(Owner("bee", "4.0"), "loaded", (), ()),
            Plugin(Owner("cat", "5.0"), "blocked", (), ()),
            Plugin(Owner("own", ""), "loaded", (), ("ivrkit_call_started",)),
        )

    def test_a_hook_that_nobody_implements_costs_nothing(self):
        """The flow has no hooks but the log of failures, and there are no observers."""
        loaded = load(Settings())
        assert loaded.flow.hooks == EngineHooks(None, loaded.flow.hooks.state_failed)
        assert loaded.observers == {}

    def test_observers_are_found_by_hook(self):
        """Only the hooks that somebody implements are there, each with its callers, the one loaded last first."""
        first, second = Watches(), Watches()
        (hook, callers), = load(Settings(), {"one": first, "two": second}).observers.items()  # fmt: skip
        assert hook == "ivrkit_call_started"
        assert callers == (
            HookImpl(Owner("two"), "ivrkit_call_started", second.ivrkit_call_started, ("call",)),
            HookImpl(Owner("one"), "ivrkit_call_started", first.ivrkit_call_started, ("call",)),
        )

    def test_all_that_only_watch_are_observers(self):
        """Started, entered, left and ended are told to whoever implements them."""

        class All:
            @hookimpl
            def ivrkit_call_started(self): ...

            @hookimpl
            def ivrkit_state_entered(self): ...

            @hookimpl
            def ivrkit_state_left(self): ...

            @hookimpl
            def ivrkit_call_ended(self): ...

            @hookimpl
            def ivrkit_edit_response(self): ...

        loaded = load(Settings(), {"all": All()})
        assert list(loaded.observers) == [
            "ivrkit_call_started", "ivrkit_state_entered", "ivrkit_state_left", "ivrkit_call_ended",
        ]  # fmt: skip
        assert loaded.flow.hooks.edit_response is not None

    def test_the_settings_reach_the_flow(self):
        """The compiled flow obeys the settings."""
        rules = load(Settings(tries=7, start="menu")).flow.config
        assert replace(rules, languages=()) == Settings(tries=7, start="menu").flow_config()
        assert [(each.tag, each.texts) for each in rules.languages] == [("en-US", Texts())]

    def test_a_plugin_may_be_unhashable_and_false(self):
        """An object is a plugin by its hooks alone: it needs no hash, and may well be empty."""

        class Odd(Watches, list):
            pass

        loaded = load(Settings(), {"odd": Odd()})
        assert loaded.plugins[-1] == Plugin(Owner("odd"), "loaded", (), ("ivrkit_call_started",))

    def test_a_subclass_of_state_stays_one(self):
        """A package may have a kind of state of its own."""

        @dataclass(frozen=True)
        class Spoken(State):
            pace: int = 2

        loaded = load(Settings(), {"own": Registers({"one": Spoken("Hello.", pace=3)})})
        state = loaded.flow.states["one"].state
        assert isinstance(state, Spoken)
        assert (state.pace, state.name, state.owner) == (3, "one", Owner("own"))


class TestBlock:
    """``block`` leaves a plugin out before any of its code runs."""

    @pytest.mark.parametrize("name", ["Broken-Ant", "broken_ant", "broken.ant"])
    def test_a_blocked_plugin_is_not_imported(self, install, name):
        """However its name is written."""
        install("broken-ant", states={"one": "ant:x"}, plugins={"two": "ant"}, ant="raise SystemExit")
        loaded = load(Settings(block=[name]))
        assert list(loaded.flow.states) == ["greeting", "menu"]
        assert loaded.plugins[-1] == Plugin(Owner("broken-ant", "1.0"), "blocked", (), ())
        assert tuple(map(str, loaded.startup_warnings)) == (
            "the menu 'menu' has no options: no installed plugin offers any",
        )

    def test_the_hosts_own_object_can_be_blocked(self):
        """Its name is the one it was given."""
        loaded = load(Settings(block=["own"]), {"own": Watches()})
        assert (loaded.observers, loaded.plugins[-1].status) == ({}, "blocked")

    def test_a_block_of_nothing_is_a_notice(self, install):
        """A misspelt block is told when the host starts, with the nearest name."""
        install("broken-ant", states={"one": "ant:x"}, ant="raise SystemExit")
        loaded = load(Settings(block=["Broken-Ant", "brokn_ant", "whale"], strict=False))
        assert tuple(map(str, loaded.startup_warnings[1:])) == (
            "block names 'brokn_ant', which is not installed, did you mean 'broken-ant'?",
            "block names 'whale', which is not installed",
        )


class TestImport:
    """What an entry point names can't be had."""

    @pytest.mark.parametrize(
        ("value", "code", "told"),
        [
            ("ant:found", "import nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
            ("ant:found", "import sys\nsys.exit('so long')", "SystemExit: so long"),
            ("ant:missing", "", "AttributeError: module 'ant' has no attribute 'missing'"),
            ("ant:found", "1 / 0", "ZeroDivisionError: division by zero"),
        ],
    )
    @pytest.mark.parametrize("group", ["states", "plugins"])
    def test_a_broken_import_names_entry_point_owner_and_mend(self, install, group, value, code, told):
        """Whatever a module does when it is imported, it is told and does not end the host."""
        install("ant", "3.0", **{group: {"one": value}}, ant=code)
        assert problem_of() == Problem(
            f"plugin ant 3.0: its entry point one = {value!r} in 'ivrkit.{group}' cannot be imported: {told}",
            f"fix or reinstall the package, or {leave_out('ant')}",
            owner="ant",
        )

    def test_an_error_on_purpose_brings_its_own_mend(self, install):
        """A state that refuses to be made says how to mend it, besides leaving the package out."""
        code = "from ivrkit import MenuOption\nfound = MenuOption(key='x', label='sales')\n"
        install("ant", states={"one": "ant:found"}, ant=code)
        assert problem_of() == Problem(
            "plugin ant 1.0: its entry point one = 'ant:found' in 'ivrkit.states' cannot be imported: "
            "the key of MenuOption 'sales' must be keys of a telephone (0-9, * and #), not 'x'",
            f'write the keys as a string: key="1"; or {leave_out("ant")}',
            owner="ant",
        )

    def test_one_broken_import_is_told_once(self, install):
        """What leads to a state that could not be imported, hangs in it, or takes it from there, is not at problem."""
        install("ant", states={"lost": "ant:x", "sub": "ant:y"})
        around = Registers({
            "to": State("Hello.", "lost"),
            "in": State("Hello.", options=(option("1", "sub"), option("9", "sub"))),
            "lost": State("Me too."),
        })  # fmt: skip
        settings = Settings(states={"lost": StateSettings(plugin="Ant"), "sub": StateSettings(plugin="ant")})
        problems = problems_of(settings, own=around)
        assert [problem.located_message.partition(" cannot")[0] for problem in problems] == [
            "plugin ant 1.0: its entry point lost = 'ant:x' in 'ivrkit.states'",
            "plugin ant 1.0: its entry point sub = 'ant:y' in 'ivrkit.states'",
        ]

    def test_a_chosen_plugin_whose_state_is_broken_is_told_once(self):
        """A function that fails counts as much as a module that can't be imported."""
        settings = Settings(states={"one": StateSettings(plugin="ant")})
        problem = problem_of(settings, ant=Registers({"one": _from_lazy}), bee=Registers({"one": State("Hello.")}))
        assert problem.owner == "ant"

    def test_what_is_broken_elsewhere_does_not_hide_a_wrong_choice(self, install):
        """Neither another state of the chosen plugin, nor the same state of another plugin."""
        install("ant", states={"one": "ant:x"})
        plugins = {"bee": Registers({"one": State("Hello."), "two": State("Hello.")})}
        settings = Settings(states={"one": StateSettings(plugin="whale"), "two": StateSettings(plugin="ant")})
        assert [problem.located_message for problem in problems_of(settings, **plugins)][1:] == [
            "[states.one] plugin must be a plugin that offers the state 'one', not 'whale'",
            "[states.two] plugin must be a plugin that offers the state 'two', not 'ant'",
        ]

    def test_without_strict_the_rest_is_served(self, install):
        """The broken state is left out, and so is what cannot work without it; each is told."""
        install("ant", states={"lost": "ant:x"})
        install("bee", states={"kept": "bee:found"}, bee=A_STATE)
        loaded = load(Settings(strict=False), {"own": Registers({"to": State("Hello.", "lost")})})
        assert list(loaded.flow.states) == ["greeting", "menu", "kept"]
        assert loaded.problems == (
            Problem(
                "plugin ant 1.0: its entry point lost = 'ant:x' in 'ivrkit.states' cannot be imported: "
                "ModuleNotFoundError: No module named 'ant'",
                f"fix or reinstall the package, or {leave_out('ant')}",
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

    def test_a_broken_substitute_is_told_once_without_strict_too(self, install):
        """Where the chosen plugin's state is broken, the other one's is served, and only the breakage is told."""
        install("ant", states={"one": "ant:x"})
        install("bee", states={"one": "bee:found"}, bee=A_STATE)
        loaded = load(Settings(strict=False, states={"one": StateSettings(plugin="ant")}))
        assert str(loaded.flow.states["one"].state.owner) == "bee 1.0"
        assert [problem.owner for problem in loaded.problems] == ["ant"]


def _from_class(settings: Settings) -> State:
    return State(settings.company)


def _from_text(settings: "ivrkit.Settings") -> State:  # noqa: UP037  the quotes are what is tested
    return State(settings.company)


def _from_quoted(settings: "'Settings'") -> State:  # noqa: UP037  the same
    return State(settings.company)


def _from_nothing(settings):
    return State(settings.company)


def _from_unknown(settings: Unknown) -> State:
    return State("never made")


def _from_checker(settings: Settings) -> Unknown:
    return State(settings.company)


class Own:
    """A plugin's own settings, of another name."""


def _from_own(settings: Own) -> State:
    return State("never made")


def _from_several(settings: Settings, more: int = 1) -> State:
    return State("never made")


def _from_none() -> State:
    return State("ACME")


def _from_bare(settings: Settings, more) -> State:
    return State("never made")


def _from_lazy(settings: Settings) -> str:
    return "no state"


def _from_leaving(settings: Settings) -> State:
    raise SystemExit(3)


def _from_refused(settings: Settings) -> State:
    return State(enter=5)


class Callable:
    """An object that can be called."""

    def __call__(self, settings: Settings) -> State:
        """Return what a function could have returned."""
        return State("never made")

    def __repr__(self) -> str:
        return "<Callable>"


class TestFactories:
    """A function (settings) -> State, by either door."""

    @pytest.mark.parametrize(
        "factory",
        [
            *(_from_class, _from_text, _from_quoted, _from_nothing, _from_none, _from_checker),
            lambda settings: State(settings.company),
        ],
    )
    def test_a_function_is_given_the_core_settings(self, factory):
        """The annotation may be the class, its name, a name seen by the type checker alone elsewhere, or nothing."""
        loaded = load(Settings(company="ACME"), {"own": Registers({"one": factory})})
        assert loaded.flow.states["one"].state.enter == "ACME"

    def test_an_entry_point_may_name_a_function(self, install):
        """The core's own greeting does; the function may know the settings by another name."""
        code = (
            "from __future__ import annotations\nfrom ivrkit import Settings as Core, State\n"
            "def make(settings: Core) -> State:\n    return State(settings.company)\n"
        )
        install("ant", states={"one": "ant:make"}, ant=code)
        assert load(Settings(company="ACME")).flow.states["one"].state.enter == "ACME"

    def test_settings_of_the_plugins_own_are_not_the_cores(self, install):
        """A class that is called Settings too is another class."""
        code = (
            "from ivrkit import State\nclass Settings: ...\n"
            "def make(settings: Settings) -> State:\n    return State('Hello.')\n"
        )
        install("ant", states={"one": "ant:make"}, ant=code)
        assert problem_of() == Problem(
            "plugin ant 1.0: the entry point 'one' cannot be made into a state: the parameter 'settings' of 'make' "
            f"{ANNOTATED}, not with Settings",
            MAKE,
            owner="ant",
        )

    @pytest.mark.parametrize(
        ("factory", "told", "mend"),
        [
            (
                _from_own,
                f"the parameter 'settings' of '_from_own' {ANNOTATED}, not with Own",
                MAKE,
            ),
            (
                _from_unknown,
                f"the parameter 'settings' of '_from_unknown' {ANNOTATED}, not with Unknown",
                MAKE,
            ),
            (
                _from_several,
                f"the parameter 'more' of '_from_several' {ANNOTATED}, not with int",
                MAKE,
            ),
            (
                _from_bare,
                f"the parameter 'more' of '_from_bare' {ANNOTATED}, and it is not annotated",
                MAKE,
            ),
            (_from_lazy, "the function '_from_lazy' must return a State, not 'no state'", MAKE),
            (_from_leaving, "SystemExit: 3", leave_out("own")),
            (
                _from_refused,
                "enter of a State must be a text, a verb, a list of these, a Menu or a function, not 5",
                'write enter="Hello." or a function that takes the call',
            ),
            (Callable(), f"{A_FUNCTION}<Callable>", MAKE),
            (
                State,
                "it must be a State or a function that returns one, not <class 'ivrkit.flow.model.state.State'>",
                MAKE,
            ),
            (None, f"{A_FUNCTION}None", MAKE),
            (
                functools.partial(int),
                "it must be a State or a function that returns one, not functools.partial(<class 'int'>)",
                MAKE,
            ),
        ],
    )
    def test_what_makes_no_state_is_refused(self, factory, told, mend):
        """The problem says by which door it came and what it is, and only the state is missed."""
        assert problem_of(own=Registers({"one": factory, "two": State("Hello.", "one")})) == Problem(
            f"plugin own: 'one' of its hook ivrkit_register_states cannot be made into a state: {told}",
            mend,
            owner="own",
        )

    def test_an_annotation_without_a_name_is_told_as_it_stands(self):
        """A union has no name of its own."""

        def make(settings):
            return State("never made")

        make.__annotations__["settings"] = int | str
        assert problem_of(own=Registers({"one": make})).message == (
            "plugin own: 'one' of its hook ivrkit_register_states cannot be made into a state: "
            f"the parameter 'settings' of 'make' {ANNOTATED}, not with int | str"
        )

    def test_a_state_of_its_own_kind_that_can_not_be_named_is_refused(self):
        """A subclass whose constructor takes other arguments cannot be given its name and owner."""

        class Spoken(State):
            def __init__(self, word):
                super().__init__(word)

        problem = problem_of(own=Registers({"one": Spoken("Hello.")}))
        assert problem.located_message.startswith(
            "plugin own: 'one' of its hook ivrkit_register_states cannot be made into a state: TypeError: "
        )
        assert problem.hint == leave_out("own")

    @pytest.mark.parametrize("name", ["no spaces", "-dash", "über", "", "line\n", 'quo"te'])
    def test_a_name_that_would_not_be_safe_is_refused(self, name):
        """A state's name is written into settings, logs, headers and pictures."""
        assert problem_of(own=Registers({name: State("Hello.")})) == Problem(
            f"plugin own: {name!r} of its hook ivrkit_register_states is not a valid name of a state",
            "use letters, digits, - _ and .",
            owner="own",
        )

    def test_a_name_that_is_refused_at_an_entry_point(self, install):
        """The door is named."""
        install("ant", states={"Ü": "ant:found"}, ant=A_STATE)
        assert problem_of() == Problem(
            "plugin ant 1.0: the entry point 'Ü' is not a valid name of a state",
            "use letters, digits, - _ and .",
            owner="ant",
        )

    @pytest.mark.parametrize("name", ["a", "7", "mail_box-2.b", "Sales", 12])
    def test_a_name_of_letters_digits_and_three_signs_is_fine(self, name):
        """A number counts as its digits."""
        assert str(name) in load(Settings(), {"own": Registers({name: State("Hello.")})}).flow.states


class TestHookPlugins:
    """What is refused when a plugin with hooks is registered."""

    def test_the_name_of_an_entry_point_is_taken(self, install):
        """Two distributions with one entry name are both named; the first of the two stays."""
        install("ant", "3.0", plugins={"stats": "ant"}, ant="")
        install("bee", "4.0", plugins={"stats": "bee"}, bee="")
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

    def test_a_name_stays_taken_by_what_was_refused(self, install):
        """Whatever is wrong with the first, the second is told as well."""
        install("ant", plugins={"own": "ant:found"}, ant="found = None")
        assert [problem.owner for problem in problems_of(own=Watches())] == ["ant", "own"]

    @pytest.mark.parametrize(
        ("found", "told", "mend"),
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
                "type('P', (), {'ivrkit_call_started': wrap, 'ivrkit_limit': 5})()",
                "its ivrkit_call_started is not marked as a hook implementation, so it is never called",
                "mark it @ivrkit.hookimpl, or rename it",
            ),
        ],
    )
    def test_what_would_mislead_is_refused(self, install, found, told, mend):
        """None, classes, wrappers, async and unmarked functions: with the mend, and nothing of the plugin stays."""
        code = (
            "import ivrkit\ndef wrap(self, call):\n    yield\nasync def later(self, call):\n    pass\n"
            f"found = {found}\n"
        )
        install("ant", plugins={"stats": "ant:found"}, ant=code)
        problem = Problem(
            f"plugin ant 1.0: its entry point stats = 'ant:found' in 'ivrkit.plugins' cannot be registered: {told}",
            f"{mend}; or {leave_out('ant')}",
            owner="ant",
        )
        assert problem_of() == problem
        loaded = load(Settings(strict=False), {"own": Watches()})
        assert loaded.problems == (problem,)
        assert [str(caller.owner) for caller in loaded.observers["ivrkit_call_started"]] == ["own"]
        assert loaded.plugins[1] == Plugin(Owner("ant", "1.0"), "faulty", (), ())

    def test_what_would_mislead_is_refused_beside_others(self):
        """Whoever else implements the hook."""

        class Later:
            @hookimpl
            async def ivrkit_call_started(self): ...

        plugins = {"own": Watches(), "more": Watches(), "later": Later()}
        assert problem_of(**plugins).message.endswith(
            "its ivrkit_call_started must be a plain function, not an async function"
        )

    def test_one_object_under_two_names_is_refused(self):
        """Its hooks would be called twice, or not at all."""
        both = Watches()
        assert problem_of(one=both, two=both) == Problem(
            "plugin two: its entry point two = \"the host's own code\" in 'ivrkit.plugins' cannot be registered: "
            "the entry point 'one' of plugin one names the same object",
            f"remove one of the two; or {leave_out('two')}",
            owner="two",
        )

    def test_a_plugin_has_a_name(self):
        """An empty one would leave its hooks without an owner."""
        assert problem_of(**{"": Watches()}) == Problem(
            "plugin : its entry point  = \"the host's own code\" in 'ivrkit.plugins' cannot be registered: "
            "it has no name",
            f"name the entry point; or {leave_out('')}",
            owner="",
        )

    def test_an_object_that_can_not_be_registered_is_refused(self):
        """Whatever it does when it is looked at."""

        class Grudge(Watches):
            def __eq__(self, other):
                raise SystemExit("not with me")

            __hash__ = None

        problems = problems_of(own=Watches(), grudge=Grudge(), last=Watches())
        assert problems[0].message == (
            "plugin grudge: its entry point grudge = \"the host's own code\" in 'ivrkit.plugins' cannot be registered: "
            "SystemExit: not with me"
        )
        assert problems[0].hint == f"fix or reinstall the package, or {leave_out('grudge')}"

    def test_wrong_arguments_are_refused_in_one_line(self):
        """The hook, what it was given and what it does not have are named, on every version of pluggy."""

        class Wrong:
            @hookimpl
            def ivrkit_call_started(self, caller):
                """Ask for what is not given."""

            @hookimpl
            def ivrkit_call_ended(self, call):
                """Stand before the wrong one, so that something was registered already."""

        problem = Problem(
            "plugin own: its entry point own = \"the host's own code\" in 'ivrkit.plugins' cannot be registered: "
            "PluginValidationError: Plugin 'own' for hook 'ivrkit_call_started' hookimpl definition: "
            "ivrkit_call_started(caller) Argument(s) {'caller'} are declared in the hookimpl but can not be found in "
            "the hookspec",
            f"fix or reinstall the package, or {leave_out('own')}",
            owner="own",
        )
        assert problem_of(own=Wrong()) == problem
        loaded = load(Settings(strict=False), {"own": Wrong()})
        assert (loaded.problems, loaded.observers) == ((problem,), {})
        assert loaded.plugins[-1] == Plugin(Owner("own"), "faulty", (), ())

    def test_every_hook_that_does_not_exist_is_told(self):
        """With the nearest name and all hooks; of every plugin, and every hook of one."""

        class Typo(Watches):
            @hookimpl
            def ivrkit_call_strated(self): ...

            @hookimpl
            def ivrkit_zzz(self): ...

            @hookimpl(optionalhook=True)
            def ivrkit_some_day(self): ...

        def told(plugin: str, hook: str, nearest: str) -> Problem:
            door = f"""entry point {plugin} = "the host's own code" in 'ivrkit.plugins'"""
            message = f"its {door} implements {hook!r}, which is not a hook{nearest}"
            return Problem(f"plugin {plugin}: {message}", HOOKS, owner=plugin)

        problems = (
            told("one", "ivrkit_call_strated", ", did you mean 'ivrkit_call_started'?"),
            told("one", "ivrkit_zzz", ""),
            told("two", "ivrkit_call_strated", ", did you mean 'ivrkit_call_started'?"),
            told("two", "ivrkit_zzz", ""),
        )
        plugins = {"one": Typo(), "two": Typo(), "fine": Watches()}
        assert problems_of(**plugins) == problems
        loaded = load(Settings(strict=False), plugins)
        assert loaded.problems == problems
        assert [str(caller.owner) for caller in loaded.observers["ivrkit_call_started"]] == ["fine"]
        assert [plugin.status for plugin in loaded.plugins] == ["loaded", "faulty", "faulty", "loaded"]

    def test_a_hook_may_be_of_another_version(self):
        """One that is marked optional may be missing here."""

        class Later:
            @hookimpl(optionalhook=True)
            def ivrkit_some_day(self): ...

        assert load(Settings(), {"own": Later()}).problems == ()

    def test_nothing_of_a_refused_plugin_is_called(self):
        """Not even a second function for one hook."""

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
    """``ivrkit_register_states``: states whose names are known only when the host starts."""

    def test_states_come_in_the_order_of_loading(self):
        """The plugin that was loaded first offers first; a dict's order is kept."""
        loaded = load(
            Settings(),
            {
                "one": Registers({"zulu": State("Hello."), "alpha": _from_class}),
                "two": Registers({"mike": State("Hello.")}),
            },
        )
        assert [(name, each.state.owner.plugin) for name, each in loaded.flow.states.items()][2:] == [
            ("zulu", "one"), ("alpha", "one"), ("mike", "two"),
        ]  # fmt: skip
        assert [plugin.states for plugin in loaded.plugins] == [("greeting", "menu"), ("zulu", "alpha"), ("mike",)]

    def test_the_hook_is_given_the_settings(self):
        """They are the core's, the very ones that are loaded with."""
        seen = []

        class Looks:
            @hookimpl
            def ivrkit_register_states(self, settings):
                seen.append(settings)
                return {}

        settings = Settings()
        load(settings, {"own": Looks()})
        assert seen[0] is settings

    @pytest.mark.parametrize(
        ("found", "told", "mend"),
        [
            (None, "it must return a dict, not None", "return a dict: name -> State"),
            ([State], f"it must return a dict, not [{State!r}]", "return a dict: name -> State"),
            (SystemExit(2), "SystemExit: 2", leave_out("own")),
            (KeyError("x"), "KeyError: 'x'", leave_out("own")),
            (ivrkit.FlowError("no", hint="so"), "no", "so"),
        ],
    )
    def test_a_hook_that_fails_is_told(self, found, told, mend):
        """What it raised or returned, and the mend."""
        assert problem_of(own=Registers(found)) == Problem(
            f"plugin own: its hook ivrkit_register_states failed: {told}", mend, owner="own"
        )

    def test_a_mapping_that_breaks_when_it_is_read_is_told(self):
        """It is the plugin's own code as much as the hook is."""

        class Broken(Mapping):
            def __getitem__(self, name):
                raise OSError("gone")

            def __iter__(self):
                return iter(["one"])

            def __len__(self):
                return 1

        assert problem_of(own=Registers(Broken())).message == (
            "plugin own: its hook ivrkit_register_states failed: OSError: gone"
        )

    def test_one_that_fails_does_not_hurt_another(self):
        """Without strict, what the others offer is served."""
        loaded = load(
            Settings(strict=False), {"bad": Registers(KeyError()), "good": Registers({"one": State("Hello.")})}
        )
        assert list(loaded.flow.states) == ["greeting", "menu", "one"]
        assert [plugin.status for plugin in loaded.plugins] == ["loaded", "faulty", "loaded"]


class TestEditState:
    """``ivrkit_edit_state``: a state of any plugin, before the flow is compiled."""

    def test_each_plugin_is_given_what_the_one_before_made(self):
        """The one loaded last is first; None leaves the state as it is."""

        def says(word):
            return Edits(lambda state: replace(state, enter=f"{state.enter} {word}") if state.name == "one" else None)

        plugins = {
            "own": Registers({"one": State("Hello.")}),
            "a": says("A"),
            "none": Edits(lambda _: None),
            "b": says("B"),
        }
        assert load(Settings(), plugins).flow.states["one"].state.enter == "Hello. B A"

    def test_every_state_is_edited_in_the_order_of_loading(self):
        """The core's own are among them; name, owner and the team's key are there."""
        seen = []
        plugins = {"own": Registers({"one": State("Hello.", options=option("1"))}), "watch": Edits(seen.append)}
        load(Settings(states={"one": StateSettings(key="5")}), plugins)
        assert [(state.name, state.owner.plugin) for state in seen] == [
            ("greeting", "ivrkit"), ("menu", "ivrkit"), ("one", "own"),
        ]  # fmt: skip
        assert [each.key for each in seen[2].options] == ["5"]

    def test_name_and_owner_can_not_be_changed(self):
        """They are what errors and logs go by."""
        edit = Edits(lambda state: replace(state, name="other", owner=Owner("other"), secret=True))
        state = load(Settings(), {"own": edit}).flow.states["menu"].state
        assert (state.name, state.owner.plugin, state.secret) == ("menu", "ivrkit", True)

    def test_an_edit_that_fails_is_left_out(self):
        """It is told for each state that it failed for, and the other plugins' edits count."""

        def fail(state):
            if state.name == "menu":
                raise SystemExit("no")
            return "greeting" if state.name == "greeting" else None

        quiet = Edits(lambda state: replace(state, secret=True))
        loaded = load(Settings(strict=False), {"quiet": quiet, "own": Edits(fail)})
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
                leave_out("own"),
                owner="own",
            ),
        )

    def test_an_edit_that_can_not_be_named_is_left_out(self):
        """A state of another kind whose constructor takes other arguments."""

        class Spoken(State):
            def __init__(self):
                super().__init__("Hello.")

        problem, *_ = problems_of(own=Edits(lambda _: Spoken()))
        assert problem.located_message.startswith(
            "plugin own: its hook ivrkit_edit_state failed for 'greeting': TypeError: "
        )


class TestClashes:
    """Two owners of one thing: both are named, with the setting that picks."""

    def test_a_state_of_two_plugins(self):
        """The hint chooses the one that was loaded first, and without strict that one is served."""
        plugins = {name: Registers({"one": State(f"I am {name}.")}) for name in ("a", "b", "c")}
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
    def test_the_team_chooses_a_plugin(self, chosen):
        """Then nothing clashes, and the state is the chosen one's, however its name is written."""
        plugins = {name: Registers({"one": State(f"I am {name}.")}) for name in ("a", "b-b")}
        loaded = load(Settings(states={"one": StateSettings(plugin=chosen)}), plugins)
        assert loaded.flow.states["one"].state.enter == "I am b-b."
        assert loaded.problems == ()

    def test_the_same_state_by_both_doors(self, install):
        """Within one package it is told as such, and no setting picks."""
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

    def test_a_chosen_plugin_that_does_not_offer_it(self):
        """The nearest name and all that offer it are told; without strict the first is served."""
        plugins = {name: Registers({"one": State(f"I am {name}.")}) for name in ("sales", "helpdesk")}
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
        """Then the choice is for another day: the one that is left is taken, and several that are left clash."""
        plugins = {name: Registers({"one": State(f"I am {name}.")}) for name in ("a", "b", "c")}
        states = {"one": StateSettings(plugin="A")}
        assert load(Settings(block=["a", "c"], states=states), plugins).flow.states["one"].state.enter == "I am b."
        assert problem_of(Settings(block=["a"], states=states), **plugins).message == (
            "state 'one' is offered by two plugins: b and c"
        )

    def test_a_state_that_nobody_offers(self):
        """A table for it is a problem, with the nearest name and all that are there."""
        assert problem_of(Settings(states={"menus": StateSettings(key="1")})) == Problem(
            "[states.menus] names a state that no plugin offers, did you mean 'menu'?", "use one of: greeting, menu"
        )

    def test_a_block_excuses_nothing_else(self, install):
        """A table for a state that no plugin offers is a problem, whatever else is blocked."""
        install("ant", states={"one": "ant:one"}, ant="from ivrkit import State\none = State('One.')\n")
        settings = Settings(states={"one": StateSettings(key="1"), "oen": StateSettings(key="1")}, block=["ant"])
        with pytest.raises(LoadError) as caught:
            load(settings)
        assert [problem.located_message for problem in caught.value.problems] == [
            "[states.oen] names a state that no plugin offers"
        ]

    def test_a_state_of_a_blocked_plugin_may_keep_its_table(self):
        """Blocking a plugin for a moment does not ask for more edits."""
        settings = Settings(states={"one": StateSettings(key="1")}, block=["own"])
        assert load(settings, {"own": Registers({"one": State("Hello.")})}).problems == ()

    def test_a_key_of_two_plugins(self):
        """Both are named with a free key; without strict the one that was loaded later is left out."""
        plugins = {name: Registers({name: State("Hello.", options=option("1"))}) for name in ("a", "b")}
        problem = Problem(
            "in the menu 'menu', the key '1' belongs to both a (a) and b (b)",
            'choose another key in ivrkit.toml:  [states.b]  key = "2"',
            owner="b",
            state="b",
        )
        assert problem_of(**plugins) == problem
        loaded = load(Settings(strict=False), plugins)
        assert (list(loaded.flow.states), loaded.problems) == (["greeting", "menu", "a"], (problem,))
        mended = load(Settings(states={"b": StateSettings(key="2")}), plugins)
        assert mended.flow.states["menu"].routes == {"1": "a", "2": "b", "9": ivrkit.SAME}

    def test_a_key_that_begins_another(self):
        """The two could not be told apart."""
        plugins = {
            name: Registers({name: State("Hello.", options=option(key))}) for name, key in (("a", "12"), ("b", "1"))
        }
        assert problem_of(**plugins) == Problem(
            "in the menu 'menu', the keys '12' and '1' are ambiguous: they belong to a (a) and b (b)",
            'choose another key in ivrkit.toml:  [states.b]  key = "2"',
            owner="b",
            state="b",
        )

    def test_a_key_for_every_option(self):
        """The team's key stands in every menu that the state hangs in, and nothing else of an option changes."""
        state = State("Hello.", options=(option("1"), MenuOption(key="2", label="more", phrases="sales", menu="sub")))
        plugins = {"own": Registers({"one": state, "sub": State(Menu())})}
        made = load(Settings(states={"one": StateSettings(key="5")}), plugins).flow.states["one"].state
        assert made.options == (option("5"), MenuOption(key="5", label="more", phrases="sales", menu="sub"))
        assert (made.name, made.owner) == ("one", Owner("own"))

    def test_a_key_for_a_state_that_hangs_in_no_menu(self):
        """It could never be pressed."""
        settings = Settings(states={"one": StateSettings(key="5")})
        assert problem_of(settings, own=Registers({"one": State("Hello.")})) == Problem(
            "[states.one] key must be left out: the state of own has no menu option", "remove key", owner="own"
        )


class TestStrict:
    """One error with every problem, or whatever can be served."""

    def test_all_faults_are_told_at_once(self, install):
        """In the order of loading, and then of compiling; the error's text holds each with its mend."""
        install("ant", states={"lost": "ant:x"})
        plugins = {"own": Registers({"to": State("Hello.", "nowhere"), "no name": State("Hello.")}), "none": None}
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

    def test_what_falls_with_another_is_left_out_too(self):
        """State by state, until the rest can be served; nothing is told twice."""
        chain = {
            "a": State("Hello.", "b"),
            "b": State("Hello.", "c"),
            "c": State("Hello.", "gone"),
            "d": State("Hello."),
        }
        loaded = load(Settings(strict=False), {"own": Registers(chain)})
        assert list(loaded.flow.states) == ["greeting", "menu", "d"]
        assert [(problem.state, problem.located_message.partition(": ")[2]) for problem in loaded.problems] == [
            ("c", "exit leads to 'gone', which no plugin offers"),
            ("b", "exit leads to 'c', which no plugin offers"),
            ("a", "exit leads to 'b', which no plugin offers"),
        ]

    def test_what_can_not_be_served_is_an_error_without_strict_too(self):
        """A tree whose start is missing has nothing to serve; every problem is told, the earlier ones first."""
        plugins = {"own": Registers({"bad name": State("Hello.")})}
        assert [
            problem.located_message for problem in problems_of(Settings(strict=False, start="gone"), **plugins)
        ] == [
            "plugin own: 'bad name' of its hook ivrkit_register_states is not a valid name of a state",
            "the setting 'start' names the state 'gone', which no plugin offers",
        ]

    def test_a_fault_of_compiling_leaves_the_state_out(self):
        """What can be seen only when it is rendered counts as much."""
        states = {"bad": State("Hello.", Routes({"1": BACK})), "good": State(ask("Hello?"), Routes({"1": BACK}))}
        loaded = load(Settings(strict=False), {"own": Registers(states)})
        assert list(loaded.flow.states) == ["greeting", "menu", "good"]
        assert [(problem.owner, problem.state) for problem in loaded.problems] == [("own", "bad")]

    def test_a_failed_hook_names_only_what_is_served(self, caplog):
        """The states that ``ivrkit_state_failed`` may choose are those that are left."""

        class Decides:
            @hookimpl
            def ivrkit_state_failed(self, state):
                return state.on_error

        states = {"bad": State("Hello.", "gone"), "good": State("Hello.")}
        loaded = load(Settings(strict=False), {"own": Registers(states), "decides": Decides()})
        assert ask_where(loaded, "good") == "good"
        assert ask_where(loaded, "bad") is None
        assert "must return the name of a state or None, not 'bad'" in caplog.text


def ask_where(loaded, fallback: str) -> str | None:
    """Return where the plugins send a caller whose state failed, when they answer with its fallback."""
    from ivrkit.flow.model.call import make_call

    call = make_call({"CallSid": "CA1"}, now=None, language="en-US", turn=1, data={})
    state = State("Hello.", name="one", owner=Owner("own"), on_error=fallback)
    return loaded.flow.hooks.state_failed(call, state, ValueError("no"), [])


def test_faults_of_one_owner_do_not_taint_another():
    """Only the plugin that has the problem is faulty."""
    loaded = load(Settings(strict=False), {"bad": Registers(None), "good": Watches()})
    assert [(plugin.owner.plugin, plugin.status) for plugin in loaded.plugins] == [
        ("ivrkit", "loaded"), ("bad", "faulty"), ("good", "loaded"),
    ]  # fmt: skip
