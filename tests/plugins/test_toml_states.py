"""TOML states, the problems of their tables, their overrides and their substates."""

import pytest

from ivrkit import HOME, Goto, LoadError, Menu, MenuOption, Owner, Settings, State, Text
from ivrkit.plugins.load import load
from ivrkit.settings import load_settings
from ivrkit.settings.toml_keys import COMMON_KEYS

TARGET = "the name of a state, HOME, BACK, SAME or HANG UP, or { to = ..., say = ... }"
KINDS = "use one of: message, menu, hours, voicemail, transfer, queue, question, goodbye"
MESSAGE_KEYS = "use the keys of 'message': text, then, repeat; or the keys of every state: " + ", ".join(COMMON_KEYS)
#: The keys of a table that are not keys of its state: in a flow file, and in the settings file.
OTHER_KEYS = {"harbour.flow.toml": ", texts", "ivrkit.toml": ", plugin, enabled, targets, texts"}
OPTION_KEYS = "use one of: key, label, sentence, phrases, menu"
KEY = "must be keys of a telephone (0-9, * and #)"
NO_KEY = "must be set to keys of a telephone (0-9, * and #)"
PARKING = """
    [states.parking]
    kind = "message"
    text = "Behind the house."
    """


@pytest.fixture(params=["ivrkit.toml", "harbour.flow.toml"])
def file(request):
    """Return the name of a settings file or of a flow file, because tables mean the same in both."""
    return request.param


class TestTable:
    """Tables with a ``kind``, in the settings file or in a flow file."""

    def test_a_table_is_a_state_owned_by_its_file(self, folder, file):
        """A table with a kind is a state, and the owner of the state is its file, without a version."""
        folder.write(file, PARKING)
        state = folder.state("parking")
        assert (state.owner, state.name, state.exit) == (Owner(file), "parking", HOME)
        assert str(state.owner) == file
        assert folder.owners() == [(file, "loaded", ("parking",))]

    def test_common_keys_are_attributes_of_the_state(self, folder, file):
        """The keys voice, language and on_error are set on the state, with the language as Twilio writes it."""
        more = 'voice = "Polly.Mia"\nlanguage = "es_MX"\non_error = "menu"\n'
        folder.write(file, PARKING + more)
        state = folder.state("parking")
        assert (state.voice, state.language, state.on_error) == ("Polly.Mia", "es-MX", "menu")

    def test_a_key_makes_a_menu_option(self, folder, file):
        """A table with a key has a menu option with translatable texts; its label defaults to the name of the state."""
        folder.write(file, PARKING.replace("parking", "car-park_2") + 'key = "4"\n')
        (option,) = folder.state("car-park_2").options
        assert option == MenuOption("4", "car park 2")
        assert type(option.label) is Text
        more = 'key = "4"\nlabel = "the garage"\nsentence = "Four for the garage."\nphrases = "garage"\nmenu = "menu"\n'
        folder.write(file, PARKING + more)
        (option,) = folder.state("parking").options
        assert option == MenuOption("4", "the garage", ("garage",), "menu", "Four for the garage.")
        assert {type(each) for each in (option.label, option.sentence, *option.phrases)} == {Text}

    def test_a_state_can_have_several_menu_options(self, folder, file):
        """Each table in ``options`` is a menu option with its own key, label and menu."""
        folder.write(
            file,
            """
            [states.parking]
            kind = "message"
            text = "Behind the house."
            key = "4"
            label = "the garage"
            options = [{ key = "5", menu = "billing" }, { key = "6", menu = "billing", phrases = ["cars", "garage"] }]
            [states.billing]
            kind = "menu"
            text = "Billing."
            key = "2"
            """,
        )
        assert folder.state("parking").options == (
            MenuOption("4", "the garage"),
            MenuOption("5", "parking", menu="billing"),
            MenuOption("6", "parking", ("cars", "garage"), "billing"),
        )
        routes = folder.load().flow.states["billing"].routes
        assert [key for key, target in routes.items() if target == "parking"] == ["5", "6"]
        folder.write(file, PARKING + 'options = [{ key = "5" }]\n')
        assert folder.state("parking").options == (MenuOption("5", "parking"),)

    def test_a_menu_in_toml_has_options_of_other_files(self, folder, file):
        """A menu in TOML offers the menu options that name it, even those of other files."""
        folder.write(file, '[states.billing]\nkind = "menu"\ntext = "Billing."\nkey = "2"\n')
        folder.write("below.flow.toml", PARKING + 'key = "1"\nmenu = "billing"\n')
        loaded = folder.load()
        assert isinstance(loaded.flow.states["billing"].state.enter, Menu)
        assert loaded.flow.states["billing"].routes["1"] == "parking"
        assert loaded.flow.states["menu"].routes["2"] == "billing"

    def test_prompts_and_targets_are_read(self, folder, file):
        """A table can have a list of prompts, and a target with a text to say."""
        folder.write(
            file,
            """
            [states.parking]
            kind = "message"
            text = ["Behind the house.", { pause = 1 }]
            then = { to = "HANG UP", say = "Bye." }
            """,
        )
        state = folder.state("parking")
        assert state.exit == Goto(None, say=Text("Bye."))
        assert [str(each).rpartition("?>")[2] for each in state.enter] == ["Behind the house.", '<Pause length="1" />']

    def test_a_byte_order_mark_is_ignored(self, folder, file):
        """A file may begin with a byte order mark, as some editors write it."""
        folder.write(file, b"\xef\xbb\xbf" + b'[states.parking]\nkind = "message"\ntext = "Here."\n')
        assert folder.state("parking").enter == [Text("Here.")]


