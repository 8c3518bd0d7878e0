"""The kinds of states that plugins offer for tables."""

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
def kinds(install):
    """Install a package that offers kinds: its code, and the table that its hook returns."""

    def put(code: str, offered: str = '{"tide": tide}', name: str = "harbour-kinds") -> None:
        module = name.replace("-", "_")
        hook = OFFER.replace("{}", offered)
        install(name, "2.0", plugins={name: module}, **{module: HEAD + code + hook})

    return put


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

    def test_a_kind_of_a_package_is_used_like_any_other(self, kinds, folder):
        """Its parameters are keys, and what is given one by one is the key ``text``."""
        kinds(TIDE)
        folder.write("ivrkit.toml", TABLE + 'level = 3\ntext = ["One.", "Two."]\nthen = "HANG UP"\n')
        state = folder.state("low")
        assert [each.value for each in state.enter.verbs] == ["Tide.", "3", "One.", "Two."]
        assert state.exit.otherwise is None
        assert state.owner == Owner("ivrkit.toml")

    def test_texts_that_are_plain_strings_are_not_spread_letter_by_letter(self, kinds, folder):
        """One text is one of several."""
        kinds(TIDE)
        folder.write("ivrkit.toml", TABLE + 'level = 3\ntext = "One."\n')
        assert [each.value for each in folder.state("low").enter.verbs] == ["Tide.", "3", "One."]

    def test_what_is_left_out_has_its_default(self, kinds, folder):
        """Only what has none is needed, and nothing is put in another's place."""
        kinds(TIDE.replace("level: int", "level: int = 7, check: Callable[[Call], bool] | None = None"))
        folder.write("ivrkit.toml", TABLE + 'text = ["One."]\n')
        assert [each.value for each in folder.state("low").enter.verbs] == ["Tide.", "7", "One."]

    def test_parameters_that_go_by_their_place_alone(self, kinds, folder):
        """A table has names for them all the same."""
        kinds(TIDE.replace("level: int", "level: int, /"))
        folder.write("ivrkit.toml", TABLE + 'level = 3\ntext = "One."\n')
        assert [each.value for each in folder.state("low").enter.verbs] == ["Tide.", "3", "One."]

    def test_targets_one_by_one_and_in_tables(self, kinds, folder):
        """Each is read as a target; a mapping of them is a table of outcomes."""
        code = (
            "def tide(*ways: str | None | Goto, routes: 'Mapping[str, str | None | Goto]' = {}) -> State:\n"
            "    return State(ask('Tide.'), Routes({**routes, '5': ways[0]}, otherwise=ways[-1]))\n"
        )
        kinds(code)
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
    def test_its_keys_are_told_as_its_function_has_them(self, kinds, folder, given, message, hint):
        """A problem has the file, the line, the key, and what it takes."""
        kinds(TIDE)
        folder.write("ivrkit.toml", TABLE + given)
        assert folder.problem() == (message, hint)

    def test_a_kind_without_keys_of_its_own(self, kinds, folder):
        """That is said where somebody writes one."""
        kinds("def tide() -> State:\n    return State('Tide.')\n")
        folder.write("ivrkit.toml", TABLE + "zzz = 3")
        assert folder.problem() == (
            "ivrkit.toml:4: unknown key 'states.low.zzz'",
            "use the keys of every state: " + ", ".join(COMMON_KEYS),
        )

    def test_two_plugins_with_one_kind(self, kinds, folder):
        """Nobody chooses between them; the first stays, where problems are left out."""
        kinds(TIDE, name="alpha-kinds")
        kinds(TIDE.replace('"Tide."', '"Other."'))
        folder.write("ivrkit.toml", TABLE + "level = 3")
        message = "the state kind 'tide' is offered by two plugins: alpha-kinds 2.0 and harbour-kinds 2.0"
        assert folder.problem() == (message, LEAVE_OUT)
        loaded = folder.load(strict=False)
        assert loaded.flow.states["low"].state.enter.verbs[0].value == "Tide."
        assert [each.owner for each in loaded.problems] == ["harbour-kinds"]

    def test_a_kind_of_the_core_is_not_taken_from_it(self, kinds, folder):
        """The core's own come first."""
        kinds(TIDE, '{"message": tide}')
        message = f"the state kind 'message' is offered by two plugins: ivrkit {CORE} and harbour-kinds 2.0"
        assert folder.problem() == (message, LEAVE_OUT)


class TestBadKinds:
    """What is no kind."""

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
    def test_a_function_that_no_table_can_call(self, kinds, folder, code, message, hint):
        """It is refused when it is offered, not when somebody uses it."""
        kinds(code)
        assert folder.problem() == (f"plugin harbour-kinds 2.0: its state kind 'tide' cannot be used: {message}", hint)

    def test_functions_one_by_one_are_no_key(self, kinds, folder):
        """They are left out of the table, as a function with a default is."""
        kinds("def tide(*checks: Callable[[Call], bool]) -> State:\n    return State('Tide.')\n")
        folder.write("ivrkit.toml", TABLE)
        assert folder.state("low").enter == "Tide."

    def test_no_table_at_all(self, kinds, folder):
        """The hook returns a dict."""
        kinds("", "[3]")
        assert folder.problem() == (
            "plugin harbour-kinds 2.0: its hook ivrkit_register_kinds failed: it must return a dict, not [3]",
            "return a dict: kind -> function that returns a State",
        )

    def test_a_hook_that_raises(self, kinds, folder):
        """What it raises is told, with how to do without it."""
        kinds("", "{}[3]")
        message = "plugin harbour-kinds 2.0: its hook ivrkit_register_kinds failed: KeyError: 3"
        assert folder.problem() == (message, LEAVE_OUT)

    @pytest.mark.parametrize("name", ["3", "' '"])
    def test_a_name_that_nobody_could_write(self, kinds, folder, name):
        """A kind is called by a text."""
        kinds(TIDE, f"{{{name}: tide}}")
        assert folder.problem() == (
            f"plugin harbour-kinds 2.0: the name of its state kind must be a text, not {name}",
            'name the kind: {"opening-hours": ...}',
        )

    def test_a_kind_that_makes_no_state(self, kinds, folder):
        """The table is not at problem, and the kind's owner is named."""
        kinds("def tide() -> State:\n    return 'Tide.'\n")
        folder.write("ivrkit.toml", TABLE)
        message = (
            "ivrkit.toml:2: states.low: the state kind 'tide' of harbour-kinds 2.0 must return a State, not 'Tide.'"
        )
        assert folder.problem() == (message, "fix the function of the kind, or use another kind")

    def test_a_kind_that_raises(self, kinds, folder):
        """What it raises is told, and what it takes."""
        kinds("def tide(level: int = 0) -> State:\n    return State(1 / level)\n")
        folder.write("ivrkit.toml", TABLE)
        assert folder.problem() == (
            "ivrkit.toml:2: states.low: ZeroDivisionError: division by zero",
            "use the keys of 'tide': level; or the keys of every state: " + ", ".join(COMMON_KEYS),
        )


class TestWhatIsKnownOfAKind:
    """What is kept of it, for whoever describes kinds."""

    def test_description_and_parameters(self, install, kinds, folder):
        """They are those of the function and its docstring."""
        kinds(TIDE)
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
