"""The state kinds that plugins offer for TOML states."""

import importlib_metadata
import pytest

from ivrkit import HOME, Owner
from ivrkit.errors import Problems
from ivrkit.plugins.state_kinds import StateKinds
from ivrkit.settings.state_settings import KEYS_BESIDE_KIND
from ivrkit.settings.toml_keys import COMMON_KEYS

CORE = importlib_metadata.version("ivrkit")
EVERY_STATE = ", ".join((*COMMON_KEYS, *KEYS_BESIDE_KIND))
HINT = "write a function with annotated parameters that returns a State"
TARGET = "the name of a state, HOME, BACK, SAME or HANG UP, or { to = ..., say = ... }"
LEAVE_OUT = 'leave it out: block = ["{0}"] in ivrkit.toml, or --block {0}'.format("harbour-kinds")
HEAD = "from collections.abc import Callable, Mapping, Sequence\nfrom ivrkit import *\n"
OFFER = "\n\n@hookimpl\ndef ivrkit_register_kinds():\n    return {}\n"


@pytest.fixture
def offer_kinds(install):
    """Return a function that installs a package with state kinds.

    Its arguments are the code of the package and the dict that the hook returns.
    """

    def install_kinds(code: str, offered: str = '{"tide": tide}', name: str = "harbour-kinds") -> None:
        module = name.replace("-", "_")
        hook = OFFER.replace("{}", offered)
        install(name, "2.0", plugins={name: module}, **{module: HEAD + code + hook})

    return install_kinds


TIDE = '''
def tide(level: int, *lines: str, then: "Target" = HOME, words: Prompt = "Tide.", **common: object) -> State:
    """Tell the tide.

    More of it.

    :param level: how high
        it is.
    """
    return State(ask(words, str(level), *lines), Routes({}, otherwise=then), **common)

from ivrkit.flow.model.routes import Target
'''
TABLE = """
    start = "low"
    [states.low]
    kind = "tide"
    """


