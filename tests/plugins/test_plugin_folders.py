"""The files of a folder that are plugins, their order, and the separation of apps."""

import sys
from types import ModuleType

import pytest

from ivrkit.plugins.load import find_plugins
from ivrkit.settings.load import try_load_settings

HEAD = "from ivrkit import *\n"
PARKING = HEAD + "parking = State('Behind the house.', HOME)\n"
TABLE = '[states.{0}]\nkind = "message"\ntext = "{0}"\n'
IN_STATES = {"plugins_dir": "states"}


def plugin_modules() -> dict[str, ModuleType]:
    """Return the modules of Python files that are plugins."""
    return {name: each for name, each in sys.modules.items() if name.startswith("ivrkit_file_")}


def test_a_hidden_file_is_not_a_plugin(folder):
    """A hidden file, such as a backup of an editor, is not a plugin."""
    folder.write("states/parking.py", PARKING)
    folder.write("states/.parking.py", "1 / 0\n")
    folder.write("states/.ants.flow.toml", "no TOML")
    folder.write(".bees.flow.toml", "no TOML")
    (folder.path / "states" / ".#parking.py").symlink_to("ann@host.1234:5678")
    assert folder.owners(**IN_STATES) == [("parking.py", "loaded", ("parking",))]


def test_files_of_one_name_are_sorted_by_path(folder):
    """Of several flow files with the same name, the first by path is loaded, and each other is a problem."""
    for name in ("b", "a", "d", "c"):
        folder.write(f"{name}/it.flow.toml", TABLE.format(name))
    loaded = folder.load(strict=False, flows=["*/it.flow.toml"])
    assert [name for name in loaded.flow.states if name in "abcd"] == ["a"]
    assert len(loaded.problems) == 3


@pytest.mark.parametrize("line", ['__version__ = "1.2"', "__version__: str = '1.2'", "__version__ : Final='1.2'"])
def test_an_annotated_version_is_read(folder, line):
    """The ``__version__`` of a file may be annotated, and is read without running the file."""
    folder.write("states/parking.py", f"from typing import Final\n{PARKING}{line}\n")
    assert folder.owners(**IN_STATES) == [("parking.py 1.2", "loaded", ("parking",))]


def test_a_failing_file_keeps_the_module_of_another_app(folder):
    """If a file fails in a second app, the module that the first app loaded stays."""
    folder.write("states/parking.py", PARKING)
    folder.load(**IN_STATES)
    before = plugin_modules()
    folder.write("states/parking.py", PARKING + "1 / 0\n")
    folder.problems(**IN_STATES)
    assert plugin_modules() == before
    assert len(before) == 1


def test_a_hook_that_pluggy_rejects_is_a_problem(folder):
    """A hook that pluggy rejects is a problem, with the hint to fix the file."""
    folder.write("states/parking.py", HEAD + "@hookimpl\ndef ivrkit_call_ended(cal): pass\n")
    message, hint = folder.problem(**IN_STATES)
    assert message.startswith("plugin parking.py: its file parking.py cannot be registered: PluginValidationError: ")
    assert message.endswith("Argument(s) {'cal'} are declared in the hookimpl but can not be found in the hookspec")
    assert hint == 'fix the file, or leave it out: block = ["parking.py"] in ivrkit.toml, or --block parking.py'


def test_an_imported_state_is_offered_twice(folder):
    """A State that a file imports from a package is offered by both, and the problem names both."""
    folder.write("states/parking.py", "from ivrkit.states.default.menu import menu\n")
    message, hint = folder.problem(**IN_STATES)
    assert message.startswith("state 'menu' is offered by two plugins: ivrkit ")
    assert message.endswith(" and parking.py")
    assert hint == 'choose one in ivrkit.toml:  [states.menu]  plugin = "ivrkit"'


