"""``ivrkit settings``: the values, their origins, and an example file."""

import json
import re
import tomllib
from dataclasses import replace

import importlib_metadata
import pytest
from flask import Flask

from ivrkit import Settings
from ivrkit.cli.example import EXAMPLE
from ivrkit.cli.flask_commands import ivrkit as flask_group
from ivrkit.cli.settings import MAX_LENGTH
from ivrkit.plugins.load import find_plugins, load
from ivrkit.settings import load_settings
from ivrkit.settings.core_settings import SETTINGS
from ivrkit.web import Ivrkit

VERSION = importlib_metadata.version("ivrkit")
HELP = """\
Usage: ivrkit settings [OPTIONS] [NAME]

  Show every setting and where it was set.

  Each row has the value, source, type and owner of a setting. Secrets are
  masked. With NAME, the command shows one setting with its description, or the
  settings of a table such as texts. With --example, the command prints an
  ivrkit.toml in which every setting is commented out: uncomment the settings
  that you want to change.

Options:
  --changed             Show only the settings that are set.
  --block PLUGIN        Leave a plugin out. May be repeated.
  --plugins-dir FOLDER  Load the plugin files in a folder.
  --safe                Load only the core's states and the operator.
  --json                Print JSON.
  --example             Print an ivrkit.toml with every setting.
  -h, --help            Show this message and exit.
"""
#: A plugin with settings of every type. ``NUMBER`` is replaced by the default of ``number``, or by nothing.
SHOP = """
from __future__ import annotations
from dataclasses import dataclass, field
from datetime import time
from enum import Enum
from ivrkit import State

class Colour(Enum):
    RED = "red"

@dataclass(frozen=True)
class Inner:
    x: int = 1

@dataclass(frozen=True, kw_only=True)
class Shop:
    '''Settings of the shop.

    :param number: whom to ring
    :param secret: for the till.
    '''
    number: str NUMBER
    secret: str = field(default="", repr=False)
    colour: Colour = Colour.RED
    opens: time = time(9)
    share: float = 0.5
    loud: bool = False
    days: tuple[str, ...] = ("mon", "tue")
    inner: Inner = Inner()
    keys: dict[str, str] = field(default_factory=lambda: {"a b": "c"})

def one(settings: Shop) -> State:
    return State(settings.number)
"""


@pytest.fixture
def shop(alone, install):
    """Return a function that installs the plugin, with a default for its number or without one."""

    def install_shop(default='= "+1"'):
        code = SHOP.replace("NUMBER", default)
        install("shop-states", "1.0", "[ivrkit.states]\none = shop_states:one\n", shop_states=code)

    return install_shop


def rows(text):
    """Return the rows of the printed table: setting -> cells."""
    return {cells[0]: cells for cells in (re.split(r"  +", line) for line in text.splitlines()[1:])}


def settings_in(text):
    """Return the printed JSON: setting -> its object."""
    return {each["setting"]: each for each in json.loads(text)}


def test_help(ivrkit):
    """``--help`` describes the output and the options."""
    assert ivrkit("settings", "--help").stdout == HELP


def test_every_setting_is_shown(ivrkit, shop, folder):
    """The table has the settings of the core and of plugins, with value, origin, type and owner."""
    shop()
    done = ivrkit("settings")
    assert (done.stderr, done.exit_code) == (f"No ivrkit.toml in {folder}: defaults\n", 0)
    found = rows(done.stdout)
    tables = ("states", "texts", "texts_in", "plugin_settings")
    assert [name for name in SETTINGS if name not in tables and name not in found] == []
    assert found["company"] == ["company", "our company", "default", "a non-empty text", "ivrkit"]
    assert found["strict"][1] == "true"
    assert found["voice"][1] == "-"
    assert found["texts.goodbye"] == ["texts.goodbye", "Goodbye.", "default", "a text", "ivrkit"]
    assert found["plugins.shop-states.number"] == [
        *("plugins.shop-states.number", "+1", "default", "a text", "shop-states 1.0"),
    ]
    assert found["plugins.shop-states.inner"][1] == '{"x": 1}'
    assert found["plugins.shop-states.opens"][1] == '"09:00:00"'


