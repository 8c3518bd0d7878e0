"""The core's settings: what each takes, what it makes of it, and the exact error for anything else."""

import re
from dataclasses import FrozenInstanceError, fields, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ivrkit import Goto, Settings, SettingsError, Texts
from ivrkit.flow.compile.flow_config import FlowConfig
from ivrkit.settings.core import SETTING_TYPES, read_value
from ivrkit.settings.tables import StartSettings, StateSettings
from ivrkit.simulator.wire.overrides import overrides_of

SID = "AC" + "0123456789abcdefABCDEF0123456789"
TOKENS = "a token, or a list of tokens while one is rotated"
ACCOUNTS = "a table of AccountSids (AC and 32 digits) with their tokens"
LANGUAGE = "a language such as 'en-US'"
VOICE = "a voice such as 'Polly.Joanna'"
ZONE = "the IANA name of a time zone, such as 'Europe/Vienna'"
STORE = "a URL such as 'sqlite:///calls.sqlite3'"
URL = "a URL such as 'https://ivr.example.com'"
PREFIX = "a path such as '/phone', or nothing"
OVERRIDES = "connection overrides such as 'rc=1&rp=ct', or nothing"
STARTS = "a table of numbers, each with start or language"


def test_every_setting_has_its_default():
    """Without a file, an environment or a word of code."""
    assert {each.name: getattr(Settings(), each.name) for each in fields(Settings) if each.name in SETTING_TYPES} == {
        "company": "our company",
        "start": "greeting",
        "numbers": {},
        "callers": {},
        "operator": None,
        "tries": 3,
        "max_failures": 6,
        "max_turns": 100,
        "language": "en-US",
        "languages": (),
        "voice": None,
        "voices": {},
        "timezone": "UTC",
        "session_url": "sqlite:///ivrkit-sessions.sqlite3",
        "session_hours": 25,
        "strict": True,
        "block": (),
        "plugins_dir": None,
        "flows": ("*.flow.toml",),
        "dev": False,
        "log_format": "text",
        "mask_numbers": True,
        "public_url": None,
        "trusted_proxies": 0,
        "url_prefix": "",
        "connection_overrides": "rc=1&rp=ct",
        "auth_token": (),
        "accounts": {},
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
        ("tries", 1, 1),
        ("max_failures", 1, 1),
        ("max_turns", 2, 2),
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
        ("dev", True, True),
        ("public_url", "https://ivr.example.com", "https://ivr.example.com"),
        ("public_url", "http://10.0.0.1:8080/phone/", "http://10.0.0.1:8080/phone"),
        ("public_url", "HTTPS://ivr.example.com", "https://ivr.example.com"),
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
        ("accounts", {SID: ["12345", "67890"]}, {SID: ("12345", "67890")}),
        ("texts", Texts(goodbye="Bye."), Texts(goodbye="Bye.")),
        ("states", {"sales": StateSettings(key="42*#")}, {"sales": StateSettings(None, True, "42*#")}),
        ("states", {"sales": StateSettings()}, {"sales": StateSettings(None)}),
        ("languages", ["es-MX", "de_AT"], ("es-MX", "de-AT")),
        ("voices", {"es": "Polly.Mia"}, {"es": "Polly.Mia"}),
        ("numbers", {"+1": {"start": "menu"}}, {"+1": StartSettings("menu")}),
        ("callers", {"+1": StartSettings(language="es")}, {"+1": StartSettings(None, "es")}),
        ("texts_in", {"es": {"goodbye": "Adiós."}}, {"es": {"goodbye": "Adiós."}}),
        ("plugin_settings", {"Acme_States": {"a": 1}}, {"acme-states": {"a": 1}}),
        ("log_format", "json", "json"),
    ],
)
def test_every_setting_takes_what_it_expects(name, given, kept):
    """And keeps it in its own form; settings that hold it can be made anew from it."""
    settings = Settings(**{name: given})
    assert getattr(settings, name) == kept
    assert replace(settings) == settings


