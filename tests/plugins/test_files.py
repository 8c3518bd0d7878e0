"""Plugins that are files: ``*.py`` of a folder, and tables of states in files of their own."""

import glob
import os
import sys

import pytest

from ivrkit import Owner, SettingsError
from ivrkit.plugins.load import find_plugins
from ivrkit.settings.load import try_load_settings

HEAD = "from ivrkit import *\n"
PARKING = HEAD + "parking = State('Behind the house.', HOME, options=MenuOption('4', 'parking'))\n"
TABLE = '[states.{0}]\nkind = "message"\ntext = "{0}"\n'
OFFERS = (
    "write a State, a function annotated -> State, or a hook implementation; or let the name of the file begin with _, "
    "so that it is not loaded"
)


def leave_out(name: str) -> str:
    """Return how a file is left out."""
    return f'leave it out: block = ["{name}"] in ivrkit.toml, or --block {name}'


@pytest.fixture
def py(folder):
    """Write a Python file of the folder ``states``, which the settings name, and return the working folder."""

    def put(text, name="parking.py"):
        folder.write("ivrkit.toml", 'plugins_dir = "states"\n')
        folder.write(f"states/{name}", text)
        return folder

    return put


class TestPythonFiles:
    """The ``*.py`` files of the setting ``plugins_dir``."""

    def test_each_is_a_plugin(self, py):
        """Its owner is the file; a file without a version has none."""
        assert py(PARKING).owners() == [("parking.py", "loaded", ("parking",))]

    def test_its_version(self, py):
        """It is what the file says, and is known when the file can't be run."""
        assert py(PARKING + '__version__ = "1.2"\n').owners() == [("parking.py 1.2", "loaded", ("parking",))]
        message, _ = py("__version__ = '1.3'\n1 / 0\n").problem()
        assert message.startswith("plugin parking.py 1.3: ")

    def test_states_and_functions_that_make_one(self, py):
        """By their names; what is imported, private or of another kind is none."""
        py(
            """
            from __future__ import annotations
            import ivrkit
            from ivrkit import Settings, State
            from ivrkit.states import message

            one = State("One.")

            def two(settings: Settings) -> State:
                return State(f"Two of {settings.company}.")

            def three() -> ivrkit.State:
                return State("Three.")

            def four() -> "State":
                return State("Four.")

            def _five() -> State:
                return State("Five.")

            def six() -> str:
                return "Six."

            def seven():
                return State("Seven.")
            """
        )
        folder = py(HEAD + "def eight() -> State:\n    return State('Eight.')\n", "other.py")
        assert folder.owners() == [
            ("other.py", "loaded", ("eight",)),
            ("parking.py", "loaded", ("one", "two", "three", "four")),
        ]
        assert folder.state("two", company="Acme").enter == "Two of Acme."

    def test_hooks_only(self, py):
        """A file may offer nothing to go to."""
        folder = py(HEAD + "@hookimpl\ndef ivrkit_call_started(call): pass\n")
        plugin = next(each for each in folder.load().plugins if each.owner == Owner("parking.py"))
        assert (plugin.status, plugin.states, plugin.hooks) == ("loaded", (), ("ivrkit_call_started",))

    def test_states_and_hooks(self, py):
        """A file may have both, and states by a hook besides."""
        folder = py(
            PARKING
            + "@hookimpl\ndef ivrkit_register_states():\n    return {'garage': State('Garage.')}\n"
            + "@hookimpl(specname='ivrkit_edit_state')\ndef louder(state) -> State:\n"
            + "    return State('GARAGE') if state.name == 'garage' else None\n"
        )
        plugin = next(each for each in folder.load().plugins if each.owner == Owner("parking.py"))
        assert sorted(plugin.states) == ["garage", "parking"]
        assert plugin.hooks == ("ivrkit_edit_state", "ivrkit_register_states")
        assert folder.state("garage").enter == "GARAGE"

    def test_a_hook_that_is_not_marked(self, py):
        """It is refused as that of a package is."""
        folder = py(PARKING + "def ivrkit_call_started(call): pass\n")
        assert folder.problem() == (
            (
                "plugin parking.py: its file parking.py cannot be registered: its ivrkit_call_started is not marked as "
                "a hook implementation, so it is never called"
            ),
            f"mark it @ivrkit.hookimpl, or rename it; or {leave_out('parking.py')}",
        )

    def test_helpers_are_no_plugins(self, py):
        """A name that begins with ``_`` is none, and a folder is none that has no Python files."""
        assert py("1 / 0", "_helper.py").owners() == []

    @pytest.mark.parametrize(
        ("text", "message", "hint"),
        [
            ("x = 1\n1 / 0\n", "ZeroDivisionError: division by zero (parking.py, line 2)", "fix the file"),
            ("x = 1\nx = (\n", "SyntaxError: '(' was never closed (parking.py, line 2)", "fix the file"),
            ("import sys\nsys.exit(3)\n", "SystemExit: 3 (parking.py, line 2)", "fix the file"),
            (
                "import nothing_like_it\n",
                "ModuleNotFoundError: No module named 'nothing_like_it' (parking.py, line 1)",
                "fix the file",
            ),
            (
                HEAD + "x = State(3)\n",
                (
                    "enter of a State must be a text, a verb, a list of these, a Menu or a function, not 3 "
                    "(parking.py, line 2)"
                ),
                'write enter="Hello." or a function that takes the call',
            ),
            ("x = 1\n", "it has no state and no hook", OFFERS),
            ("", "it has no state and no hook", OFFERS),
        ],
    )
    def test_a_file_that_is_no_plugin(self, py, text, message, hint):
        """What it raises is told with its line, and how to do without it."""
        assert py(text).problem() == (
            f"plugin parking.py: its file parking.py cannot be imported: {message}",
            f"{hint}; or {leave_out('parking.py')}",
        )

    def test_a_file_that_fails_leaves_nothing_behind(self, py):
        """Nobody would find half a module, also when the file takes itself away."""
        py("import sys\ndel sys.modules[__name__]\n1 / 0\n", "garage.py")
        assert len(py("1 / 0").problems()) == 2
        assert not [name for name in sys.modules if name.startswith("ivrkit_file_")]

    def test_a_link_that_leads_nowhere(self, py):
        """It is told like a file that can't be read."""
        folder = py(PARKING)
        path = folder.path / "states" / "garage.py"
        path.symlink_to("nowhere.py")
        assert folder.problem() == (
            (
                "plugin garage.py: its file garage.py cannot be imported: "
                f"FileNotFoundError: [Errno 2] No such file or directory: '{path}'"
            ),
            f"fix the file; or {leave_out('garage.py')}",
        )

    def test_a_link_has_its_own_name(self, py):
        """A file that is shared by several trees may be called differently in each."""
        folder = py(PARKING, "_shared.py")
        (folder.path / "states" / "garage.py").symlink_to("_shared.py")
        assert folder.owners() == [("garage.py", "loaded", ("parking",))]

    def test_a_file_that_fails_leaves_the_rest(self, py):
        """Without ``strict``, as a package does."""
        py("1 / 0\n", "broken.py")
        folder = py(PARKING)
        assert folder.owners(strict=False) == [
            ("broken.py", "faulty", ()),
            ("parking.py", "loaded", ("parking",)),
        ]

    def test_it_is_left_out_by_its_name(self, py):
        """It is not even run."""
        folder = py("1 / 0\n")
        assert folder.owners(block=["parking.py"]) == [("parking.py", "blocked", ())]

    def test_what_is_decided_about_states_of_a_blocked_file_stays(self, py):
        """A table for one of them is no problem."""
        folder = py(PARKING)
        folder.write("ivrkit.toml", 'plugins_dir = "states"\n[states.parking]\nkey = "5"\n')
        assert "parking" not in folder.load(block=["parking.py"]).flow.states

    def test_a_state_of_a_file_and_of_a_package(self, py, install):
        """Both are named, and the settings choose."""
        install("garage", "2.0", states={"parking": "garage:found"}, garage=HEAD + "found = State('Garage.')\n")
        folder = py(PARKING)
        assert folder.problem() == (
            "state 'parking' is offered by two plugins: garage 2.0 and parking.py",
            'choose one in ivrkit.toml:  [states.parking]  plugin = "garage"',
        )
        for plugin, said in (("parking.py", "Behind the house."), ("garage", "Garage.")):
            text = f'plugins_dir = "states"\n[states.parking]\nplugin = "{plugin}"\n'
            folder.write("ivrkit.toml", text)
            assert folder.state("parking").enter == said

    def test_two_apps_with_the_same_folder(self, py):
        """Each has plugins of its own."""
        folder = py(PARKING + "import dataclasses\n@dataclasses.dataclass\nclass Spot:\n    number: int\n")
        first, second = folder.load(), folder.load()
        states = [each.flow.states["parking"].state for each in (first, second)]
        assert states[0] == states[1]
        assert states[0] is not states[1]

    def test_two_folders_with_a_file_of_one_name(self, py, folder):
        """Their modules do not take each other's place."""
        before = set(sys.modules)
        py(PARKING)
        folder.write("other/parking.py", PARKING.replace("Behind", "Before"))
        said = [folder.state("parking", plugins_dir=name).enter for name in ("states", "other", "states")]
        assert said == ["Behind the house.", "Before the house.", "Behind the house."]
        assert len([name for name in sys.modules.keys() - before if name.startswith("ivrkit_file_parking")]) == 2

    def test_a_file_that_is_edited_between_two_loads(self, py):
        """The new text counts, also within the same second and of the same size; nothing is written beside it."""
        folder = py(PARKING)
        path = folder.path / "states" / "parking.py"
        os.utime(path, (1, 1))
        assert folder.state("parking").enter == "Behind the house."
        py(PARKING.replace("Behind", "Beside"))
        os.utime(path, (1, 1))
        assert folder.state("parking").enter == "Beside the house."
        assert [each.name for each in path.parent.iterdir()] == ["parking.py"]

    def test_the_mark_of_bad_names(self, py):
        """A module may be called as its file can't be in code."""
        assert py(PARKING, "2-car park.py").owners() == [("2-car park.py", "loaded", ("parking",))]