def test_the_file_that_was_read_is_named(ivrkit, alone, folder, monkeypatch):
    """The standard error names the settings file, also one that IVRKIT_SETTINGS names."""
    (folder / "ivrkit.toml").write_text("", encoding="utf-8")
    assert ivrkit("settings", "--json").stderr == f"Settings file: {folder / 'ivrkit.toml'}\n"
    (folder / "other.toml").write_text("", encoding="utf-8")
    monkeypatch.setenv("IVRKIT_SETTINGS", "other.toml")
    assert ivrkit("settings").stderr == f"Settings file: {folder / 'other.toml'}\n"


def test_one_setting(ivrkit, shop, folder):
    """With NAME, the command prints value, origin, type, owner and description of one setting."""
    shop()
    (folder / "ivrkit.toml").write_text(f'tries = 4\ncompany = "{"x" * 100}"\n', encoding="utf-8")
    assert ivrkit("settings", "tries").stdout == (
        "tries\n"
        "  value        4\n"
        "  from         ivrkit.toml:1\n"
        "  type         a whole number of at least 1\n"
        "  owner        ivrkit\n"
        "  description  The number of silences, or of invalid keys, at which a state gives the caller up. "
        "A state may set its own tries.\n"
    )
    assert f"  value        {'x' * 100}\n" in ivrkit("settings", "company").stdout
    assert ivrkit("settings", "plugins.shop-states.number").stdout.splitlines()[1:] == [
        "  value        +1",
        "  from         default",
        "  type         a text",
        "  owner        shop-states 1.0",
        "  description  Whom to ring",
    ]
    assert "description" not in ivrkit("settings", "plugins.shop-states.loud").stdout
    (row,) = json.loads(ivrkit("settings", "--json", "tries").stdout)
    assert (row["setting"], row["value"], row["description"][:12]) == ("tries", 4, "the number o")


def test_the_settings_of_a_table(ivrkit, shop):
    """With the name of a table, the command lists the settings in the table only."""
    shop()
    found = rows(ivrkit("settings", "plugins.shop-states").stdout)
    assert set(found) == {
        f"plugins.shop-states.{name}"
        for name in ("number", "secret", "colour", "opens", "share", "loud", "days", "inner", "keys")
    }
    assert all(name.startswith("texts.") for name in rows(ivrkit("settings", "texts").stdout))
    assert "The core's own sentences" in ivrkit("settings", "texts.goodbye").stdout


def test_an_unknown_setting(ivrkit, alone):
    """An unknown NAME is an error with the nearest name."""
    done = ivrkit("settings", "trys")
    assert (done.stdout, done.exit_code) == ("", 1)
    assert done.stderr.endswith(
        "Error: 'trys' is not a setting, did you mean 'tries'?\n  hint: list the settings: ivrkit settings\n"
    )


