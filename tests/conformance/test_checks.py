"""Each check of the kit, before a package that keeps what it asks for and one that does not."""

import json
import re
import sys

import pytest

from ivrkit.conformance.at_once import calls_do_not_mix
from ivrkit.conformance.documented import settings_are_described
from ivrkit.conformance.interrupted import (
    MOST_LINES,
    an_interrupted_handler_hurts_nobody,
    an_interrupted_hook_hurts_nobody,
)
from ivrkit.conformance.module_state import modules_keep_nothing_of_a_call
from ivrkit.conformance.outcomes import every_outcome_is_answered
from ivrkit.conformance.project import it_is_tested, it_says_what_it_is
from ivrkit.conformance.run_twice import a_handler_that_is_run_twice_gives_the_same
from ivrkit.conformance.subject import AS_THEY_BEGIN
from ivrkit.conformance.suite import checks_of
from ivrkit.conformance.translated import texts_are_translated
from ivrkit.conformance.typed import it_is_typed

GOOD = """
def enter(call: Call) -> object:
    return ask("Which?", "It is " + call.digits)

one = State(enter, Routes({"1": SAME, "2": Goto(None, say="Two.")}, otherwise=HOME), options=MenuOption("4", "one"))
"""


class TestOutcomes:
    """Every outcome is answered, and nobody is trapped."""

    def test_a_good_state(self, subject):
        """Nothing is refused, whatever verb it waits with."""
        dial = "from twilio.twiml.voice_response import Connect, Dial, Enqueue, Pay, Record, Refer\n"
        states = {
            "one": GOOD,
            "two": "two = State(Dial('+15550100'), Routes({'busy': HOME}))\n",
            "three": "three = State(Record(), Routes({}))\n",
            "four": "four = State(Enqueue('q'), Routes({}))\n",
            "five": "five = State('Hello.', HOME)\n",
            "six": "six = State(ask('Say it.', input='dtmf speech'), Routes({'1': HOME}))\n",
        }
        made = subject(dial + "".join(states.values()), **{name: f"ant_ivr:{name}" for name in states})
        for name in states:
            every_outcome_is_answered(made, name, "en-US")

    def test_verbs_that_the_simulator_does_not_play(self, subject, refused):
        """A Pay, a Refer and a Connect come to whatever they come to."""
        head = "from twilio.twiml.voice_response import Connect, Pay, Refer\n"
        states = "one = State(Pay(), Routes({'ended': HOME}))\ntwo = State(Refer(), Routes({}))\n"
        function = """
@leads_to(HOME)
def after(call: Call) -> object:
    return {"success": HOME}[call.params["Result"]]

three = State(Pay(), after)
"""
        made = subject(head + states + function, **{name: f"ant_ivr:{name}" for name in ("one", "two", "three")})
        for name in ("one", "two"):
            every_outcome_is_answered(made, name, "en-US")
        message, _ = refused(every_outcome_is_answered, made, "three", "en-US")
        assert message == (
            "ant-ivr: the state 'three' in en-US failed when it was told Result='too-many-failed-attempts': "
            "KeyError: 'too-many-failed-attempts'"
        )

    def test_a_hook_that_decides_where_calls_begin(self, subject):
        """Each state is tried all the same, and so is what the hook decides; hooks alone are tried as well."""
        code = """
@hookimpl
def ivrkit_choose_start(call: Call) -> str:
    return "two"
"""
        states = "one = State(ask('One?'), Routes({'1': HOME}))\ntwo = State('Two.', HOME)\n"
        made = subject(states + code, plugins={"ant": "ant_ivr"}, one="ant_ivr:one", two="ant_ivr:two")
        assert made.tried() == ["one", "two", AS_THEY_BEGIN]
        for begun in made.tried():
            every_outcome_is_answered(made, begun, "en-US")
        with made.phone_to("one") as phone:
            assert phone.call().state == "one"
        with made.phone() as phone:
            assert phone.call().path != ["one"]

    def test_phrases_of_a_menu(self, subject):
        """What may be said in place of a key is said."""
        code = "from ivrkit import Menu\none = State(Menu('Which?'))\n"
        code += "two = State('Two.', HOME, options=MenuOption('1', 'two', ('two please',), menu='one'))\n"
        every_outcome_is_answered(subject(code, one="ant_ivr:one", two="ant_ivr:two"), "one", "en-US")

    def test_a_handler_that_fails(self, subject, refused):
        """The state, the language, what it was told, and what was raised."""
        code = GOOD.replace("return ask(", 'int(call.params.get("Confidence", "0"))\n    return ask(').replace(
            "otherwise=HOME", "otherwise=SAME, tries=2"
        )
        message, hint = refused(every_outcome_is_answered, subject(code), "one", "en-US")
        assert message.startswith("ant-ivr: the state 'one' in en-US failed when it was told SpeechResult=")
        assert message.endswith("ValueError: invalid literal for int() with base 10: '0.1'")
        assert hint.startswith("a state may be entered by any door, with nothing in call.data: use .get, and lead back")
        assert re.search(r'it failed here: File ".*ant_ivr\.py", line \d+$', hint)

    def test_what_twilio_complains_of(self, subject, refused):
        """With what was done, and the simulator's mend."""
        code = "one = State(ask('Which?', timeout='soon'), Routes({'1': HOME}))\n"
        message, hint = refused(every_outcome_is_answered, subject(code), "one", "en-US")
        assert message.startswith("ant-ivr: the state 'one' in en-US, after the caller did: nothing: ")
        assert "timeout" in message
        assert hint

    def test_what_twilio_complains_of_after_an_outcome(self, subject, refused):
        """Deeper than the walk goes."""
        code = """
from twilio.twiml.voice_response import Gather

def enter(call: Call) -> object:
    return Gather(timeout="soon" if call.speech else "5")

one = State(enter, Routes({"no-match": SAME}, tries=9))
"""
        message, _ = refused(every_outcome_is_answered, subject(code), "one", "en-US")
        assert message.startswith("ant-ivr: the state 'one' in en-US, told SpeechResult='elephants in the rain': ")

    def test_a_wrong_key_for_ever(self, subject, refused):
        """Who leans on a key is let go."""
        code = GOOD.replace("otherwise=HOME", "otherwise=SAME")
        message, hint = refused(every_outcome_is_answered, subject(code), "one", "en-US")
        assert message == (
            "ant-ivr: the state 'one' in en-US: whoever leans on a wrong key is asked again 99 times, and nobody "
            "counts it"
        )
        assert hint == "leave out otherwise, or lead elsewhere with it; a function counts by SAME"

    def test_too_much_data(self, subject, refused):
        """What is kept of a call is small."""
        code = GOOD.replace("    return ask(", "    call.data['it'] = 'x' * 3000\n    return ask(")
        message, hint = refused(every_outcome_is_answered, subject(code), "one", "en-US")
        assert message == (
            "ant-ivr: the state 'one' in en-US: its handlers keep 3010 bytes in call.data, and 2000 are the most"
        )
        assert hint == "keep what is needed to find the rest, such as the number of an account"


