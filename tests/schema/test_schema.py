"""The JSON Schema of the files: it agrees with the loader, as far as a schema can."""

import json
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema
import pytest

from ivrkit import HOME, LoadError, MenuOption, SettingsError, State, hookimpl
from ivrkit.errors import Problem
from ivrkit.plugins.load import find_plugins, load
from ivrkit.schema import schema_of_flow, schema_of_settings
from ivrkit.settings import Settings
from ivrkit.settings.core_settings import SETTINGS
from ivrkit.settings.load import try_load_settings
from ivrkit.testing import installed_plugins

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Berth:
    """A berth.

    :param name: its name.
    """

    name: str
    metres: int = 8


@dataclass(frozen=True, kw_only=True)
class HarbourSettings:
    """The settings of the harbour.

    :param number: the number to call.
    :param berths: the berths.
    :param log: the log file.
    :param token: the token of the gate.
    """

    number: str
    berths: list[Berth] = field(default_factory=list)
    log: Path = Path("log.txt")
    night: bool = False
    token: str = field(repr=False)


class Harbour:
    """A plugin with settings and a state."""

    @hookimpl
    def ivrkit_register_states(self, settings: HarbourSettings) -> dict[str, State]:
        """Register the state."""
        return {"harbour": State(settings.number, HOME, options=MenuOption("3", "harbour"))}


def plugins():
    """Return the plugin as an app gives it to the loader."""
    return {"harbour-ivr": Harbour()}


GIVEN = '[plugins.harbour-ivr]\nnumber = "+15550100"\ntoken = "x"\n'


@pytest.fixture
def folder(tmp_path, core_only):
    """Return a folder in which no other plugin is loaded."""
    return tmp_path


@pytest.fixture(scope="session")
def schemas():
    """Return the schemas of the settings and of flow files, with that plugin."""
    found = find_plugins(Settings(block=installed_plugins()), plugins())
    return schema_of_settings(found), schema_of_flow(found)


def is_valid(schema, text):
    """Return whether a document is valid for a schema."""
    return jsonschema.Draft7Validator(schema).is_valid(tomllib.loads(text))


def is_loaded(folder, name, text):
    """Return whether the loader accepts a document as a file of the given name."""
    (folder / "ivrkit.toml").write_text(text if name == "ivrkit.toml" else GIVEN)
    if name != "ivrkit.toml":
        (folder / name).write_text(text)
    result = try_load_settings(folder, environ={}, block=["acme-states"])
    problems: tuple[Problem, ...] = result.problems
    try:
        load(result.settings, plugins(), problems)
    except (LoadError, SettingsError):
        return False
    return True