def test_changed_settings(ivrkit, shop, folder, monkeypatch):
    """``--changed`` lists the settings that a file or the environment sets."""
    shop()
    assert ivrkit("settings", "--changed").stdout == "All settings have their defaults.\n"
    assert ivrkit("settings", "--changed", "--json").stdout == "[]\n"
    text = "tries = 3\n[plugins.shop-states]\nloud = true\n[texts.es]\ngoodbye = 'Adiós.'\n[states.one]\nkey = '5'\n"
    (folder / "ivrkit.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("IVRKIT_COMPANY", "ACME")
    assert set(rows(ivrkit("settings", "--changed").stdout)) == {
        "company",
        "tries",
        "texts.es.goodbye",
        "states.one.key",
        "plugins.shop-states.loud",
    }
    assert set(rows(ivrkit("settings", "--changed", "plugins").stdout)) == {"plugins.shop-states.loud"}


def test_the_mounted_tree_has_no_missing_file(alone, monkeypatch):
    """``flask ivrkit settings`` is silent about the file, because the app can set everything itself."""
    app = Flask("shop")
    Ivrkit(app, dev=True)
    done = app.test_cli_runner().invoke(flask_group, ["settings"])
    assert (done.stderr, done.exit_code) == ("", 0)


@pytest.mark.acme  # its settings make the table wide
@pytest.mark.parametrize("columns", [80, 120])
def test_the_table_fits_the_terminal(in_terminal, folder, columns):
    """In a terminal no line is longer than the terminal, and cut cells end in dots; all settings are listed."""
    long = "x" * 60
    text = f'company = "{long}"\n[states.a-state-with-a-long-name-of-more-than-fifty-letters]\nlabel = "{long}"\n'
    (folder / "ivrkit.toml").write_text(text, encoding="utf-8")
    lines = in_terminal(columns, "settings").partition("Error: ")[0].splitlines()  # no plugin offers this state
    assert lines[1].split() == ["SETTING", "VALUE", "FROM", "TYPE"][: 3 if columns == 80 else 4]
    assert max(map(len, lines[1:])) <= columns
    company = next(line for line in lines if line.startswith("company "))
    assert re.fullmatch(r"company +x{11,}\.\.\.  ivrkit.toml:1.*", company)
    assert {line.split()[0] for line in lines[2:]} >= {"tries", "texts.goodbye"}


def test_a_wide_terminal_shows_the_whole_table(in_terminal, ivrkit):
    """A terminal that is wide enough shows the same table as a pipe."""
    shown = in_terminal(400, "settings").splitlines()
    assert shown[1:] == ivrkit("settings").stdout.splitlines()


def test_the_description_is_wrapped_in_a_terminal(in_terminal):
    """A terminal gets one setting in wrapped lines."""
    lines = in_terminal(60, "settings", "connection_overrides").splitlines()[1:]
    assert max(map(len, lines)) <= 60
    at = [number for number, line in enumerate(lines) if line.startswith("  description  ")]
    assert at
    assert lines[at[0] + 1].startswith(" " * 15)


@pytest.mark.parametrize("command", ["states", "plugins", "schema", "doctor"])
def test_a_terminal_shows_that_there_is_no_settings_file(in_terminal, ivrkit, folder, command):
    """In a terminal each command says once that the folder has no settings file; a pipe gets no such line."""
    notice = f"No ivrkit.toml in {folder}: defaults"
    assert in_terminal(400, command).splitlines().count(notice) == 1
    assert notice not in ivrkit(command).output
    (folder / "ivrkit.toml").write_text("", encoding="utf-8")
    assert notice not in in_terminal(400, command)


def test_the_origin_of_each_setting_is_shown(ivrkit, shop, folder, monkeypatch):
    """The origin is file and line, a variable, or ``.env``; tables are shown line by line."""
    shop()
    (folder / "ivrkit.toml").write_text(
        'company = "ACME"\nlanguages = ["es-MX"]\n[texts.es]\ngoodbye = "Adiós."\n[states.one]\nvoice = "Polly.Mia"\n'
        '[numbers."+15550199"]\nlanguage = "es-MX"\n[plugins.shop-states]\ndays = ["wed"]\n',
        encoding="utf-8",
    )
    (folder / ".env").write_text("IVRKIT_TRIES=4\n", encoding="utf-8")
    monkeypatch.setenv("IVRKIT_PLUGINS__SHOP_STATES__SHARE", "0.25")
    found = settings_in(ivrkit("settings", "--json").stdout)
    assert {name: (found[name]["value"], found[name]["origin"]) for name in WHERE} == WHERE
    assert found["plugins.shop-states.share"]["owner"] == "shop-states 1.0"


WHERE = {
    "company": ("ACME", "ivrkit.toml:1"),
    "tries": (4, "IVRKIT_TRIES in .env"),
    "texts.es.goodbye": ("Adiós.", "ivrkit.toml:4"),
    "states.one.voice": ("Polly.Mia", "ivrkit.toml:6"),
    "numbers": ({"+15550199": {"start": None, "language": "es-MX"}}, "ivrkit.toml:7"),
    "plugins.shop-states.days": (["wed"], "ivrkit.toml:10"),
    "plugins.shop-states.share": (0.25, "IVRKIT_PLUGINS__SHOP_STATES__SHARE in the environment"),
    "language": ("en-US", "default"),
}


def test_secrets_are_masked(ivrkit, shop, monkeypatch):
    """Secrets of the core and of plugins are masked in the table and in the JSON."""
    shop()
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "sesame")
    monkeypatch.setenv("IVRKIT_PLUGINS__SHOP_STATES__SECRET", "sesame")
    monkeypatch.setenv("IVRKIT_SHARED_KEYS__key_a", "sesame")
    for arguments in ((), ("--json",)):
        assert "sesame" not in ivrkit("settings", *arguments).output
    found = rows(ivrkit("settings").stdout)
    assert found["shared_keys"][1] == "***"
    assert (found["auth_token"][1], found["plugins.shop-states.secret"][1]) == ("***", "***")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ivr:canarypw@db.example/ivr", "postgresql://...@db.example/ivr"),
        ("postgresql://db.example/ivr?password=canarypw", "postgresql://db.example/ivr"),
        ("redis://:canary/pw@db.example/0", "redis://...@db.example/0"),
        ("redis://db.example/0?password=can@rypw", "redis://..."),
        (f"redis://{'u' * 60}:canarypw@db.example/0", "redis://...@db.example/0"),
    ],
)
def test_passwords_in_urls_are_hidden(ivrkit, alone, folder, monkeypatch, url, shown):
    """The URL of the session store is listed without its password, in every form of the output and in the repr."""
    monkeypatch.setenv("IVRKIT_SESSION_URL", url)
    for arguments in ((), ("--json",), ("session_url",), ("--changed",)):
        done = ivrkit("settings", *arguments)
        assert shown in done.output
        assert not re.search("canary|can@|rypw", done.output)
    assert f"session_url={shown!r}" in repr(Settings(session_url=url))
    assert "rypw" not in repr(Settings(session_url=url))


