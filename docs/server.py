"""A server as a page starts it, on a free port, and curl as a page calls it."""

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

#: The port that the pages name.
PORT = 5000
PATIENCE = 60.0


class Server:
    """A server on a free port, as a page starts it."""

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
        # granian's own remarks are about the machine, and the log is about times: neither is what the page shows.
        said = "".join(line for line in lines if not line.startswith("[") and " INFO ivrkit." not in line)
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
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310  the same
                code, text, told = answer.status, answer.read().decode(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                code, text, told = error.code, error.read().decode(), error.headers
        formats = re.sub(r"%header\{([\w-]+)\}", lambda found: str(told.get(found[1], "")), formats)
        return text + formats.replace("%{http_code}", str(code))

    def close(self) -> None:
        """End the server and whatever it started."""
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