SETTINGS_RIGHT = [
    "",
    'company = "x"\ntries = 2\nlanguages = ["es-MX"]\nblock = "a"\nsession_hours = 5\nlog_format = "json"\n',
    'operator = "menu"\nvoice = "Polly.Mia"\npublic_url = "https://ivr.example.com/x"\nurl_prefix = "/phone"\n',
    'connection_overrides = ""',
    'connection_overrides = "ct=100&rt=15000&tt=14999&rc=0&rp=4xx,all&sni=n&e=dublin,ashburn-ix"',
    '[numbers."+15550199"]\nstart = "menu"\n[callers."+15550100"]\nlanguage = "en-US"\n[voices]\nen-US = "a"\n',
    '[texts]\ngoodbye = "Bye."\n[texts.keys]\n1 = "first"\n[texts.en-US]\napology = "Oh."\n',
    '[states.menu]\nvoice = "a"\n[states.harbour]\nkey = "5"\nlabel = "x"\n[states.harbour.targets]\nexit = "menu"\n',
    '[states.harbour.texts]\n"+15550100" = "Ring."\n',
    '[accounts]\nAC00000000000000000000000000000000 = ["a", "b"]\n',
    '[shared_keys]\nwebhooks_sharedkey_01a = "a"\nB-2 = "b"\n',
]
SETTINGS_WRONG = [
    'compny = "x"',
    'company = " "',
    "company = 5",
    "tries = 0",
    'tries = "3"',
    "strict = 1",
    'log_format = "xml"',
    'language = "!"',
    'public_url = "ftp://x"',
    'url_prefix = "phone"',
    'connection_overrides = "#rc=1"',
    'connection_overrides = "rc=1&rp=3xx"',
    'connection_overrides = "tt=15001"',
    "connection_overrides = 1",
    "languages = [5]",
    '[numbers."+1"]\nstat = "menu"',
    '[numbers."+1"]',
    "[voices]\nen-US = 5",
    '[texts]\ngodbye = "x"',
    "[texts]\ngoodbye = 5",
    '[texts.es]\ngodbye = "x"',
    '[texts.keys]\n10 = "ten"',
    '[states.harbour]\nlable = "x"',
    '[states.harbour]\nkey = "x"',
    "[states.harbour]\nenabled = 1",
    'states = "x"',
    '[accounts]\nAC1 = "a"',
    '[shared_keys]\n"a,b" = "a"',
    '[shared_keys]\na = " "',
    '[shared_keys]\na = ["a"]',
]
OWN_RIGHT = [
    '[states.one]\nkind = "message"\ntext = "Hi."\nkey = "4"\n',
    '[states.one]\nkind = "message"\ntext = ["Hi.", { pause = 2 }, { play = "https://x/a.mp3" }]\n',
    '[states.one]\nkind = "message"\ntext = { say = "Ho.", voice = "a" }\n',
    '[states.one]\nkind = "message"\ntext = "Hi."\nthen = { to = "HANG UP", say = ["Bye.", "Bye."] }\nrepeat = "1"\n',
    (
        '[states.one]\nkind = "transfer"\nnumbers = ["+15550100"]\ntimeout = 5\nwhisper = "A call."\naccept = "1"\n'
        '[states.one.routes]\nbusy = { to = "HOME", say = "Busy." }\nfailed = "BACK"\n'
    ),
    '[states.one]\nkind = "question"\ntext = "N?"\ndigits = "4-8"\nconfirm = true\nkeep = "n"\nthen = "menu"\n',
    '[states.one]\nkind = "question"\ntext = "N?"\nyes = "menu"\nno = "HANG UP"\n',
    '[states.one]\nkind = "hours"\nweek = { monday = "09:00-18:00" }\n',
    (
        '[states.one]\nkind = "menu"\ntext = "Sub."\nkey = "6"\nphrases = ["a", "b"]\n'
        '[states.two]\nkind = "goodbye"\nmenu = "one"\nkey = "1"\noptions = [{ key = "7", label = "x" }]\n'
    ),
    '[states.one]\nkind = "message"\ntext = "Hi."\n[states.one.texts]\n"Hi." = "Ho."\n',
]
OWN_WRONG = [
    '[states.one]\nkind = "mesage"\ntext = "Hi."',
    '[states.one]\nkind = "message"\ntxt = "Hi."',
    '[states.one]\nkind = "message"\ntext = 5',
    '[states.one]\nkind = "message"\ntext = { paws = 2 }',
    '[states.one]\nkind = "message"\ntext = "Hi."\nthen = 5',
    '[states.one]\nkind = "message"\ntext = "Hi."\nthen = { say = "x" }',
    '[states.one]\nkind = "message"\ntext = "Hi."\nkey = "x"',
    '[states.one]\nkind = "message"\ntext = "Hi."\nrepeat = 1',
    '[states.one]\nkind = "transfer"\ntext = "Hi."',
    '[states.one]\nkind = "transfer"\nnumbers = "+15550100"\ntimeout = "long"',
    '[states.one]\nkind = "transfer"\nnumbers = "+15550100"\nexits = "HOME"',
    '[states.one]\nkind = "queue"\nname = 5',
    '[states.one]\nkind = "question"\ntext = "N?"\ncheck = "f"',
    '[states.one]\nkind = "message"\ntext = "Hi."\noptions = [{ label = "x" }]',
    '[states.one]\nkind = "message"\ntext = "Hi."\noptions = "x"',
    'states = "x"',
]
PLUGIN_RIGHT = ["", "night = true\n", 'log = "a.txt"\n', '[[plugins.harbour-ivr.berths]]\nname = "A"\nmetres = 5\n']
PLUGIN_WRONG = ["nigth = true", "night = 1", "log = 5", 'berths = "x"', "[[plugins.harbour-ivr.berths]]\nnam = 5"]


def cases(*lists):
    """Return each document with whether it is valid."""
    return [(text, right) for documents, right in lists for text in documents]