def test_passwords_in_urls_of_plugins_are_hidden(ivrkit, alone, install, folder):
    """A URL in a setting of a plugin is listed without its password, also in a list, a table and a nested setting."""
    code = (
        "from dataclasses import dataclass, field\nfrom ivrkit import State\n"
        "@dataclass\nclass Inner:\n    url: str = ''\n    pin: str = field(default='', repr=False)\n"
        "@dataclass\nclass Own:\n    url: str = ''\n    urls: tuple[str, ...] = ()\n"
        "    by_name: dict[str, str] = field(default_factory=dict)\n    inner: Inner = field(default_factory=Inner)\n"
        "def one(settings: Own):\n    return State('Hello.')\n"
    )
    install("own-states", "1.0", "[ivrkit.states]\none = own_states:one\n", own_states=code)
    url = "https://api:canarypw@api.example/v1"
    (folder / "ivrkit.toml").write_text(
        f'[plugins.own-states]\nurl = "{url}"\nurls = ["{url}"]\n'
        f'by_name = {{ a = "{url}" }}\ninner = {{ url = "{url}" }}\n',
        encoding="utf-8",
    )
    for arguments in ((), ("--json",)):
        output = ivrkit("settings", *arguments).output
        assert output.count("https://...@api.example/v1") == 4
        assert "canarypw" not in output


def test_a_text_in_place_of_a_table_with_a_secret(ivrkit, alone, install, folder):
    """The error for a text in place of a table with a secret field does not show the text, at any depth."""
    code = (
        "from dataclasses import dataclass, field\nfrom ivrkit import State\n"
        "@dataclass\nclass Till:\n    password: str = field(default='', repr=False)\n"
        "@dataclass\nclass Own:\n    till: Till | None = None\n"
        "    tills: dict[str, Till] = field(default_factory=dict)\n"
        "def one(settings: Own):\n    return State('Hello.')\n"
    )
    install("own-states", "1.0", "[ivrkit.states]\none = own_states:one\n", own_states=code)
    (folder / "ivrkit.toml").write_text(
        '[plugins.own-states]\ntill = "canarypw"\ntills = { a = "canarypw" }\n', encoding="utf-8"
    )
    done = ivrkit("settings")
    assert "plugins.own-states.till must be a table, not a text" in done.stderr
    assert "plugins.own-states.tills.a must be a table, not a text" in done.stderr
    assert "canarypw" not in done.output


