"""Each check of the conformance kit, on a plugin that keeps the rule and on plugins that break it."""

import json
import re
import sys

import pytest

from ivrkit.conformance.checked_plugin import NORMAL_START
from ivrkit.conformance.described_settings import settings_are_described
from ivrkit.conformance.interruptible_handlers import (
    MAX_LINES,
    _Interruption,
    an_interrupted_handler_can_run_again,
    an_interrupted_hook_does_not_break_calls,
)
from ivrkit.conformance.isolated_calls import simultaneous_calls_do_not_mix
from ivrkit.conformance.module_state import calls_do_not_change_modules
from ivrkit.conformance.outcomes import every_outcome_is_answered
from ivrkit.conformance.project_files import (
    every_state_has_a_test,
    the_metadata_is_complete,
    the_project_has_a_changelog,
    the_readme_names_every_state,
)
from ivrkit.conformance.repeatable_handlers import a_repeated_webhook_gives_the_same_result
from ivrkit.conformance.suite import checks_of
from ivrkit.conformance.translations import texts_are_translated
from ivrkit.conformance.type_annotations import the_package_is_typed

GOOD = """
def enter(call: Call) -> object:
    return ask("Which?", "It is " + call.digits)

one = State(enter, Routes({"1": SAME, "2": Goto(None, say="Two.")}, otherwise=HOME), options=MenuOption("4", "one"))
"""


