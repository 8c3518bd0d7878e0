"""The core's settings: the valid values of each, their final form, and the exact error for all other values."""

import re
import traceback
from dataclasses import FrozenInstanceError, fields, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ivrkit import Goto, Settings, SettingsError, Texts
from ivrkit.flow.compile.flow_config import FlowConfig
from ivrkit.settings import ConnectionOverrides, StartSettings, StateSettings
from ivrkit.settings.core_settings import SETTINGS, read_value
from ivrkit.settings.json_schema import SchemaMaker
from ivrkit.simulator.wire.overrides import overrides_of

SID = "AC" + "0123456789abcdefABCDEF0123456789"
TOKENS = "a token, or a list of these"
ACCOUNTS = "a table of AccountSids with their tokens"
SHARED_KEYS = "a table of shared key ids (letters, digits, _ and -) with their secrets"
LANGUAGE = "a language such as 'en-US'"
VOICE = "a voice such as 'Polly.Joanna'"
ZONE = "the IANA name of a time zone, such as 'Europe/Vienna'"
STORE = "a URL such as 'sqlite:///calls.sqlite3'"
URL = "a URL such as 'https://ivr.example.com'"
PREFIX = "a path such as '/phone', or empty"
OVERRIDES = "connection overrides such as 'rc=1&rp=ct', or empty"
STARTS = "a table of phone numbers, each with start or language"


