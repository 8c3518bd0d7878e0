"""The reference is complete and correct: settings, commands, texts, public names, state kinds and the simulator.

The hooks are tested in ``test_hook_pages.py``.
"""

from __future__ import annotations

import inspect
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Annotated, get_origin

import pytest
from docs.workspace import ROOT

import ivrkit
import ivrkit.settings
from ivrkit import Settings, Texts, simulator, states
from ivrkit.cli.main import COMMANDS
from ivrkit.flow.model.outcomes import VERB_OUTCOMES
from ivrkit.settings.core_settings import SETTINGS
from ivrkit.settings.describe import in_words
from ivrkit.settings.docstrings import descriptions_of
from ivrkit.settings.load import TABLES, load_settings
from ivrkit.simulator import Assumptions
from ivrkit.simulator.events import END_REASONS, EVENTS
from ivrkit.simulator.twiml.codes import CODES
from ivrkit.simulator.twiml.elements import ELEMENTS

REFERENCE = ROOT / "docs" / "reference"


def page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


def sections(text: str) -> dict[str, str]:
    """Return the sections of the third level: heading -> text."""
    found = re.split(r"^### (.+)\n", re.sub(r"^## .*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def test_every_setting_has_a_section() -> None:
    """The page of the settings has one section for each setting, and no other."""
    assert sorted(heading.strip("`") for heading in sections(page("settings.md"))) == sorted(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_section_of_a_setting_is_correct(name: str, tmp_path: Path) -> None:
    """The section names the type and the default of the setting, and its example changes the setting."""
    section = sections(page("settings.md"))[f"`{name}`"]
    documented = dict(re.findall(r"^- (\w+): (.+)$", section, flags=re.MULTILINE))
    assert documented["type"] == SETTINGS[name].words
    default = getattr(Settings(), name)
    if isinstance(default, bool | int | str | tuple):
        value = tomllib.loads(f"it = {documented['default'].strip('`')}")["it"]
        assert (tuple(value) if isinstance(value, list) else value) == default
    elif default is None:
        assert documented["default"] == "not set"
    (tmp_path / "ivrkit.toml").write_text(documented["example"].strip("`"), encoding="utf-8")
    assert getattr(load_settings(tmp_path, environ={}), name) != default


@pytest.mark.parametrize("name", SETTINGS)
def test_the_documented_variable_sets_the_setting(name: str, tmp_path: Path) -> None:
    """The section names the environment variable, which sets the setting; a table has none."""
    section = sections(page("settings.md"))[f"`{name}`"]
    variable = dict(re.findall(r"^- (\w+): (.+)$", section, flags=re.MULTILINE))["environment"]
    if name in TABLES:
        assert f"`IVRKIT_{name.upper()}`" not in variable
        return
    assert variable.startswith(f"`IVRKIT_{name.upper()}`")
    (tmp_path / "ivrkit.toml").write_text(
        re.search(r"^- example: `(.+)`$", section, flags=re.MULTILINE)[1], encoding="utf-8"
    )
    expected = getattr(load_settings(tmp_path, environ={}), name)
    text = ",".join(expected) if isinstance(expected, tuple) else str(expected)
    assert getattr(load_settings(tmp_path / "nowhere", environ={f"IVRKIT_{name.upper()}": text}), name) == expected


def test_every_setting_type_is_listed() -> None:
    """The table of setting types has each public type with its words."""
    types = {name: getattr(ivrkit.settings, name) for name in ivrkit.settings.__all__}
    text = page("settings.md").split("\n## Setting types\n")[1]
    for name, each in types.items():
        if get_origin(each) is Annotated and name != "OneOrMore":
            assert f"| `{name}` | {in_words(each)}" in text
    assert "| `OneOrMore[T]` |" in text


def test_every_text_is_listed() -> None:
    """The table of texts has a row for each text of the core, with its default and its placeholders."""
    text = page("settings.md")
    for each in fields(Texts):
        if each.metadata:
            placeholders = " ".join(f"`{{{placeholder}}}`" for placeholder in each.metadata["placeholders"])
            assert f"| `{each.name}` | {each.default} | {placeholders} |" in text


def test_every_command_has_a_section() -> None:
    """Each command has a section with its help text, which the tests of the examples compare with the real one."""
    text = page("cli.md")
    for command in COMMANDS:
        assert f"\n## `ivrkit {command}`\n" in text
        assert f"\n$ ivrkit {command} --help\n" in text


def test_every_public_name_is_documented() -> None:
    """The API page documents exactly the names in ``ivrkit.__all__``."""
    found = re.findall(r"^\.\. (?:auto|py:)\w+:: ivrkit\.(\w+)$", page("api.md"), flags=re.MULTILINE)
    assert sorted(found) == sorted(ivrkit.__all__)


@pytest.mark.parametrize("kind", [name for name in states.__all__ if name.islower()])
def test_every_parameter_of_a_state_kind_has_a_row(kind: str) -> None:
    """The table of a state kind has a row for each parameter, with the text of the docstring."""
    function = getattr(states, kind)
    section = page("kinds.md").split(f"\n## `{kind}`\n")[1].split("\n## ")[0]
    descriptions = descriptions_of(function)
    for each in inspect.signature(function).parameters.values():
        if each.kind is not each.VAR_KEYWORD:
            name = f"*{each.name}" if each.kind is each.VAR_POSITIONAL else each.name
            assert f"| `{name}` | {descriptions[each.name].replace('``', '`').rstrip('.')[:40]}" in section


def test_every_attribute_of_a_call_has_a_row() -> None:
    """The table of ``Call`` has a row for each attribute, with the text of the docstring."""
    for name, description in descriptions_of(ivrkit.Call).items():
        assert f"| `{name}` | {description.replace('``', '`')} |" in page("api.md")


def test_every_outcome_is_listed() -> None:
    """The table of outcomes has all outcomes of each waiting verb."""
    table = page("states.md").split("\n## Outcomes\n")[1].split("\nHow they are read")[0]
    for verb, outcomes in VERB_OUTCOMES.items():
        row = next(line for line in table.splitlines() if line.startswith("|") and f"`{verb}`" in line)
        assert all(f"`{outcome}`" in row for outcome in outcomes)


ATTRIBUTES = [
    (element, name)
    for element, schema in ELEMENTS.items()
    if schema.played and schema.attributes
    for name in schema.attributes
]


@pytest.mark.parametrize(("element", "name"), ATTRIBUTES)
def test_every_attribute_of_the_simulator_is_documented(element: str, name: str) -> None:
    """Each attribute has a row with its values, its default, whether it is played, and a test case."""
    section = re.split(r"^## ", page("simulator.md"), flags=re.MULTILINE)
    (table,) = [each for each in section if each.startswith(f"{element}\n")]
    (row,) = [line for line in table.splitlines() if line.startswith(f"| `{name}` |")]
    schema = (ELEMENTS[element].attributes or {})[name]
    _, values, default, played, _, test = [cell.strip() for cell in row.strip("|").split(" | ")]
    assert values == schema.expects
    assert default == (f"`{schema.default}`" if schema.default else "none")
    assert played == ("played" if schema.played else "recognised")
    assert re.fullmatch(rf"`{element}\.{name}(-[\w-]+)?`", test.rstrip(" |"))


def test_no_unknown_attribute_of_the_simulator_is_documented() -> None:
    """The page of the simulator has as many attribute rows as there are attributes."""
    rows = re.findall(r"^\| `\w+` \|.*\| (?:played|recognised) \|", page("simulator.md"), flags=re.MULTILINE)
    assert len(rows) == len(ATTRIBUTES)


def test_every_row_of_the_simulator_names_an_existing_test() -> None:
    """Each row on the page of the simulator names an existing test function or test case."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/simulator").glob("test_*.py"))
    named = re.findall(r"\| `([^`|]+)` \|$", page("simulator.md"), flags=re.MULTILINE)
    assert len(named) >= 150
    for each in named:
        assert f'id="{each}"' in tests or f"def {each}(" in tests, each


def test_assumptions_codes_and_events_of_the_simulator_are_documented() -> None:
    """The page of the simulator lists all assumptions, codes, events, reasons and public names."""
    text = page("simulator.md")
    for each in fields(Assumptions):
        assert f"| `{each.name}` | `{each.default}` |" in text
    codes = [f"| {code.number} | {code.level} | {code.meaning} | {code.hint} |" for code in CODES.values()]
    assert sorted(re.findall(r"^\| \d{5} \|.*$", text, flags=re.MULTILINE)) == sorted(codes)
    for name, event in EVENTS.items():
        names = ", ".join(f"`{each.name}`" for each in fields(event) if each.name != "at") or "none"
        assert f"| `{name}` | `{event.__name__}` | {names} |" in text
    assert all(f"`{reason}`" in text for reason in END_REASONS)
    assert set(re.findall(r"^\.\. auto\w+:: ivrkit\.simulator\.(\w+)", text, flags=re.MULTILINE)) >= {
        name
        for name in simulator.__all__
        if name not in ("Action", "Assumptions", "Event", "Request", "TableEntry", "Transport")
    }


@pytest.mark.parametrize("name", sorted(path.name for path in REFERENCE.glob("*.md")))
def test_every_link_of_the_reference_names_a_file(name: str) -> None:
    """Each link from a reference page to another page names an existing file."""
    for target in re.findall(r"\]\(([^)#:]+?\.md)(?:#[^)]*)?\)", page(name)):
        assert (REFERENCE / target).exists(), target


def test_every_link_of_the_readme_names_a_file() -> None:
    """The README's links are absolute, so that they work on a package index too, and name files of this checkout."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", text)
    bases = ("https://github.com/ivrkit/ivrkit/blob/main/", "https://raw.githubusercontent.com/ivrkit/ivrkit/main/")
    assert len(links) > 8
    for link in links:
        base = next((each for each in bases if link.startswith(each)), None)
        assert base is not None, link
        assert (ROOT / link.removeprefix(base)).is_file(), link