@pytest.mark.parametrize(
    ("name", "given", "expects"),
    [
        ("company", "", "a text"),
        ("company", " ", "a text"),
        ("company", 5, "a text"),
        ("company", None, "a text"),
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
        ("language", "", LANGUAGE),
        ("language", "spanish", LANGUAGE),
        ("language", "es MX", LANGUAGE),
        ("languages", ["-"], "a list of languages such as ['es-MX']"),
        ("voice", "", VOICE),
        ("timezone", "Mars/Olympus", ZONE),
        ("timezone", "../etc/passwd", ZONE),
        ("timezone", "Europe", ZONE),
        ("timezone", "", ZONE),
        ("session_url", "", STORE),
        ("session_hours", 0, "a whole number of at least 1"),
        ("strict", "false", "true or false"),
        ("strict", 1, "true or false"),
        ("block", 5, "a list of the names of plugins"),
        ("block", [""], "a list of the names of plugins"),
        ("block", "", "a list of the names of plugins"),
        ("block", [1], "a list of the names of plugins"),
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
        ("texts", {"goodby": "Bye."}, "a table of texts"),
        ("texts", {"goodbye": 5}, "a table of texts"),
        ("texts", "Bye.", "a table of texts"),
        ("states", {"sales": {"kye": "1"}}, "a table of states"),
        ("states", {"sales": "1"}, "a table of states"),
        ("texts_in", {"es": {"goodby": "Adiós."}}, "a table of languages with their texts"),
        ("texts_in", {"": {"goodbye": "Adiós."}}, "a table of languages with their texts"),
        ("texts_in", "es", "a table of languages with their texts"),
        ("languages", 5, "a list of languages such as ['es-MX']"),
        ("voices", "Polly.Mia", "a table of languages with their voices"),
        ("voices", {"es-MX": 5}, "a table of languages with their voices"),
        ("numbers", "+15550100", STARTS),
        ("numbers", {"+15550100": "menu"}, STARTS),
        ("numbers", {"+15550100": {}}, STARTS),
        ("numbers", {"+15550100": {"start": 5}}, STARTS),
        ("callers", {"+15550100": {"strat": "menu"}}, STARTS),
        ("log_format", "xml", "'text' or 'json'"),
        ("mask_numbers", 1, "true or false"),
        ("states", [], "a table of states"),
    ],
)
def test_every_setting_refuses_anything_else(name, given, expects):
    """With where it stood, its name, what it is, and what it takes."""
    with pytest.raises(SettingsError) as caught:
        Settings(**{name: given})
    assert (caught.value.message, caught.value.hint) == (f"Settings: {name} is {given!r}", f"it takes {expects}")


@pytest.mark.parametrize(
    ("name", "given", "expects"),
    [
        ("auth_token", 5, TOKENS),
        ("auth_token", ["sesame", 5], TOKENS),
        ("auth_token", "", TOKENS),
        ("accounts", {"AC1": "sesame"}, ACCOUNTS),
        ("accounts", {5: "sesame"}, ACCOUNTS),
        ("accounts", {SID + "0": "sesame"}, ACCOUNTS),
        ("accounts", {SID: ["sesame", 5]}, ACCOUNTS),
        ("accounts", "sesame", ACCOUNTS),
    ],
)
def test_a_secret_is_in_no_error(name, given, expects):
    """The name and what it takes are told, the value is not, and no cause that would tell it."""
    with pytest.raises(SettingsError) as caught:
        Settings(**{name: given})
    assert caught.value.message == f"Settings: {name} is a value that is kept secret"
    assert caught.value.hint == f"it takes {expects}"
    assert caught.value.__suppress_context__


def test_a_secret_is_in_no_repr():
    """A token that is printed with the settings is a token that is in a log."""
    shown = repr(Settings(auth_token=["sesame"], accounts={SID: "open"}))
    assert "sesame" not in shown
    assert "open" not in shown
    assert "auth_token" not in shown
    assert "accounts" not in shown
    assert "company='our company'" in shown


def test_settings_do_not_change():
    """Neither a field nor a table in one; a table that was given can go on changing."""
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


def test_settings_are_given_by_name():
    """Their order says nothing."""
    with pytest.raises(TypeError, match="positional"):
        Settings("ACME")


def test_the_rules_of_the_flow():
    """What the pure floor is given of the settings."""
    texts = Texts(goodbye="Bye.")
    settings = Settings(
        start="one",
        operator="two",
        tries=4,
        max_failures=5,
        max_turns=6,
        language="de-AT",
        voice="Vicki",
        texts=texts,
        numbers={"+431": {"language": "de"}},
        callers={"+432": {"start": "menu"}},
        connection_overrides="rc=0",
    )
    starts = {"callers": {"+432": Goto("menu")}, "numbers": {"+431": Goto("one", language="de")}}
    assert settings.flow_config() == FlowConfig(
        "one", "two", 4, 5, 6, "de-AT", "Vicki", texts, **starts, connection_overrides="rc=0"
    )
    assert Settings(session_url="cookie:").flow_config().max_data_bytes == 2048


def test_every_setting_is_described():
    """A field without its line in the docstring is one that nobody finds."""
    assert [line.split()[1].rstrip(":") for line in Settings.__doc__.splitlines() if line.strip()[:7] == ":param "] == (
        [*SETTING_TYPES, "origins", "folder"]
    )