class TestProblems:
    """Problems of tables, with file, line, key and hint."""

    @pytest.mark.parametrize(
        ("line", "message", "hint"),
        [
            (
                "txet = 'x'",
                "4: unknown key 'states.parking.txet', did you mean 'text'?",
                None,
            ),
            (
                "then = 3",
                f"4: states.parking.then must be {TARGET}, not 3",
                'write then = "HOME"',
            ),
            (
                'then = { to = "HOME", language = 3 }',
                f"4: states.parking.then must be {TARGET}, not {{'to': 'HOME', 'language': 3}}",
                'write a language tag such as "es-MX"',
            ),
            ("repeat = 3", "4: states.parking.repeat must be a text, not 3", 'write repeat = "text"'),
            (
                "voice = 3",
                "4: states.parking.voice must be a voice such as 'Polly.Joanna', not 3",
                'write voice = "Polly.Joanna"',
            ),
            (
                "language = 'x'",
                "4: states.parking.language must be a language such as 'en-US', not 'x'",
                'write language = "es-MX"',
            ),
            (
                "on_error = ''",
                "4: states.parking.on_error must be the name of a state, not ''",
                'write on_error = "menu"',
            ),
            ("key = 8", f"4: states.parking.key {KEY} in quotes, not 8", 'write key = "8"'),
            ("key = 'x'", f"4: states.parking.key {KEY}, not 'x'", 'write key = "4"'),
            ("key = -4", f"4: states.parking.key {KEY}, not -4", 'write key = "4"'),
            (
                "key = '4'\nlabel = ''",
                "5: states.parking.label must be a non-empty text, not ''",
                'write label = "text"',
            ),
            (
                "key = '4'\nsentence = 3",
                "5: states.parking.sentence must be a non-empty text, not 3",
                'write sentence = "For sales, press {key}."',
            ),
            ("key = '4'\nmenu = 3", "5: states.parking.menu must be the name of a state, not 3", 'write menu = "menu"'),
            (
                "key = '4'\nphrases = [3]",
                "5: states.parking.phrases[0] must be a non-empty text, not 3",
                'write phrases = ["text"]',
            ),
            ("label = 'garage'", f"1: states.parking.key {NO_KEY}", 'write key = "4"'),
            (
                "options = 3",
                "4: states.parking.options must be a list, each a table, not 3",
                'write options = [{ key = "4" }]',
            ),
            (
                "options = ['4']",
                "4: states.parking.options[0] must be a table, not '4'",
                'write options = [{ key = "4" }]',
            ),
            ("options = [{ key = 4 }]", f"4: states.parking.options[0].key {KEY} in quotes, not 4", 'write key = "4"'),
            ("options = [{ label = 'garage' }]", f"4: states.parking.options[0].key {NO_KEY}", 'write key = "4"'),
            (
                "options = [{ key = '4', lable = 'x' }]",
                "4: unknown key 'states.parking.options[0].lable', did you mean 'label'?",
                OPTION_KEYS,
            ),
            ("options = [{}]", f"4: states.parking.options[0].key {NO_KEY}", 'write key = "4"'),
        ],
    )
    def test_an_invalid_key_is_a_problem(self, folder, file, line, message, hint):
        """An unknown or invalid key is one problem that names its line and the valid values."""
        folder.write(file, PARKING + line)
        assert folder.problem() == (f"{file}:{message}", hint or MESSAGE_KEYS + OTHER_KEYS[file])

    @pytest.mark.parametrize(
        ("kind", "shown"),
        [
            ('"mesage"', "'mesage', did you mean 'message'?"),
            ("3", "3"),
            ('["message"]', "['message'], did you mean 'message'?"),
        ],
    )
    def test_an_unknown_kind_is_a_problem(self, folder, file, kind, shown):
        """An unknown kind is a problem, and its hint lists the kinds."""
        folder.write(file, PARKING.replace('"message"', kind))
        assert folder.problem() == (f"{file}:2: states.parking.kind must be a state kind, not {shown}", KINDS)

    def test_an_error_of_a_kind_is_a_problem(self, folder, file):
        """An error that a kind raises is a problem in the first line of the table, with the hint of the error."""
        folder.write(file, '[states.pin]\nkind = "question"\ntext = "PIN?"\nsecret = true\n')
        assert folder.problem() == (
            f"{file}:1: states.pin: question with secret must have check",
            "check the digits with check, a function (call) -> bool, and remove keep and confirm",
        )

    def test_a_missing_key_of_a_kind_is_a_problem(self, folder, file):
        """A table without a required key of its kind is a problem, and its hint shows an example."""
        folder.write(file, '[states.desk]\nkind = "transfer"\n')
        assert folder.problem() == (
            f"{file}:1: states.desk.numbers must be set to a text or a list, each a text, because kind is 'transfer'",
            'write numbers = "text"',
        )

    def test_all_problems_of_a_table_are_reported_together(self, folder, file):
        """All problems of a table are reported together, and each one names the file and the state."""
        folder.write(file, PARKING.lstrip() + "voice = 3\nkey = 4\nthen = 5\nfoo = 1\n")
        problems = folder.problems()
        assert sorted(each.located_message.partition(": ")[0] for each in problems) == [
            f"{file}:{line}" for line in (4, 5, 6, 7)
        ]
        assert {(each.owner, each.state) for each in problems} == {(file, "parking")}

    def test_without_strict_other_states_are_served(self, folder, file):
        """Without strict, a table with a problem is left out and the other states are served."""
        folder.write(file, PARKING + 'key = 4\n[states.pets]\nkind = "message"\ntext = "No pets."\nkey = "5"\n')
        loaded = folder.load(strict=False)
        assert "parking" not in loaded.flow.states
        assert loaded.flow.states["menu"].routes["5"] == "pets"
        assert [each.status for each in loaded.plugins if each.owner == Owner(file)] == ["faulty"]


