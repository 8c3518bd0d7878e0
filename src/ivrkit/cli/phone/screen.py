"""The screen of ``ivrkit phone``: spoken prompts, the state of the call, and problems."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterable
from typing import Protocol

import click

from ivrkit.errors import IvrkitError
from ivrkit.simulator import Event
from ivrkit.simulator.events import Acted, Dialled, Ended, Paused, Played, Queued, Recorded, Responded, Said, Warned
from ivrkit.simulator.transcript import describe

#: Longer lines are hard to read, however wide the terminal is.
MAX_WIDTH = 100


class Display(Protocol):
    """The interface of :class:`JsonLines` and :class:`Screen`, which show a call to the user of ``ivrkit phone``."""

    def show(self, events: Iterable[Event]) -> None:
        """Show events of the call."""

    def message(self, text: str) -> None:
        """Show a message of ``ivrkit phone`` itself, such as the help."""


class SpeechProgram:
    """The program that speaks texts: espeak-ng.

    :param program: the path of espeak-ng.
    """

    def __init__(self, program: str) -> None:
        self._program = program

    @classmethod
    def find(cls) -> SpeechProgram:
        """Return the speech program of this machine.

        :raises IvrkitError: if espeak-ng is not installed.
        """
        program = shutil.which("espeak-ng")
        if program is None:
            raise IvrkitError(
                "--say needs espeak-ng, which is not installed",
                hint="install it (apt install espeak-ng), or leave out --say",
            )
        return cls(program)

    def say(self, text: str, language: str) -> None:
        """Speak a text, and return when it was spoken. A failure of espeak-ng is ignored."""
        command = [self._program, "-v", language.lower() or "en-us", "--", text]
        subprocess.run(command, check=False, stderr=subprocess.DEVNULL)  # noqa: S603  the path of espeak-ng


class JsonLines:
    """Shows each event as a line of JSON on the standard output."""

    def show(self, events: Iterable[Event]) -> None:
        """Print each event as a line of JSON."""
        for event in events:
            click.echo(json.dumps(event.as_dict(), ensure_ascii=False))

    def message(self, text: str) -> None:
        """Print a message to the standard error output, because the standard output has only events."""
        click.echo(text, err=True)


class Screen:
    """Shows a call as text.

    :param speech: the program that speaks the sentences of the call, or ``None`` to show the sentences only as text.
    """

    def __init__(self, speech: SpeechProgram | None = None) -> None:
        self._speech = speech

    def show(self, events: Iterable[Event]) -> None:
        """Print the events that the user needs to see, in colors."""
        for event in events:
            self._show(event)

    def message(self, text: str) -> None:
        """Print a message of ``ivrkit phone`` itself."""
        click.secho(text, dim=True)

    def _show(self, event: Event) -> None:
        """Print an event. Events that the user does not need to see, such as requests, are skipped."""
        if isinstance(event, Responded):
            self._show_state(event)
        elif isinstance(event, Said):
            self._print(f"{_listener(event.who)}{event.text}{' ...' if event.cut else ''}", bold=True)
            if self._speech is not None:
                self._speech.say(event.text, event.language)
        elif isinstance(event, Played | Paused):
            self._print(f"({_listener(event.who)}{describe(event)})", fg="cyan")
        elif isinstance(event, Dialled | Queued | Recorded):
            self._print(f"({describe(event)})", fg="cyan")
        elif isinstance(event, Acted):
            self._print(f"> {event.who} {event.did}", dim=True)
        elif isinstance(event, Warned):
            self._print(describe(event), fg="red" if event.level == "error" else "yellow")
        elif isinstance(event, Ended):
            self._print(describe(event), fg="green")

    def _show_state(self, event: Responded) -> None:
        if event.state and event.purpose != "retry":
            self._print(f"[{' -> '.join(event.path) or event.state}, {event.owner}]", fg="magenta")

    def _print(self, text: str, **style: object) -> None:
        click.secho(_wrapped(text), **style)  # type: ignore[arg-type]  # the style has click's own parameter names


def _wrapped(text: str) -> str:
    """Return a text in lines that fit the terminal. For a file or a pipe, the text stays one line.

    The variable ``COLUMNS`` sets the width of a line, for a pipe too.
    """
    if not (sys.stdout.isatty() or os.environ.get("COLUMNS")):
        return text
    width = min(shutil.get_terminal_size().columns, MAX_WIDTH)
    return textwrap.fill(text, width, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)


def _listener(who: str) -> str:
    return "" if who == "caller" else f"{who} hears: "
