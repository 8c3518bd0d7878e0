"""Runs the servers and the curl commands of the pages."""

from __future__ import annotations

import contextlib
import queue
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from tests.processes import start

#: The port on the pages.
PORT = 5000
#: How long a command or the start of a server may take, in seconds.
PATIENCE = 60.0
#: The time at the beginning of a line of the log in dev mode.
_TIME = re.compile(r"^\d\d:\d\d:\d\d ", re.MULTILINE)
#: The parts of a line of the log in dev mode that differ in each run.
_VARYING = re.compile(rf"{_TIME.pattern}|\bCA\w{{4}}\b|\b\d+ ms\b", re.MULTILINE)
#: A line of the log in dev mode, of the log in production, of granian, or about the missing settings file.
_IN_LOG = re.compile(rf"{_TIME.pattern}| INFO ivrkit\.|^\[|^No ivrkit\.toml in ")


class Server:
    """A server of a page, on a free port.

    :param command: the command line without the port.
    :param folder: the working folder.
    :param environ: the environment.
    """

    def __init__(self, command: list[str], folder: Path, environ: dict[str, str]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._lines: queue.Queue[str] = queue.Queue()
        self._process = start(
            [*command, "--port", str(self.port)],
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        deadline = time.monotonic() + PATIENCE
        while not (self._listens() or self._waits_for_a_fix() or self._process.poll() is not None):
            assert time.monotonic() < deadline, f"the server did not start: {self.new_output()}"
            time.sleep(0.05)
        #: The output until it listened, waited for a fix or ended.
        self.start_output = self.new_output()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def _waits_for_a_fix(self) -> bool:
        """Return whether the server runs in dev mode and has found problems."""
        return any("it is loaded again after the next change" in line for line in [*self._lines.queue])

    def _listens(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5):
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return True
        except OSError:
            return False

    def new_output(self) -> str:
        """Return the output since the last call of this method, without the log, with the port on the pages."""
        # The pages show neither messages of granian and about the missing settings file, which are about the machine,
        # nor the log, which has times.
        return "".join(line for line in self.new_lines() if not _IN_LOG.search(line))

    def wait_for_lines(self, expected: str) -> str:
        """Wait for more output, and return it with its log.

        Times, call ids and milliseconds are replaced by those of the expected lines.
        """
        deadline = time.monotonic() + PATIENCE
        lines: list[str] = []
        while len(lines) < expected.count("\n"):
            assert time.monotonic() < deadline, f"the server printed only: {''.join(lines)}"
            time.sleep(0.05)
            lines += self.new_lines()
        values = iter(_VARYING.findall(expected))
        return _VARYING.sub(lambda found: next(values, found[0]), "".join(lines))

    def new_lines(self) -> list[str]:
        """Return the lines since the last call of this method, with the port on the pages."""
        if self._process.poll() is not None:
            self._reader.join(PATIENCE)
        lines = []
        with contextlib.suppress(queue.Empty):
            while True:
                lines.append(self._lines.get_nowait())
        return [line.replace(str(self.port), str(PORT)) for line in lines]

    def curl(self, words: list[str]) -> str:
        """Send a request as curl does, with the options that the pages use, and return the output of curl."""
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
                assert word in ("-s", "--silent"), f"this module does not know the option {word} of curl"
        body = urllib.parse.urlencode(fields).encode() if fields else None
        request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310  our own server
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:  # noqa: S310  our own server
                code, text, response_headers = response.status, response.read().decode(), response.headers
        except urllib.error.HTTPError as error:
            with error:
                code, text, response_headers = error.code, error.read().decode(), error.headers
        formats = re.sub(r"%header\{([\w-]+)\}", lambda found: str(response_headers.get(found[1], "")), formats)
        return text + formats.replace("%{http_code}", str(code))

    def close(self) -> None:
        """End the server and all its processes."""
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            # Its workers are in a group of their own, but in the session that was made for them all.
            subprocess.run(["pkill", "-KILL", "-s", str(self._process.pid)], check=False)  # noqa: S603, S607  the session of this very server
            self._process.wait(15)
        self._reader.join(15)
        assert self._process.stdout is not None
        self._process.stdout.close()
