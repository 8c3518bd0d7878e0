"""Plugins that are files: Python files in ``plugins_dir``, and flow files with TOML states."""

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
NOTHING_OFFERED_HINT = (
    "write a State, a function annotated -> State, or a hook implementation; or let the name of the file begin with _, "
    "so that it is not loaded"
)


def leave_out(name: str) -> str:
    """Return the hint to leave a file out."""
    return f'leave it out: block = ["{name}"] in ivrkit.toml, or --block {name}'


@pytest.fixture
def write_python(folder):
    """Return a function that writes a Python file into the folder ``states``, which is the ``plugins_dir``."""

    def write(text, name="parking.py"):
        folder.write("ivrkit.toml", 'plugins_dir = "states"\n')
        folder.write(f"states/{name}", text)
        return folder

    return write


class TestPythonFiles:
    """The ``*.py`` files in ``plugins_dir``."""

    def test_a_python_file_is_a_plugin(self, write_python):
        """A Python file is a plugin with the name of the file and no version."""
        assert write_python(PARKING).owners() == [("parking.py", "loaded", ("parking",))]

    def test_the_version_is_that_of_the_file(self, write_python):
        """The version of a Python file is its ``__version__``, even if the file raises an error."""
        assert write_python(PARKING + '__version__ = "1.2"\n').owners() == [("parking.py 1.2", "loaded", ("parking",))]
        message, _ = write_python("__version__ = '1.3'\n1 / 0\n").problem()
        assert message.startswith("plugin parking.py 1.3: ")

    def test_a_file_offers_its_states_and_state_functions(self, write_python):
        """A file offers each State and each function annotated ``-> State``, but nothing imported or private."""
        write_python(
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
        folder = write_python(HEAD + "def eight() -> State:\n    return State('Eight.')\n", "other.py")
        assert folder.owners() == [
            ("other.py", "loaded", ("eight",)),
            ("parking.py", "loaded", ("one", "two", "three", "four")),
        ]
        assert folder.state("two", company="Acme").enter == "Two of Acme."

    def test_a_file_may_have_only_hooks(self, write_python):
        """A file with hooks and without states is a plugin."""
        folder = write_python(HEAD + "@hookimpl\ndef ivrkit_call_started(call): pass\n")
        plugin = next(each for each in folder.load().plugins if each.owner == Owner("parking.py"))
        assert (plugin.status, plugin.states, plugin.hooks) == ("loaded", (), ("ivrkit_call_started",))

    def test_a_file_may_have_states_and_hooks(self, write_python):
        """A file can have states and hooks, including states that a hook registers."""
        folder = write_python(
            PARKING
            + "@hookimpl\ndef ivrkit_register_states():\n    return {'garage': State('Garage.')}\n"
            + "@hookimpl(specname='ivrkit_edit_state')\ndef louder(state) -> State:\n"
            + "    return State('GARAGE') if state.name == 'garage' else None\n"
        )
        plugin = next(each for each in folder.load().plugins if each.owner == Owner("parking.py"))
        assert sorted(plugin.states) == ["garage", "parking"]
        assert plugin.hooks == ("ivrkit_edit_state", "ivrkit_register_states")
        assert folder.state("garage").enter == "GARAGE"

    def test_an_unmarked_hook_is_a_problem(self, write_python):
        """A function of a file with the name of a hook is a problem if it is not marked as a hook implementation."""
        folder = write_python(PARKING + "def ivrkit_call_started(call): pass\n")
        assert folder.problem() == (
            (
                "plugin parking.py: its file parking.py cannot be registered: its ivrkit_call_started is not marked as "
                "a hook implementation, so it is never called"
            ),
            f"mark it @ivrkit.hookimpl, or rename it; or {leave_out('parking.py')}",
        )

    def test_a_file_with_an_underscore_is_not_loaded(self, write_python):
        """A Python file whose name begins with ``_`` is not a plugin."""
        assert write_python("1 / 0", "_helper.py").owners() == []

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
            ("x = 1\n", "it has no state and no hook", NOTHING_OFFERED_HINT),
            ("", "it has no state and no hook", NOTHING_OFFERED_HINT),
        ],
    )
    def test_a_file_that_cannot_be_loaded_is_a_problem(self, write_python, text, message, hint):
        """A file that raises an error, or offers nothing, is a problem with the line and a hint."""
        assert write_python(text).problem() == (
            f"plugin parking.py: its file parking.py cannot be imported: {message}",
            f"{hint}; or {leave_out('parking.py')}",
        )

    def test_a_failing_file_leaves_no_module(self, write_python):
        """A file that fails leaves no module in ``sys.modules``, even if it removes itself from there."""
        write_python("import sys\ndel sys.modules[__name__]\n1 / 0\n", "garage.py")
        assert len(write_python("1 / 0").problems()) == 2
        assert not [name for name in sys.modules if name.startswith("ivrkit_file_")]

    def test_a_broken_link_is_a_problem(self, write_python):
        """A broken link is a problem like a file that cannot be read."""
        folder = write_python(PARKING)
        path = folder.path / "states" / "garage.py"
        path.symlink_to("nowhere.py")
        assert folder.problem() == (
            (
                "plugin garage.py: its file garage.py cannot be imported: "
                f"FileNotFoundError: [Errno 2] No such file or directory: '{path}'"
            ),
            f"fix the file; or {leave_out('garage.py')}",
        )

    def test_a_link_is_named_after_itself(self, write_python):
        """A link to a file is a plugin with the name of the link."""
        folder = write_python(PARKING, "_shared.py")
        (folder.path / "states" / "garage.py").symlink_to("_shared.py")
        assert folder.owners() == [("garage.py", "loaded", ("parking",))]

    def test_without_strict_other_files_are_served(self, write_python):
        """Without strict, a file that fails is left out and the others are served."""
        write_python("1 / 0\n", "broken.py")
        folder = write_python(PARKING)
        assert folder.owners(strict=False) == [
            ("broken.py", "faulty", ()),
            ("parking.py", "loaded", ("parking",)),
        ]

    def test_a_blocked_file_is_not_run(self, write_python):
        """A file that the setting ``block`` names is not run."""
        folder = write_python("1 / 0\n")
        assert folder.owners(block=["parking.py"]) == [("parking.py", "blocked", ())]

    def test_a_table_for_a_state_of_a_blocked_file_is_allowed(self, write_python):
        """A table for a state of a blocked file is not a problem."""
        folder = write_python(PARKING)
        folder.write("ivrkit.toml", 'plugins_dir = "states"\n[states.parking]\nkey = "5"\n')
        assert "parking" not in folder.load(block=["parking.py"]).flow.states

    def test_a_state_of_a_file_and_of_a_package_clash(self, write_python, install):
        """If a file and a package offer the same state, the problem names both, and the settings choose one."""
        install("garage", "2.0", states={"parking": "garage:found"}, garage=HEAD + "found = State('Garage.')\n")
        folder = write_python(PARKING)
        assert folder.problem() == (
            "state 'parking' is offered by two plugins: garage 2.0 and parking.py",
            'choose one in ivrkit.toml:  [states.parking]  plugin = "garage"',
        )
        for plugin, said in (("parking.py", "Behind the house."), ("garage", "Garage.")):
            text = f'plugins_dir = "states"\n[states.parking]\nplugin = "{plugin}"\n'
            folder.write("ivrkit.toml", text)
            assert folder.state("parking").enter == said

    def test_two_apps_load_a_file_separately(self, write_python):
        """Two apps with the same folder have separate plugins and states."""
        folder = write_python(PARKING + "import dataclasses\n@dataclasses.dataclass\nclass Spot:\n    number: int\n")
        first, second = folder.load(), folder.load()
        states = [each.flow.states["parking"].state for each in (first, second)]
        assert states[0] == states[1]
        assert states[0] is not states[1]

    def test_files_of_one_name_have_separate_modules(self, write_python, folder):
        """Files of the same name in two folders are loaded as separate modules."""
        before = set(sys.modules)
        write_python(PARKING)
        folder.write("other/parking.py", PARKING.replace("Behind", "Before"))
        said = [folder.state("parking", plugins_dir=name).enter for name in ("states", "other", "states")]
        assert said == ["Behind the house.", "Before the house.", "Behind the house."]
        assert len([name for name in sys.modules.keys() - before if name.startswith("ivrkit_file_parking")]) == 2

    def test_an_edited_file_is_loaded_again(self, write_python):
        """A file that was edited is loaded again, even within a second and with the same size; no cache is written."""
        folder = write_python(PARKING)
        path = folder.path / "states" / "parking.py"
        os.utime(path, (1, 1))
        assert folder.state("parking").enter == "Behind the house."
        write_python(PARKING.replace("Behind", "Beside"))
        os.utime(path, (1, 1))
        assert folder.state("parking").enter == "Beside the house."
        assert [each.name for each in path.parent.iterdir()] == ["parking.py"]

    def test_a_file_name_need_not_be_an_identifier(self, write_python):
        """The name of a Python file need not be a valid module name."""
        assert write_python(PARKING, "2-car park.py").owners() == [("2-car park.py", "loaded", ("parking",))]