class TestOverrides:
    """Overrides of a TOML state, in its table in the settings file."""

    def test_a_disabled_state_is_left_out(self, folder):
        """A TOML state with ``enabled = false`` is left out."""
        folder.write("ivrkit.toml", PARKING + 'key = "4"\nenabled = false\n')
        assert "parking" not in folder.load().flow.states

    def test_targets_override_the_targets_of_the_kind(self, folder):
        """The key ``targets`` of a TOML state overrides the targets of its kind."""
        folder.write("ivrkit.toml", PARKING + 'targets = { exit = "HANG UP" }\n')
        assert folder.state("parking").exit is None

    def test_texts_override_the_texts_of_the_state(self, folder):
        """The key ``texts`` of a TOML state overrides its texts, for all languages or for one."""
        folder.write(
            "ivrkit.toml",
            'languages = ["es-MX"]\n'
            + PARKING
            + '[states.parking.texts]\n"Behind the house." = "Before it."\n[states.parking.texts.es]\n'
            '"Behind the house." = "Detrás."\n',
        )
        assert self.texts_by_language(folder) == {"en-US": "Before it.", "es-MX": "Detrás."}

    @staticmethod
    def texts_by_language(folder) -> dict[str, str]:
        """Return the text of the state ``parking`` in each language."""
        state = folder.state("parking")
        languages = folder.load().flow.config.languages
        return {each.tag: each.translate(state.enter[0], state) for each in languages}

    @pytest.mark.parametrize(
        ("line", "message", "hint"),
        [
            ("enabled = 3", "enabled must be true or false, not 3", "write enabled = true"),
            (
                "targets = 3",
                "targets must be a table of outcomes with their targets, not 3",
                'write a table [states.parking.targets] with lines such as no-answer = "sales"',
            ),
            (
                "texts = 3",
                "texts must be a table of texts, or of languages with their texts, not 3",
                'write a table [states.parking.texts] with lines such as "We are closed." = "We are on holiday."',
            ),
            ("plugin = 3", "plugin must be the name of a plugin, not 3", 'write plugin = "acme-states"'),
        ],
    )
    def test_an_invalid_override_is_a_problem(self, folder, line, message, hint):
        """An invalid override of a TOML state is reported with its file, line, valid value and hint."""
        folder.write("ivrkit.toml", PARKING.lstrip() + line)
        with pytest.raises(Exception, match="ivrkit") as caught:
            folder.load()
        assert (caught.value.message, caught.value.hint) == (f"ivrkit.toml:4: states.parking.{message}", hint)

    def test_overrides_are_unknown_keys_in_a_flow_file(self, folder):
        """The override ``enabled`` of the settings file is an unknown key in a flow file."""
        folder.write("harbour.flow.toml", PARKING.lstrip() + "enabled = false\n")
        assert folder.problem() == (
            "harbour.flow.toml:4: unknown key 'states.parking.enabled'",
            f"{MESSAGE_KEYS}, texts",
        )

    def test_a_toml_file_replaces_a_state_of_the_core(self, folder, file):
        """A TOML state with the name of a core state replaces it, because the file is the decision of the team."""
        folder.write(file, '[states.greeting]\nkind = "message"\ntext = "Ahoy."\nthen = "menu"\n')
        state = folder.load().flow.states["greeting"].state
        assert (state.owner.plugin, state.enter) == (file, ["Ahoy."])

    def test_the_settings_can_choose_the_state_of_the_core(self, folder):
        """The table in the settings file can choose the state of the core although a flow file has this state."""
        folder.write("harbour.flow.toml", '[states.greeting]\nkind = "message"\ntext = "Ahoy."\nthen = "menu"\n')
        folder.write("ivrkit.toml", '[states.greeting]\nplugin = "ivrkit"\n')
        assert folder.load().flow.states["greeting"].state.owner.plugin == "ivrkit"

    @pytest.mark.parametrize("line", ['text = "Behind the house."', 'then = "menu"', 'routes = { "1" = "HOME" }'])
    def test_a_missing_kind_is_named(self, folder, line):
        """A table in the settings file with a key of a kind, but without a kind, gets the hint to write the kind."""
        folder.write("ivrkit.toml", f"[states.parking]\n{line}\n")
        problem, _ = folder.problems()
        assert problem.located_message == f"ivrkit.toml:2: unknown key 'states.parking.{line.split()[0]}'"
        assert problem.hint == 'to define a state here, write kind = "message"'

    def test_tables_can_be_passed_in_code(self, core_only):
        """Tables in ``Settings(states=...)`` are states that ``Settings`` owns, and their problems have no location."""
        table = {"kind": "message", "text": "Here.", "key": "4"}
        loaded = load(Settings(states={"parking": table}))
        assert loaded.flow.states["parking"].state.owner == Owner("Settings")
        with pytest.raises(LoadError) as caught:
            load(Settings(states={"parking": {**table, "text": 3}}))
        (problem,) = caught.value.problems
        assert problem.located_message == (
            "states.parking.text must be a text, { play = ... }, { pause = ... }, or a list of these, not 3"
        )