def test_every_setting_has_its_default():
    """Settings without arguments have the default of every setting."""
    assert {each.name: getattr(Settings(), each.name) for each in fields(Settings) if each.name in SETTINGS} == {
        "company": "our company",
        "start": "greeting",
        "numbers": {},
        "callers": {},
        "operator": None,
        "operator_number": None,
        "tries": 3,
        "max_failures": 6,
        "max_turns": 100,
        "quarantine_failures": 5,
        "quarantine_seconds": 60,
        "quarantine_retry": 60,
        "max_dials": 10,
        "dial_time_limit": 7_200,
        "max_queue_minutes": 60,
        "max_calls_per_hour": 0,
        "max_attempts": 6,
        "attempt_minutes": 60,
        "uninterruptible_reprompts": False,
        "language": "en-US",
        "languages": (),
        "voice": None,
        "voices": {},
        "timezone": "UTC",
        "session_url": "sqlite:///ivrkit-sessions.sqlite3",
        "session_hours": 25,
        "strict": True,
        "safe": False,
        "block": (),
        "allow": None,
        "plugins_dir": None,
        "flows": ("*.flow.toml",),
        "dev": False,
        "log_format": "text",
        "worker_timeout": 20,
        "trace": False,
        "mask_numbers": True,
        "public_url": None,
        "hosts": (),
        "trusted_proxies": 0,
        "deadline": 5.0,
        "threads": 64,
        "max_calls_in_state": 8,
        "max_calls_in_plugin": 24,
        "max_body_bytes": 65_536,
        "max_parameters": 1_000,
        "url_prefix": "",
        "connection_overrides": "rc=1&rp=ct",
        "auth_token": (),
        "accounts": {},
        "shared_keys": {},
        "plugin_settings": {},
        "texts": Texts(),
        "texts_in": {},
        "states": {},
    }


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("company", "ACME", "ACME"),
        ("start", "menu", "menu"),
        ("operator", "reception", "reception"),
        ("operator", None, None),
        ("operator_number", "+1 (415) 555-0100", "+14155550100"),
        ("operator_number", "SIP:Desk@Example.com", "sip:Desk@example.com"),
        ("operator_number", "client:desk", "client:desk"),
        ("operator_number", None, None),
        ("safe", True, True),
        ("tries", 1, 1),
        ("max_failures", 1, 1),
        ("max_turns", 2, 2),
        ("quarantine_failures", 0, 0),
        ("quarantine_seconds", 1, 1),
        ("quarantine_retry", 1, 1),
        ("language", "de-AT", "de-AT"),
        ("voice", "Polly.Vicki", "Polly.Vicki"),
        ("voice", None, None),
        ("timezone", "Europe/Vienna", "Europe/Vienna"),
        ("session_url", "sqlite:///x", "sqlite:///x"),
        ("session_hours", 1, 1),
        ("strict", False, False),
        ("block", ["a", "b"], ("a", "b")),
        ("block", ("a",), ("a",)),
        ("block", "a", ("a",)),
        ("block", [], ()),
        ("allow", "a", ("a",)),
        ("allow", [], ()),
        ("allow", None, None),
        ("dev", True, True),
        ("public_url", "https://ivr.example.com", "https://ivr.example.com"),
        ("public_url", "http://10.0.0.1:8080/phone/", "http://10.0.0.1:8080/phone"),
        ("public_url", "HTTPS://ivr.example.com", "https://ivr.example.com"),
        ("public_url", "https://ivr.example.com/webhooks", "https://ivr.example.com/webhooks"),
        ("public_url", None, None),
        ("trusted_proxies", 0, 0),
        ("trusted_proxies", 2, 2),
        ("url_prefix", "", ""),
        ("url_prefix", "/phone", "/phone"),
        ("url_prefix", "/a-b/c_d/e.f~9", "/a-b/c_d/e.f~9"),
        ("connection_overrides", "", ""),
        ("connection_overrides", "rc=2&rp=all", "rc=2&rp=all"),
        ("auth_token", "12345", ("12345",)),
        ("auth_token", ["12345", "67890"], ("12345", "67890")),
        ("auth_token", [], ()),
        ("accounts", {SID: "12345"}, {SID: ("12345",)}),
        ("shared_keys", {"webhooks_sharedkey_01": "s=1,2", "B-2": "x"}, {"webhooks_sharedkey_01": "s=1,2", "B-2": "x"}),
        ("accounts", {SID: ["12345", "67890"]}, {SID: ("12345", "67890")}),
        ("texts", Texts(goodbye="Bye."), Texts(goodbye="Bye.")),
        ("states", {"sales": StateSettings(key="42*#")}, {"sales": StateSettings(None, True, "42*#")}),
        ("states", {"sales": StateSettings()}, {"sales": StateSettings(None)}),
        ("languages", ["es-MX", "de_AT"], ("es-MX", "de-AT")),
        ("voices", {"es": "Polly.Mia"}, {"es": "Polly.Mia"}),
        ("numbers", {"+15550100": {"start": "menu"}}, {"+15550100": StartSettings("menu")}),
        ("callers", {"+15550100": StartSettings(language="es")}, {"+15550100": StartSettings(None, "es")}),
        ("texts_in", {"es": {"goodbye": "Adiós."}}, {"es": {"goodbye": "Adiós."}}),
        ("plugin_settings", {"Acme_States": {"a": 1}}, {"acme-states": {"a": 1}}),
        ("log_format", "json", "json"),
    ],
)
def test_every_setting_keeps_valid_values(name, given, kept):
    """A valid value is kept in its final form, and is still valid in that form."""
    settings = Settings(**{name: given})
    assert getattr(settings, name) == kept
    assert replace(settings) == settings