class TestSettingsOfAFile:
    """The settings of a Python file: the table ``[plugins."parking.py"]``."""

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

    def test_a_file_can_have_settings(self, write_python):
        """The settings of a file are read as its dataclass, as those of a package are."""
        folder = write_python(self.CODE)
        folder.write("ivrkit.toml", 'plugins_dir = "states"\n[plugins."parking.py"]\nspots = 3\n')
        assert folder.state("parking").enter == "3 behind the house."

    def test_a_missing_setting_is_a_problem(self, write_python):
        """A required setting that is missing is a problem, with the table to write."""
        message, hint = write_python(self.CODE).problem()
        assert message == "plugins.parking-py.spots must be set to a whole number"
        assert hint == "write it in ivrkit.toml:  [plugins.parking-py]  spots = 1"

    def test_a_setting_of_the_wrong_type_is_a_problem(self, write_python):
        """A setting of the wrong type is a problem with the line of the file."""
        folder = write_python(self.CODE)
        folder.write("ivrkit.toml", 'plugins_dir = "states"\n[plugins."parking.py"]\nspots = "x"\n')
        assert folder.problem() == (
            "ivrkit.toml:3: plugins.parking-py.spots must be a whole number, not 'x'",
            "write spots = 1",
        )

    def test_an_unknown_setting_is_a_problem(self, write_python):
        """An unknown setting is a problem that proposes the most similar name."""
        folder = write_python(self.CODE)
        folder.write("ivrkit.toml", 'plugins_dir = "states"\n[plugins."parking.py"]\nspots = 1\nwere = "x"\n')
        assert folder.problem() == (
            "ivrkit.toml:4: unknown key 'plugins.parking-py.were', did you mean 'where'?",
            "use one of: spots, where",
        )

    def test_find_plugins_lists_the_settings_of_a_file(self, write_python):
        """find_plugins() lists the settings of a file, whether or not they are valid."""
        folder = write_python(self.CODE)
        found = find_plugins(try_load_settings(folder.path, {}).settings)
        assert ("parking" in found.state_names, len(found.problems)) == (True, 1)
        assert [each.is_missing for each in found.settings[0].settings] == [True, False]
        folder.write("ivrkit.toml", 'plugins_dir = "states"\n[plugins."parking.py"]\nspots = 3\n')
        found = find_plugins(try_load_settings(folder.path, {}).settings)
        assert (found.problems, [each.key for each in found.settings]) == ((), ["plugins.parking-py"])


