"""Runs what the pages show: Python, files that a reader is told to write, and commands with their output.

Each page is run from top to bottom in a folder of its own, as its reader would:

* a block of Python runs, one that begins with ``>>>`` as a doctest;
* a block with a caption is a file of that name; an ``ivrkit.toml`` must be one that can be loaded;
* a block of ``console`` runs, line by line, and what follows a command is its output, ``...`` standing for anything.

Servers listen on a free port, whatever port the page names; packages are installed where this page alone sees them.
"""

from __future__ import annotations

import contextlib
import doctest
import os
import queue
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from sybil import Document, Example, Region, Sybil
from sybil.evaluators.doctest import DocTestEvaluator, OutputChecker
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.abstract.doctest import DocTestStringParser
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer
from sybil.parsers.myst.lexers import DirectiveInPercentCommentLexer, DirectiveLexer

ROOT = Path(__file__).parent.parent
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

#: The languages of blocks that are read and not run.
ONLY_READ = ("text", "ini", "nginx", "{mermaid}")
#: Commands of a reader's shell that change nothing for the examples.
DONE_ELSEWHERE = ("git", ".", "source")
#: The port that the pages name.
PORT = 5000
PATIENCE = 60.0

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


class Desk:
    """Where one page is run: a folder, what is installed, the environment, and the server.

    :param folder: a new and empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        self.site = folder / "site"
        self.site.mkdir()
        self.exported: dict[str, str] = {}
        self.server: _Server | None = None

    def write(self, name: str, source: str) -> None:
        """Write a file of the page."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")

    def package(
        self,
        name: str,
        version: str = "1.0",
        *,
        states: Mapping[str, str] | None = None,
        plugins: Mapping[str, str] | None = None,
        **modules: str,
    ) -> None:
        """Install a package as an installer leaves it: its modules, and what tells of its entry points."""
        told = self.site / f"{name.replace('-', '_')}-{version}.dist-info"
        told.mkdir()
        (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        groups = {"ivrkit.states": states or {}, "ivrkit.plugins": plugins or {}}
        lines = [line for group, points in groups.items() for line in (f"[{group}]", *map(" = ".join, points.items()))]
        (told / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for module, source in modules.items():
            (self.site / f"{module}.py").write_text(source)

    def forget(self) -> None:
        """Remove every package that this page installed."""
        shutil.rmtree(self.site)
        self.site.mkdir()

    def environ(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a command: the tests' own without settings, and what the page exported."""
        editable = [line for path in self.site.glob("*.pth") for line in path.read_text().splitlines()]
        return {
            **{name: value for name, value in os.environ.items() if not is_setting(name)},
            "PYTHONPATH": os.pathsep.join([str(self.site), *editable]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": "80",
            "IVRKIT_SESSION_URL": f"sqlite:///{self.site.parent}/sessions.sqlite3",  # TEMPORARY
            **self.exported,
            **more,
        }

    def run(self, words: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        """Run one command of the page; return what it printed and its exit code."""
        name, *rest = words
        if name in DONE_ELSEWHERE or words[1:3] == ["-m", "venv"]:
            return "", 0
        if name == "cd":
            self.folder = (self.folder / rest[0]).resolve()
            return "", 0
        if name == "mkdir":
            (self.folder / rest[-1]).mkdir(parents=True, exist_ok=True)
            return "", 0
        if name == "export":
            self.exported.update(word.split("=", 1) for word in rest)
            return "", 0
        if name == "pip":
            return self._pip(rest)
        if name == "curl":
            assert self.server is not None, "the page calls a server that it did not start"
            return self.server.curl(rest), 0
        if words == ["make", "run"]:
            self.write("ivrkit.toml", (ROOT / "ivrkit.toml").read_text())
            return self.serve([*_IVRKIT, "serve", "--dev"], more)
        if name == "flask":
            return self.serve([sys.executable, "-m", "flask", *rest], more)
        if words[:2] == ["ivrkit", "serve"] and "--help" not in words:
            return self.serve([*_IVRKIT, *rest], more)
        if name in ("ivrkit", "python", "pytest"):
            command = [*_IVRKIT, *rest] if name == "ivrkit" else [sys.executable, *["-m", "pytest"] * (name == "pytest"), *rest]
            return self._printed(command, more)
        raise AssertionError(f"nothing here runs {name!r}")

    def serve(self, command: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        """Start a server, in place of the one that ran; return what it printed until it listens, or ended."""
        self.close()
        self.server = _Server(command, self.folder, self.environ(more))
        return self.server.said, 0

    def close(self) -> None:
        """End the server."""
        if self.server is not None:
            self.server.close()
            self.server = None

    def _pip(self, words: list[str]) -> tuple[str, int]:
        if words[0] == "uninstall":
            for path in self.site.glob(f"{words[-1].replace('-', '_')}-*.dist-info"):
                shutil.rmtree(path)
            return "", 0
        if not words[-1].startswith(".") or "[" in words[-1]:
            return "", 0  # it is a tool or an extra, and here already
        command = ["uv", "pip", "install", "--quiet", "--no-deps", "--python", sys.executable, "--target", str(self.site)]
        return self._printed([*command, *words[1:]], {})

    def _printed(self, command: list[str], more: Mapping[str, str]) -> tuple[str, int]:
        done = subprocess.run(  # noqa: S603  the commands that our own pages show
            command,
            cwd=self.folder,
            env=self.environ(more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.stdout, done.returncode


_IVRKIT = [sys.executable, "-c", "from ivrkit.cli.main import main; main(prog_name='ivrkit')"]


class _Server:
    """A server on a free port, as a page starts it."""

    def __init__(self, command: list[str], folder: Path, environ: dict[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._lines: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(  # noqa: S603  the commands that our own pages show
            [*command, "--port", str(self.port)],
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        until = time.monotonic() + PATIENCE
        while not self._listens() and self._process.poll() is None:
            assert time.monotonic() < until, f"the server did not come up: {self.printed()}"
            time.sleep(0.05)
        self.said = self.printed()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def _listens(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5):
                return True
        except urllib.error.HTTPError as answer:
            answer.close()
            return True
        except OSError:
            return False

    def printed(self) -> str:
        """Return what the server printed since this was last asked, with the port that the pages name."""
        if self._process.poll() is not None:
            self._reader.join(PATIENCE)
        lines = []
        with contextlib.suppress(queue.Empty):
            while True:
                lines.append(self._lines.get_nowait())
        # granian's own remarks are about the machine, not about what the page shows.
        said = "".join(line for line in lines if not line.startswith("["))
        return said.replace(str(self.port), str(PORT))

    def curl(self, words: list[str]) -> str:
        """Ask as curl would, with those of its options that the pages use; return what it would print."""
        fields: list[tuple[str, str]] = []
        headers, formats, url = {}, "", ""
        arguments = iter(words)
        for word in arguments:
            if word in ("-d", "--data", "--data-urlencode"):
                name, _, value = next(arguments).partition("=")
                fields.append((name, value if word == "--data-urlencode" else urllib.parse.unquote_plus(value)))
            elif word in ("-H", "--header"):
                name, _, value = next(arguments).partition(":")
                headers[name] = value.strip()
            elif word in ("-w", "--write-out"):
                formats = next(arguments).replace("\\n", "\n")
            elif word.startswith("http"):
                url = word.replace(f":{PORT}/", f":{self.port}/")
            else:
                assert word in ("-s", "--silent"), f"nothing here knows curl's {word}"
        body = urllib.parse.urlencode(fields).encode() if fields else None
        request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310  our own server
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                code, text, told = answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                code, text, told = error.code, error.read().decode(), error.headers
        formats = re.sub(r"%header\{([\w-]+)\}", lambda found: str(told.get(found[1], "")), formats)
        return text + formats.replace("%{http_code}", str(code))

    def close(self) -> None:
        """End the server and whatever it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        self._reader.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


def is_setting(variable: str) -> bool:
    """Return whether a variable of the environment would change what an example does."""
    return variable.startswith(("IVRKIT_", "TWILIO_", "FLASK_", "COV_CORE_", "PYTHONPATH"))


def run_page(path: Path, desk: Desk) -> None:
    """Run the examples of a page, from top to bottom."""
    document = PAGES.parse(path)
    document.namespace.update(__name__="example", desk=desk)
    for example in document:
        example.evaluate()


@contextlib.contextmanager
def at_a_desk() -> Iterator[Desk]:
    """Give a desk of its own, and clear it away afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        desk = Desk(Path(folder))
        try:
            yield desk
        finally:
            desk.close()


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
    from ivrkit.load_settings import load_settings

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ivrkit.toml").write_text(source, encoding="utf-8")
        load_settings(Path(folder), environ={})


def _run_console(example: Example) -> str | None:
    desk: Desk = example.namespace["desk"]
    for command, wanted in _commands(str(example.parsed)):
        words = shlex.split(command)
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


#: What an evaluator is: it returns what is wrong, or nothing.
Evaluator = Callable[[Example], Any]