def test_a_state_function_must_take_settings(folder):
    """A function annotated ``-> State`` must take settings, unless its name begins with ``_``."""
    text = HEAD + "def {0}(words: str){1}:\n    return State(words, HOME)\nparking = {0}('Behind the house.')\n"
    folder.write("states/parking.py", text.format("make", " -> State"))
    assert folder.problem(**IN_STATES) == (
        (
            "plugin parking.py: 'make' of its hook ivrkit_register_states cannot be made into a state: the parameter "
            "'words' of 'make' must be annotated with a dataclass of settings, not with str"
        ),
        "name a State, or a function (settings: Settings) -> State; Settings may be the plugin's own dataclass",
    )
    for name, returns in (("_make", " -> State"), ("make", "")):
        folder.write("states/parking.py", text.format(name, returns))
        assert folder.owners(**IN_STATES) == [("parking.py", "loaded", ("parking",))]


def test_a_file_can_register_state_kinds(folder):
    """A file can register state kinds, as a package can."""
    code = (
        "def _tide(level: int) -> State:\n    return State(f'{level} feet.', HOME)\n"
        "@hookimpl\ndef ivrkit_register_kinds():\n    return {'tide': _tide}\n"
    )
    folder.write("states/tides.py", HEAD + code)
    folder.write("ivrkit.toml", '[states.low]\nkind = "tide"\nlevel = 3\n')
    assert folder.state("low", **IN_STATES).enter == "3 feet."


def test_an_invalid_state_name_is_one_problem(folder):
    """A TOML state with an invalid name is one problem."""
    folder.write("ivrkit.toml", TABLE.format('"my state"').replace('text = ""my state""', 'text = "x"'))
    assert folder.problem() == (
        "plugin ivrkit.toml: 'my state' of its hook ivrkit_register_states is not a valid name of a state",
        "use letters, digits, - _ and .",
    )


def test_a_file_name_in_a_table_needs_quotes(folder):
    """A table ``[plugins.parking.py]`` without quotes is a problem, because TOML reads it as a nested table."""
    code = (
        "import dataclasses\n@dataclasses.dataclass\nclass Mine:\n    spots: int = 3\n"
        "def parking(mine: Mine) -> State:\n    return State(f'{mine.spots}.', HOME)\n"
    )
    folder.write("states/parking.py", HEAD + code)
    folder.write("ivrkit.toml", 'plugins_dir = "states"\n[plugins.parking.py]\nspots = 4\n')
    assert folder.problem() == (
        "ivrkit.toml:2: [plugins.parking] is for a plugin that is not installed, did you mean 'parking-py'?",
        "use one of: parking-py",
    )
    for name in ('"parking.py"', "parking-py"):
        folder.write("ivrkit.toml", f'plugins_dir = "states"\n[plugins.{name}]\nspots = 4\n')
        assert folder.state("parking").enter == "4."


def test_paths_are_relative_to_the_settings_file(folder):
    """Paths are relative to the settings file, even in another folder and in variables."""
    folder.write("conf/prod.toml", 'plugins_dir = "states"\n')
    folder.write("conf/states/parking.py", PARKING)
    folder.write("conf/ants.flow.toml", TABLE.format("ants"))
    folder.write("bees.flow.toml", TABLE.format("bees"))
    environ = {"IVRKIT_SETTINGS": "conf/prod.toml"}
    assert folder.load(environ).flow.states.keys() == {"greeting", "menu", "parking", "ants"}
    folder.write("conf/prod.toml", "")
    assert "parking" in folder.load({**environ, "IVRKIT_PLUGINS_DIR": "states"}).flow.states
    whole = {"IVRKIT_SETTINGS": str(folder.path / "conf" / "prod.toml")}
    assert "ants" in find_plugins(try_load_settings(folder.path, whole).settings).state_names


