"""The state kinds that plugins offer for TOML states."""

import importlib_metadata
import pytest

from ivrkit import HOME, Owner
from ivrkit.errors import Problems
from ivrkit.plugins.state_kinds import StateKinds
from ivrkit.settings.toml_keys import COMMON_KEYS

CORE = importlib_metadata.version("ivrkit")
HINT = "write a function with annotated parameters that returns a State"
TARGET = "the name of a state, HOME, BACK, SAME or HANG UP, or { to = ..., say = ... }"
LEAVE_OUT = 'leave it out: block = ["{0}"] in ivrkit.toml, or --block {0}'.format("harbour-kinds")
HEAD = "from collections.abc import Callable, Mapping, Sequence\nfrom ivrkit import *\n"
OFFER = "\n\n@hookimpl\ndef ivrkit_register_kinds():\n    return {}\n"


@pytest.fixture
def offer_kinds(install):
    """Return a function that installs a package with state kinds: its code, and the dict that its hook returns."""

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
    """The hook ``ivrkit_register_kinds``."""

    def test_a_kind_of_a_package_makes_a_state(self, offer_kinds, folder):
        """The parameters of a kind's function are keys, and a variadic parameter is the key ``text``."""
        offer_kinds(TIDE)
        folder.write("ivrkit.toml", TABLE + 'level = 3\ntext = ["One.", "Two."]\nthen = "HANG UP"\n')
        state = folder.state("low")
        assert [each.value for each in state.enter.verbs] == ["Tide.", "3", "One.", "Two."]
        assert state.exit.otherwise is None
        assert state.owner == Owner("ivrkit.toml")

    def test_a_single_text_is_not_split_into_letters(self, offer_kinds, folder):
        """A variadic parameter takes a single text as one value."""
        offer_kinds(TIDE)
        folder.write("ivrkit.toml", TABLE + 'level = 3\ntext = "One."\n')
        assert [each.value for each in folder.state("low").enter.verbs] == ["Tide.", "3", "One."]

    def test_a_missing_key_has_its_default(self, offer_kinds, folder):
        """A key that is left out has the default of its parameter."""
        offer_kinds(TIDE.replace("level: int", "level: int = 7, check: Callable[[Call], bool] | None = None"))
        folder.write("ivrkit.toml", TABLE + 'text = ["One."]\n')
        assert [each.value for each in folder.state("low").enter.verbs] == ["Tide.", "7", "One."]

    def test_positional_only_parameters_are_keys(self, offer_kinds, folder):
        """Positional-only parameters are keys, too."""
        offer_kinds(TIDE.replace("level: int", "level: int, /"))
        folder.write("ivrkit.toml", TABLE + 'level = 3\ntext = "One."\n')
        assert [each.value for each in folder.state("low").enter.verbs] == ["Tide.", "3", "One."]

    def test_targets_in_lists_and_in_tables(self, offer_kinds, folder):
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
        ("given", "message", "hint"),
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
                "use the keys of 'tide': level, text, then, words; or the keys of every state: "
                + ", ".join(COMMON_KEYS),
            ),
        ],
    )
    def test_a_problem_describes_the_key_of_a_kind(self, offer_kinds, folder, given, message, hint):
        """The problem of a key has the file, the line, the key and its valid values."""
        offer_kinds(TIDE)
        folder.write("ivrkit.toml", TABLE + given)
        assert folder.problem() == (message, hint)

    def test_a_kind_without_keys_has_those_of_every_state(self, offer_kinds, folder):
        """For a kind without parameters, the hint lists the keys of every state."""
        offer_kinds("def tide() -> State:\n    return State('Tide.')\n")
        folder.write("ivrkit.toml", TABLE + "zzz = 3")
        assert folder.problem() == (
            "ivrkit.toml:4: unknown key 'states.low.zzz'",
            "use the keys of every state: " + ", ".join(COMMON_KEYS),
        )

    def test_a_kind_of_two_plugins_clashes(self, offer_kinds, folder):
        """A kind that two plugins offer is a problem that names both; without strict, the first is used."""
        offer_kinds(TIDE, name="alpha-kinds")
        offer_kinds(TIDE.replace('"Tide."', '"Other."'))
        folder.write("ivrkit.toml", TABLE + "level = 3")
        message = "the state kind 'tide' is offered by two plugins: alpha-kinds 2.0 and harbour-kinds 2.0"
        assert folder.problem() == (message, LEAVE_OUT)
        loaded = folder.load(strict=False)
        assert loaded.flow.states["low"].state.enter.verbs[0].value == "Tide."
        assert [each.owner for each in loaded.problems] == ["harbour-kinds"]

    def test_a_kind_of_the_core_cannot_be_replaced(self, offer_kinds, folder):
        """A plugin that offers a kind of the core is a problem."""
        offer_kinds(TIDE, '{"message": tide}')
        message = f"the state kind 'message' is offered by two plugins: ivrkit {CORE} and harbour-kinds 2.0"
        assert folder.problem() == (message, LEAVE_OUT)