class TestSettingsOfAFile:
    """The table ``[plugins."parking.py"]``."""

    CODE = """
        from dataclasses import dataclass
        from ivrkit import State

        @dataclass(frozen=True)
        class Mine:
            spots: int
            where: str = "behind the house"

        def parking(settings: Mine) -> State:
            return State(f"{settings.spots} {settings.where}.")
        """

    def test_they_are_those_of_its_dataclass(self, py):
        """As a package's are."""
        folder = py(self.CODE)
        folder.write("ivrkit.toml", 'plugins_dir = "states"\n[plugins."parking.py"]\nspots = 3\n')
        assert folder.state("parking").enter == "3 behind the house."

    def test_one_that_has_to_be_set(self, py):
        """The hint has the table as it is written."""
        message, hint = py(self.CODE).problem()
        assert message == "plugins.parking-py.spots must be set to a whole number"
        assert hint == "write it in ivrkit.toml:  [plugins.parking-py]  spots = 1"

    def test_one_of_the_wrong_type(self, py):
        """The line is that of the table."""
        folder = py(self.CODE)
        folder.write("ivrkit.toml", 'plugins_dir = "states"\n[plugins."parking.py"]\nspots = "x"\n')
        assert folder.problem() == (
            "ivrkit.toml:3: plugins.parking-py.spots must be a whole number, not 'x'",
            "write spots = 1",
        )

    def test_one_that_there_is_not(self, py):
        """The nearest is named."""
        folder = py(self.CODE)
        folder.write("ivrkit.toml", 'plugins_dir = "states"\n[plugins."parking.py"]\nspots = 1\nwere = "x"\n')
        assert folder.problem() == (
            "ivrkit.toml:4: unknown key 'plugins.parking-py.were', did you mean 'where'?",
            "use one of: spots, where",
        )

    def test_find_plugins_tells_of_it(self, py):
        """Whether or not it can be served."""
        folder = py(self.CODE)
        found = find_plugins(try_load_settings(folder.path, {}).settings)
        assert ("parking" in found.state_names, len(found.problems)) == (True, 1)
        assert [each.is_missing for each in found.settings[0].settings] == [True, False]
        folder.write("ivrkit.toml", 'plugins_dir = "states"\n[plugins."parking.py"]\nspots = 3\n')
        found = find_plugins(try_load_settings(folder.path, {}).settings)
        assert (found.problems, [each.key for each in found.settings]) == ((), ["plugins.parking-py"])