class TestFlowFiles:
    """The files ``*.flow.toml``."""

    def test_flow_files_beside_the_settings_are_read(self, folder):
        """Flow files beside the settings file, and in ``plugins_dir``, are read in the order of their names."""
        folder.write("b.flow.toml", TABLE.format("bees"))
        folder.write("a.flow.toml", TABLE.format("ants"))
        folder.write("states/c.flow.toml", TABLE.format("cats"))
        folder.write("states/c.toml", "wrong")
        assert folder.owners(plugins_dir="states") == [
            ("a.flow.toml", "loaded", ("ants",)),
            ("b.flow.toml", "loaded", ("bees",)),
            ("c.flow.toml", "loaded", ("cats",)),
        ]

    def test_a_flow_file_is_read_once(self, folder):
        """A flow file that both settings name is read once, even if one path goes through a link."""
        folder.write("states/c.flow.toml", TABLE.format("cats"))
        (folder.path / "link").symlink_to("states")
        owners = folder.owners(plugins_dir="states", flows=["link/*.flow.toml", "states/c.flow.toml"])
        assert owners == [("c.flow.toml", "loaded", ("cats",))]

    def test_flows_has_patterns_and_paths(self, folder, tmp_path_factory):
        """The setting ``flows`` has paths and patterns, relative to the folder of the settings or absolute."""
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

    def test_the_folder_of_the_settings_is_not_a_pattern(self, folder):
        """Brackets in the name of the settings folder are not read as a pattern."""
        folder.write("[prod]/a.flow.toml", TABLE.format("ants"))
        settings = try_load_settings(folder.path / "[prod]", {}).settings
        assert "ants" in find_plugins(settings).state_names

    def test_a_link_is_named_after_itself(self, folder):
        """A link to a flow file is a plugin with the name of the link."""
        folder.write("shared.toml", TABLE.format("ants"))
        (folder.path / "a.flow.toml").symlink_to("shared.toml")
        assert folder.owners() == [("a.flow.toml", "loaded", ("ants",))]

    def test_a_broken_link_is_a_problem(self, folder):
        """A broken link is a problem like a file that cannot be read."""
        (folder.path / "a.flow.toml").symlink_to("nowhere.toml")
        assert folder.problem() == (
            "a.flow.toml cannot be read: No such file or directory",
            f"check the file {folder.path / 'a.flow.toml'}; or {leave_out('a.flow.toml')}",
        )

    def test_a_blocked_file_is_not_read(self, folder):
        """A flow file or settings file that the setting ``block`` names has no states, and is not read as such."""
        folder.write("harbour.flow.toml", "no TOML")
        assert folder.owners(block=["harbour.flow.toml"]) == [("harbour.flow.toml", "blocked", ())]
        folder.write("ivrkit.toml", TABLE.format("ants") + 'wrong = "x"\n')
        assert folder.owners(block=["harbour.flow.toml", "ivrkit.toml"]) == [
            ("ivrkit.toml", "blocked", ()),
            ("harbour.flow.toml", "blocked", ()),
        ]

    def test_a_file_that_is_not_toml_is_a_problem(self, folder):
        """A flow file that is not TOML is a problem with the line, the text of the line and the fix."""
        folder.write("harbour.flow.toml", "[states\n")
        assert folder.problem() == (
            "harbour.flow.toml:1: the heading is not a table: [states",
            f"write [table], with odd names in quotes; or {leave_out('harbour.flow.toml')}",
        )
        folder.write("calm.flow.toml", TABLE.format("ants"))
        assert folder.owners(strict=False) == [
            ("calm.flow.toml", "loaded", ("ants",)),
            ("harbour.flow.toml", "faulty", ()),
        ]

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
    def test_invalid_content_is_a_problem(self, folder, text, message, hint):
        """A flow file holds only tables of states; anything else is a problem with file, line and hint."""
        folder.write("harbour.flow.toml", text)
        problems = [(each.located_message, each.hint, each.owner) for each in folder.problems()]
        assert problems[-1] == (message, hint, "harbour.flow.toml")

    def test_texts_of_a_flow_file_are_overridden_by_the_settings(self, folder):
        """The texts of a table replace those of its state, and the settings override them."""
        table = (
            TABLE.format("ants") + '[states.ants.texts]\nants = "Ants."\n[states.ants.texts.es]\nants = "Hormigas."\n'
        )
        folder.write("harbour.flow.toml", table)
        folder.write("ivrkit.toml", 'languages = ["es-MX"]\n')
        assert self.texts_by_language(folder) == {"en-US": "Ants.", "es-MX": "Hormigas."}
        folder.write("ivrkit.toml", 'languages = ["es-MX"]\n[states.ants.texts]\nants = "No ants."\n')
        assert self.texts_by_language(folder) == {"en-US": "No ants.", "es-MX": "No ants."}

    @staticmethod
    def texts_by_language(folder) -> dict[str, str]:
        """Return the text of the state ``ants`` in each language."""
        loaded = folder.load()
        state = loaded.flow.states["ants"].state
        return {each.tag: each.translate(state.enter[0], state) for each in loaded.flow.config.languages}

    def test_a_state_in_two_files_clashes(self, folder):
        """If two files have the same state, the problem names both, and the settings choose one."""
        folder.write("a.flow.toml", TABLE.format("ants"))
        folder.write("b.flow.toml", TABLE.format("ants").replace('"ants"', '"Others."'))
        assert folder.problem() == (
            "state 'ants' is offered by two plugins: a.flow.toml and b.flow.toml",
            'choose one in ivrkit.toml:  [states.ants]  plugin = "a.flow.toml"',
        )
        folder.write("ivrkit.toml", '[states.ants]\nplugin = "b.flow.toml"\n')
        assert folder.state("ants").enter == ["Others."]

    def test_two_files_of_one_name_clash(self, folder):
        """Two flow files of the same name are a problem, because one could not be blocked without the other."""
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