class TestAtOnce:
    """Calls do not mix."""

    def test_a_good_state(self, subject):
        """Nothing is refused."""
        calls_do_not_mix(subject(GOOD), "one")

    def test_a_state_that_keeps_a_call_in_its_module(self, subject, refused):
        """What another caller has pressed is heard."""
        code = """
LAST: list[str] = []

def enter(call: Call) -> object:
    mine = LAST[-1:] == [call.sid]
    LAST.append(call.sid)
    return ask("You again." if mine else "Somebody else.")

two = State(enter, Routes({"1": None}, otherwise=None))
one = State(enter, Routes({"1": ".two"}, otherwise=None), substates={"two": two})
"""
        message, hint = refused(calls_do_not_mix, subject(code), "one")
        assert message.startswith("ant-ivr: the state 'one', called at once step by step: who did ")
        assert hint == "keep what belongs to a call in call.data, and nothing of it in a module, a class or a closure"


class TestRunTwice:
    """A handler that is run twice gives the same."""

    def test_a_good_state(self, subject):
        """Nothing is refused, what is kept included."""
        code = GOOD.replace("    return ask(", "    call.data['seen'] = call.turn_key\n    return ask(")
        a_handler_that_is_run_twice_gives_the_same(subject(code), "one")

    def test_a_state_that_counts(self, subject, refused):
        """The second run of the same webhook does something else."""
        code = "SEEN: list[str] = []\n" + GOOD.replace(
            "    return ask(",
            "    SEEN.append(call.turn_key)\n    if len(SEEN) > 1:\n        return 'Twice.'\n    return ask(",
        ).replace("otherwise=HOME", "otherwise=SAME")
        message, hint = refused(a_handler_that_is_run_twice_gives_the_same, subject(code), "one")
        assert message.startswith("ant-ivr: the state 'one', of a call that came in, gives '<?xml")
        assert "when the same webhook is run again" in message
        assert hint == "key what you do elsewhere with call.turn_key, and answer a webhook that was done as it was done"