class TestFilesOfStates:
    """Files ``*.flow.toml``."""

    def test_those_beside_the_settings_are_read(self, folder):
        """They are the default, in the order of their names; in the folder of plugins too."""
        folder.write("b.flow.toml", TABLE.format("bees"))
        folder.write("a.flow.toml", TABLE.format("ants"))
        folder.write("states/c.flow.toml", TABLE.format("cats"))
        folder.write("states/c.toml", "wrong")
        assert folder.owners(plugins_dir="states") == [
            ("a.flow.toml", "loaded", ("ants",)),
            ("b.flow.toml", "loaded", ("bees",)),
            ("c.flow.toml", "loaded", ("cats",)),
        ]

    def test_a_file_that_both_settings_name_is_read_once(self, folder):
        """Also where one of them goes another way."""
        folder.write("states/c.flow.toml", TABLE.format("cats"))
        (folder.path / "link").symlink_to("states")
        owners = folder.owners(plugins_dir="states", flows=["link/*.flow.toml", "states/c.flow.toml"])
        assert owners == [("c.flow.toml", "loaded", ("cats",))]

    def test_patterns_and_paths(self, folder, tmp_path_factory):
        """They begin in the folder of the settings; a whole path is itself."""
        elsewhere = tmp_path_factory.mktemp("else[where]") / "far.toml"
        elsewhere.write_text(TABLE.format("fish"))
        folder.write("north/deep/a.flow.toml", TABLE.format("ants"))
        folder.write("south/b.flow.toml", TABLE.format("bees"))
        folder.write("tree.toml", TABLE.format("tree"))
        flows = ["**/*.flow.toml", "tree.toml", glob.escape(str(elsewhere)), "*.none"]
        assert [owner for owner, _, _ in folder.owners(flows=flows)] == [
            "a.flow.toml",
            "b.flow.toml",
            "far.toml",
            "tree.toml",
        ]

    def test_a_folder_with_brackets_in_its_name(self, folder):
        """Only the setting is a pattern, and not the folder that it begins in."""
        folder.write("[prod]/a.flow.toml", TABLE.format("ants"))
        settings = try_load_settings(folder.path / "[prod]", {}).settings
        assert "ants" in find_plugins(settings).state_names

    def test_a_link_has_its_own_name(self, folder):
        """A file that is shared by several trees is called as each calls it."""
        folder.write("shared.toml", TABLE.format("ants"))
        (folder.path / "a.flow.toml").symlink_to("shared.toml")
        assert folder.owners() == [("a.flow.toml", "loaded", ("ants",))]

    def test_a_link_that_leads_nowhere(self, folder):
        """It is told like a file that can't be read."""
        (folder.path / "a.flow.toml").symlink_to("nowhere.toml")
        path = folder.path / "a.flow.toml"
        assert folder.problem() == (
            (
                "plugin a.flow.toml: its file a.flow.toml cannot be imported: a.flow.toml cannot be read: "
                f"[Errno 2] No such file or directory: '{path}'"
            ),
            f"write it as TOML, in UTF-8: https://toml.io; or {leave_out('a.flow.toml')}",
        )

    def test_it_is_left_out_by_its_name(self, folder):
        """It is not even read."""
        folder.write("harbour.flow.toml", "no TOML")
        assert folder.owners(block=["harbour.flow.toml"]) == [("harbour.flow.toml", "blocked", ())]
        folder.write("ivrkit.toml", TABLE.format("ants") + 'wrong = "x"\n')
        assert folder.owners(block=["harbour.flow.toml", "ivrkit.toml"]) == [
            ("ivrkit.toml", "blocked", ()),
            ("harbour.flow.toml", "blocked", ()),
        ]

    def test_no_toml(self, folder):
        """The parser says where."""
        folder.write("harbour.flow.toml", "[states\n")
        message, hint = folder.problem()
        imported = "plugin harbour.flow.toml: its file harbour.flow.toml cannot be imported"
        assert message.startswith(f"{imported}: harbour.flow.toml cannot be read: ")
        assert "(at line 1, column 8)" in message
        assert hint == f"write it as TOML, in UTF-8: https://toml.io; or {leave_out('harbour.flow.toml')}"

    @pytest.mark.parametrize(
        ("text", "message", "hint"),
        [
            (
                "x = 1\n[settings]\n",
                "harbour.flow.toml:2: unknown key 'settings'",
                "write tables [states.NAME], each with a kind",
            ),
            (
                "[state.x]\n",
                "harbour.flow.toml:1: unknown key 'state', did you mean 'states'?",
                "write tables [states.NAME], each with a kind",
            ),
            (
                "states = 3\n",
                "harbour.flow.toml:1: states must be a table, not 3",
                "write tables [states.NAME], each with a kind",
            ),
            (
                "[states.x]\nkey = '4'\n",
                "harbour.flow.toml:1: states.x must be a table with a kind",
                'write kind = "message"; or, to change a state of a plugin, write it in the settings file',
            ),
            (
                "[states]\nx = 3\n",
                "harbour.flow.toml:2: states.x must be a table with a kind",
                'write kind = "message"; or, to change a state of a plugin, write it in the settings file',
            ),
            (
                TABLE.format("x") + "texts = 3\n",
                "harbour.flow.toml:4: states.x.texts must be a table of texts, or of languages with their texts, not 3",
                'write a table [states.x.texts] with lines such as "We are closed." = "We are on holiday."',
            ),
            (
                TABLE.format("x") + "[states.x.texts.es]\nx = 3\n",
                "harbour.flow.toml:5: states.x.texts.es.x must be a text, not 3",
                'write x = "text"',
            ),
        ],
    )
    def test_what_belongs_elsewhere(self, folder, text, message, hint):
        """The file, the line, the key and the mend."""
        folder.write("harbour.flow.toml", text)
        problems = [(each.located_message, each.hint, each.owner) for each in folder.problems()]
        assert problems[-1] == (message, hint, "harbour.flow.toml")

    def test_its_texts(self, folder):
        """They stand in the table; what the settings say wins."""
        table = (
            TABLE.format("ants") + '[states.ants.texts]\nants = "Ants."\n[states.ants.texts.es]\nants = "Hormigas."\n'
        )
        folder.write("harbour.flow.toml", table)
        folder.write("ivrkit.toml", 'languages = ["es-MX"]\n')
        assert self.said(folder) == {"en-US": "Ants.", "es-MX": "Hormigas."}
        folder.write("ivrkit.toml", 'languages = ["es-MX"]\n[states.ants.texts]\nants = "No ants."\n')
        assert self.said(folder) == {"en-US": "No ants.", "es-MX": "No ants."}

    @staticmethod
    def said(folder) -> dict[str, str]:
        """Return what is said in each language."""
        loaded = folder.load()
        state = loaded.flow.states["ants"].state
        return {each.tag: each.translate(state.enter[0], state) for each in loaded.flow.config.languages}

    def test_one_state_in_two_files(self, folder):
        """Both are named, and the settings choose."""
        folder.write("a.flow.toml", TABLE.format("ants"))
        folder.write("b.flow.toml", TABLE.format("ants").replace('"ants"', '"Others."'))
        assert folder.problem() == (
            "state 'ants' is offered by two plugins: a.flow.toml and b.flow.toml",
            'choose one in ivrkit.toml:  [states.ants]  plugin = "a.flow.toml"',
        )
        folder.write("ivrkit.toml", '[states.ants]\nplugin = "b.flow.toml"\n')
        assert folder.state("ants").enter == ["Others."]

    def test_two_files_of_one_name(self, folder):
        """To leave one out would leave out both, so one of them has to be called otherwise."""
        folder.write("a.flow.toml", TABLE.format("ants"))
        folder.write("states/a.flow.toml", TABLE.format("bees"))
        second = folder.path / "states" / "a.flow.toml"
        assert folder.problem(plugins_dir="states") == (
            (
                f"{second}: plugin a.flow.toml: its file a.flow.toml has the same name as an entry point of plugin "
                "a.flow.toml"
            ),
            "rename one of the two",
        )