class TestTextOverrides:
    """The text overrides in flow files and in the settings."""

    def texts_in_spanish(self, folder, **more):
        """Return the texts of the state ``ants`` in Spanish."""
        loaded = folder.load(languages=["es-MX"], **more)
        state = loaded.flow.states["ants"].state
        (spanish,) = (each for each in loaded.flow.config.languages if each.tag == "es-MX")
        return [spanish.translate(each, state) for each in state.enter]

    def test_the_settings_override_single_texts(self, folder):
        """The settings override single texts of a flow file in all languages; the others stay."""
        folder.write(
            "ants.flow.toml",
            """
            [states.ants]
            kind = "message"
            text = ["One.", "Two.", "Three."]
            [states.ants.texts]
            "One." = "1."
            [states.ants.texts.es]
            "Two." = "Dos."
            "Three." = "Tres."
            """,
        )
        assert self.texts_in_spanish(folder) == ["1.", "Dos.", "Tres."]
        folder.write("ivrkit.toml", '[states.ants.texts]\n"Two." = "2."\n[states.ants.texts.es]\n"One." = "Uno."\n')
        assert self.texts_in_spanish(folder) == ["Uno.", "2.", "Tres."]

    def test_another_language_is_ignored(self, folder):
        """Texts of a flow file for a language that the phone tree does not have are ignored, as those of a package."""
        folder.write("ants.flow.toml", TABLE.format("ants") + '[states.ants.texts.fr]\nants = "fourmis"\n')
        assert folder.load().flow.config.languages[0].text_overrides == {}
        french = folder.load(languages="fr-FR").flow.config.languages[1]
        assert french.text_overrides == {"ants": {"ants": "fourmis"}}

    def test_an_invalid_language_is_a_problem(self, folder):
        """A table of texts in a flow file must be named by a language tag."""
        folder.write("ants.flow.toml", TABLE.format("ants") + '[states.ants.texts.spanish_]\nants = "hormigas"\n')
        assert folder.problem() == (
            "ants.flow.toml:4: states.ants.texts: the key must be a language such as 'en-US', not 'spanish_'",
            "use a key such as es-MX",
        )

    def test_an_unknown_language_in_the_settings_is_a_problem(self, folder):
        """Texts in the settings file for a language that the phone tree does not have are a problem with their line."""
        folder.write("ants.flow.toml", TABLE.format("ants"))
        folder.write("ivrkit.toml", 'tries = 2\n[states.ants.texts.fr]\nants = "fourmis"\n')
        assert folder.problem() == (
            "ivrkit.toml:2: [states.ants.texts.fr] is for a language that the phone tree does not have",
            "add it in ivrkit.toml:  languages = [...]; or use one of: en-US",
        )

    def test_a_wrong_placeholder_has_its_line(self, folder):
        """A replacement with a placeholder that the text does not have is a problem with the line of its file."""
        table = TABLE.format("ants").replace('"ants"', '"{company}"', 1)
        for file, text in (("ants.flow.toml", table), ("ivrkit.toml", "tries = 2\n")):
            folder.write(file, text)
        folder.write("ivrkit.toml", '[states.ants.texts]\n"{company}." = "{firm}."\n')
        message, _ = folder.problem()
        assert message.startswith("ivrkit.toml:2: [states.ants.texts] the replacement for '{company}.' ")

    def test_unused_text_overrides_are_startup_warnings(self, folder):
        """An override of a text that the state does not say is a startup warning with the most similar text."""
        folder.write(
            "ants.flow.toml",
            TABLE.format("ants") + 'key = "4"\n[states.ants.texts]\n"antz" = "Ants."\n"Goodbye." = "x"\n',
        )
        assert [str(each) for each in folder.load().startup_warnings if "ants" in str(each)] == [
            (
                "state 'ants' of ants.flow.toml does not say 'Goodbye.'"
                "\n  hint: correct or remove it in ivrkit.toml:  [states.ants.texts]"
            ),
            (
                "state 'ants' of ants.flow.toml does not say 'antz', did you mean 'ants'?"
                "\n  hint: correct or remove it in ivrkit.toml:  [states.ants.texts]"
            ),
        ]