def test_a_secret_within_a_setting_is_masked(ivrkit, alone, install, folder):
    """A nested field with ``repr=False`` is masked, also if its table has a problem."""
    code = (
        "from dataclasses import dataclass, field\nfrom ivrkit import State\n"
        "@dataclass\nclass Till:\n    user: str = 'a'\n    password: str = field(default='', repr=False)\n"
        "@dataclass\nclass Own:\n    till: Till = field(default_factory=Till)\n    unset: int | None = None\n"
        "def one(settings: Own):\n    return State('Hello.')\n"
    )
    install("own-states", "1.0", "[ivrkit.states]\none = own_states:one\n", own_states=code)
    path = folder / "ivrkit.toml"
    path.write_text('[plugins.own-states.till]\npassword = "sesame"\n', encoding="utf-8")
    assert rows(ivrkit("settings").stdout)["plugins.own-states.till"][1] == '{"user": "a", "password": "***"}'
    path.write_text('[plugins.own-states.till]\npassword = "sesame"\nuser = 5\n', encoding="utf-8")
    done = ivrkit("settings")
    assert "sesame" not in done.output
    assert rows(done.stdout)["plugins.own-states.till"][1] == "..."
    assert "plugins.own-states.till.user must be a text, not 5" in done.stderr
    assert "# unset = ... is not set" in ivrkit("settings", "--example").stdout


def test_only_the_table_cuts_off_a_long_value(ivrkit, alone, monkeypatch):
    """The table cuts off a long value; the JSON has the whole value."""
    monkeypatch.setenv("IVRKIT_COMPANY", "x" * 100)
    assert rows(ivrkit("settings").stdout)["company"][1] == "x" * (MAX_LENGTH - 3) + "..."
    assert settings_in(ivrkit("settings", "--json").stdout)["company"]["value"] == "x" * 100


def test_problems_are_printed_below_the_table(ivrkit, shop, folder):
    """All problems of the core and of plugins are printed, and a missing required value is shown as missing."""
    shop("")
    (folder / "ivrkit.toml").write_text("tries = 0\n[plugins.shop-states]\nloud = 5\n", encoding="utf-8")
    done = ivrkit("settings")
    assert done.exit_code == 1
    assert rows(done.stdout)["plugins.shop-states.number"][1] == "missing"
    assert rows(done.stdout)["plugins.shop-states.loud"][1] == "5"
    assert done.stderr.splitlines() == [
        f"Settings file: {folder / 'ivrkit.toml'}",
        "Error: the settings have 3 problems:",
        "ivrkit.toml:1: tries must be a whole number of at least 1, not 0",
        "  hint: write tries = 3",
        "plugins.shop-states.number must be set to a text",
        '  hint: write it in ivrkit.toml:  [plugins.shop-states]  number = "text"',
        "ivrkit.toml:3: plugins.shop-states.loud must be true or false, not 5",
        "  hint: write loud = false",
    ]


def test_a_blocked_plugin_has_no_settings(ivrkit, shop):
    """The settings of a blocked plugin are not shown."""
    shop()
    assert "plugins.shop-states" not in ivrkit("settings", "--block", "shop-states").stdout


def test_problems_of_plugins_that_are_not_served_are_printed(ivrkit, shop, folder):
    """With ``strict = false`` the other plugins are served, but this command prints every problem."""
    shop()
    (folder / "ivrkit.toml").write_text("strict = false\n[plugins.shop-states]\nloud = 5\n", encoding="utf-8")
    done = ivrkit("settings")
    assert done.stderr.startswith(
        f"Settings file: {folder / 'ivrkit.toml'}\n"
        "Error: ivrkit.toml:3: plugins.shop-states.loud must be true or false, not 5\n"
    )
    assert find_plugins(load_settings()).problems


def uncommented(text):
    """Return the example with every setting uncommented."""
    return re.sub(r"^#(?=\S)", "", text, flags=re.MULTILINE)