class TestPaths:
    """The settings ``plugins_dir`` and ``flows``, and their variables."""

    def test_a_missing_folder_is_a_problem(self, folder):
        """A ``plugins_dir`` that does not exist is one problem with its location and the absolute path."""
        folder.write("ivrkit.toml", 'company = "Acme"\nplugins_dir = "nowhere"\n')
        hint = f"fix the path, or make the folder {folder.path / 'nowhere'}"
        assert folder.problem() == ("ivrkit.toml:2: plugins_dir must be a folder, not 'nowhere'", hint)
        folder.write("ivrkit.toml", "")
        assert folder.problem({"IVRKIT_PLUGINS_DIR": "nowhere"}) == (
            "IVRKIT_PLUGINS_DIR in the environment: plugins_dir must be a folder, not 'nowhere'",
            hint,
        )

    def test_a_missing_flow_file_is_a_problem(self, folder):
        """A file in ``flows`` that does not exist is a problem; a pattern without matches is not."""
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
    def test_invalid_paths_are_problems_of_the_settings(self, folder, line, message, hint):
        """An invalid ``plugins_dir`` or ``flows`` is reported like any other invalid setting."""
        folder.write("ivrkit.toml", line)
        with pytest.raises(SettingsError) as caught:
            folder.load()
        assert (caught.value.message, caught.value.hint) == (f"ivrkit.toml:1: {message}", hint)

    def test_variables_set_both_paths(self, folder):
        """Both settings can be set by variables; their paths are relative to the folder of the settings."""
        folder.write("states/parking.py", PARKING)
        folder.write("x/a.toml", TABLE.format("ants"))
        folder.write("x/b.toml", TABLE.format("bees"))
        loaded = folder.load({"IVRKIT_PLUGINS_DIR": "states", "IVRKIT_FLOWS": "x/a.toml, x/b.toml"})
        assert {"parking", "ants", "bees"} <= loaded.flow.states.keys()
        loaded = folder.load({"IVRKIT_PLUGINS_DIR": "", "IVRKIT_FLOWS": ""})
        assert "parking" not in loaded.flow.states

    def test_states_of_another_settings_file_are_owned_by_it(self, folder):
        """The states in a settings file named by IVRKIT_SETTINGS are owned by that file."""
        folder.write("prod.toml", TABLE.format("ants"))
        loaded = folder.load({"IVRKIT_SETTINGS": "prod.toml"})
        assert loaded.flow.states["ants"].state.owner == Owner("prod.toml")
        folder.write("prod.toml", TABLE.format("ants") + "voice = 3\n")
        message, _ = folder.problem({"IVRKIT_SETTINGS": "prod.toml"})
        assert message == "prod.toml:4: states.ants.voice must be a voice such as 'Polly.Joanna', not 3"