class TestInterrupted:
    """An interrupted handler hurts nobody."""

    def test_a_good_state(self, subject):
        """Nothing is refused, and what traced before does so again."""
        an_interrupted_handler_hurts_nobody(subject(GOOD), "one")

    def test_a_file_that_is_written(self, subject, tmp_path):
        """The end of a `with` is no place to be stopped at: what it closes is closed."""
        code = GOOD.replace(
            "    return ask(",
            f"    with open({str(tmp_path / 'log')!r}, 'a') as log:\n        log.write('x')\n    return ask(",
        )
        an_interrupted_handler_hurts_nobody(subject(code), "one")

    def test_what_nobody_catches(self, subject, refused):
        """A handler that turns what stops it into something worse."""
        code = """
def enter(call: Call) -> object:
    try:
        said = "One?"
    except Exception:
        raise KeyboardInterrupt from None
    return ask(said)

one = State(enter, Routes({"1": HOME}))
"""
        message, hint = refused(an_interrupted_handler_hurts_nobody, subject(code), "one")
        assert message == (
            "ant-ivr: the state 'one', stopped at ant_ivr.py:5, raises KeyboardInterrupt(), which nobody catches"
        )
        assert hint == "raise Exception and its kinds alone: no other is caught, and the caller hears nothing"

    HOOK = """
BUSY: list[str] = []

@hookimpl
def ivrkit_edit_response(call: Call, response: object) -> None:
    {first}
    BUSY.append(call.sid)
    BUSY.clear()
"""

    def test_hooks(self, subject, refused):
        """They are stopped as well; one that leaves something half done spoils what comes after."""
        good = subject(self.HOOK.format(first="str(response)") + GOOD, plugins={"ant": "ant_ivr"})
        an_interrupted_hook_hurts_nobody(good)

    def test_a_hook_that_leaves_something_half_done(self, subject, refused):
        """Twilio complains of the next document."""
        code = self.HOOK.format(first='response.set("busy", "1") if BUSY else None') + GOOD
        message, hint = refused(an_interrupted_hook_hurts_nobody, subject(code, plugins={"ant": "ant_ivr"}))
        assert message.startswith("ant-ivr: after a hook was stopped at ant_ivr.py:9, ")
        assert hint

    def test_hooks_without_a_call_to_stop(self, subject):
        """A package of states alone has nothing to be stopped."""
        an_interrupted_hook_hurts_nobody(subject("one = State('One.', HOME)\n"))

    #: More lines than are stopped at.
    MANY = "".join(f"    str({number})\n" for number in range(MOST_LINES))

    def test_a_handler_of_many_lines(self, subject):
        """It is stopped at the first of them, and at no more: what is half done after them is not seen."""
        code = f"""
BUSY: list[str] = []

def enter(call: Call) -> object:
    said = "Somebody else is here." if BUSY else "Which?"
{self.MANY}    BUSY.append(call.sid)
    BUSY.clear()
    return ask(said)

one = State(enter, Routes({{"1": SAME}}, otherwise=HOME))
"""
        an_interrupted_handler_hurts_nobody(subject(code), "one")

    def test_a_hook_of_many_lines(self, subject):
        """The same."""
        code = self.HOOK.format(first=f"str(response)\n{self.MANY}") + GOOD
        an_interrupted_hook_hurts_nobody(subject(code, plugins={"ant": "ant_ivr"}))

    def test_what_is_kept_of_a_call(self, subject, refused):
        """It is looked at as well as what is heard."""
        code = """
BUSY: list[str] = []

def enter(call: Call) -> object:
    call.data["others"] = len(BUSY)
    BUSY.append(call.sid)
    BUSY.clear()
    return ask("Which?")

one = State(enter, Routes({"1": SAME}, otherwise=HOME))
"""
        message, _ = refused(an_interrupted_handler_hurts_nobody, subject(code), "one")
        assert '"data":{"others":1}' in message.partition("and gave")[0]
        assert '"data":{"others":0}' in message.partition("and gave")[2]

    def test_a_state_without_code(self, subject):
        """There is nothing to be stopped."""
        an_interrupted_handler_hurts_nobody(subject("one = State(ask('A?'), Routes({'1': HOME}))\n"), "one")

    def test_a_half_done_thing(self, subject, refused):
        """What was begun and not ended is heard by the next caller."""
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
        message, hint = refused(an_interrupted_handler_hurts_nobody, subject(code), "one")
        assert message.startswith("ant-ivr: the state 'one', of a call that came in, gives '<?xml")
        assert "after it was stopped at ant_ivr.py:9, and gave '<?xml" in message
        assert "Somebody else is here." in message
        assert hint == "do a thing whole or not at all, and key what you do elsewhere with call.turn_key"