PLUGINS = "the name of a plugin, or a list of these"


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("company", "", "a non-empty text"),
        ("company", " ", "a non-empty text"),
        ("company", 5, "a non-empty text"),
        ("company", None, "a non-empty text"),
        ("start", "", "the name of a state"),
        ("start", None, "the name of a state"),
        ("operator", "", "the name of a state"),
        ("operator", 0, "the name of a state"),
        ("tries", 0, "a whole number of at least 1"),
        ("tries", True, "a whole number of at least 1"),
        ("tries", "3", "a whole number of at least 1"),
        ("tries", 1.0, "a whole number of at least 1"),
        ("max_failures", 0, "a whole number of at least 1"),
        ("max_turns", 1, "a whole number of at least 2"),
        ("quarantine_failures", -1, "a whole number of at least 0"),
        ("quarantine_seconds", 0, "a whole number of at least 1"),
        ("quarantine_retry", 0, "a whole number of at least 1"),
        ("max_dials", 0, "a whole number of at least 1"),
        ("dial_time_limit", 0, "a whole number of at least 1"),
        ("max_queue_minutes", 0, "a whole number of at least 1"),
        ("max_calls_per_hour", -1, "a whole number of at least 0"),
        ("max_attempts", 0, "a whole number of at least 1"),
        ("attempt_minutes", 0, "a whole number of at least 1"),
        ("language", "", LANGUAGE),
        ("language", "spanish", LANGUAGE),
        ("language", "es MX", LANGUAGE),
        ("languages", 5, f"{LANGUAGE}, or a list of these"),
        ("voice", "", VOICE),
        ("voices", "Polly.Mia", "a table of languages with their voices"),
        ("timezone", "Mars/Olympus", ZONE),
        ("timezone", "../etc/passwd", ZONE),
        ("timezone", "Europe", ZONE),
        ("timezone", "", ZONE),
        ("session_url", "", STORE),
        ("session_hours", 0, "a whole number of at least 1"),
        ("worker_timeout", -1, "a whole number of at least 0"),
        ("strict", "false", "true or false"),
        ("strict", 1, "true or false"),
        ("block", 5, PLUGINS),
        ("block", "", PLUGINS),
        ("dev", None, "true or false"),
        ("public_url", "ivr.example.com", URL),
        ("public_url", "ftp://ivr.example.com", URL),
        ("public_url", "https://", URL),
        ("public_url", "https://ivr.example.com/?a=1", URL),
        ("public_url", "https://ivr.example.com/#a", URL),
        ("public_url", "https://me@ivr.example.com/", URL),
        ("public_url", "https://[::1", URL),
        ("public_url", "", URL),
        ("trusted_proxies", -1, "a whole number of at least 0"),
        ("url_prefix", "phone", PREFIX),
        ("url_prefix", "/", PREFIX),
        ("url_prefix", "/phone/", PREFIX),
        ("url_prefix", "/a b", PREFIX),
        ("url_prefix", "/phone\n", PREFIX),
        ("url_prefix", None, PREFIX),
        ("connection_overrides", 1, OVERRIDES),
        ("connection_overrides", None, OVERRIDES),
        ("texts", "Bye.", "a table of texts"),
        ("texts_in", "es", "a table of languages with their texts"),
        ("numbers", "+15550100", STARTS),
        ("callers", "+15550100", STARTS),
        ("log_format", "xml", "one of 'text', 'json'"),
        ("mask_numbers", 1, "true or false"),
        ("states", "sales", "a table of states"),
    ],
)
def test_every_setting_refuses_anything_else(name, given, words):
    """The error has the origin of the value, the setting, its type, the value and an example."""
    shown = repr(given).replace("https://me@", "https://...@")  # the user of a URL can be a token
    with pytest.raises(SettingsError) as caught:
        Settings(**{name: given})
    assert caught.value.message == f"Settings: {name} must be {words}, not {shown}"
    assert caught.value.hint == f"write {name}={SETTINGS[name].example!r}"


TEXT_NAMES = "use one of: " + ", ".join(each.name for each in fields(Texts))
STATE_KEYS = "use one of: plugin, enabled, key, label, sentence, voice, language, targets, texts, kind"