class TestKindsOfPackages:
    """State kinds that packages offer with the hook ``ivrkit_register_kinds``."""

    def test_a_kind_of_a_package_makes_a_state(self, offer_kinds, folder):
        """The parameters of a kind's function are keys of its tables, and a variadic parameter is the key ``text``."""
        offer_kinds(TIDE)
        folder.write("ivrkit.toml", TABLE + 'level = 3\ntext = ["One.", "Two."]\nthen = "HANG UP"\n')
        state = folder.state("low")
        assert [each.value for each in state.enter.verbs] == ["Tide.", "3", "One.", "Two."]
        assert state.exit.otherwise is None
        assert state.owner == Owner("ivrkit.toml")

    def test_a_single_text_is_not_split_into_letters(self, offer_kinds, folder):
        """A variadic parameter takes a single text as one value, not as a list of letters."""
        offer_kinds(TIDE)
        folder.write("ivrkit.toml", TABLE + 'level = 3\ntext = "One."\n')
        assert [each.value for each in folder.state("low").enter.verbs] == ["Tide.", "3", "One."]

    def test_a_missing_key_has_the_default_of_its_parameter(self, offer_kinds, folder):
        """A key that is missing in a table has the default of its parameter."""
        offer_kinds(TIDE.replace("level: int", "level: int = 7, check: Callable[[Call], bool] | None = None"))
        folder.write("ivrkit.toml", TABLE + 'text = ["One."]\n')
        assert [each.value for each in folder.state("low").enter.verbs] == ["Tide.", "7", "One."]

    def test_positional_only_parameters_are_keys(self, offer_kinds, folder):
        """The positional-only parameters of a kind's function are keys of its tables."""
        offer_kinds(TIDE.replace("level: int", "level: int, /"))
        folder.write("ivrkit.toml", TABLE + 'level = 3\ntext = "One."\n')
        assert [each.value for each in folder.state("low").enter.verbs] == ["Tide.", "3", "One."]

    def test_targets_are_read_in_lists_and_tables(self, offer_kinds, folder):
        """A variadic parameter of targets takes a list, and a mapping of targets takes a table of outcomes."""
        code = (
            "def tide(*ways: str | None | Goto, routes: 'Mapping[str, str | None | Goto]' = {}) -> State:\n"
            "    return State(ask('Tide.'), Routes({**routes, '5': ways[0]}, otherwise=ways[-1]))\n"
        )
        offer_kinds(code)
        folder.write("ivrkit.toml", TABLE + 'text = ["HANG UP", "menu"]\nroutes = { 1 = "HOME" }\n')
        table = folder.state("low").exit
        assert ({**table.rows}, table.otherwise) == ({"1": HOME, "5": None}, "menu")
        folder.write("ivrkit.toml", TABLE + 'text = ["menu", 3]\nroutes = "HOME"\n')
        assert [(each.located_message, each.hint) for each in folder.problems()] == [
            (
                f"ivrkit.toml:4: states.low.text must be {TARGET}, or a list of these, not ['menu', 3]",
                'write text = "HOME"',
            ),
            (
                "ivrkit.toml:5: states.low.routes must be a table of outcomes and their targets, not 'HOME'",
                'write routes = { 1 = "HOME" }',
            ),
        ]

    @pytest.mark.parametrize(
        ("keys", "message", "hint"),
        [
            ('level = "high"', "ivrkit.toml:4: states.low.level must be a whole number, not 'high'", "write level = 1"),
            (
                'level = 1\ntext = ["One.", 2]',
                "ivrkit.toml:5: states.low.text[1] must be a text, not 2",
                'write text = ["text"]',
            ),
            (
                "level = 1\nwords = 3",
                (
                    "ivrkit.toml:5: states.low.words must be a text, { play = ... }, { pause = ... }, or a list of "
                    "these, not 3"
                ),
                'write words = "Hello."',
            ),
            (
                "level = 1\nthen = 3",
                f"ivrkit.toml:5: states.low.then must be {TARGET}, not 3",
                'write then = "HOME"',
            ),
            (
                "",
                "ivrkit.toml:2: states.low.level must be set to a whole number, because kind is 'tide'",
                "write level = 1",
            ),
            (
                "levle = 3\nlevel = 3",
                "ivrkit.toml:4: unknown key 'states.low.levle', did you mean 'level'?",
                "use the keys of 'tide': level, text, then, words; or the keys of every state: " + EVERY_STATE,
            ),
        ],
    )
    def test_a_problem_describes_the_key_of_a_kind(self, offer_kinds, folder, keys, message, hint):
        """A problem of a key names the file, the line, the key and the valid values."""
        offer_kinds(TIDE)
        folder.write("ivrkit.toml", TABLE + keys)
        assert folder.problem() == (message, hint)

    def test_a_kind_without_parameters_has_the_keys_of_every_state(self, offer_kinds, folder):
        """The hint for an unknown key of a kind without parameters lists the keys of every state."""
        offer_kinds("def tide() -> State:\n    return State('Tide.')\n")
        folder.write("ivrkit.toml", TABLE + "zzz = 3")
        assert folder.problem() == (
            "ivrkit.toml:4: unknown key 'states.low.zzz'",
            "use the keys of every state: " + EVERY_STATE,
        )

    def test_a_kind_that_two_plugins_offer_is_a_problem(self, offer_kinds, folder):
        """A kind that two plugins offer is a problem that names both; without strict, the first plugin is used."""
        offer_kinds(TIDE, name="alpha-kinds")
        offer_kinds(TIDE.replace('"Tide."', '"Other."'))
        folder.write("ivrkit.toml", TABLE + "level = 3")
        message = "the state kind 'tide' is offered by two plugins: alpha-kinds 2.0 and harbour-kinds 2.0"
        assert folder.problem() == (message, LEAVE_OUT)
        loaded = folder.load(strict=False)
        assert loaded.flow.states["low"].state.enter.verbs[0].value == "Tide."
        assert [each.owner for each in loaded.problems] == ["harbour-kinds"]

    def test_a_kind_of_the_core_cannot_be_replaced(self, offer_kinds, folder):
        """A plugin cannot replace a kind of the core: a second kind with the same name is a problem."""
        offer_kinds(TIDE, '{"message": tide}')
        message = f"the state kind 'message' is offered by two plugins: ivrkit {CORE} and harbour-kinds 2.0"
        assert folder.problem() == (message, LEAVE_OUT)


