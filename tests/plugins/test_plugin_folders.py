"""Which files of a folder are plugins, in what order, and what one app's loading leaves to another's."""

import sys
from types import ModuleType

import pytest

from ivrkit.plugins.load import find_plugins
from ivrkit.settings.load import try_load_settings

HEAD = "from ivrkit import *\n"
PARKING = HEAD + "parking = State('Behind the house.', HOME)\n"
TABLE = '[states.{0}]\nkind = "message"\ntext = "{0}"\n'
IN_STATES = {"plugins_dir": "states"}


def modules() -> dict[str, ModuleType]:
    """Return the modules that are plugins."""
    return {name: each for name, each in sys.modules.items() if name.startswith("ivrkit_file_")}


def test_what_is_hidden_is_no_plugin(folder):
    """An editor keeps such files, and links that lead nowhere, beside the one that is open in it."""
    folder.write("states/parking.py", PARKING)
    folder.write("states/.parking.py", "1 / 0\n")
    folder.write("states/.ants.flow.toml", "no TOML")
    folder.write(".bees.flow.toml", "no TOML")
    (folder.path / "states" / ".#parking.py").symlink_to("ann@host.1234:5678")
    assert folder.owners(**IN_STATES) == [("parking.py", "loaded", ("parking",))]


def test_two_files_of_one_name_are_told_apart_by_their_paths(folder):
    """Which of them is left out must not hang on chance."""
    for place in ("b", "a", "d", "c"):
        folder.write(f"{place}/it.flow.toml", TABLE.format(place))
    loaded = folder.load(strict=False, flows=["*/it.flow.toml"])
    assert [name for name in loaded.flow.states if name in "abcd"] == ["a"]
    assert len(loaded.problems) == 3


@pytest.mark.parametrize("line", ['__version__ = "1.2"', "__version__: str = '1.2'", "__version__ : Final='1.2'"])
def test_a_version_may_be_annotated(folder, line):
    """It is read without running the file."""
    folder.write("states/parking.py", f"from typing import Final\n{PARKING}{line}\n")
    assert folder.owners(**IN_STATES) == [("parking.py 1.2", "loaded", ("parking",))]


def test_a_file_that_fails_leaves_another_apps_module_alone(folder):
    """The first app goes on with the module that it loaded."""
    folder.write("states/parking.py", PARKING)
    folder.load(**IN_STATES)
    before = modules()
    folder.write("states/parking.py", PARKING + "1 / 0\n")
    folder.problems(**IN_STATES)
    assert modules() == before
    assert len(before) == 1


def test_a_hook_that_pluggy_refuses(folder):
    """The mend is that of a file: there is no package to reinstall."""
    folder.write("states/parking.py", HEAD + "@hookimpl\ndef ivrkit_call_ended(cal): pass\n")
    message, hint = folder.problem(**IN_STATES)
    assert message.startswith("plugin parking.py: its file parking.py cannot be registered: PluginValidationError: ")
    assert message.endswith("Argument(s) {'cal'} are declared in the hookimpl but can not be found in the hookspec")
    assert hint == 'fix the file, or leave it out: block = ["parking.py"] in ivrkit.toml, or --block parking.py'


def test_a_state_that_is_imported_is_offered_again(folder):
    """A ``State`` does not say where it was made; both owners are named."""
    folder.write("states/parking.py", "from ivrkit.states.default.menu import menu\n")
    message, hint = folder.problem(**IN_STATES)
    assert message.startswith("state 'menu' is offered by two plugins: ivrkit ")
    assert message.endswith(" and parking.py")
    assert hint == 'choose one in ivrkit.toml:  [states.menu]  plugin = "ivrkit"'


def test_a_function_that_asks_for_something_else(folder):
    """One that helps to make states has a name that begins with ``_``, or says nothing of what it returns."""
    text = HEAD + "def {0}(words: str){1}:\n    return State(words, HOME)\nparking = {0}('Behind the house.')\n"
    folder.write("states/parking.py", text.format("told", " -> State"))
    assert folder.problem(**IN_STATES) == (
        (
            "plugin parking.py: 'told' of its hook ivrkit_register_states cannot be made into a state: the parameter "
            "'words' of 'told' must be annotated with a dataclass of settings, not with str"
        ),
        "name a State, or a function (settings: Settings) -> State; Settings may be the plugin's own dataclass",
    )
    for name, returns in (("_told", " -> State"), ("told", "")):
        folder.write("states/parking.py", text.format(name, returns))
        assert folder.owners(**IN_STATES) == [("parking.py", "loaded", ("parking",))]


def test_kinds_of_a_file(folder):
    """The hook of kinds works in a file as in a package."""
    code = (
        "def _tide(level: int) -> State:\n    return State(f'{level} feet.', HOME)\n"
        "@hookimpl\ndef ivrkit_register_kinds():\n    return {'tide': _tide}\n"
    )
    folder.write("states/tides.py", HEAD + code)
    folder.write("ivrkit.toml", '[states.low]\nkind = "tide"\nlevel = 3\n')
    assert folder.state("low", **IN_STATES).enter == "3 feet."


def test_a_table_whose_name_is_no_states(folder):
    """It is told once."""
    folder.write("ivrkit.toml", TABLE.format('"my state"').replace('text = ""my state""', 'text = "x"'))
    assert folder.problem() == (
        "plugin ivrkit.toml: 'my state' of its hook ivrkit_register_states is not a valid name of a state",
        "use letters, digits, - _ and .",
    )


def test_a_table_of_settings_without_quotes(folder):
    """To TOML that is a table in a table, and to nobody a plugin."""
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


def test_paths_begin_beside_the_settings_file(folder):
    """Also where it is another file of another folder; the variables mean the same paths."""
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


class TestTexts:
    """What states say instead, in a file of states and in the settings."""

    def said(self, folder, **more):
        """Return what is said in Spanish."""
        loaded = folder.load(languages=["es-MX"], **more)
        state = loaded.flow.states["ants"].state
        (spanish,) = (each for each in loaded.flow.config.languages if each.tag == "es-MX")
        return [spanish.translate(each, state) for each in state.enter]

    def test_the_settings_decide_sentence_by_sentence(self, folder):
        """What they do not decide about stays as the file has it, in all its languages."""
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
        assert self.said(folder) == ["1.", "Dos.", "Tres."]
        folder.write("ivrkit.toml", '[states.ants.texts]\n"Two." = "2."\n[states.ants.texts.es]\n"One." = "Uno."\n')
        assert self.said(folder) == ["Uno.", "2.", "Tres."]

    def test_a_language_that_calls_are_not_held_in(self, folder):
        """It is told of a file of states as of the settings."""
        folder.write("ants.flow.toml", TABLE.format("ants") + '[states.ants.texts.fr]\nants = "fourmis"\n')
        assert folder.problem() == (
            "[states.ants.texts.fr] is for a language that the phone tree does not have",
            "add it in ivrkit.toml:  languages = [...]; or use one of: en-US",
        )

    def test_words_for_what_a_state_does_not_say(self, folder):
        """The host warns of them, with the nearest that it says; a part's words are the whole's."""
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