@pytest.mark.parametrize(
    ("name", "given", "message", "hint"),
    [
        ("languages", ["-"], f"languages[0] must be {LANGUAGE}, not '-'", "write languages=['es-MX']"),
        ("block", [""], "block[0] must be the name of a plugin, not ''", "write block=['acme-states']"),
        ("block", ["a", 1], "block[1] must be the name of a plugin, not 1", "write block=['acme-states']"),
        ("states", [], "states must be a table of states, not a list", "write states={'sales': {'key': '4'}}"),
        ("texts", {"goodby": "Bye."}, "unknown key 'texts.goodby', did you mean 'goodbye'?", TEXT_NAMES),
        ("texts", {"goodbye": 5}, "texts.goodbye must be a text, not 5", "write 'goodbye': 'Goodbye.'"),
        ("states", {"sales": {"kye": "1"}}, "unknown key 'states.sales.kye', did you mean 'key'?", STATE_KEYS),
        ("states", {"sales": "1"}, "states.sales must be a table, not '1'", "write 'sales': {'plugin': 'acme-states'}"),
        (
            "texts_in",
            {"es": {"goodby": "Adiós."}},
            "unknown key 'texts_in.es.goodby', did you mean 'goodbye'?",
            TEXT_NAMES,
        ),
        (
            "texts_in",
            {"": {"goodbye": "Adiós."}},
            "texts_in: the key must be a non-empty text, not ''",
            "use a key such as text",
        ),
        ("voices", {"es-MX": 5}, f"voices.es-MX must be {VOICE}, not 5", "write 'es-MX': 'Polly.Joanna'"),
        (
            "numbers",
            {"+15550100": "menu"},
            "numbers.\"+15550100\" must be a table with start or language, not 'menu'",
            "write '+15550100': {'start': 'menu'}",
        ),
        (
            "numbers",
            {"+15550100": {}},
            'numbers."+15550100" must be a table with start or language, not an empty table',
            "write '+15550100': {'start': 'menu'}",
        ),
        (
            "numbers",
            {"+15550100": {"start": 5}},
            'numbers."+15550100".start must be the name of a state, not 5',
            "write 'start': 'menu'",
        ),
        (
            "callers",
            {"+15550100": {"strat": "menu"}},
            "unknown key 'callers.\"+15550100\".strat', did you mean 'start'?",
            "use one of: start, language",
        ),
    ],
)
def test_an_error_names_the_key_in_a_table_or_list(name, given, message, hint):
    """An invalid value inside of a table or a list is named by its own key, not by the whole setting."""
    with pytest.raises(SettingsError) as caught:
        Settings(**{name: given})
    assert (caught.value.message, caught.value.hint) == (f"Settings: {message}", hint)


def test_all_invalid_settings_are_in_one_error():
    """Code gets one error with every invalid setting."""
    with pytest.raises(SettingsError) as caught:
        Settings(tries=0, states={"sales": {"key": 4}})
    assert caught.value.message.splitlines() == [
        "the settings have 2 problems:",
        "Settings: tries must be a whole number of at least 1, not 0",
        "  hint: write tries=3",
        "Settings: states.sales.key must be keys of a telephone (0-9, * and #) in quotes, not 4",
        "  hint: write 'key': '4'",
    ]


@pytest.mark.parametrize(
    ("name", "given", "words"),
    [
        ("auth_token", 5, TOKENS),
        ("auth_token", ["sesame", 5], TOKENS),
        ("auth_token", "", TOKENS),
        ("accounts", {"AC1": "sesame"}, ACCOUNTS),
        ("accounts", {5: "sesame"}, ACCOUNTS),
        ("accounts", {SID + "0": "sesame"}, ACCOUNTS),
        ("accounts", {SID: ["sesame", 5]}, ACCOUNTS),
        ("accounts", "sesame", ACCOUNTS),
        ("shared_keys", {"k1": ""}, SHARED_KEYS),
        ("shared_keys", {"k1": " \n"}, SHARED_KEYS),
        ("shared_keys", {"k1": ["sesame"]}, SHARED_KEYS),
        ("shared_keys", {"k1,k2": "sesame"}, SHARED_KEYS),
        ("shared_keys", {"k 1": "sesame"}, SHARED_KEYS),
        ("shared_keys", {"k=1": "sesame"}, SHARED_KEYS),
        ("shared_keys", {"ké": "sesame"}, SHARED_KEYS),
        ("shared_keys", {"": "sesame"}, SHARED_KEYS),
        ("shared_keys", "sesame", SHARED_KEYS),
    ],
)
def test_a_secret_is_in_no_error(name, given, words):
    """An error about a secret has the setting and its type; neither the error nor its cause has the value."""
    with pytest.raises(SettingsError) as caught:
        Settings(**{name: given})
    assert caught.value.message == f"Settings: {name} must be {words}; its value is secret and not shown"
    assert caught.value.hint == f"write {name}={SETTINGS[name].example!r}"
    assert "sesame" not in "".join(traceback.format_exception(caught.value))