class TestSubstates:
    """Substates of TOML states, and their tables in the settings."""

    ACCOUNT = """
        [states.account]
        kind = "question"
        text = "Your number?"
        digits = 4
        keep = "account"
        confirm = true
        key = "4"
        """

    def test_a_substate_is_a_state(self, folder):
        """A substate is a state, and its name begins with the name of its parent state."""
        folder.write("harbour.flow.toml", self.ACCOUNT)
        assert folder.owners() == [("harbour.flow.toml", "loaded", ("account", "account.confirm"))]

    def test_a_substate_can_be_overridden(self, folder):
        """A table with the full name of a substate overrides its voice and its targets."""
        folder.write("harbour.flow.toml", self.ACCOUNT)
        folder.write("ivrkit.toml", '[states."account.confirm"]\nvoice = "Polly.Mia"\ntargets = { 1 = "menu" }\n')
        state = folder.state("account.confirm")
        assert (state.voice, state.exit.rows["1"], state.parent) == ("Polly.Mia", "menu", "account")

    def test_a_disabled_substate_is_a_problem_of_its_parent(self, folder):
        """A disabled substate is a problem of its parent state, because the parent state leads to it."""
        folder.write("harbour.flow.toml", self.ACCOUNT)
        folder.write("ivrkit.toml", '[states."account.confirm"]\nenabled = false\n')
        (message, _) = folder.problem()
        assert message == (
            "state 'account' of harbour.flow.toml: @leads_to leads to 'account.confirm', which no plugin offers, "
            "did you mean 'account'?"
        )

    def test_a_state_with_the_name_of_a_substate_is_a_problem(self, folder):
        """A state with the same name as a substate of another file is a problem that names both files."""
        folder.write("harbour.flow.toml", self.ACCOUNT)
        folder.write("other.flow.toml", PARKING.replace("parking", '"account.confirm"'))
        assert folder.problem() == (
            (
                "state 'account.confirm' of other.flow.toml has the same name as a substate of 'account' of "
                "harbour.flow.toml"
            ),
            "rename one of the two",
        )

    def test_choosing_another_plugin_for_a_substate_is_a_problem(self, folder):
        """A table that chooses a plugin for a substate must choose the plugin that offers the substate."""
        folder.write("harbour.flow.toml", self.ACCOUNT)
        folder.write("ivrkit.toml", '[states."account.confirm"]\nplugin = "other"\n')
        assert folder.problem() == (
            (
                "ivrkit.toml:2: [states.account.confirm] plugin must be a plugin that offers the state "
                "'account.confirm', not 'other'"
            ),
            "use one of: harbour.flow.toml",
        )

    def test_a_table_for_a_substate_of_a_faulty_state_is_allowed(self, folder):
        """If a state has a problem, a table that overrides its substate is not a second problem."""
        folder.write("harbour.flow.toml", self.ACCOUNT.replace("digits = 4", "digits = 400"))
        folder.write("ivrkit.toml", '[states."account.confirm"]\nvoice = "Polly.Mia"\n')
        assert folder.problem() == (
            "harbour.flow.toml:1: states.account: question: digits must be a number from 1 to 99 or a range, not 400",
            'write digits = 4 or digits = "4-8"',
        )

    def test_an_edited_substate_keeps_its_parent(self, folder, install):
        """A substate that a hook replaces keeps its name and its parent state."""
        code = (
            "from ivrkit import State, hookimpl\n@hookimpl\ndef ivrkit_edit_state(state):\n"
            "    return State('Edited.', 'menu') if state.parent else None\n"
        )
        install("edits", plugins={"edits": "edits"}, edits=code)
        folder.write("harbour.flow.toml", self.ACCOUNT)
        state = folder.state("account.confirm")
        assert (state.enter, state.parent) == ("Edited.", "account")
        assert isinstance(state, State)


