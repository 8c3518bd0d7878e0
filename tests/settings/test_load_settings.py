"""The sources of settings: the file of a folder, over it the environment, over both the arguments in code."""

import os
from pathlib import Path

import pytest

from ivrkit import Settings, SettingsError, Texts
from ivrkit.settings import StartSettings, StateSettings
from ivrkit.settings.core_settings import SETTINGS
from ivrkit.settings.load import load_settings, try_load_settings

SID = "AC" + "0" * 32
OTHER = "AC" + "f" * 32
SINGLE = (
    "company, start, operator, operator_number, tries, max_failures, max_turns, quarantine_failures, "
    "quarantine_seconds, quarantine_retry, max_dials, dial_time_limit, max_queue_minutes, max_calls_per_hour, "
    "max_attempts, attempt_minutes, uninterruptible_reprompts, language, languages, voice, "
    "timezone, session_url, session_hours, strict, safe, block, allow, plugins_dir, flows, dev, log_format, "
    "worker_timeout, trace, mask_numbers, public_url, hosts, trusted_proxies, deadline, threads, max_calls_in_state, "
    "max_calls_in_plugin, max_body_bytes, max_parameters, url_prefix, connection_overrides, auth_token"
)
KEYS = (
    "use one of: "
    + SINGLE.replace("start,", "start, numbers, callers,").replace("voice,", "voice, voices,")
    + ", accounts, shared_keys, texts, states, plugins"
)
NAMES = KEYS.replace("keys, texts, states, plugins", "keys, plugin_settings, texts, texts_in, states")
VARIABLES = (
    "use one of: IVRKIT_" + SINGLE.upper().replace(", ", ", IVRKIT_") + "; texts as IVRKIT_TEXTS_GOODBYE and so on, "
    "settings of plugins as IVRKIT_PLUGINS__ACME_STATES__RECEPTION_NUMBER, shared keys as "
    "IVRKIT_SHARED_KEYS__ and the id; other tables only in ivrkit.toml"
)
OF_PLUGIN = (
    "write IVRKIT_PLUGINS__, the plugin, two underscores and the setting: IVRKIT_PLUGINS__ACME_STATES__RECEPTION_NUMBER"
)
TEXTS = (
    "use one of: greeting, option, repeat, wrong_choice, apology, unavailable, not_connected, dial_limit, "
    "too_many_calls, no_options, goodbye, accept, voicemail, thanks, no_message, transfer, queue, yes_or_no, entered, "
    "confirm, wrong_digits, "
    "filler_words, keys, spoken_keys"
)
STATES = "use one of: plugin, enabled, key, label, sentence, voice, language, targets, texts"
OF_A_STATE = f"{STATES}, kind"