def test_a_secret_is_in_no_repr():
    """The repr of settings contains no token: it may be logged."""
    shown = repr(Settings(auth_token=["sesame"], accounts={SID: "open"}, shared_keys={"k1": "simsalabim"}))
    assert "sesame" not in shown
    assert "open" not in shown
    assert "auth_token" not in shown
    assert "accounts" not in shown
    assert "simsalabim" not in shown
    assert "company='our company'" in shown


def test_secrets_are_in_the_order_in_which_they_encrypt():
    """The tokens of the main account come first, and the newest shared key comes before the older ones."""
    settings = Settings(auth_token=["t1", "t2"], accounts={SID: "t3"}, shared_keys={"old": "s1", "new": "s2"})
    assert settings.secrets() == ["t1", "t2", "t3", "s2", "s1"]
    assert Settings().secrets() == []


def test_settings_do_not_change():
    """Settings and their tables are frozen, and do not change with the tables that they were made from."""
    accounts = {SID: "12345"}
    states = {"sales": StateSettings(key="1")}
    settings = Settings(accounts=accounts, states=states)
    accounts.clear()
    states.clear()
    assert settings.accounts == {SID: ("12345",)}
    assert settings.states == {"sales": StateSettings(key="1")}
    with pytest.raises(FrozenInstanceError):
        settings.company = "ACME"
    with pytest.raises(TypeError):
        settings.accounts["x"] = ()
    with pytest.raises(TypeError):
        settings.states["x"] = StateSettings()


def test_settings_are_keyword_arguments():
    """Settings take no positional arguments."""
    with pytest.raises(TypeError, match="positional"):
        Settings("ACME")


def test_the_settings_of_the_flow():
    """The call flow gets its settings without the others."""
    texts = Texts(goodbye="Bye.")
    settings = Settings(
        start="one",
        operator="two",
        tries=4,
        max_failures=5,
        max_turns=6,
        max_dials=7,
        dial_time_limit=8,
        max_queue_minutes=10,
        max_calls_per_hour=9,
        uninterruptible_reprompts=True,
        language="de-AT",
        voice="Vicki",
        texts=texts,
        numbers={"+4312345678": {"language": "de"}},
        callers={"+4312345679": {"start": "menu"}},
        connection_overrides="rc=0",
    )
    starts = {"callers": {"+4312345679": Goto("menu")}, "numbers": {"+4312345678": Goto("one", language="de")}}
    assert settings.flow_config() == FlowConfig(
        "one",
        "two",
        4,
        5,
        6,
        "de-AT",
        "Vicki",
        texts,
        **starts,
        uninterruptible_reprompts=True,
        connection_overrides="rc=0",
        max_dials=7,
        dial_time_limit=8,
        max_queue_minutes=10,
        max_calls_per_hour=9,
    )
    assert Settings(session_url="cookie:").flow_config().max_data_bytes == 2048


def test_every_setting_is_described():
    """Each setting has a description in the docstring of ``Settings``, in the same order."""
    assert [line.split()[1].rstrip(":") for line in Settings.__doc__.splitlines() if line.strip()[:7] == ":param "] == (
        [*SETTINGS, "origins", "folder", "file"]
    )