class TestModules:
    """Modules keep nothing of a call."""

    def test_a_good_package(self, subject):
        """Constants are no state."""
        modules_keep_nothing_of_a_call(subject("WORDS = {'a': 1}\n" + GOOD))

    def test_a_list_that_grows(self, subject, refused):
        """The module, the name, and how it was changed."""
        code = "SEEN: list[str] = []\n" + GOOD.replace("    return ask(", "    SEEN.append('x')\n    return ask(")
        message, hint = refused(modules_keep_nothing_of_a_call, subject(code))
        assert message.startswith("ant-ivr: the state 'one': calls have changed ant_ivr.SEEN from [] to ['x'")
        assert hint == "keep what belongs to a call in call.data: the next webhook may come to another process"


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


class TestSettings:
    """Settings are described, and secrets are kept."""

    def test_a_good_package(self, subject):
        """Each has its line; the settings of others are not looked at."""
        settings_are_described(subject(SETTINGS.format(more="")))

    def test_one_that_is_not_described(self, subject, refused):
        """With the line that is wanted."""
        made = subject(SETTINGS.format(more="wings: int = 0"))
        assert refused(settings_are_described, made) == (
            "ant-ivr: the setting 'wings' is not described",
            "write it into the docstring of AntSettings: a line ':param wings: ...'",
        )

    def test_a_secret_that_is_shown(self, subject, refused):
        """It sounds like one."""
        code = SETTINGS.format(more='api_token: str = ""').replace("how many.", "how many.\n    :param api_token: it.")
        assert refused(settings_are_described, subject(code)) == (
            "ant-ivr: the setting 'api_token' sounds like a secret, and is shown by ivrkit settings",
            "api_token: ... = field(..., repr=False)",
        )

    def test_the_settings_of_a_plugin_that_it_requires(self, subject, install):
        """They are that plugin's own."""
        install(
            "bee-ivr",
            states={"bee": "bee_ivr:one"},
            bee_ivr=SETTINGS.format(more="wings: int = 0").replace(
                "from dataclasses", "from ivrkit import HOME, State\nfrom dataclasses"
            ),
        )
        metadata = "Metadata-Version: 2.1\nName: ant-ivr\nVersion: 1.0\nRequires-Dist: Bee_IVR (>=1)\n"
        made = subject(SETTINGS.format(more=""), metadata=metadata)
        assert made.plugins == ["ant-ivr", "bee-ivr"]
        settings_are_described(made)


class TestTranslated:
    """Texts are translated."""

    def made(self, subject, code, words=""):
        """Install the package with a Spanish catalogue."""
        sys.modules.pop("ant_words", None)
        made = subject(code, one="ant_words:one")
        folder = made.root.parent / "site-ant-ivr" / "ant_words"
        catalogue = folder / "locale/es/LC_MESSAGES/messages.po"
        catalogue.parent.mkdir(parents=True)
        catalogue.write_text(f'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n{words}')
        (folder / "__init__.py").write_text("from ant_ivr import one\n")
        return made

    def test_a_good_package(self, subject):
        """Places, numbers and names of queues need no words."""
        code = "from twilio.twiml.voice_response import Enqueue, Say\n"
        code += "hello = Text('Hello, {n}.', n=Text('{a}', a='5'))\n"
        code += "said = [hello, Say(Text('Hello, {n}.', n='5')), '12', Enqueue('desk')]\n"
        code += "one = State(said, Routes({}))\n"
        made = self.made(subject, code, 'msgid "Hello, {n}."\nmsgstr "Hola, {n}."\n')
        assert made.languages() == ["es"]
        texts_are_translated(made, "es")

    def test_a_text_without_words(self, subject, refused):
        """The state, the language and the text."""
        made = self.made(subject, "one = State(Text('Hello.'), HOME)\n")
        assert refused(texts_are_translated, made, "es") == (
            "ant-ivr: the state 'one' has no words in es for 'Hello.'",
            "translate it in locale/es/LC_MESSAGES",
        )

    def test_each_language_is_one_of_the_checks(self, subject):
        """The state is played in it, and its texts are looked up."""
        names = [check.name for check in checks_of(self.made(subject, GOOD))]
        assert names[:2] == ["every outcome is answered[one-en-US]", "every outcome is answered[one-es]"]
        assert "texts are translated[es]" in names

    def test_a_plain_string(self, subject, refused):
        """It would be heard in English by everybody, marked-up speech included."""
        code = "from twilio.twiml.voice_response import Say\nsay = Say('')\nsay.emphasis('Hello.')\n"
        code += "one = State([say], HOME)\n"
        assert refused(texts_are_translated, self.made(subject, code), "es") == (
            "ant-ivr: the state 'one' says 'Hello.' in every language",
            "make it a Text('Hello.'), and translate it",
        )