class TestOutcomes:
    """The rule that every outcome is answered."""

    def test_a_good_state(self, make_plugin):
        """States that wait with each verb of the simulator keep the rule."""
        dial = "from twilio.twiml.voice_response import Connect, Dial, Enqueue, Pay, Record, Refer\n"
        states = {
            "one": GOOD,
            "two": "two = State(Dial('+15550100'), Routes({'busy': HOME}))\n",
            "three": "three = State(Record(), Routes({}))\n",
            "four": "four = State(Enqueue('q'), Routes({}))\n",
            "five": "five = State('Hello.', HOME)\n",
            "six": "six = State(ask('Say it.', input='dtmf speech'), Routes({'1': HOME}))\n",
        }
        plugin = make_plugin(dial + "".join(states.values()), **{name: f"ant_ivr:{name}" for name in states})
        for name in states:
            every_outcome_is_answered(plugin, name, "en-US")

    def test_verbs_that_the_simulator_does_not_play(self, make_plugin, refused):
        """The results of Pay, Refer and Connect are checked, too, although the simulator does not play them."""
        head = "from twilio.twiml.voice_response import Connect, Pay, Refer\n"
        states = "one = State(Pay(), Routes({'ended': HOME}))\nrefer = Refer()\nrefer.sip('sip:a@example.com')\n"
        states += "two = State(refer, Routes({}))\n"
        function = """
@leads_to(HOME)
def after(call: Call) -> object:
    return {"success": HOME}[call.params["Result"]]

three = State(Pay(), after)
"""
        plugin = make_plugin(head + states + function, **{name: f"ant_ivr:{name}" for name in ("one", "two", "three")})
        for name in ("one", "two"):
            every_outcome_is_answered(plugin, name, "en-US")
        message, _ = refused(every_outcome_is_answered, plugin, "three", "en-US")
        assert message == (
            "ant-ivr: the state 'three' in en-US failed for a webhook with Result='too-many-failed-attempts': "
            "KeyError: 'too-many-failed-attempts'"
        )

    def test_a_hook_that_chooses_the_start(self, make_plugin):
        """Calls begin in each state and, if the plugin has hooks, at the normal start as well."""
        code = """
@hookimpl
def ivrkit_choose_start(call: Call) -> str:
    return "two"
"""
        states = "one = State(ask('One?'), Routes({'1': HOME}))\ntwo = State('Two.', HOME)\n"
        plugin = make_plugin(states + code, plugins={"ant": "ant_ivr"}, one="ant_ivr:one", two="ant_ivr:two")
        assert plugin.starts() == ["one", "two", NORMAL_START]
        for start in plugin.starts():
            every_outcome_is_answered(plugin, start, "en-US")
        with plugin.phone("one") as phone:
            assert phone.call().state == "one"
        with plugin.phone() as phone:
            assert phone.call().path != ["one"]

    def test_phrases_of_a_menu(self, make_plugin):
        """The phrases of menu options are spoken, too."""
        code = "from ivrkit import Menu\none = State(Menu('Which?'))\n"
        code += "two = State('Two.', HOME, options=MenuOption('1', 'two', ('two please',), menu='one'))\n"
        every_outcome_is_answered(make_plugin(code, one="ant_ivr:one", two="ant_ivr:two"), "one", "en-US")

    def test_a_handler_that_fails(self, make_plugin, refused):
        """The error names the state, the language, the webhook and the exception, and the hint has the line."""
        code = GOOD.replace("return ask(", 'int(call.params.get("Confidence", "0"))\n    return ask(').replace(
            "otherwise=HOME", "otherwise=SAME, tries=2"
        )
        message, hint = refused(every_outcome_is_answered, make_plugin(code), "one", "en-US")
        assert message.startswith("ant-ivr: the state 'one' in en-US failed for a webhook with SpeechResult=")
        assert message.endswith("ValueError: invalid literal for int() with base 10: '0.1'")
        assert hint.startswith("a state can be entered from any other state, with empty call.data: use call.data.get")
        assert re.search(r'it failed at File ".*ant_ivr\.py", line \d+$', hint)

    def test_a_warning_of_the_simulator(self, make_plugin, refused):
        """A warning of the simulator breaks the rule; the error has the caller's actions and the simulator's hint."""
        code = "one = State(ask('Which?', timeout='soon'), Routes({'1': HOME}))\n"
        message, hint = refused(every_outcome_is_answered, make_plugin(code), "one", "en-US")
        assert message.startswith("ant-ivr: the state 'one' in en-US, after the actions none: ")
        assert "timeout" in message
        assert hint

    def test_a_warning_of_the_simulator_after_a_webhook(self, make_plugin, refused):
        """A warning after one of the webhooks breaks the rule, and the error has the webhook's parameters."""
        code = """
from twilio.twiml.voice_response import Gather

def enter(call: Call) -> object:
    return Gather(timeout="soon" if call.speech else "5")

one = State(enter, Routes({"no-match": SAME}, tries=9))
"""
        message, _ = refused(every_outcome_is_answered, make_plugin(code), "one", "en-US")
        assert message.startswith(
            "ant-ivr: the state 'one' in en-US, a webhook with SpeechResult='elephants in the rain': "
        )

    def test_a_caller_who_is_trapped(self, make_plugin, refused):
        """A state that asks again for every wrong key without counting failures breaks the rule."""
        code = GOOD.replace("otherwise=HOME", "otherwise=SAME")
        message, hint = refused(every_outcome_is_answered, make_plugin(code), "one", "en-US")
        assert message == (
            "ant-ivr: the state 'one' in en-US: a caller who repeats a wrong key is asked 99 times, because no failure "
            "is counted"
        )
        assert hint == "remove otherwise, or let it lead elsewhere; a function exit counts a failure if it returns SAME"

    def test_too_much_data(self, make_plugin, refused):
        """Handlers that keep more than 2000 bytes in ``call.data`` break the rule."""
        code = GOOD.replace("    return ask(", "    call.data['it'] = 'x' * 3000\n    return ask(")
        message, hint = refused(every_outcome_is_answered, make_plugin(code), "one", "en-US")
        assert message == (
            "ant-ivr: the state 'one' in en-US: handlers must keep at most 2000 bytes in call.data, not 3010"
        )
        assert hint == "keep only the key of the data, such as an account number"


class TestIsolatedCalls:
    """The rule that simultaneous calls do not mix."""

    def test_a_good_state(self, make_plugin):
        """A state without data of its own keeps the rule."""
        simultaneous_calls_do_not_mix(make_plugin(GOOD), "one")

    def test_a_state_that_keeps_the_call_in_its_module(self, make_plugin, refused):
        """A state that keeps the last call in a variable of its module breaks the rule."""
        code = """
LAST: list[str] = []

def enter(call: Call) -> object:
    mine = LAST[-1:] == [call.sid]
    LAST.append(call.sid)
    return ask("You again." if mine else "Somebody else.")

two = State(enter, Routes({"1": None}, otherwise=None))
one = State(enter, Routes({"1": ".two"}, otherwise=None), substates={"two": two})
"""
        message, hint = refused(simultaneous_calls_do_not_mix, make_plugin(code), "one")
        assert message.startswith("ant-ivr: the state 'one', interleaved calls: after the actions ")
        assert hint == "keep the data of a call in call.data, not in a module, a class or a closure"