@pytest.mark.parametrize(("key", "shown"), [("", "tries"), ("IVRKIT_TRIES", "IVRKIT_TRIES")])
def test_an_error_has_the_name_that_was_written(key, shown):
    """An error begins with the origin and the name that the setting has there."""
    assert read_value("tries", 5, "environment", key) == 5
    with pytest.raises(SettingsError) as caught:
        read_value("tries", "many", "environment", key)
    message = f"environment: {shown} must be a whole number of at least 1, not 'many'"
    assert str(caught.value) == f"{message}\n  hint: write {shown}=3"


KNOWN = "use some of ct, rt, tt, rc, rp, sni, e, as in rc=1&rp=ct"
EXAMPLE = "write it as in rc=1&rp=ct"
#: Valid connection overrides.
OVERRIDES_RIGHT = [
    "", "ct=100", "ct=10000", "rt=100", "rt=999", "rt=9999", "rt=15000", "tt=100", "tt=14999", "rc=0", "rc=5", "rp=ct",
    "rp=4xx,5xx,ct,rt", "rp=all,ct,ct", "sni=y", "sni=n", "e=ashburn", "e=ashburn-ix,dublin", "rc=1&rp=ct",
    "ct=2000&rt=3000&tt=5000&rc=2&rp=5xx&sni=n&e=dublin", "rc=1&rc=2",
]  # fmt: skip
#: Invalid connection overrides, with the message and the hint about the first invalid part.
OVERRIDES_WRONG = [
    ("#rc=1", "'#rc' is not a connection override", KNOWN),
    ("rc=1&", "'' is not a connection override", KNOWN),
    ("RC=1", "'RC' is not a connection override", KNOWN),
    (" rc=1", "' rc' is not a connection override", KNOWN),
    ("rc=1;rp=ct", "rc must be a number from 0 to 5, not '1;rp=ct'", EXAMPLE),
    ("rc=1\n", "rc must be a number from 0 to 5, not '1\\n'", EXAMPLE),
    ("rc", "rc must be a number from 0 to 5, not ''", EXAMPLE),
    ("rc=6&ct=1", "rc must be a number from 0 to 5, not '6'", EXAMPLE),
    ("ct=99", "ct must be a number of milliseconds from 100 to 10000, not '99'", EXAMPLE),
    ("ct=10001", "ct must be a number of milliseconds from 100 to 10000, not '10001'", EXAMPLE),
    ("rt=15001", "rt must be a number of milliseconds from 100 to 15000, not '15001'", EXAMPLE),
    ("tt=5s", "tt must be a number of milliseconds from 100 to 15000, not '5s'", EXAMPLE),
    ("rc=1&rp=", "rp must be some of 4xx,5xx,ct,rt,all, not ''", EXAMPLE),
    ("rp=ct,", "rp must be some of 4xx,5xx,ct,rt,all, not 'ct,'", EXAMPLE),
    ("rp=3xx", "rp must be some of 4xx,5xx,ct,rt,all, not '3xx'", EXAMPLE),
    ("sni=yes", "sni must be y or n, not 'yes'", EXAMPLE),
]
#: Invalid connection overrides that the simulator accepts: it does not check edges, and reads numbers as int() does.
OVERRIDES_STRICT = [
    ("e=", "e must be names of Twilio's edges such as dublin,frankfurt, not ''", EXAMPLE),
    ("e=\x00", "e must be names of Twilio's edges such as dublin,frankfurt, not '\\x00'", EXAMPLE),
    ("rc=01", "rc must be a number from 0 to 5, not '01'", EXAMPLE),
]


@pytest.mark.parametrize(("overrides", "message", "hint"), [*OVERRIDES_WRONG, *OVERRIDES_STRICT])
def test_an_invalid_connection_override(overrides, message, hint):
    """The error names the first invalid connection override and its valid values."""
    with pytest.raises(SettingsError) as caught:
        Settings(connection_overrides=overrides)
    assert (caught.value.message, caught.value.hint) == (f"Settings: connection_overrides: {message}", hint)