@pytest.mark.parametrize(("key", "shown"), [("", "tries"), ("IVRKIT_TRIES", "IVRKIT_TRIES")])
def test_a_value_is_told_by_the_name_it_had(key, shown):
    """The origin comes first, then the name as it was written there."""
    assert read_value("tries", 5, "environment", key) == 5
    with pytest.raises(SettingsError) as caught:
        read_value("tries", "many", "environment", key)
    assert str(caught.value) == f"environment: {shown} is 'many'\n  hint: it takes a whole number of at least 1"


KNOWN = "there are: ct, rt, tt, rc, rp, sni, e; as rc=1&rp=ct"
#: Connection overrides that can be, and their parts.
OVERRIDES_RIGHT = [
    "", "ct=100", "ct=10000", "rt=100", "rt=999", "rt=9999", "rt=15000", "tt=100", "tt=14999", "rc=0", "rc=5", "rp=ct",
    "rp=4xx,5xx,ct,rt", "rp=all,ct,ct", "sni=y", "sni=n", "e=ashburn", "e=ashburn-ix,dublin", "rc=1&rp=ct",
    "ct=2000&rt=3000&tt=5000&rc=2&rp=5xx&sni=n&e=dublin", "rc=1&rc=2",
]  # fmt: skip
#: What can't be: the part that is told, and what it takes.
OVERRIDES_WRONG = [
    ("#rc=1", "there is no connection override '#rc'", KNOWN),
    ("rc=1&", "there is no connection override ''", KNOWN),
    ("RC=1", "there is no connection override 'RC'", KNOWN),
    (" rc=1", "there is no connection override ' rc'", KNOWN),
    ("rc=1;rp=ct", "the connection override rc is '1;rp=ct'", "it takes 0 to 5"),
    ("rc=1\n", "the connection override rc is '1\\n'", "it takes 0 to 5"),
    ("rc", "the connection override rc is ''", "it takes 0 to 5"),
    ("rc=6&ct=1", "the connection override rc is '6'", "it takes 0 to 5"),
    ("ct=99", "the connection override ct is '99'", "it takes 100 to 10000, in thousandths of a second"),
    ("ct=10001", "the connection override ct is '10001'", "it takes 100 to 10000, in thousandths of a second"),
    ("rt=15001", "the connection override rt is '15001'", "it takes 100 to 15000, in thousandths of a second"),
    ("tt=5s", "the connection override tt is '5s'", "it takes 100 to 15000, in thousandths of a second"),
    ("rc=1&rp=", "the connection override rp is ''", "it takes some of 4xx,5xx,ct,rt,all"),
    ("rp=ct,", "the connection override rp is 'ct,'", "it takes some of 4xx,5xx,ct,rt,all"),
    ("rp=3xx", "the connection override rp is '3xx'", "it takes some of 4xx,5xx,ct,rt,all"),
    ("sni=yes", "the connection override sni is 'yes'", "it takes y or n"),
]
#: What the simulator takes all the same: it looks at no edge, and counts as a reader of numbers does.
OVERRIDES_STRICT = [
    ("e=", "the connection override e is ''", "it takes names of Twilio's edges, such as dublin,frankfurt"),
    ("e=\x00", "the connection override e is '\\x00'", "it takes names of Twilio's edges, such as dublin,frankfurt"),
    ("rc=01", "the connection override rc is '01'", "it takes 0 to 5"),
]


@pytest.mark.parametrize(("overrides", "message", "hint"), [*OVERRIDES_WRONG, *OVERRIDES_STRICT])
def test_what_are_no_connection_overrides(overrides, message, hint):
    """The first part that can't be is told, with what it takes."""
    with pytest.raises(SettingsError) as caught:
        Settings(connection_overrides=overrides)
    assert (caught.value.message, caught.value.hint) == (f"Settings: connection_overrides: {message}", hint)


def takes(overrides):
    """Return whether the setting takes connection overrides."""
    try:
        return Settings(connection_overrides=overrides).connection_overrides == overrides
    except SettingsError:
        return False


@pytest.mark.parametrize("overrides", [*OVERRIDES_RIGHT, *(each for each, _, _ in OVERRIDES_WRONG)])
def test_connection_overrides_are_those_of_the_simulator(overrides):
    """The setting, its schema and the simulator, which keeps to Twilio's page, say the same of each."""
    assert takes(overrides) == (overrides in OVERRIDES_RIGHT) == (overrides_of(f"/webhook#{overrides}")[1] == [])
    assert takes(overrides) == bool(re.search(rf"{SCHEMA}\Z", overrides))