class TestRepeatableHandlers:
    """The rule that a repeated webhook gives the same result."""

    def test_a_good_state(self, make_plugin):
        """A handler whose response and data depend only on the call keeps the rule."""
        code = GOOD.replace("    return ask(", "    call.data['seen'] = call.turn_key\n    return ask(")
        a_repeated_webhook_gives_the_same_result(make_plugin(code), "one")

    def test_a_state_that_counts(self, make_plugin, refused):
        """A handler that counts its runs in a module variable breaks the rule."""
        code = "SEEN: list[str] = []\n" + GOOD.replace(
            "    return ask(",
            "    SEEN.append(call.turn_key)\n    if len(SEEN) > 1:\n        return 'Twice.'\n    return ask(",
        ).replace("otherwise=HOME", "otherwise=SAME")
        message, hint = refused(a_repeated_webhook_gives_the_same_result, make_plugin(code), "one")
        assert message.startswith("ant-ivr: the state 'one', the first webhook: the first run gives '<?xml")
        assert "the second run of the same webhook gives" in message
        assert hint == "use call.turn_key as the key of side effects, and give the same response for the same key"


class TestInterruptibleHandlers:
    """The rules for handlers and hooks that are interrupted."""

    def test_a_good_state(self, make_plugin):
        """A handler without side effects keeps the rule."""
        an_interrupted_handler_can_run_again(make_plugin(GOOD), "one")

    def test_a_file_that_is_written(self, make_plugin, tmp_path):
        """A handler is not interrupted at the end of a `with`, so that the file that it opened is closed."""
        code = GOOD.replace(
            "    return ask(",
            f"    with open({str(tmp_path / 'log')!r}, 'a') as log:\n        log.write('x')\n    return ask(",
        )
        an_interrupted_handler_can_run_again(make_plugin(code), "one")

    def test_an_exception_that_is_no_error_of_a_plugin(self, make_plugin):
        """A handler that raises a KeyboardInterrupt keeps the rule, because ivrkit catches every error of a plugin."""
        code = """
def enter(call: Call) -> object:
    try:
        said = "One?"
    except Exception:
        raise KeyboardInterrupt from None
    return ask(said)

one = State(enter, Routes({"1": HOME}))
"""
        an_interrupted_handler_can_run_again(make_plugin(code), "one")

    def test_an_error_of_the_kit_is_raised(self):
        """An error that leaves the interrupted code is raised again, although the code runs in a thread."""
        with pytest.raises(ZeroDivisionError):
            _Interruption(1, []).run(lambda: 1 // 0)

    HOOK = """
BUSY: list[str] = []

@hookimpl
def ivrkit_edit_response(call: Call, response: object) -> None:
    {first}
    BUSY.append(call.sid)
    BUSY.clear()
"""

    def test_hooks(self, make_plugin, refused):
        """A hook is interrupted, too, and keeps the rule if the next response is not affected."""
        good = make_plugin(self.HOOK.format(first="str(response)") + GOOD, plugins={"ant": "ant_ivr"})
        an_interrupted_hook_does_not_break_calls(good)

    def test_a_hook_that_breaks_the_next_response(self, make_plugin, refused):
        """A hook that is interrupted between two changes, and so makes the next response invalid, breaks the rule."""
        code = self.HOOK.format(first='response.set("busy", "1") if BUSY else None') + GOOD
        message, hint = refused(an_interrupted_hook_does_not_break_calls, make_plugin(code, plugins={"ant": "ant_ivr"}))
        assert message.startswith("ant-ivr: after a hook was interrupted at ant_ivr.py:9, ")
        assert hint

    def test_a_plugin_without_hooks(self, make_plugin):
        """A plugin without hooks keeps the rule about hooks."""
        an_interrupted_hook_does_not_break_calls(make_plugin("one = State('One.', HOME)\n"))

    #: As many lines as are interrupted.
    MANY = "".join(f"    str({number})\n" for number in range(MAX_LINES))

    def test_a_handler_of_many_lines(self, make_plugin):
        """Only the first lines of a long handler are interrupted, so an error after them is not found."""
        code = f"""
BUSY: list[str] = []

def enter(call: Call) -> object:
    said = "Somebody else is here." if BUSY else "Which?"
{self.MANY}    BUSY.append(call.sid)
    BUSY.clear()
    return ask(said)

one = State(enter, Routes({{"1": SAME}}, otherwise=HOME))
"""
        an_interrupted_handler_can_run_again(make_plugin(code), "one")

    def test_a_hook_of_many_lines(self, make_plugin):
        """Only the first lines of a long hook are interrupted."""
        code = self.HOOK.format(first=f"str(response)\n{self.MANY}") + GOOD
        an_interrupted_hook_does_not_break_calls(make_plugin(code, plugins={"ant": "ant_ivr"}))

    def test_the_sessions_are_compared(self, make_plugin, refused):
        """If the responses are equal but the sessions differ, the error shows the sessions."""
        code = """
BUSY: list[str] = []

def enter(call: Call) -> object:
    call.data["others"] = len(BUSY)
    BUSY.append(call.sid)
    BUSY.clear()
    return ask("Which?")

one = State(enter, Routes({"1": SAME}, otherwise=HOME))
"""
        message, _ = refused(an_interrupted_handler_can_run_again, make_plugin(code), "one")
        assert '"data":{"others":1}' in message.partition("and gave")[0]
        assert '"data":{"others":0}' in message.partition("and gave")[2]

    def test_a_state_without_code(self, make_plugin):
        """A state without functions has no lines to interrupt, and keeps the rule."""
        an_interrupted_handler_can_run_again(make_plugin("one = State(ask('A?'), Routes({'1': HOME}))\n"), "one")

    def test_a_side_effect_that_is_not_atomic(self, make_plugin, refused):
        """A handler that leaves a changed variable behind when it is interrupted breaks the rule."""
        code = """
BUSY: list[str] = []

def enter(call: Call) -> object:
    if BUSY:
        return ask("Somebody else is here.")
    BUSY.append(call.sid)
    said = ask("Which?")
    BUSY.clear()
    return said

one = State(enter, Routes({"1": SAME}, otherwise=HOME))
"""
        message, hint = refused(an_interrupted_handler_can_run_again, make_plugin(code), "one")
        start = "ant-ivr: the state 'one', the first webhook: after an interruption at ant_ivr.py:9 it gives '<?xml"
        assert message.startswith(start)
        assert "and gave '<?xml" in message
        assert "Somebody else is here." in message
        assert hint == "make each side effect atomic, and use call.turn_key as its key"


class TestModuleState:
    """The rule that calls do not change modules."""

    def test_a_good_package(self, make_plugin):
        """A module with constants keeps the rule."""
        calls_do_not_change_modules(make_plugin("WORDS = {'a': 1}\n" + GOOD))

    def test_a_list_that_grows(self, make_plugin, refused):
        """A list in a module that grows with each call breaks the rule; the error shows the change."""
        code = "SEEN: list[str] = []\n" + GOOD.replace("    return ask(", "    SEEN.append('x')\n    return ask(")
        message, hint = refused(calls_do_not_change_modules, make_plugin(code))
        assert message.startswith("ant-ivr: the state 'one': calls changed ant_ivr.SEEN from [] to ['x'")
        assert hint == "keep the data of a call in call.data: the next webhook may reach another process"


SETTINGS = """
from dataclasses import dataclass, field

@dataclass
class AntSettings:
    \"\"\"Ants.

    :param legs: how many.
    \"\"\"

    legs: int = 6
    {more}

def one(settings: AntSettings) -> State:
    return State("One.", HOME)
"""


class TestDescribedSettings:
    """The rule that settings are described and secrets are hidden."""

    def test_a_good_package(self, make_plugin):
        """Settings with a description in the docstring keep the rule."""
        settings_are_described(make_plugin(SETTINGS.format(more="")))

    def test_a_setting_without_description(self, make_plugin, refused):
        """A setting without a line in the docstring breaks the rule; the hint has the line to add."""
        plugin = make_plugin(SETTINGS.format(more="wings: int = 0"))
        assert refused(settings_are_described, plugin) == (
            "ant-ivr: the setting 'wings' must be described",
            "add a line ':param wings: ...' to the docstring of AntSettings",
        )

    def test_a_secret_that_is_shown(self, make_plugin, refused):
        """A setting with the name of a secret must have ``repr=False``."""
        code = SETTINGS.format(more='api_token: str = ""').replace("how many.", "how many.\n    :param api_token: it.")
        assert refused(settings_are_described, make_plugin(code)) == (
            "ant-ivr: the setting 'api_token' has the name of a secret and must be hidden",
            "write api_token: ... = field(..., repr=False)",
        )

    def test_the_settings_of_a_plugin_that_it_requires(self, make_plugin, install):
        """The settings of a required plugin are not checked."""
        install(
            "bee-ivr",
            states={"bee": "bee_ivr:one"},
            bee_ivr=SETTINGS.format(more="wings: int = 0").replace(
                "from dataclasses", "from ivrkit import HOME, State\nfrom dataclasses"
            ),
        )
        metadata = "Metadata-Version: 2.1\nName: ant-ivr\nVersion: 1.0\nRequires-Dist: Bee_IVR (>=1)\n"
        plugin = make_plugin(SETTINGS.format(more=""), metadata=metadata)
        assert plugin.plugins == ["ant-ivr", "bee-ivr"]
        settings_are_described(plugin)


class TestTranslations:
    """The rule that texts are translated."""

    def translated(self, make_plugin, code, words=""):
        """Install the plugin with Spanish translations."""
        sys.modules.pop("ant_words", None)
        plugin = make_plugin(code, one="ant_words:one")
        folder = plugin.root.parent / "site-ant-ivr" / "ant_words"
        po_file = folder / "locale/es/LC_MESSAGES/messages.po"
        po_file.parent.mkdir(parents=True)
        po_file.write_text(f'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n{words}')
        (folder / "__init__.py").write_text("from ant_ivr import one\n")
        return plugin

    def test_a_good_package(self, make_plugin):
        """Placeholders, numbers and names of queues need no translation."""
        code = "from twilio.twiml.voice_response import Enqueue, Say\n"
        code += "hello = Text('Hello, {n}.', n=Text('{a}', a='5'))\n"
        code += "said = [hello, Say(Text('Hello, {n}.', n='5')), '12', Enqueue('desk')]\n"
        code += "one = State(said, Routes({}))\n"
        plugin = self.translated(make_plugin, code, 'msgid "Hello, {n}."\nmsgstr "Hola, {n}."\n')
        assert plugin.languages() == ["es"]
        texts_are_translated(plugin, "es")

    def test_a_text_without_translation(self, make_plugin, refused):
        """A text without a translation breaks the rule; the error names the state, the language and the text."""
        plugin = self.translated(make_plugin, "one = State(Text('Hello.'), HOME)\n")
        assert refused(texts_are_translated, plugin, "es") == (
            "ant-ivr: the state 'one' must have a translation in es for 'Hello.'",
            "translate it in locale/es/LC_MESSAGES",
        )

    def test_each_language_is_one_of_the_checks(self, make_plugin):
        """Each language of a plugin has its own checks of outcomes and translations."""
        names = [check.name for check in checks_of(self.translated(make_plugin, GOOD))]
        assert names[:2] == ["every outcome is answered[one-en-US]", "every outcome is answered[one-es]"]
        assert "texts are translated[es]" in names

    def test_a_plain_string(self, make_plugin, refused):
        """A text that is not a ``Text`` breaks the rule, even inside a ``Say`` with SSML."""
        code = "from twilio.twiml.voice_response import Say\nsay = Say('')\nsay.emphasis('Hello.')\n"
        code += "one = State([say], HOME)\n"
        assert refused(texts_are_translated, self.translated(make_plugin, code), "es") == (
            "ant-ivr: the state 'one' must say a Text, not 'Hello.'",
            "write Text('Hello.'), and translate it",
        )


class TestTypeAnnotations:
    """The rule that a plugin is typed."""

    def add_py_typed(self, plugin):
        """Add the file ``py.typed`` to the package."""
        (plugin.root / "ant_ivr").mkdir(parents=True)
        (plugin.root / "ant_ivr" / "py.typed").touch()
        return plugin

    def test_a_good_package(self, make_plugin):
        """A package with ``py.typed`` and annotated functions keeps the rule; a lambda needs no annotations."""
        code = """
@leads_to(HOME, ".end")
def leave(call: Call) -> object:
    return HOME

def one(settings: object = None) -> State:
    return State(lambda call: "Hello.", leave, substates={"end": State(say_end, HOME)})

def say_end(call: Call) -> str:
    return "The end."
"""
        the_package_is_typed(self.add_py_typed(make_plugin(code.replace("settings: object = None", ""))))

    def test_without_py_typed(self, make_plugin, refused):
        """A package without the file ``py.typed`` breaks the rule."""
        assert refused(the_package_is_typed, make_plugin(GOOD)) == (
            "ant-ivr: the package must have a file py.typed",
            "add an empty file py.typed, and include it in the wheel",
        )

    @pytest.mark.parametrize(
        ("code", "what"),
        [
            (
                "def one() :\n    return State('One.', HOME)\n",
                "the function of the state 'one' must have annotations for the return value",
            ),
            (
                "def said(call):\n    return 'One.'\none = State(said, HOME)\n",
                "the enter of the state 'one' must have annotations for call, the return value",
            ),
            (
                (
                    "@leads_to(HOME, '.end')\ndef leave(call) -> object:\n    return HOME\n"
                    "one = State('One.', leave, substates={'end': State('End.')})\n"
                ),
                "the exit of the state 'one' must have annotations for call",
            ),
            (
                "@hookimpl\ndef ivrkit_call_started(call) -> None:\n    pass\none = State('One.', HOME)\n",
                "the hook 'ivrkit_call_started' must have annotations for call",
            ),
        ],
    )
    def test_a_function_without_annotations(self, make_plugin, refused, code, what):
        """The error names the function, and the parameters without annotations."""
        message, hint = refused(the_package_is_typed, self.add_py_typed(make_plugin(code)))
        assert message == f"ant-ivr: {what}"
        assert hint == "annotate the function: def read_out(call: Call) -> str"


class TestProjectFiles:
    """The rules for metadata, tests, README and changelog."""

    def test_a_good_project(self, make_plugin):
        """A project with complete metadata, a test of each state, a README and a changelog keeps the rules."""
        plugin = make_plugin(GOOD)
        the_metadata_is_complete(plugin)
        the_readme_names_every_state(plugin)
        (plugin.root / "CHANGELOG.md").touch()
        the_project_has_a_changelog(plugin)
        (plugin.root / "test_ant.py").write_text("# one\n")
        every_state_has_a_test(plugin)

    @pytest.mark.parametrize(
        ("check", "without", "message", "hint"),
        [
            (
                the_metadata_is_complete,
                "Summary: Ants.\n",
                "the metadata must have a summary",
                "add to pyproject.toml: [project]  description = ...",
            ),
            (
                the_metadata_is_complete,
                "License-Expression: MIT\n",
                "the metadata must have a license",
                "add to pyproject.toml: [project]  license = ...",
            ),
            (
                the_metadata_is_complete,
                "Requires-Dist: ivrkit>=0.1\n",
                "the metadata must require ivrkit",
                'add to pyproject.toml: [project]  dependencies = ["ivrkit>=0.1"]',
            ),
            (
                the_readme_names_every_state,
                "The state `one`.\n",
                "the README must name the state 'one'",
                'describe the state in the README that pyproject.toml names: [project]  readme = "README.md"',
            ),
        ],
    )
    def test_missing_metadata(self, make_plugin, refused, check, without, message, hint):
        """Each missing field of the metadata has its own message, and so has a state that the README does not name."""
        from tests.conformance.conftest import METADATA

        plugin = make_plugin(GOOD, metadata=METADATA.replace(without, ""))
        assert refused(check, plugin) == (f"ant-ivr: {message}", hint)

    def test_without_changelog(self, make_plugin, refused):
        """A project without a changelog breaks the rule."""
        assert refused(the_project_has_a_changelog, make_plugin(GOOD)) == (
            "ant-ivr: the folder project must have a changelog",
            "add a file CHANGELOG.md",
        )

    def test_without_tests(self, make_plugin, refused):
        """A state that no test names breaks the rule; tests in a virtual environment do not count."""
        plugin = make_plugin(GOOD)
        (plugin.root / ".venv").mkdir()
        (plugin.root / ".venv/test_other.py").write_text("# one\n")
        assert refused(every_state_has_a_test, plugin) == (
            "ant-ivr: a test must name the state 'one'",
            "write a test: def test_one(phone): ...",
        )

    def test_the_project_of_an_editable_install(self, make_plugin, tmp_path):
        """The project of an editable install is the folder that it is installed from, wherever the tests are run."""
        plugin = make_plugin(GOOD)
        elsewhere = tmp_path / "else where"
        info = tmp_path / "site-ant-ivr/ant_ivr-1.0.dist-info/direct_url.json"
        info.write_text(json.dumps({"url": elsewhere.as_uri(), "dir_info": {"editable": True}}))
        assert plugin.project == elsewhere