def is_accepted(overrides):
    """Return whether the setting accepts connection overrides."""
    try:
        return Settings(connection_overrides=overrides).connection_overrides == overrides
    except SettingsError:
        return False


@pytest.mark.parametrize("overrides", [*OVERRIDES_RIGHT, *(each for each, _, _ in OVERRIDES_WRONG)])
def test_connection_overrides_are_those_of_the_simulator(overrides):
    """The setting, its schema and the simulator accept the same connection overrides."""
    assert is_accepted(overrides) == (overrides in OVERRIDES_RIGHT) == (overrides_of(f"/webhook#{overrides}")[1] == [])
    assert is_accepted(overrides) == bool(re.search(rf"{SCHEMA}\Z", overrides))


SCHEMA = SchemaMaker({}, "").of(ConnectionOverrides)["pattern"].removesuffix("$")
NUMBERS = st.one_of(st.integers(-1, 11), st.integers(90, 110), st.integers(9_990, 15_010), st.integers()).map(str)
REASONS = st.lists(st.sampled_from(["4xx", "5xx", "ct", "rt", "all", "3xx", ""]), max_size=5).map(",".join)
PARTS = st.tuples(
    st.sampled_from(["ct", "rt", "tt", "rc", "rp", "sni", "x", ""]),
    st.one_of(NUMBERS, REASONS, st.sampled_from("yn"), st.text("=#%<\n\u0663 a", max_size=3)),
).map("=".join)


@given(st.lists(PARTS, min_size=1, max_size=4).map("&".join))
@example("rc=\u0663")
@settings(max_examples=300)
def test_random_connection_overrides_are_those_of_the_simulator(overrides):
    """The three agree on random overrides too, except edges and leading zeros, where the setting is stricter."""
    assert is_accepted(overrides) == (overrides_of(f"/webhook#{overrides}")[1] == [])
    assert is_accepted(overrides) == bool(re.search(rf"{SCHEMA}\Z", overrides))


def test_tables_may_be_plain_in_code():
    """In code, texts and states can be plain dicts, as in a file."""
    settings = Settings(texts={"goodbye": "Bye."}, states={"sales": {"key": "4", "plugin": "acme-states"}})
    assert settings.texts == Texts(goodbye="Bye.")
    assert settings.states == {"sales": StateSettings(key="4", plugin="acme-states")}


def test_a_sentence_with_an_unknown_placeholder():
    """The sentence of a menu option may have only the placeholders that the core fills in."""
    with pytest.raises(SettingsError) as caught:
        StateSettings(sentence="For {lable}, press {key}.")
    assert caught.value.message == (
        "sentence: the sentence of a menu option must have only the placeholders {key}, {label} and {company}, not "
        "'For {lable}, press {key}.', did you mean 'label'?"
    )
    assert caught.value.hint == "leave out other placeholders; write {{ for a brace"


