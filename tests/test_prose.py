"""The project is written in plain technical English.

These tests find what a machine can find: words that turned sentences into riddles, identifiers with no meaning of their
own, and help texts that a terminal cuts off. Reading a text aloud finds the rest.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ivrkit.cli.flask_commands import ivrkit as flask_ivrkit
from ivrkit.cli.main import main

pytestmark = pytest.mark.once

CHECKOUT = Path(__file__).parents[1]
FOLDERS = ("src", "plugins", "tests", "docs", "benchmarks", "deploy", "examples")
SUFFIXES = {".py", ".md", ".toml", ".jinja", ".po", ".svg", ".ini", ".conf", ".js", ".css", ".html"}
#: Folders with generated files.
GENERATED = {"_build", "__pycache__", ".tox", ".venv", "dist", "node_modules"}

#: The largest share of docstrings that may begin with a clause in place of a noun.
MAX_CLAUSES = 0.02
_CLAUSE = re.compile(r"\b(what|whatever|who|whoever)\b", re.IGNORECASE)
#: The names of nothing in particular.
FORBIDDEN_NAMES = {"told", "mend"}
#: Expressions that the plain ones replace: "belongs in", "is invalid", "again", "no longer", "anyone who".
FORBIDDEN_TEXTS = ("belongs into", "is none", "anew", "any more", "whoever")
_FORBIDDEN_TEXT = re.compile(rf"\b({'|'.join(FORBIDDEN_TEXTS)})\b")
#: The most characters of a summary that `--help` shows whole in a terminal of 80 columns.
MAX_SUMMARY = 45


def files(*suffixes: str) -> list[Path]:
    """Return the text files of the checkout with one of the suffixes, this one excluded."""
    found = [path for folder in FOLDERS for path in (CHECKOUT / folder).rglob("*")]
    found += CHECKOUT.glob("*")
    return sorted(
        path
        for path in found
        if path.suffix in suffixes
        and path != Path(__file__)
        and not GENERATED & {*path.relative_to(CHECKOUT).parts}
        and not any(part.endswith(".egg-info") for part in path.parts)
    )


def docstrings(code: str) -> Iterator[tuple[int, str]]:
    """Return the line and the text of each docstring in a module."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield node.body[0].lineno, text


def forbidden_names(code: str) -> list[str]:
    """Return ``line: name`` for each identifier with a forbidden name, the names of functions and classes included."""
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    return [f"{each.start[0]}: {each.string}" for each in tokens if each.string in FORBIDDEN_NAMES]


def forbidden_texts(text: str) -> list[str]:
    """Return ``line: text`` for each forbidden expression, case-sensitive: ``is None`` is code."""
    lines = enumerate(text.splitlines(), start=1)
    return [f"{number}: {found[0]}" for number, line in lines for found in _FORBIDDEN_TEXT.finditer(line)]


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Return a command and all commands below it, each with its full name."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for each in command.list_commands(context):
            below = command.get_command(context, each)
            assert below is not None
            yield from commands(below, f"{name} {each}")


@pytest.mark.parametrize("folder", ["src", "plugins", "tests"])
def test_docstrings_begin_with_a_noun_or_a_verb(folder):
    """At most 2 % of the docstrings in a folder have a what or a who in their first line."""
    found = [
        (f"{path.relative_to(CHECKOUT)}:{line}: {text.splitlines()[0]}", text.splitlines()[0])
        for path in files(".py")
        if path.is_relative_to(CHECKOUT / folder)
        for line, text in docstrings(path.read_text(encoding="utf-8"))
    ]
    clauses = [where for where, first in found if _CLAUSE.search(first)]
    assert found, f"no docstring was found in {folder}"
    assert len(clauses) <= MAX_CLAUSES * len(found), "\n".join([f"{len(clauses)} of {len(found)}:", *clauses])


def repeated_parameters(docstring: str) -> list[str]:
    """Return the parameters that a docstring describes more than once."""
    names = re.findall(r"^\s*:param ([\w*]+):", docstring, re.MULTILINE)
    return sorted({name for name in names if names.count(name) > 1})


def test_docstrings_describe_each_parameter_once():
    """A docstring describes no parameter twice, so that a reader need not choose between two descriptions."""
    found = [
        f"{path}:{line} {names}"
        for path in files(".py")
        for line, text in docstrings(path.read_text(encoding="utf-8"))
        if (names := repeated_parameters(text))
    ]
    assert found == []
    assert repeated_parameters(":param a: one\n  of two\n:param b: two\n:param a: one") == ["a"]


def test_identifiers_have_names_with_a_meaning():
    """No variable, function, class, parameter or attribute is called ``told`` or ``mend``."""
    found = {path: forbidden_names(path.read_text(encoding="utf-8")) for path in files(".py")}
    assert {path: names for path, names in found.items() if names} == {}


def test_texts_use_plain_expressions():
    """No code, comment, message or page has one of the forbidden expressions."""
    found = {path: forbidden_texts(path.read_text(encoding="utf-8")) for path in files(*SUFFIXES)}
    assert len(found) > len(files(".py")), "no page was found"
    assert {path: texts for path, texts in found.items() if texts} == {}


@pytest.mark.parametrize(("group", "name"), [(main, "ivrkit"), (flask_ivrkit, "flask ivrkit")], ids=["ivrkit", "flask"])
def test_no_summary_in_a_list_of_commands_is_cut_off(group, name):
    """Each summary in a ``--help`` has at most 45 characters, and none ends with dots."""
    found = list(commands(group, name))
    assert len(found) > 5, f"{name} has no commands"
    for full_name, command in found:
        summary = command.get_short_help_str(limit=1000)
        assert full_name == name or 0 < len(summary) <= MAX_SUMMARY, f"{full_name}: {summary} ({len(summary)})"
        assert not summary.endswith("..."), full_name


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("told = 1", ["1: told"]),
        ("def mend(x): ...", ["1: mend"]),
        ("x = 1\ny = x.told", ["2: told"]),
        ("f(mend=1)", ["1: mend"]),
        ("message = 'told'  # mend", []),
        ("mended = untold = 1", []),
    ],
)
def test_a_forbidden_name_is_found_wherever_it_stands(code, found):
    """Assignments, definitions, attributes and arguments are seen; strings, comments and longer names are not."""
    assert forbidden_names(code) == found


@pytest.mark.parametrize("expression", FORBIDDEN_TEXTS)
def test_a_forbidden_expression_is_found_in_any_line(expression):
    """Each forbidden expression is found, with its line; ``is None`` and longer words are not taken for one."""
    assert forbidden_texts(f"Plain.\nIt {expression} here.") == [f"2: {expression}"]
    assert forbidden_texts("if it is None:\n    renewanew()") == []


def test_a_clause_in_a_first_line_is_found():
    """Only the first line of a docstring counts, whatever its letter case."""
    ((line, text),) = docstrings('def f():\n    """What is kept.\n\n    The rest, and who reads it.\n    """')
    assert line == 2
    assert _CLAUSE.search(text.splitlines()[0])
    assert not _CLAUSE.search(text.splitlines()[2].replace("who", "a reader"))