@pytest.mark.parametrize(("text", "right"), cases((SETTINGS_RIGHT, True), (SETTINGS_WRONG, False)))
def test_settings(folder, schemas, text, right):
    """The schema and the loader agree on every document with settings."""
    whole = f"{text}\n{GIVEN}"
    assert (is_valid(schemas[0], whole), is_loaded(folder, "ivrkit.toml", whole)) == (right, right)


@pytest.mark.parametrize("name", ["ivrkit.toml", "one.flow.toml"])
@pytest.mark.parametrize(("text", "right"), cases((OWN_RIGHT, True), (OWN_WRONG, False)))
def test_states_without_code(folder, schemas, name, text, right):
    """The schema and the loader agree on states without code, in the settings and in a flow file."""
    schema = schemas[name != "ivrkit.toml"]
    whole = f"{text}\n{GIVEN}" if name == "ivrkit.toml" else text
    assert (is_valid(schema, whole), is_loaded(folder, name, whole)) == (right, right)


@pytest.mark.parametrize(("text", "right"), cases((PLUGIN_RIGHT, True), (PLUGIN_WRONG, False)))
def test_settings_of_a_plugin(folder, schemas, text, right):
    """The schema and the loader agree on a plugin's settings, by the types of its dataclass."""
    whole = GIVEN + text
    assert (is_valid(schemas[0], whole), is_loaded(folder, "ivrkit.toml", whole)) == (right, right)


@pytest.mark.parametrize("text", ["", '[states.one]\nlabel = "x"', "[other]\na = 1"])
def test_a_flow_file_has_only_states_with_a_kind(folder, schemas, text):
    """An empty flow file is valid; other tables, and states without a kind, are not."""
    assert is_valid(schemas[1], text) is is_loaded(folder, "one.flow.toml", text) is (text == "")


def test_a_required_setting(folder, schemas):
    """A missing setting is invalid, unless it is a secret, which may be in the environment."""
    assert is_valid(schemas[0], '[plugins.harbour-ivr]\nnumber = "1"\n')
    assert not is_valid(schemas[0], '[plugins.harbour-ivr]\ntoken = "1"\n')


def test_rules_about_the_whole_phone_tree(schemas):
    """A schema does not know time zones, the names of states, and keys that are required together."""
    assert is_valid(schemas[0], f'timezone = "Mars"\nstart = "nowhere"\n{GIVEN}')
    assert is_valid(schemas[1], '[states.one]\nkind = "transfer"\nnumbers = "nobody"\n')


def test_it_is_a_schema(schemas):
    """The schemas are valid draft-07, without dangling references, and describe every setting."""
    for schema in schemas:
        jsonschema.Draft7Validator.check_schema(schema)
        refs = set(re.findall(r'"\$ref": "#/definitions/([^"]+)"', json.dumps(schema)))
        assert refs <= schema["definitions"].keys()
    settings = schemas[0]["properties"]
    assert settings.keys() == {*SETTINGS, "plugins"} - {"texts_in", "plugin_settings"}
    assert all(each["description"] for each in settings.values())
    own = settings["plugins"]["properties"]["harbour-ivr"]["properties"]
    assert own["token"] == {"description": "the token of the gate.", "writeOnly": True, "type": "string"}
    assert own["night"] == {"default": False, "type": "boolean"}


def test_it_is_small_and_the_same_each_time(schemas):
    """The schema is small and stable, so that it can be committed beside the files."""
    again = schema_of_settings(find_plugins(Settings(block=installed_plugins()), plugins()))
    assert json.dumps(again) == json.dumps(schemas[0])
    assert len(json.dumps(again)) < 50_000


@pytest.mark.acme
def test_the_example_of_a_whole_company_is_valid():
    """ACME's example files, and each flow file of the documentation of kinds, are valid."""
    found = find_plugins(Settings())
    assert is_valid(schema_of_settings(found), (CHECKOUT / "examples/acme/ivrkit.toml").read_text())
    assert is_valid(schema_of_flow(found), (CHECKOUT / "examples/acme/acme.flow.toml").read_text())
    page = (CHECKOUT / "docs/reference/kinds.md").read_text()
    examples = re.findall(r":caption: \w+\.flow\.toml\n\n(.*?)```", page, re.DOTALL)
    assert len(examples) == len(find_plugins(Settings()).kinds)
    assert all(is_valid(schema_of_flow(found), each) for each in examples)
