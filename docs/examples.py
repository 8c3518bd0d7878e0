"""Runs the examples in the docs: Python code, files, and commands with their output.

The examples of a page run from top to bottom in one workspace:

* Python code runs. If it begins with ``>>>``, it runs as a doctest.
* A block with a caption is written to a file of that name. An ``ivrkit.toml`` must be valid.
* In a ``console`` block, each command runs, and the lines after it must be its output. ``...`` matches any text.
* A ``console`` block without a command has lines that the running server prints next, with other times.

A server listens on a free port in place of the port on the page. Packages are installed only for the page.
"""

from __future__ import annotations

import doctest
import re
import shlex
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from docs.workspace import Workspace
from sybil import Document, Example, Region, Sybil
from sybil.evaluators.doctest import DocTestEvaluator, OutputChecker
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.abstract.doctest import DocTestStringParser
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer
from sybil.parsers.myst.lexers import DirectiveInPercentCommentLexer, DirectiveLexer

from ivrkit.settings import load_settings

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

#: The languages of blocks that do not run.
NOT_RUN = ("text", "ini", "nginx")

_LEXERS = (
    FencedCodeBlockLexer(language=r"[\w-]+", mapping={"language": "arguments", "source": "source"}),
    DirectiveLexer(directive=r"code-block", arguments=r".+"),
    DirectiveInPercentCommentLexer(directive=r"(invisible-)?code-block", arguments=r".+"),
)
_DOCTEST = DocTestStringParser(DocTestEvaluator(FLAGS))
_PYTHON = PythonEvaluator()


def parse(document: Document) -> Iterable[Region]:
    """Return the examples of a page.

    :raises ValueError: if the language of a block is unknown.
    """
    for region in chain.from_iterable(lexer(document) for lexer in _LEXERS):
        language, source = region.lexemes["arguments"], region.lexemes["source"]
        caption = (region.lexemes.get("options") or {}).get("caption")
        region.parsed = source
        if caption:
            region.parsed = (caption.strip("`"), source)
            region.evaluator = _write_file
        elif language == "python" and source.startswith(">>>"):
            for each in _DOCTEST(source, document.path):
                each.adjust(region, source)
                yield each
            continue
        elif language == "python":
            region.evaluator = _PYTHON
        elif language == "toml":
            region.evaluator = _load_settings
        elif language == "console":
            region.evaluator = _run_console
        elif language not in NOT_RUN:
            raise ValueError(f"{document.path}: this module cannot run a block of {language!r}")
        if region.evaluator:
            yield region


PAGES = Sybil(parsers=[parse])


def run_page(path: Path, workspace: Workspace) -> None:
    """Run the examples of a page, from top to bottom."""
    document = PAGES.parse(path)
    document.namespace.update(__name__="example", workspace=workspace)
    for example in document:
        example.evaluate()


def _write_file(example: Example) -> None:
    name, source = example.parsed
    example.namespace["workspace"].write(name, source)
    if name.endswith(".toml"):
        tomllib.loads(source)
    if name == "ivrkit.toml":
        _load(source)


def _load_settings(example: Example) -> None:
    """Load a block of TOML without a caption as ``ivrkit.toml``."""
    _load(str(example.parsed))


def _load(source: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ivrkit.toml").write_text(source, encoding="utf-8")
        load_settings(Path(folder), environ={})


def _run_console(example: Example) -> str | None:
    workspace: Workspace = example.namespace["workspace"]
    source = str(example.parsed)
    if not source.startswith("$ "):
        assert workspace.server is not None, "no server is running"
        printed = workspace.server.wait_for_lines(source)
        return None if OutputChecker().check_output(source, printed, FLAGS) else f"The server printed:\n{printed}"
    for command, expected in _commands(source):
        words = shlex.split(command)
        workspace.typed = None
        if words[0] == "printf":  # the standard input of the command behind the |
            assert words[2] == "|", f"this module cannot run {command!r}"
            workspace.typed, words = words[1].replace("\\n", "\n"), words[3:]
        more = {}
        while re.fullmatch(r"[A-Z_0-9a-f]+=.*", words[0]):
            name, _, value = words.pop(0).partition("=")
            more[name] = value
        output, code = workspace.run(words, more)
        if not expected and code == 0:
            continue
        if not OutputChecker().check_output(expected, _end_line(output), FLAGS):
            return f"$ {command}\nexit code {code}\nExpected:\n{expected}\nPrinted:\n{output}"
    return None


def _end_line(output: str) -> str:
    """Return the output with a newline at its end, as doctest expects it."""
    return output if not output or output.endswith("\n") else f"{output}\n"


def _commands(source: str) -> Iterator[tuple[str, str]]:
    """Return each command of a console block with its expected output."""
    lines = iter(source.splitlines(keepends=True))
    command, expected = "", ""
    for line in lines:
        if line.startswith("$ "):
            if command:
                yield command, expected
            command, expected = line[2:].rstrip("\n"), ""
            while command.endswith("\\"):
                command = command[:-1] + next(lines).strip()
        else:
            expected += line
    if command:
        yield command, expected
