"""Runs what the pages show: Python, files that a reader is told to write, and commands with their output.

Each page is run from top to bottom in a folder of its own, as its reader would:

* a block of Python runs, one that begins with ``>>>`` as a doctest;
* a block with a caption is a file of that name; an ``ivrkit.toml`` must be one that can be loaded;
* a block of ``console`` runs, line by line, and what follows a command is its output, ``...`` standing for anything.

Servers listen on a free port, whatever port the page names; packages are installed where this page alone sees them.
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

from docs.desk import Desk
from sybil import Document, Example, Region, Sybil
from sybil.evaluators.doctest import DocTestEvaluator, OutputChecker
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.abstract.doctest import DocTestStringParser
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer
from sybil.parsers.myst.lexers import DirectiveInPercentCommentLexer, DirectiveLexer

from ivrkit.settings import load_settings

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

#: The languages of blocks that are read and not run.
ONLY_READ = ("text", "ini", "nginx")

_LEXERS = (
    FencedCodeBlockLexer(language=r"[\w-]+", mapping={"language": "arguments", "source": "source"}),
    DirectiveLexer(directive=r"code-block", arguments=r".+"),
    DirectiveInPercentCommentLexer(directive=r"(invisible-)?code-block", arguments=r".+"),
)
_DOCTEST = DocTestStringParser(DocTestEvaluator(FLAGS))
_PYTHON = PythonEvaluator()


def parse(document: Document) -> Iterable[Region]:
    """Return what a page shows to be run.

    :raises ValueError: for a block in a language that is neither run nor known to be only read.
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
        elif language not in ONLY_READ:
            raise ValueError(f"{document.path}: nothing here runs a block of {language!r}")
        if region.evaluator:
            yield region


PAGES = Sybil(parsers=[parse])


def run_page(path: Path, desk: Desk) -> None:
    """Run the examples of a page, from top to bottom."""
    document = PAGES.parse(path)
    document.namespace.update(__name__="example", desk=desk)
    for example in document:
        example.evaluate()


def _write_file(example: Example) -> None:
    name, source = example.parsed
    example.namespace["desk"].write(name, source)
    if name.endswith(".toml"):
        tomllib.loads(source)
    if name == "ivrkit.toml":
        _load(source)


def _load_settings(example: Example) -> None:
    """A block of TOML without a caption is a part of ``ivrkit.toml``."""
    _load(str(example.parsed))


def _load(source: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ivrkit.toml").write_text(source, encoding="utf-8")
        load_settings(Path(folder), environ={})


def _run_console(example: Example) -> str | None:
    desk: Desk = example.namespace["desk"]
    for command, wanted in _commands(str(example.parsed)):
        words = shlex.split(command)
        desk.typed = None
        if words[0] == "printf":  # what is typed into the command behind the |
            assert words[2] == "|", f"nothing here runs {command!r}"
            desk.typed, words = words[1].replace("\\n", "\n"), words[3:]
        more = {}
        while re.fullmatch(r"[A-Z_0-9a-f]+=.*", words[0]):
            name, _, value = words.pop(0).partition("=")
            more[name] = value
        printed, code = desk.run(words, more)
        if not wanted and code == 0:
            continue
        if not OutputChecker().check_output(wanted, _clean(printed), FLAGS):
            return f"$ {command}\nexit code {code}\nExpected:\n{wanted}\nPrinted:\n{printed}"
    return None


def _clean(printed: str) -> str:
    """Return what was printed as doctest compares it: with an end of line at its end."""
    return printed if not printed or printed.endswith("\n") else f"{printed}\n"


def _commands(source: str) -> Iterator[tuple[str, str]]:
    """Return each command of a console, and the output that follows it."""
    lines = iter(source.splitlines(keepends=True))
    command, wanted = "", ""
    for line in lines:
        if line.startswith("$ "):
            if command:
                yield command, wanted
            command, wanted = line[2:].rstrip("\n"), ""
            while command.endswith("\\"):
                command = command[:-1] + next(lines).strip()
        else:
            wanted += line
    if command:
        yield command, wanted