class TestWhereTheyAre:
    """The settings ``plugins_dir`` and ``flows``, and their variables."""

    def test_a_folder_that_there_is_not(self, folder):
        """It is told once, with its place and the whole path."""
        folder.write("ivrkit.toml", 'company = "Acme"\nplugins_dir = "nowhere"\n')
        hint = f"fix the path, or make the folder {folder.path / 'nowhere'}"
        assert folder.problem() == ("ivrkit.toml:2: plugins_dir must be a folder, not 'nowhere'", hint)
        folder.write("ivrkit.toml", "")
        assert folder.problem({"IVRKIT_PLUGINS_DIR": "nowhere"}) == (
            "IVRKIT_PLUGINS_DIR in the environment: plugins_dir must be a folder, not 'nowhere'",
            hint,
        )

    def test_a_file_that_there_is_not(self, folder):
        """A pattern may find nothing, and a name may not."""
        folder.write("ivrkit.toml", 'company = "Acme"\nflows = ["harbour.flow.toml", "*.flow.toml"]\n')
        hint = "fix the path; it is relative to the folder of the settings file"
        message = "flows names 'harbour.flow.toml', which does not exist"
        assert folder.problem() == (f"ivrkit.toml:2: {message}", hint)
        folder.write("ivrkit.toml", "")
        assert folder.problem({"IVRKIT_FLOWS": "harbour.flow.toml"}) == (
            f"IVRKIT_FLOWS in the environment: {message}",
            hint,
        )

    @pytest.mark.parametrize(
        ("line", "message", "hint"),
        [
            ("plugins_dir = 3", "plugins_dir must be the path of a folder, not 3", 'write plugins_dir = "states"'),
            ("plugins_dir = ''", "plugins_dir must be the path of a folder, not ''", 'write plugins_dir = "states"'),
            (
                "flows = 3",
                "flows must be a path or a pattern of paths, or a list of these, not 3",
                'write flows = ["*.flow.toml"]',
            ),
            ("flows = ['']", "flows[0] must be a path or a pattern of paths, not ''", 'write flows = ["*.flow.toml"]'),
        ],
    )
    def test_what_they_take(self, folder, line, message, hint):
        """They are settings like any other."""
        folder.write("ivrkit.toml", line)
        with pytest.raises(SettingsError) as caught:
            folder.load()
        assert (caught.value.message, caught.value.hint) == (f"ivrkit.toml:1: {message}", hint)

    def test_variables(self, folder):
        """They begin in the folder of the settings too."""
        folder.write("states/parking.py", PARKING)
        folder.write("x/a.toml", TABLE.format("ants"))
        folder.write("x/b.toml", TABLE.format("bees"))
        loaded = folder.load({"IVRKIT_PLUGINS_DIR": "states", "IVRKIT_FLOWS": "x/a.toml, x/b.toml"})
        assert {"parking", "ants", "bees"} <= loaded.flow.states.keys()
        loaded = folder.load({"IVRKIT_PLUGINS_DIR": "", "IVRKIT_FLOWS": ""})
        assert "parking" not in loaded.flow.states

    def test_another_settings_file(self, folder):
        """The owner of its states is that file, as their problems tell it."""
        folder.write("prod.toml", TABLE.format("ants"))
        loaded = folder.load({"IVRKIT_SETTINGS": "prod.toml"})
        assert loaded.flow.states["ants"].state.owner == Owner("prod.toml")
        folder.write("prod.toml", TABLE.format("ants") + "voice = 3\n")
        message, _ = folder.problem({"IVRKIT_SETTINGS": "prod.toml"})
        assert message == "prod.toml:4: states.ants.voice must be a voice such as 'Polly.Joanna', not 3"