@pytest.fixture
def write(tmp_path):
    """Write a file of the working folder."""

    def put(text: str | bytes, name: str = "ivrkit.toml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return put


def error_of(environ=None, **overrides) -> tuple[str, str]:
    """Return the message and the hint of the error about the settings of the working folder."""
    with pytest.raises(SettingsError) as caught:
        load_settings(environ=environ or {}, **overrides)
    return caught.value.message, caught.value.hint


class TestFile:
    """``ivrkit.toml``."""

    def test_a_folder_without_a_file_has_the_defaults(self):
        """A folder without a settings file has the default of every setting."""
        assert load_settings(environ={}) == Settings()

    def test_every_type_of_value(self, write):
        """A file can have texts, numbers, booleans, lists and tables."""
        write(f"""
            company = "Äcme"
            tries = 5
            strict = false
            block = ["a", "b"]
            auth_token = "12345"
            [accounts]
            {SID} = ["1", "2"]
            [texts]
            goodbye = "Bye."
            [texts.keys]
            "0" = "oh"
            [states.sales]
            plugin = "acme"
            key = "7"
            [states.support]
            """)
        assert load_settings(environ={}) == Settings(
            company="Äcme",
            tries=5,
            strict=False,
            block=["a", "b"],
            auth_token="12345",
            accounts={SID: ["1", "2"]},
            texts=Texts(goodbye="Bye.", keys={"0": "oh"}),
            states={"sales": StateSettings(plugin="acme", key="7"), "support": StateSettings()},
        )

    def test_another_folder(self, write, tmp_path):
        """The file of the given folder is read; without one, the file of the working folder."""
        write('company = "Here"')
        write('company = "There"', "there/ivrkit.toml")
        assert load_settings(environ={}).company == "Here"
        assert load_settings(tmp_path / "there", environ={}).company == "There"

    @pytest.mark.parametrize("name", ["other.toml", "sub/other.toml"])
    def test_another_file(self, write, name):
        """IVRKIT_SETTINGS names another settings file, relative to the folder."""
        write('company = "Here"')
        write('company = "There"', name)
        assert load_settings(environ={"IVRKIT_SETTINGS": name}).company == "There"

    def test_another_file_by_its_absolute_path(self, write):
        """IVRKIT_SETTINGS may have an absolute path."""
        path = write('company = "There"', "sub/other.toml")
        assert load_settings(environ={"IVRKIT_SETTINGS": str(path)}).company == "There"

    def test_an_empty_variable_names_no_file(self, write):
        """An empty IVRKIT_SETTINGS is ignored."""
        write('company = "Here"')
        assert load_settings(environ={"IVRKIT_SETTINGS": ""}).company == "Here"

    def test_another_file_that_is_missing(self, write):
        """If the file of IVRKIT_SETTINGS is missing, the usual file is not read instead."""
        write('company = "Here"')
        assert error_of({"IVRKIT_SETTINGS": "gone.toml"}) == (
            "IVRKIT_SETTINGS names gone.toml, which does not exist",
            "fix the path, or unset the variable",
        )

    def test_a_file_that_is_not_toml(self, write):
        """The error for a file that is not TOML has the line, without its value, which may be secret."""
        write('tries = 2\nauth_token = "1234\n')
        hint = 'close it with ", or use """ for several lines'
        assert error_of() == ("ivrkit.toml:2: the quote is not closed: auth_token = ...", hint)

    def test_a_file_as_some_editors_write_it(self, write):
        """A byte order mark and Windows line ends are accepted, and lines are counted right."""
        write('\ufeffcompany = "ACME"\r\ntries = 0\r\n'.encode())
        assert error_of()[0] == "ivrkit.toml:2: tries must be a whole number of at least 1, not 0"

    @pytest.mark.parametrize("text", ["a = " + "[" * 3000, "a = " + "9" * 5000])
    def test_a_file_that_the_parser_cannot_handle(self, write, text):
        """Deep nesting and huge numbers end in one message, not in a traceback."""
        write(text)
        assert error_of()[0].startswith("ivrkit.toml cannot be read: ")

    def test_a_path_that_the_system_refuses(self):
        """A path that is too long for the system does not exist."""
        assert error_of({"IVRKIT_SETTINGS": "x" * 300})[0].endswith("which does not exist")

    def test_texts_for_no_language(self, write):
        """A table of texts for an empty language is an unknown key, and other problems are still reported."""
        write('tries = 0\n[texts.""]\ngoodbye = "Bye."')
        assert "ivrkit.toml:2: unknown key 'texts.\"\"'" in error_of()[0]

    @pytest.mark.parametrize(
        ("text", "message", "hint"),
        [
            ('compny = "x"', "unknown key 'compny', did you mean 'company'?", KEYS),
            ("zz = 1", "unknown key 'zz'", KEYS),
            ("tries = 0", "tries must be a whole number of at least 1, not 0", "write tries = 3"),
            ('auth_token = ["sesame", 1]',
             "auth_token must be a token, or a list of these; its value is secret and not shown",
             'write auth_token = ["your-token"]'),
            ('[accounts]\nAC1 = "sesame"',
             "accounts must be a table of AccountSids with their tokens; its value is secret and not shown",
             f'write a table [accounts] with lines such as {SID} = ["your-token"]'),
            ("plugins = 5", "plugins must be a table of plugins; its value is not shown, as it may be secret",
             ('to load only some plugins, write allow = ["acme-states"]; to change the settings of a plugin, '
              "write a table [plugins.acme-states] with lines such as reception_rings = 20")),
            ("[plugins]\nacme-states = 5",
             "plugins.acme-states must be a table; its value is not shown, as it may be secret",
             "write a table [plugins.acme-states] with a line for each setting"),
            ('plugin_settings = "x"', "unknown key 'plugin_settings', did you mean 'plugins'?", KEYS),
            ('texts_in = "x"', "unknown key 'texts_in', did you mean 'texts'?", KEYS),
            ('texts = "Bye."', "texts must be a table of texts, not 'Bye.'",
             'write a table [texts] with lines such as goodbye = "Bye."'),
            ('[texts.es]\ngoodby = "x"', "unknown key 'texts.es.goodby', did you mean 'goodbye'?", TEXTS),
            ("[texts.es]\ngoodbye = 5", "texts.es.goodbye must be a text, not 5", 'write goodbye = "Goodbye."'),
            ('[texts.es]\ngoodbye = "{x}"', "texts.goodbye must have no placeholders, not '{x}'",
             "leave out other placeholders; write {{ for a brace"),
            ('[numbers.1]\nstrat = "x"', "unknown key 'numbers.1.strat', did you mean 'start'?",
             "use one of: start, language"),
            ("[numbers.1]", "numbers.1 must be a table with start or language, not an empty table",
             'write a table [numbers.1] with lines such as start = "menu"'),
            ('[texts]\ngodbye = "Bye."', "unknown key 'texts.godbye', did you mean 'goodbye'?", TEXTS),
            ("[texts]\nzz = 5", "unknown key 'texts.zz'", TEXTS),
            ("[texts]\ngoodbye = 5", "texts.goodbye must be a text, not 5", 'write goodbye = "Goodbye."'),
            ('[texts.goodbye]\nen = "Bye."', "texts.goodbye must be a text, not a table", 'write goodbye = "Goodbye."'),
            ('[texts]\nkeys = "one"', "texts.keys must be a table, each a text, not 'one'",
             'write a table [texts.keys] with lines such as 0 = "zero"'),
            ("[texts.keys]\n1 = 1", "texts.keys.1 must be a text, not 1", 'write 1 = "text"'),
            ('[texts.keys]\nA = "a"', "texts.keys must have only the keys 0 1 2 3 4 5 6 7 8 9 * #, not 'A'",
             "name one key at a time; longer sequences are spelled key by key"),
            ('[texts]\ngoodbye = "Bye {name}."', "texts.goodbye must have no placeholders, not 'Bye {name}.'",
             "leave out other placeholders; write {{ for a brace"),
            ('[texts]\noption = "{"', ("texts.option must have only the placeholders {label} and {key}, not '{': "
             "Single '{' encountered in format string"),
             "leave out other placeholders; write {{ for a brace"),
            ("states = 5", "states must be a table of states, not 5",
             'write a table [states.sales] with lines such as key = "4"'),
            ('[states]\nsales = "1"', "states.sales must be a table, not '1'",
             'write a table [states.sales] with lines such as plugin = "acme-states"'),
            ('[states.sales]\nkye = "1"', "unknown key 'states.sales.kye', did you mean 'key'?", OF_A_STATE),
            ("[states.sales]\nzz = 1", "unknown key 'states.sales.zz'", OF_A_STATE),
            ("[states.sales]\nkey = 1", "states.sales.key must be keys of a telephone (0-9, * and #) in quotes, not 1",
             'write key = "1"'),
            ('[states.sales]\nkey = "x"', "states.sales.key must be keys of a telephone (0-9, * and #), not 'x'",
             'write key = "4"'),
            ('[states.sales]\nplugin = ""', "states.sales.plugin must be the name of a plugin, not ''",
             'write plugin = "acme-states"'),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("name", ["ivrkit.toml", "other.toml"])
    def test_a_problem_in_the_file(self, write, text, message, hint, name):
        """A problem has file and line, the key, its type and value, or the nearest name; the hint has an example."""
        write(f"# A comment, and\n\n{text}\n# another.\n", name)
        in_header = ("accounts", "numbers.1 must", "texts.keys must have", "texts.goodbye must be a text, not a table")
        line = 4 if "\n" in text and not message.startswith(in_header) else 3
        assert error_of({"IVRKIT_SETTINGS": name}) == (f"{name}:{line}: {message}", hint)

    def test_all_problems_are_in_one_error(self, write):
        """One error has the problems of the file, of the environment and of code, in this order, each with its hint."""
        write('tries = 0\n\n[states.sales]\nkey = """\nx"""\nkye = "1"\n')
        message, hint = error_of({"IVRKIT_TIMEZONE": "Mars", "IVRKIT_PLUGINS__ACME": "x"}, compny="x")
        assert message.splitlines() == [
            "the settings have 6 problems:",
            "ivrkit.toml:1: tries must be a whole number of at least 1, not 0",
            "  hint: write tries = 3",
            "ivrkit.toml:6: unknown key 'states.sales.kye', did you mean 'key'?",
            f"  hint: {OF_A_STATE}",
            "ivrkit.toml:4: states.sales.key must be keys of a telephone (0-9, * and #), not 'x'",
            '  hint: write key = "4"',
            "environment: IVRKIT_PLUGINS__ACME does not name a setting of a plugin",
            f"  hint: {OF_PLUGIN}",
            "environment: IVRKIT_TIMEZONE must be the IANA name of a time zone, such as 'Europe/Vienna', not 'Mars'",
            "  hint: set IVRKIT_TIMEZONE=UTC",
            "'compny' is not a setting, did you mean 'company'?",
            f"  hint: {NAMES}",
        ]
        assert hint == ""

    def test_an_invalid_setting_has_its_default(self, write, tmp_path):
        """A result with problems has the default of each invalid setting, and all valid values."""
        write('tries = 0\ncompany = "ACME"\n[texts]\ngoodbye = 5\napology = "Oh."')
        result = try_load_settings(tmp_path, environ={})
        assert (result.settings.tries, result.settings.company) == (3, "ACME")
        assert result.settings.texts == Texts(apology="Oh.")
        assert len(result.problems) == 2


class TestTables:
    """The tables of states, texts, numbers and plugins."""

    def test_the_texts_of_languages(self, write):
        """Tables in ``[texts]`` are the texts of languages, except the table of keys."""
        plain = '[texts]\ngoodbye = "Bye."\n[texts.keys]\n0 = "oh"\n'
        write(f'{plain}[texts.es]\ngoodbye = "Adiós."\n[texts.es.keys]\n0 = "o"')
        settings = load_settings(environ={})
        assert settings.texts == Texts(goodbye="Bye.", keys={"0": "oh"})
        assert settings.texts_in == {"es": {"goodbye": "Adiós.", "keys": {"0": "o"}}}

    def test_numbers_callers_and_voices(self, write):
        """The tables of numbers, callers and voices are read."""
        write('[numbers."+15550155"]\nstart = "a"\n[callers."+15550156"]\nlanguage = "es"\n[voices]\nes = "Polly.Mia"')
        settings = load_settings(environ={})
        assert settings.numbers == {"+15550155": StartSettings(start="a")}
        assert settings.callers == {"+15550156": StartSettings(language="es")}
        assert settings.voices == {"es": "Polly.Mia"}

    def test_plugins_are_known_by_their_normal_names(self, write):
        """A plugin's settings of file, environment and code are merged, in any spelling of its name."""
        write("[plugins.Acme_States]\na = 1\nb = 2\nc = {x = 1, y = 2}\n[plugins.empty]")
        environ = {
            "IVRKIT_PLUGINS__ACME_STATES__B": "3",
            "IVRKIT_PLUGINS__ACME_STATES__C__X": "9",
            "IVRKIT_PLUGINS__OTHER__D__E": "4",
        }
        settings = load_settings(environ=environ, plugin_settings={"acme.states": {"a": 7}})
        assert settings.plugin_settings == {
            "acme-states": {"a": 7, "b": "3", "c": {"x": "9", "y": 2}},
            "empty": {},
            "other": {"d": {"e": "4"}},
        }
        assert settings.origin("plugins", "acme-states", "a") == "argument"
        assert settings.origin("plugins", "acme-states", "b") == "IVRKIT_PLUGINS__ACME_STATES__B in the environment"
        assert settings.origin("plugins", "acme-states", "c") == "IVRKIT_PLUGINS__ACME_STATES__C__X in the environment"

    def test_the_origin_of_a_setting(self, write):
        """The origin is the file with the line, the variable, ``argument`` for code, or ``default``."""
        write('company = "A"\n# and\n[texts]\ngoodbye = "Bye."\n\n[states.sales]\nkey = "4"\n')
        write("IVRKIT_TRIES=4\nIVRKIT_TEXTS_APOLOGY=Oh.\nTWILIO_AUTH_TOKEN=1\n", ".env")
        origin = load_settings(start="menu").origin
        assert origin("company") == "ivrkit.toml:1"
        assert origin("texts", "goodbye") == "ivrkit.toml:4"
        assert origin("states", "sales", "key") == "ivrkit.toml:7"
        assert origin("tries") == "IVRKIT_TRIES in .env"
        assert origin("texts", "apology") == "IVRKIT_TEXTS_APOLOGY in .env"
        assert origin("auth_token") == "TWILIO_AUTH_TOKEN in .env"
        assert origin("start") == "argument"
        assert origin("language") == "default"


class TestEnvironment:
    """Variables with ``IVRKIT_`` and the name of a setting, which win over the file."""

    @pytest.mark.parametrize(
        ("variable", "text", "kept"),
        [
            ("COMPANY", "Äcme", {"company": "Äcme"}),
            ("START", "menu", {"start": "menu"}),
            ("OPERATOR", "reception", {"operator": "reception"}),
            ("OPERATOR", "", {"operator": None}),
            ("OPERATOR_NUMBER", "+1 415 555 0100", {"operator_number": "+14155550100"}),
            ("OPERATOR_NUMBER", "", {"operator_number": None}),
            ("SAFE", "1", {"safe": True}),
            ("TRACE", "1", {"trace": True}),
            ("TRIES", "5", {"tries": 5}),
            ("TRIES", " 5 ", {"tries": 5}),
            ("MAX_FAILURES", "7", {"max_failures": 7}),
            ("MAX_TURNS", "8", {"max_turns": 8}),
            ("QUARANTINE_FAILURES", "0", {"quarantine_failures": 0}),
            ("QUARANTINE_SECONDS", "5", {"quarantine_seconds": 5}),
            ("QUARANTINE_RETRY", "5", {"quarantine_retry": 5}),
            ("UNINTERRUPTIBLE_REPROMPTS", "yes", {"uninterruptible_reprompts": True}),
            ("LANGUAGE", "de-AT", {"language": "de-AT"}),
            ("LANGUAGES", "de-AT,es-MX", {"languages": ["de-AT", "es-MX"]}),
            ("LOG_FORMAT", "json", {"log_format": "json"}),
            ("WORKER_TIMEOUT", "0", {"worker_timeout": 0}),
            ("MASK_NUMBERS", "no", {"mask_numbers": False}),
            ("VOICE", "Vicki", {"voice": "Vicki"}),
            ("VOICE", "", {"voice": None}),
            ("TIMEZONE", "Europe/Vienna", {"timezone": "Europe/Vienna"}),
            ("SESSION_URL", "sqlite:///x", {"session_url": "sqlite:///x"}),
            ("SESSION_HOURS", "1", {"session_hours": 1}),
            ("BLOCK", "a, b ,,c", {"block": ["a", "b", "c"]}),
            ("BLOCK", "", {"block": []}),
            ("ALLOW", "a, b", {"allow": ["a", "b"]}),
            ("ALLOW", "", {"allow": None}),
            ("PUBLIC_URL", "https://x.example", {"public_url": "https://x.example"}),
            ("PUBLIC_URL", "", {"public_url": None}),
            ("TRUSTED_PROXIES", "0", {"trusted_proxies": 0}),
            ("URL_PREFIX", "/phone", {"url_prefix": "/phone"}),
            ("URL_PREFIX", "", {"url_prefix": ""}),
            ("CONNECTION_OVERRIDES", "rc=2&rp=all", {"connection_overrides": "rc=2&rp=all"}),
            ("CONNECTION_OVERRIDES", "", {"connection_overrides": ""}),
            ("AUTH_TOKEN", "12345,67890", {"auth_token": ["12345", "67890"]}),
            ("TEXTS_GOODBYE", "Bye.", {"texts": Texts(goodbye="Bye.")}),
            ("texts_wrong_choice", "No.", {"texts": Texts(wrong_choice="No.")}),
            *(("STRICT", word, {"strict": True}) for word in ("1", "true", "TRUE", "yes", "on")),
            *(("STRICT", word, {"strict": False}) for word in ("0", "false", "No", "off", "")),
            ("DEV", "1", {"dev": True}),
        ],
    )
    def test_every_setting_has_a_variable(self, write, variable, text, kept):
        """Every setting that is not a table has a variable, which wins over the file."""
        write(
            'company = "a"\nstart = "a"\noperator = "a"\ntries = 2\nmax_failures = 2\nmax_turns = 2\nlanguage = "de"\n'
            'voice = "a"\ntimezone = "UTC"\nsession_url = "a"\nsession_hours = 2\nstrict = true\nblock = ["z"]\n'
            'dev = false\npublic_url = "http://a"\ntrusted_proxies = 2\nurl_prefix = "/a"\nauth_token = "a"\n'
        )
        usual = load_settings(environ={})
        (name,) = kept
        loaded = load_settings(environ={f"IVRKIT_{variable}": text})
        assert getattr(loaded, name) == getattr(Settings(**kept), name)
        assert [getattr(loaded, each) for each in SETTINGS if each != name] == [
            getattr(usual, each) for each in SETTINGS if each != name
        ]

    def test_a_sentence_of_the_environment(self, write):
        """A sentence of the environment replaces one sentence, and the other sentences of the file stay."""
        write('[texts]\ngoodbye = "Bye."\napology = "Oh."')
        assert load_settings(environ={"IVRKIT_TEXTS_APOLOGY": "Sorry."}).texts == Texts(
            goodbye="Bye.", apology="Sorry."
        )

    def test_sentences_of_the_environment_only(self):
        """Sentences of the environment leave the core's other sentences unchanged."""
        environ = {"IVRKIT_TEXTS_APOLOGY": "Sorry.", "IVRKIT_TEXTS_GOODBYE": "Bye."}
        assert load_settings(environ=environ).texts == Texts(goodbye="Bye.", apology="Sorry.")

    @pytest.mark.parametrize(
        ("variable", "text", "message", "hint"),
        [
            ("IVRKIT_COMPNY", "x", "IVRKIT_COMPNY is not a setting, did you mean 'IVRKIT_COMPANY'?", VARIABLES),
            ("IVRKIT_compny", "x", "IVRKIT_compny is not a setting, did you mean 'IVRKIT_COMPANY'?", VARIABLES),
            ("IVRKIT_", "x", "IVRKIT_ is not a setting", VARIABLES),
            ("IVRKIT_TEXTS", "x", "IVRKIT_TEXTS is not a setting", VARIABLES),
            ("IVRKIT_STATES", "x", "IVRKIT_STATES is not a setting", VARIABLES),
            ("IVRKIT_ACCOUNTS", "x", "IVRKIT_ACCOUNTS is not a setting", VARIABLES),
            ("IVRKIT_TEXTS_KEYS", "x", "IVRKIT_TEXTS_KEYS is not a setting", VARIABLES),
            ("IVRKIT_TEXTS_GODBYE", "x",
             "IVRKIT_TEXTS_GODBYE is not a setting, did you mean 'IVRKIT_TEXTS_GOODBYE'?", VARIABLES),
            *(("IVRKIT_TRIES", text, f"IVRKIT_TRIES must be a whole number of at least 1, not {text!r}",
               "set IVRKIT_TRIES=3") for text in ("many", "--5", "-5", "")),
            ("IVRKIT_STRICT", "maybe", "IVRKIT_STRICT must be true or false, not 'maybe'", "set IVRKIT_STRICT=true"),
            ("IVRKIT_COMPANY", "", "IVRKIT_COMPANY must be a non-empty text, not ''",
             "set IVRKIT_COMPANY='our company'"),
            ("IVRKIT_CONNECTION_OVERRIDES", "rc=9",
             "IVRKIT_CONNECTION_OVERRIDES: rc must be a number from 0 to 5, not '9'", "write it as in rc=1&rp=ct"),
            ("IVRKIT_PUBLIC_URL", "x", "IVRKIT_PUBLIC_URL must be a URL such as 'https://ivr.example.com', not 'x'",
             "set IVRKIT_PUBLIC_URL=https://ivr.example.com"),
            ("IVRKIT_TEXTS_GOODBYE", "{x}", "texts.goodbye must have no placeholders, not '{x}'",
             "leave out other placeholders; write {{ for a brace"),
        ],
    )  # fmt: skip
    def test_a_problem_in_the_environment(self, variable, text, message, hint):
        """A problem has the variable, its type and its value, or the nearest name; the hint has an example."""
        assert error_of({variable: text}) == (f"environment: {message}", hint)

    def test_variables_of_other_programs(self):
        """Variables of other programs are ignored."""
        assert load_settings(environ={"PATH": "x", "MY_IVRKIT_TRIES": "x", "TWILIO_ACCOUNT_SID": SID}) == Settings()


class TestTokens:
    """The variables for tokens that Twilio's own tools use."""

    @pytest.mark.parametrize(
        ("environ", "tokens"),
        [
            ({"TWILIO_AUTH_TOKEN": "12345"}, ("12345",)),
            ({"TWILIO_AUTH_TOKEN": "12345, 67890"}, ("12345", "67890")),
            ({"TWILIO_AUTH_TOKEN": ""}, ("of the file",)),
            ({"TWILIO_AUTH_TOKEN": "12345", "IVRKIT_AUTH_TOKEN": "other"}, ("12345",)),
        ],
    )
    def test_the_token_of_the_account(self, write, environ, tokens):
        """TWILIO_AUTH_TOKEN wins over the file and over IVRKIT_AUTH_TOKEN; an empty one is ignored."""
        write('auth_token = "of the file"')
        assert load_settings(environ=environ).auth_token == tokens

    def test_the_tokens_of_sub_accounts(self, write):
        """TWILIO_AUTH_TOKEN with an AccountSid adds to the accounts of the file, and wins over them."""
        write(f'[accounts]\n{SID} = "of the file"')
        assert load_settings(environ={f"TWILIO_AUTH_TOKEN_{OTHER}": "1,2"}).accounts == {
            SID: ("of the file",),
            OTHER: ("1", "2"),
        }
        assert load_settings(environ={f"TWILIO_AUTH_TOKEN_{SID}": "1"}).accounts == {SID: ("1",)}

    @pytest.mark.parametrize(
        "name", [f"TWILIO_AUTH_TOKEN{SID}", f"TWILIO_AUTH_TOKEN_{SID}0", SID, "TWILIO_AUTH_TOKEN_X"]
    )
    def test_a_variable_without_an_account_sid(self, name):
        """A variable that only looks like one with an AccountSid is ignored."""
        assert load_settings(environ={name: "12345"}) == Settings()

    def test_an_empty_token_of_an_account(self, write):
        """An empty token of an account is ignored, so that an unset secret does not count as a token."""
        write(f'[accounts]\n{SID} = "of the file"')
        environ = {f"TWILIO_AUTH_TOKEN_{SID}": "", f"TWILIO_AUTH_TOKEN_{OTHER}": ""}
        assert load_settings(environ=environ).accounts == {SID: ("of the file",)}

    def test_shared_keys(self, write):
        """Variables add shared keys to those of the file and win over them; the case of the ids is kept."""
        write('[shared_keys]\nwebhooks_sharedkey_01a = "of the file"\nOther-1 = "x"')
        environ = {
            "IVRKIT_SHARED_KEYS__webhooks_sharedkey_01a": " s=1,2 \n",
            "IVRKIT_SHARED_KEYS__webhooks_sharedkey_01B": "3",
        }
        settings = load_settings(environ=environ)
        assert settings.shared_keys == {
            "webhooks_sharedkey_01a": "s=1,2",
            "Other-1": "x",
            "webhooks_sharedkey_01B": "3",
        }
        assert settings.origin("shared_keys") == "IVRKIT_SHARED_KEYS__webhooks_sharedkey_01a in the environment"

    def test_shared_keys_in_the_env_file(self, write):
        """The file .env may have shared keys."""
        write("IVRKIT_SHARED_KEYS__k1=sesame\n", ".env")
        assert load_settings().shared_keys == {"k1": "sesame"}

    @pytest.mark.parametrize("name", ["", "a.b", "a,b", "é"])
    def test_a_shared_key_with_an_invalid_id(self, name):
        """A variable whose id Twilio cannot send is refused, without its value."""
        assert error_of({f"IVRKIT_SHARED_KEYS__{name}": "sesame"}) == (
            (
                "environment: the name of a variable must be IVRKIT_SHARED_KEYS__ and the id of a shared key (letters, "
                f"digits, _ and -), not IVRKIT_SHARED_KEYS__{name}"
            ),
            f"write the id as Twilio shows it: IVRKIT_SHARED_KEYS__webhooks_sharedkey_{'0' * 26}",
        )

    @pytest.mark.parametrize("secret", ["", " \n"])
    def test_a_shared_key_without_a_secret(self, secret):
        """A variable without a secret is refused."""
        assert error_of({"IVRKIT_SHARED_KEYS__k1": secret}) == (
            "environment: IVRKIT_SHARED_KEYS__k1 must be the secret of a shared key, not empty",
            "set it to the secret that Twilio showed when the key was created, or unset the variable",
        )

    def test_shared_keys_are_a_table(self, write):
        """An invalid table of shared keys is one problem with file and line, and shows neither ids nor secrets."""
        write('[shared_keys]\nk1 = ""')
        assert error_of() == (
            (
                "ivrkit.toml:1: shared_keys must be a table of shared key ids (letters, digits, _ and -) with their "
                "secrets; its value is secret and not shown"
            ),
            f'write a table [shared_keys] with lines such as webhooks_sharedkey_{"0" * 26} = "your-token"',
        )


class TestArguments:
    """The arguments in code, which win over file and environment."""

    def test_arguments_win(self, write):
        """An argument wins over the environment and the file, for its own setting only."""
        write('company = "file"\nstart = "file"\nlanguage = "fi"\n[texts]\ngoodbye = "file"')
        environ = {
            "IVRKIT_START": "environment",
            "IVRKIT_LANGUAGE": "en",
            "IVRKIT_TEXTS_APOLOGY": "environment",
        }
        settings = load_settings(environ=environ, language="cs", texts=Texts(option="{key}"))
        assert (settings.company, settings.start, settings.language) == ("file", "environment", "cs")
        assert settings.texts == Texts(option="{key}")

    def test_an_unknown_argument(self):
        """The error about an unknown argument has the nearest name and all names."""
        assert error_of(compny="x") == ("'compny' is not a setting, did you mean 'company'?", NAMES)
        assert error_of(zz="x") == ("'zz' is not a setting", NAMES)

    def test_an_invalid_argument(self):
        """The error about an invalid argument says that it comes from code."""
        assert error_of(tries=0) == ("Settings: tries must be a whole number of at least 1, not 0", "write tries=3")


class TestDotenv:
    """The folder's ``.env`` file, under the environment of the process."""

    def test_the_process_comes_first(self, write, monkeypatch):
        """The environment of the process wins over ``.env``, and is not changed; a name without a value is ignored."""
        write("IVRKIT_COMPANY=file\nIVRKIT_START=file\nIVRKIT_VOICE\nTWILIO_AUTH_TOKEN='12345'\n", ".env")
        monkeypatch.setenv("IVRKIT_START", "process")
        before = dict(os.environ)
        settings = load_settings()
        assert (settings.company, settings.start, settings.voice) == ("file", "process", None)
        assert settings.auth_token == ("12345",)
        assert dict(os.environ) == before

    def test_it_may_name_the_settings_file(self, write):
        """IVRKIT_SETTINGS may be in ``.env``."""
        write("IVRKIT_SETTINGS=other.toml\n", ".env")
        write('company = "There"', "other.toml")
        assert load_settings().company == "There"

    def test_a_given_environment_replaces_all_variables(self, write):
        """With a given environment, neither ``.env`` nor the environment of the process is read."""
        write("IVRKIT_COMPANY=file\n", ".env")
        assert load_settings(environ={}).company == "our company"

    def test_it_is_in_the_given_folder(self, write, tmp_path):
        """``.env`` is read from the given folder, not from the working folder."""
        write("IVRKIT_COMPANY=here\n", ".env")
        write("IVRKIT_COMPANY=there\n", "sub/.env")
        assert load_settings(tmp_path / "sub").company == "there"

    def test_a_file_that_is_not_utf_8(self, write):
        """The error about a ``.env`` that is not UTF-8 does not contain its contents."""
        write(b"TWILIO_AUTH_TOKEN=sesame\xff\n", ".env")
        with pytest.raises(SettingsError) as caught:
            load_settings()
        assert caught.value.message.startswith(
            ".env cannot be read: 'utf-8' codec can't decode byte 0xff in position 24"
        )
        assert caught.value.hint == "write lines NAME=value, in UTF-8"

    def test_a_folder_of_that_name(self, tmp_path):
        """A folder with the name ``.env`` is ignored: some virtual environments have it."""
        (tmp_path / ".env").mkdir()
        assert load_settings() == Settings()