def test_the_example_changes_nothing(ivrkit, shop, folder):
    """The example changes no setting, commented out as printed and with its defaults uncommented."""
    shop()
    example = ivrkit("settings", "--example").stdout
    assert tomllib.loads(example).keys() == {"texts", "states", "plugins"}
    (folder / "ivrkit.toml").write_text(example, encoding="utf-8")
    tables = {name for name in SETTINGS if getattr(load_settings(), name) != getattr(Settings(), name)}
    assert tables == {"states", "plugin_settings"}
    assert not any(load_settings().plugin_settings.values())
    (folder / "ivrkit.toml").write_text(uncommented(example), encoding="utf-8")
    settings = load_settings()
    tables = ("numbers", "callers", "voices", "accounts", "shared_keys", "states", "plugin_settings")
    given = {"voice", "operator", "operator_number", "allow", "public_url", "plugins_dir", *tables}
    plain = Settings()
    assert {name for name in SETTINGS if getattr(settings, name) != getattr(plain, name)} == given
    # The example of `allow` does not name the plugin of this test.
    (mine,) = find_plugins(replace(settings, allow=None)).settings
    assert mine.values == load(Settings()).settings[0].values


def changed_settings(folder, example):
    """Return the names of the settings that differ from the defaults if the folder has this settings file."""
    (folder / "ivrkit.toml").write_text(example, encoding="utf-8")
    settings, plain = load_settings(), Settings()
    names = {name for name in SETTINGS if getattr(settings, name) != getattr(plain, name)}
    (mine,) = find_plugins(settings).settings
    return names - {"states", "plugin_settings"}, mine.values == load(plain).settings[0].values


def test_a_line_of_the_example_has_the_default_or_is_marked(ivrkit, shop, folder):
    """A commented line changes nothing if it is uncommented, except for the lines that are marked as examples."""
    shop()
    lines = ivrkit("settings", "--example").stdout.splitlines()
    commented = [index for index, line in enumerate(lines) if re.match(r"#\S", line)]
    marked = [index for index in commented if lines[index].endswith(EXAMPLE)]
    assert len(commented) - len(marked) > 60
    for index in set(commented) - set(marked):
        example = [*lines[:index], lines[index][1:], *lines[index + 1 :]]
        assert changed_settings(folder, "\n".join(example)) == (set(), True), lines[index]
    given = {"voice", "operator", "operator_number", "public_url", "plugins_dir", "allow"}
    tables = {"numbers", "callers", "voices", "accounts", "shared_keys"}
    example = [line[1:] if index in marked else line for index, line in enumerate(lines)]
    (folder / "ivrkit.toml").write_text("\n".join(example), encoding="utf-8")
    settings = load_settings()
    assert {name for name in SETTINGS if getattr(settings, name) != getattr(Settings(), name)} == {
        *given,
        *tables,
        *("states", "plugin_settings"),
    }


def test_the_example_explains_its_marks(ivrkit, alone):
    """The first lines of the example say what a commented line and a marked line are."""
    assert ivrkit("settings", "--example").stdout.startswith(
        "# The settings of ivrkit. Each line that is commented out has the default of its setting. A line that\n"
        "# ends in '# example' has an example instead, because the setting has no value by default.\n"
    )


def test_the_example_describes_each_setting(ivrkit, shop):
    """The example has the descriptions from the docstrings; a required setting has only a comment."""
    shop("")
    lines = ivrkit("settings", "--example").stdout.splitlines()
    assert "# The name of the company in the greeting." in lines
    assert lines[lines.index("# The name of the company in the greeting.") + 1] == '#company = "our company"'
    assert "# Whom to ring. It must be a text." in lines
    assert "# It must be true or false." in lines
    assert "# number = ... must be set" in lines
    assert '#colour = "red"' in lines
    assert '#days = ["mon", "tue"]' in lines
    assert "#inner = { x = 1 }" in lines
    assert '#keys = { "a b" = "c" }' in lines
    assert "[states.one]" in lines
    assert "`" not in "".join(lines)


def test_a_single_line_of_the_example_can_be_uncommented(ivrkit, shop, folder):
    """A single uncommented line works, because the headers of the tables are not commented out."""
    shop()
    example = ivrkit("settings", "--example").stdout
    for line in ('#number = "+1"', "#loud = false", '#goodbye = "Goodbye."', "#enabled = true"):
        assert f"\n{line}\n" in example
        (folder / "ivrkit.toml").write_text(example.replace(f"\n{line}\n", f"\n{line[1:]}\n"), encoding="utf-8")
        assert ivrkit("settings").exit_code == 0