class TestTyped:
    """It is typed."""

    def mark(self, made):
        """Put the mark where the project has it."""
        (made.root / "ant_ivr").mkdir(parents=True)
        (made.root / "ant_ivr" / "py.typed").touch()
        return made

    def test_a_good_package(self, subject):
        """Functions of every kind have annotations; a lambda can have none."""
        code = """
@leads_to(HOME, ".end")
def leave(call: Call) -> object:
    return HOME

def one(settings: object = None) -> State:
    return State(lambda call: "Hello.", leave, substates={"end": State(told, HOME)})

def told(call: Call) -> str:
    return "Told."
"""
        it_is_typed(self.mark(subject(code.replace("settings: object = None", ""))))

    def test_without_the_mark(self, subject, refused):
        """The file, and that it belongs into the wheel."""
        assert refused(it_is_typed, subject(GOOD)) == (
            "ant-ivr: its package has no file py.typed",
            "add an empty one, and ship it in the wheel",
        )

    @pytest.mark.parametrize(
        ("code", "what"),
        [
            (
                "def one() :\n    return State('One.', HOME)\n",
                "the function of the state 'one' has no annotation of its result",
            ),
            (
                "def said(call):\n    return 'One.'\none = State(said, HOME)\n",
                "the enter of the state 'one' has no annotation of call, its result",
            ),
            (
                (
                    "@leads_to(HOME, '.end')\ndef leave(call) -> object:\n    return HOME\n"
                    "one = State('One.', leave, substates={'end': State('End.')})\n"
                ),
                "the exit of the state 'one' has no annotation of call",
            ),
            (
                "@hookimpl\ndef ivrkit_call_started(call) -> None:\n    pass\none = State('One.', HOME)\n",
                "the hook 'ivrkit_call_started' has no annotation of call",
            ),
        ],
    )
    def test_what_has_no_annotations(self, subject, refused, code, what):
        """Which function, and which of its parameters."""
        message, hint = refused(it_is_typed, self.mark(subject(code)))
        assert message == f"ant-ivr: {what}"
        assert hint == "annotate it: def read_out(call: Call) -> str"


class TestProject:
    """What comes with a package."""

    def test_a_good_package(self, subject):
        """Metadata, README, changelog and tests; those of an environment in the folder are nobody's."""
        made = subject(GOOD)
        it_says_what_it_is(made)
        (made.root / "CHANGELOG.md").touch()
        (made.root / "test_ant.py").write_text("# one\n")
        it_is_tested(made)

    @pytest.mark.parametrize(
        ("without", "message", "hint"),
        [
            ("Summary: Ants.\n", "it has no summary", "write it into pyproject.toml: [project]  description = ..."),
            (
                "License-Expression: MIT\n",
                "it has no license",
                "write it into pyproject.toml: [project]  license = ...",
            ),
            (
                "Requires-Dist: ivrkit>=0.1\n",
                "it does not require ivrkit",
                '[project]  dependencies = ["ivrkit>=0.1"]',
            ),
            (
                "The state `one`.\n",
                "its README does not name the state 'one'",
                'say what a caller meets there; and in pyproject.toml: [project]  readme = "README.md"',
            ),
        ],
    )
    def test_what_it_does_not_say(self, subject, refused, without, message, hint):
        """One thing after the other."""
        from tests.conformance.conftest import METADATA

        made = subject(GOOD, metadata=METADATA.replace(without, ""))
        assert refused(it_says_what_it_is, made) == (f"ant-ivr: {message}", hint)

    def test_without_changelog_and_tests(self, subject, refused):
        """Then without tests alone."""
        made = subject(GOOD)
        assert refused(it_is_tested, made) == ("ant-ivr: project has no changelog", "begin a file CHANGELOG.md")
        (made.root / "CHANGELOG.md").touch()
        (made.root / ".venv").mkdir()
        (made.root / ".venv/test_other.py").write_text("# one\n")
        assert refused(it_is_tested, made) == (
            "ant-ivr: no test names the state 'one'",
            "write one: def test_one(phone): ...",
        )

    def test_the_project_of_an_editable_package_is_where_it_is_installed_from(self, subject, tmp_path):
        """Whatever folder the tests are run in."""
        made = subject(GOOD)
        elsewhere = tmp_path / "else where"
        info = tmp_path / "site-ant-ivr/ant_ivr-1.0.dist-info/direct_url.json"
        info.write_text(json.dumps({"url": elsewhere.as_uri(), "dir_info": {"editable": True}}))
        assert made.project == elsewhere