class TestPlaceholders:
    """Placeholders in the texts of a table."""

    TABLE = """
        [states.parking]
        kind = "message"
        text = ["{label} at {company}, key {key}.", { say = "{{Braces}}" }]
        then = { to = "menu", say = "Come back to {company}." }
        key = "42"
        label = "the garage of {company}"
        sentence = "{company}: {key} for {label}."
        phrases = "{company} garage"
        """

    def loaded(self, folder, file, more=""):
        """Return the phone tree with the table, for ACME."""
        folder.write(file, self.TABLE)
        if file != "ivrkit.toml" or more:
            folder.write("ivrkit.toml", more + (self.TABLE if file == "ivrkit.toml" else ""))
        settings = load_settings(folder.path, environ={}, company="ACME", languages="es-MX")
        return load(settings)

    def test_placeholders_are_filled_in(self, folder, file):
        """The company, the key and the label are filled in, in the language of the call."""
        flow = self.loaded(folder, file).flow
        for tag, key in (("en-US", "four two"), ("es-MX", "cuatro dos")):
            parking, menu = (flow.states[name].localized[tag] for name in ("parking", "menu"))
            assert f"the garage of ACME at ACME, key {key}." in parking.content.xml.decode()
            assert "{Braces}" in parking.content.xml.decode()
            (thanks,) = (parking.goto_fragment(goto).xml for goto in flow.states["parking"].gotos_with_prompts())
            assert b"Come back to ACME." in thanks
            assert f"ACME: {key} for the garage of ACME." in menu.content.xml.decode()
            assert menu.vocabulary.key_of("ACME garage") == "42"

    def test_the_settings_override_the_key_of_a_flow_file(self, folder):
        """If the settings override key and label of a state in a flow file, its texts say the new ones."""
        flow = self.loaded(folder, "harbour.flow.toml", '[states.parking]\nkey = "5"\nlabel = "cars"\n').flow
        parking, menu = (flow.states[name].localized["en-US"].content.xml.decode() for name in ("parking", "menu"))
        assert "cars at ACME, key five." in parking
        assert "ACME: five for cars." in menu

    @pytest.mark.parametrize(
        ("line", "number", "key", "near"),
        [
            ('then = { to = "menu", say = "{compny}" }', 4, "then", "company"),
            ("key = '4'\nlabel = '{lable}'", 5, "label", ""),
            ("key = '4'\nphrases = '{kee}'", 5, "phrases", ""),
            ("options = [{ key = '4', label = '{companie}' }]", 4, "options[0].label", "company"),
        ],
    )
    def test_an_unknown_placeholder_is_a_problem(self, folder, file, line, number, key, near):
        """An unknown placeholder is one problem with file, line, the valid names and the nearest of them."""
        folder.write(file, PARKING + line)
        message, hint = folder.problem()
        expected = f"{file}:{number}: states.parking.{key} must have only the placeholder {{company}}, not "
        assert message.startswith(expected)
        assert message.endswith(f", did you mean '{near}'?") == bool(near)
        assert hint == "leave out other placeholders; write {{ for a brace"

    def test_key_and_label_need_a_menu_option(self, folder, file):
        """In a table without a menu option, {key} is unknown; with one, the message lists {key} and {label}."""
        folder.write(file, PARKING.replace("Behind the house.", "Press {key}."))
        assert folder.problem()[0] == (
            f"{file}:3: states.parking.text must have only the placeholder {{company}}, not 'Press {{key}}.'"
        )
        folder.write(file, PARKING.replace("Behind the house.", "Press {kye}.") + 'key = "4"')
        assert folder.problem()[0] == (
            f"{file}:3: states.parking.text must have only the placeholders {{company}}, {{key}} and {{label}}, "
            "not 'Press {kye}.', did you mean 'key'?"
        )

    def test_an_unknown_placeholder_in_a_sentence(self, folder, file):
        """An unknown placeholder in the sentence of a menu option is a problem with file and line."""
        folder.write(file, PARKING + "key = '4'\nsentence = 'Press {kye}.'")
        assert folder.problem()[0] == (
            f"{file}:5: states.parking.sentence: the sentence of a menu option must have only the placeholders "
            "{key}, {label} and {company}, not 'Press {kye}.', did you mean 'key'?"
        )

    def test_a_replaced_text_has_its_location(self, folder, file):
        """An unknown placeholder in a replaced text is a problem with file and line."""
        folder.write(file, PARKING + "[states.parking.texts]\n'Behind the house.' = 'At {compny}.'")
        assert folder.problem()[0] == (
            f"{file}:5: [states.parking.texts] the replacement for 'Behind the house.' must have only the placeholder "
            "{company}, not 'At {compny}.', did you mean 'company'?"
        )