class TestInvalidKinds:
    """State kinds that cannot be used."""

    @pytest.mark.parametrize(
        ("code", "message", "hint"),
        [
            ("tide = 3", "it must be a function, not 3", HINT),
            ("def tide(level) -> State: ...", "its parameter 'level' must have an annotation", HINT),
            (
                "def tide(level: 'Missing') -> State: ...",
                "its annotations cannot be resolved: name 'Missing' is not defined",
                "import the names in them",
            ),
            (
                "def tide(level: 'Call.missing') -> State: ...",
                "its annotations cannot be resolved: type object 'Call' has no attribute 'missing'",
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
        """A function that TOML cannot call is a problem when it is offered, even if no table uses it."""
        offer_kinds(code)
        assert folder.problem() == (f"plugin harbour-kinds 2.0: its state kind 'tide' cannot be used: {message}", hint)

    def test_a_variadic_parameter_of_functions_is_not_a_key(self, offer_kinds, folder):
        """A variadic parameter that takes functions is left out of the keys."""
        offer_kinds("def tide(*checks: Callable[[Call], bool]) -> State:\n    return State('Tide.')\n")
        folder.write("ivrkit.toml", TABLE)
        assert folder.state("low").enter == "Tide."

    def test_the_hook_must_return_a_dict(self, offer_kinds, folder):
        """A hook that does not return a dict is a problem."""
        offer_kinds("", "[3]")
        assert folder.problem() == (
            "plugin harbour-kinds 2.0: its hook ivrkit_register_kinds failed: it must return a dict, not [3]",
            "return a dict: kind -> function that returns a State",
        )

    def test_a_failing_hook_is_a_problem(self, offer_kinds, folder):
        """An error of the hook is a problem, with the hint to leave the plugin out."""
        offer_kinds("", "{}[3]")
        message = "plugin harbour-kinds 2.0: its hook ivrkit_register_kinds failed: KeyError: 3"
        assert folder.problem() == (message, LEAVE_OUT)

    @pytest.mark.parametrize("name", ["3", "' '"])
    def test_the_name_of_a_kind_must_be_a_text(self, offer_kinds, folder, name):
        """A kind whose name is not a text, or is blank, is a problem."""
        offer_kinds(TIDE, f"{{{name}: tide}}")
        assert folder.problem() == (
            f"plugin harbour-kinds 2.0: the name of its state kind must be a text, not {name}",
            'name the kind: {"opening-hours": ...}',
        )

    def test_a_kind_must_return_a_state(self, offer_kinds, folder):
        """A kind that returns something else is a problem of the table that names the kind's plugin."""
        offer_kinds("def tide() -> State:\n    return 'Tide.'\n")
        folder.write("ivrkit.toml", TABLE)
        message = (
            "ivrkit.toml:2: states.low: the state kind 'tide' of harbour-kinds 2.0 must return a State, not 'Tide.'"
        )
        assert folder.problem() == (message, "fix the function of the kind, or use another kind")

    def test_a_failing_kind_is_a_problem_of_the_table(self, offer_kinds, folder):
        """An error of a kind is a problem of the table, with the keys of the kind."""
        offer_kinds("def tide(level: int = 0) -> State:\n    return State(1 / level)\n")
        folder.write("ivrkit.toml", TABLE)
        assert folder.problem() == (
            "ivrkit.toml:2: states.low: ZeroDivisionError: division by zero",
            "use the keys of 'tide': level; or the keys of every state: " + ", ".join(COMMON_KEYS),
        )


class TestStateKind:
    """The description of a state kind, for the schema."""

    def test_it_describes_the_function(self, install, offer_kinds, folder):
        """A state kind has the summary and the parameters of its function."""
        offer_kinds(TIDE)
        import harbour_kinds

        found = StateKinds(Problems())
        found.add(Owner("harbour-kinds", "2.0"), {"tide": harbour_kinds.tide})
        kind = found.all()["tide"]
        assert (kind.name, str(kind.owner), kind.description) == ("tide", "harbour-kinds 2.0", "Tell the tide.")
        shown = [
            (key, each.name, each.type.value, each.required, each.description, each.is_variadic)
            for key, each in kind.parameters.items()
        ]
        assert shown == [
            ("level", "level", "value", True, "how high it is.", False),
            ("text", "lines", "value", False, "", True),
            ("then", "then", "target", False, "", False),
            ("words", "words", "prompts", False, "", False),
        ]