@pytest.mark.parametrize(
    ("given", "message", "example"),
    [
        ({"key": "x"}, "key must be keys of a telephone (0-9, * and #), not 'x'", "4"),
        ({"key": ""}, "key must be keys of a telephone (0-9, * and #), not ''", "4"),
        ({"plugin": ""}, "plugin must be the name of a plugin, not ''", "acme-states"),
        ({"enabled": 1}, "enabled must be true or false, not 1", True),
        ({"label": 5}, "label must be a non-empty text, not 5", "text"),
        ({"sentence": ""}, "sentence must be a non-empty text, not ''", "For sales, press {key}."),
        ({"voice": 5}, "voice must be a voice such as 'Polly.Joanna', not 5", "Polly.Joanna"),
        ({"language": ""}, "language must be a language such as 'en-US', not ''", "es-MX"),
        (
            {"texts": "x"},
            "texts must be a table of texts, or of languages with their texts, not 'x'",
            {"We are closed.": "We are on holiday."},
        ),
    ],
)
def test_what_can_not_be_decided_about_a_state(given, message, example):
    """A decision about a state is checked in ``StateSettings`` and in a table of states."""
    (name,) = given
    with pytest.raises(SettingsError) as caught:
        StateSettings(**given)
    assert (caught.value.message, caught.value.hint) == (message, f"write {name}={example!r}")
    with pytest.raises(SettingsError) as caught:
        Settings(states={"sales": given})
    assert caught.value.message == f"Settings: states.sales.{message}"
    assert caught.value.hint == f"write {name!r}: {example!r}"


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        (
            {"targets": {"1": 5}},
            'targets.1 must be the name of a state, "HOME", "BACK", "SAME" or "HANG UP", not 5',
            "write '1': 'HOME'",
        ),
        ({"texts": {"A.": 5}}, 'texts."A." must be a text or a table, each a text, not 5', "write 'A.': 'text'"),
    ],
)
def test_a_table_in_a_decision_is_checked_by_its_keys(given, message, hint):
    """The targets and the texts of a state are named by their own keys."""
    with pytest.raises(SettingsError) as caught:
        StateSettings(**given)
    assert (caught.value.message, caught.value.hint) == (message, hint)


@pytest.mark.parametrize("given", ["x", {"acme": 5}], ids=repr)
def test_invalid_settings_of_plugins_are_not_shown(given):
    """An error about the settings of plugins does not show them: they may have secrets."""
    with pytest.raises(SettingsError) as caught:
        Settings(plugin_settings=given)
    message = "Settings: plugin_settings must be a table of plugins; its value is secret and not shown"
    assert caught.value.message == message
    assert caught.value.hint == "write plugin_settings={'acme-states': {'reception_rings': 20}}"


def test_the_texts_of_a_state_are_kept_by_language():
    """The texts of a state are kept by language, with an empty name for all languages, also if they were so before."""
    kept = StateSettings(texts={"A.": "B.", "es": {"A.": "C."}}).texts
    assert kept == {"": {"A.": "B."}, "es": {"A.": "C."}}
    assert StateSettings(texts=kept).texts == kept


class TestStatesWithAKind:
    """A table ``[states.NAME]`` with a ``kind`` is a state of the team's own; few of its keys are decisions."""

    def test_the_keys_of_the_kind_are_not_decisions(self):
        """The whole table is kept for the function of the kind, and its key is not a decision."""
        table = {"kind": "message", "text": "Here.", "key": "4", "enabled": False, "targets": {"exit": "menu"}}
        found = Settings(states={"x": table}).states["x"]
        assert (found.key, found.enabled, dict(found.targets)) == (None, False, {"exit": "menu"})
        assert (dict(found.table), found.written_in) == (table, "Settings")

    def test_a_table_without_a_kind_has_decisions_only(self):
        """A table without a kind is not kept as a whole."""
        found = Settings(states={"x": {"key": "4"}}).states["x"]
        assert (found.key, dict(found.table), found.written_in) == ("4", {}, "")


@pytest.mark.parametrize("end", ["/webhook", "/webhook/status", "/webhook/fallback"])
def test_the_public_url_is_the_base_and_not_an_endpoint(end):
    """A ``public_url`` that ends with an endpoint is refused at start, and the hint has the base URL."""
    for url in (f"https://ivr.example.com/phone{end}", f"https://ivr.example.com/phone{end}/"):
        with pytest.raises(SettingsError) as caught:
            Settings(public_url=url)
        assert str(caught.value) == (
            f"Settings: public_url: the base URL must be written without {end}, not as {url!r}\n"
            "  hint: leave out the end: https://ivr.example.com/phone"
        )


def test_a_token_has_no_line_break():
    """The line break at the end of a token that was read from a file is left out, for accounts as well."""
    settings = Settings(auth_token="12345\n", accounts={SID: ["one\r\n", " two "]})
    assert (settings.auth_token, settings.accounts) == (("12345",), {SID: ("one", "two")})