class TestInvalidKinds:
    """Problems of invalid state kinds."""

    @pytest.mark.parametrize(
        ("code", "message", "hint"),
        [
            ("tide = 3", "it must be a function, not 3", HINT),
            ("def tide(level) -> State: ...", "its parameter 'level' must have an annotation", HINT),
            (
                "def tide(level: 'Missing') -> State: ...",
                "its annotations cannot be resolved: NameError: name 'Missing' is not defined",
                "import the names in them",
            ),
            (
                "def tide(level: 'Call.missing') -> State: ...",
                "its annotations cannot be resolved: AttributeError: type object 'Call' has no attribute 'missing'",
                "import the names in them",
            ),
            (
                "def tide(label: str) -> State: ...",
                "its parameter 'label' has the name of a key that every state has",
                "rename the parameter",
            ),
            (
                "def tide(targets: str) -> State: ...",
                "its parameter 'targets' has the name of a key that every state has",
                "rename the parameter",
            ),
            (
                "def tide(text: str, *lines: Prompt) -> State: ...",
                "its parameters 'text' and 'lines' have the same key, 'text'",
                "rename the first of them",
            ),
            (
                "def tide(check: Callable[[Call], bool]) -> State: ...",
                "its parameter 'check' must have a default, because a TOML file cannot hold a function",
                "give it a default",
            ),
        ],
    )
    def test_an_unusable_function_is_a_problem(self, offer_kinds, folder, code, message, hint):
        """A kind whose function cannot be called from TOML is a problem, even if no table uses the kind."""
        offer_kinds(code)
        assert folder.problem() == (f"plugin harbour-kinds 2.0: its state kind 'tide' cannot be used: {message}", hint)

    def test_a_variadic_parameter_of_functions_is_not_a_key(self, offer_kinds, folder):
        """A variadic parameter that takes functions is not a key, because a TOML file cannot hold a function."""
        offer_kinds("def tide(*checks: Callable[[Call], bool]) -> State:\n    return State('Tide.')\n")
        folder.write("ivrkit.toml", TABLE)
        assert folder.state("low").enter == "Tide."

    def test_the_hook_must_return_a_dict(self, offer_kinds, folder):
        """A hook ``ivrkit_register_kinds`` that does not return a dict is a problem."""
        offer_kinds("", "[3]")
        assert folder.problem() == (
            "plugin harbour-kinds 2.0: its hook ivrkit_register_kinds failed: it must return a dict, not [3]",
            "return a dict: kind -> function that returns a State",
        )

    def test_a_failing_hook_is_a_problem(self, offer_kinds, folder):
        """An exception in the hook ``ivrkit_register_kinds`` is a problem, and its hint is to leave the plugin out."""
        offer_kinds("", "{}[3]")
        message = "plugin harbour-kinds 2.0: its hook ivrkit_register_kinds failed: KeyError: 3"
        assert folder.problem() == (message, LEAVE_OUT)

    @pytest.mark.parametrize("name", ["3", "' '"])
    def test_the_name_of_a_kind_must_be_a_text(self, offer_kinds, folder, name):
        """The name of a kind must be a text that is not blank; any other name is a problem."""
        offer_kinds(TIDE, f"{{{name}: tide}}")
        assert folder.problem() == (
            f"plugin harbour-kinds 2.0: the name of its state kind must be a text, not {name}",
            'name the kind: {"opening-hours": ...}',
        )

    def test_a_kind_must_return_a_state(self, offer_kinds, folder):
        """A kind that does not return a State is a problem of the table, and the problem names the kind's plugin."""
        offer_kinds("def tide() -> State:\n    return 'Tide.'\n")
        folder.write("ivrkit.toml", TABLE)
        message = (
            "ivrkit.toml:2: states.low: the state kind 'tide' of harbour-kinds 2.0 must return a State, not 'Tide.'"
        )
        assert folder.problem() == (message, "fix the function of the kind, or use another kind")

    def test_a_failing_kind_is_a_problem_of_the_table(self, offer_kinds, folder):
        """An exception in a kind's function is a problem of the table, and its hint lists the keys of the kind."""
        offer_kinds("def tide(level: int = 0) -> State:\n    return State(1 / level)\n")
        folder.write("ivrkit.toml", TABLE)
        failed = "the state kind 'tide' of harbour-kinds 2.0 failed"
        assert folder.problem() == (
            f"ivrkit.toml:2: states.low: {failed}: ZeroDivisionError: division by zero",
            "use the keys of 'tide': level; or the keys of every state: " + EVERY_STATE,
        )


class TestStateKind:
    """The description of a state kind, for the schema."""

    def test_a_kind_describes_its_function(self, install, offer_kinds, folder):
        """A state kind has the summary of its function's docstring and a description of each parameter."""
        offer_kinds(TIDE)
        import harbour_kinds

        kinds = StateKinds(Problems())
        kinds.add(Owner("harbour-kinds", "2.0"), {"tide": harbour_kinds.tide})
        kind = kinds.all()["tide"]
        assert (kind.name, str(kind.owner), kind.description) == ("tide", "harbour-kinds 2.0", "Tell the tide.")
        parameters = [
            (key, each.name, each.type.value, each.required, each.description, each.is_variadic)
            for key, each in kind.parameters.items()
        ]
        assert parameters == [
            ("level", "level", "value", True, "how high it is.", False),
            ("text", "lines", "value", False, "", True),
            ("then", "then", "target", False, "", False),
            ("words", "words", "prompts", False, "", False),
        ]