SCHEMA = SETTING_TYPES["connection_overrides"].schema["pattern"].removesuffix("$")
NUMBERS = st.one_of(st.integers(-1, 11), st.integers(90, 110), st.integers(9_990, 15_010), st.integers()).map(str)
REASONS = st.lists(st.sampled_from(["4xx", "5xx", "ct", "rt", "all", "3xx", ""]), max_size=5).map(",".join)
PARTS = st.tuples(
    st.sampled_from(["ct", "rt", "tt", "rc", "rp", "sni", "x", ""]),
    st.one_of(NUMBERS, REASONS, st.sampled_from("yn"), st.text("=#%<\n\u0663 a", max_size=3)),
).map("=".join)


@given(st.lists(PARTS, min_size=1, max_size=4).map("&".join))
@example("rc=\u0663")
@settings(max_examples=300)
def test_made_up_connection_overrides_are_those_of_the_simulator(overrides):
    """Whatever the keys and the values; only of edges, and of zeros in front, the setting takes less."""
    assert takes(overrides) == (overrides_of(f"/webhook#{overrides}")[1] == [])
    assert takes(overrides) == bool(re.search(rf"{SCHEMA}\Z", overrides))


def test_tables_may_be_plain_in_code():
    """Texts and states can be written in code as they are in the file."""
    settings = Settings(texts={"goodbye": "Bye."}, states={"sales": {"key": "4", "plugin": "acme-states"}})
    assert settings.texts == Texts(goodbye="Bye.")
    assert settings.states == {"sales": StateSettings(key="4", plugin="acme-states")}


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"key": "x"}, "key is 'x'", "it takes keys of a telephone: 0-9, * and #"),
        ({"key": ""}, "key is ''", "it takes keys of a telephone: 0-9, * and #"),
        ({"plugin": ""}, "plugin is ''", "it takes the name of a plugin"),
        ({"enabled": 1}, "enabled is 1", "it takes true or false"),
        ({"label": 5}, "label is 5", "it takes a text"),
        ({"sentence": ""}, "sentence is ''", "it takes a text"),
        ({"voice": 5}, "voice is 5", "it takes a voice such as 'Polly.Joanna'"),
        ({"language": ""}, "language is ''", "it takes a language such as 'en-US'"),
        (
            {"targets": {"1": 5}},
            "targets is {'1': 5}",
            'it takes a table of outcomes with names of states, "HOME", "BACK", "SAME" or "HANG UP"',
        ),
        ({"texts": "x"}, "texts is 'x'", "it takes a table of texts, or of languages with their texts"),
        ({"texts": {"A.": 5}}, "texts is {'A.': 5}", "it takes a table of texts, or of languages with their texts"),
    ],
)
def test_what_can_not_be_decided_about_a_state(given, message, hint):
    """In code as in a table of the file."""
    with pytest.raises(SettingsError) as caught:
        StateSettings(**given)
    assert (caught.value.message, caught.value.hint) == (message, hint)
    with pytest.raises(SettingsError) as caught:
        Settings(states={"sales": given})
    assert (caught.value.message, caught.value.hint) == (f"Settings: states: {message}", hint)


@pytest.mark.parametrize("given", ["x", {"acme": 5}], ids=repr)
def test_what_are_no_settings_of_plugins(given):
    """They may hold secrets, so that their value is not told."""
    with pytest.raises(SettingsError) as caught:
        Settings(plugin_settings=given)
    assert caught.value.message == "Settings: plugin_settings is a value that is kept secret"
    assert caught.value.hint == "it takes a table of plugins"


def test_the_texts_of_a_state_are_kept_by_language():
    """Those for every language under no name; what is kept so already stays as it is."""
    kept = StateSettings(texts={"A.": "B.", "es": {"A.": "C."}}).texts
    assert kept == {"": {"A.": "B."}, "es": {"A.": "C."}}
    assert StateSettings(texts=kept).texts == kept


class TestStatesWithAKind:
    """A table ``[states.NAME]`` with a ``kind`` is a state of its own, and decides less about it."""

    def test_what_makes_the_state_is_no_decision(self):
        """Its key is its own option's; all of it is kept for whoever makes the state."""
        table = {"kind": "message", "text": "Here.", "key": "4", "enabled": False, "targets": {"exit": "menu"}}
        found = StateSettings.of(table, "ivrkit.toml")
        assert (found.key, found.enabled, dict(found.targets)) == (None, False, {"exit": "menu"})
        assert (dict(found.table), found.written_in) == (table, "ivrkit.toml")

    def test_a_table_without_one_is_all_decisions(self):
        """It is written nowhere of its own."""
        found = StateSettings.of({"key": "4"})
        assert (found.key, dict(found.table), found.written_in) == ("4", {}, "")
