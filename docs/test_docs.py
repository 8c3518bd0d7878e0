"""The reference says what is there: no setting, command, text or public name is missing, or other than it is.

Hooks are in ``test_hook_pages.py``.
"""

from __future__ import annotations

import inspect
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from docs.desk import ROOT

import ivrkit
from ivrkit import Settings, Texts, simulator, states
from ivrkit.cli.main import COMMANDS
from ivrkit.flow.model.outcomes import VERB_OUTCOMES
from ivrkit.settings.core_settings import SETTINGS
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
    """Return the sections of the third level: heading -> what is below it."""
    found = re.split(r"^### (.+)\n", re.sub(r"^## .*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def test_every_setting_is_described() -> None:
    """There is a section for every setting, and for nothing else."""
    assert sorted(heading.strip("`") for heading in sections(page("settings.md"))) == sorted(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_described_as_it_is(name: str, tmp_path: Path) -> None:
    """Type, default and variable are the real ones, and the example is one that sets it."""
    described = sections(page("settings.md"))[f"`{name}`"]
    told = dict(re.findall(r"^- (\w+): (.+)$", described, flags=re.MULTILINE))
    assert told["type"] == SETTINGS[name].words
    default = getattr(Settings(), name)
    if isinstance(default, bool | int | str | tuple):
        written = tomllib.loads(f"it = {told['default'].strip('`')}")["it"]
        assert (tuple(written) if isinstance(written, list) else written) == default
    elif default is None:
        assert told["default"] == "left out"
    (tmp_path / "ivrkit.toml").write_text(told["example"].strip("`"), encoding="utf-8")
    assert getattr(load_settings(tmp_path, environ={}), name) != default


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_comes_from_the_variable_that_is_told(name: str, tmp_path: Path) -> None:
    """The page names the variable of each setting that has one."""
    described = sections(page("settings.md"))[f"`{name}`"]
    told = dict(re.findall(r"^- (\w+): (.+)$", described, flags=re.MULTILINE))["environment"]
    if name in TABLES:
        assert f"`IVRKIT_{name.upper()}`" not in told
        return
    assert told.startswith(f"`IVRKIT_{name.upper()}`")
    (tmp_path / "ivrkit.toml").write_text(
        re.search(r"^- example: `(.+)`$", described, flags=re.MULTILINE)[1], encoding="utf-8"
    )
    wanted = getattr(load_settings(tmp_path, environ={}), name)
    text = ",".join(wanted) if isinstance(wanted, tuple) else str(wanted)
    assert getattr(load_settings(tmp_path / "nowhere", environ={f"IVRKIT_{name.upper()}": text}), name) == wanted


def test_every_text_is_listed_with_its_words() -> None:
    """The table of texts has each sentence, its words and its places."""
    text = page("settings.md")
    for each in fields(Texts):
        if each.name != "keys":
            places = " ".join(f"`{{{place}}}`" for place in each.metadata["placeholders"])
            assert f"| `{each.name}` | {each.default} | {places} |" in text


def test_every_command_is_described() -> None:
    """There is a section for every command; its help text is compared where the page shows it."""
    text = page("cli.md")
    for command in COMMANDS:
        assert f"\n## `ivrkit {command}`\n" in text
        assert f"\n$ ivrkit {command} --help\n" in text


def test_every_public_name_is_documented() -> None:
    """Whatever `import ivrkit` offers is in the API page, and nothing else."""
    found = re.findall(r"^\.\. (?:auto|py:)\w+:: ivrkit\.(\w+)$", page("api.md"), flags=re.MULTILINE)
    assert sorted(found) == sorted(ivrkit.__all__)


@pytest.mark.parametrize("kind", [name for name in states.__all__ if name.islower()])
def test_every_parameter_of_a_kind_is_in_its_table(kind: str) -> None:
    """A row for each, as text that can be read anywhere, with the words of its docstring."""
    function = getattr(states, kind)
    section = page("kinds.md").split(f"\n## `{kind}`\n")[1].split("\n## ")[0]
    described = descriptions_of(function)
    for each in inspect.signature(function).parameters.values():
        if each.kind is not each.VAR_KEYWORD:
            name = f"*{each.name}" if each.kind is each.VAR_POSITIONAL else each.name
            assert f"| `{name}` | {described[each.name].replace('``', '`').rstrip('.')[:40]}" in section


def test_every_attribute_of_a_call_is_in_its_table() -> None:
    """A row for each, with the words of its docstring."""
    for name, told in descriptions_of(ivrkit.Call).items():
        assert f"| `{name}` | {told.replace('``', '`')} |" in page("api.md")


def test_every_outcome_is_listed() -> None:
    """The table of outcomes has those of every verb that waits."""
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
def test_no_link_leads_out_of_the_checkout(name: str) -> None:
    """A link to a page of ours names a file that is there."""
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
