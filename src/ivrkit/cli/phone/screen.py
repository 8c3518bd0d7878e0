"""What a call shows in a terminal: what the caller hears, where the call is, and what is wrong."""

from __future__ import annotations

import json
import shutil
import subprocess
import textwrap
from collections.abc import Iterable
from typing import Protocol

import click

from ivrkit.errors import IvrkitError
from ivrkit.simulator import Event
from ivrkit.simulator.events import Acted, Dialled, Ended, Paused, Played, Queued, Recorded, Responded, Said, Warned
from ivrkit.simulator.transcript import describe

#: Wider lines are hard to read.
WIDEST = 100


class Display(Protocol):
    """Shows a call: as text, or as JSON."""

    def show(self, events: Iterable[Event]) -> None:
        """Show what happened."""

    def tell(self, text: str) -> None:
        """Show something about the telephone itself."""


class Voice:
    """Speaks texts, with a program of this machine.

    :param program: the path of espeak-ng.
    """

    def __init__(self, program: str) -> None:
        self._program = program

    @classmethod
    def found(cls) -> Voice:
        """Return the voice of this machine.

        :raises IvrkitError: when it has none.
        """
        program = shutil.which("espeak-ng")
        if program is None:
            raise IvrkitError(
                "--say needs espeak-ng, which is not installed",
                hint="install it (apt install espeak-ng), or leave out --say",
            )
        return cls(program)

    def say(self, text: str, language: str) -> None:
        """Speak a text, to its end; what the program does not know to speak is only read."""
        command = [self._program, "-v", language.lower() or "en-us", "--", text]
        subprocess.run(command, check=False, stderr=subprocess.DEVNULL)  # noqa: S603  the program was looked up


class JsonLines:
    """Shows each event as a line of JSON, and nothing else."""

    def show(self, events: Iterable[Event]) -> None:
        """Print events."""
        for event in events:
            click.echo(json.dumps(event.as_dict(), ensure_ascii=False))

    def tell(self, text: str) -> None:
        """Say it where it is no part of the events."""
        click.echo(text, err=True)


class Screen:
    """Shows a call as text.

    :param voice: speaks what the caller hears, ``None`` for nobody.
    """

    def __init__(self, voice: Voice | None = None) -> None:
        self._voice = voice

    def show(self, events: Iterable[Event]) -> None:
        """Print what there is to know of events."""
        for event in events:
            self._show(event)

    def tell(self, text: str) -> None:
        """Print something about the telephone itself."""
        click.secho(text, dim=True)

    def _show(self, event: Event) -> None:
        if isinstance(event, Responded):
            self._show_state(event)
        elif isinstance(event, Said):
            self._print(f"{_who(event.who)}{event.text}{' ...' if event.cut else ''}", bold=True)
            if self._voice is not None:
                self._voice.say(event.text, event.language)
        elif isinstance(event, Played | Paused):
            self._print(f"({_who(event.who)}{describe(event)})", fg="cyan")
        elif isinstance(event, Dialled | Queued | Recorded):
            self._print(f"({describe(event)})", fg="cyan")
        elif isinstance(event, Acted):
            self._print(f"> {event.who} {event.did}", dim=True)
        elif isinstance(event, Warned):
            self._print(describe(event), fg="red" if event.level == "error" else "yellow")
        elif isinstance(event, Ended):
            self._print(describe(event), fg="green")

    def _show_state(self, event: Responded) -> None:
        if event.state:
            self._print(f"[{event.state}, {event.owner}]", fg="magenta")

    def _print(self, text: str, **style: object) -> None:
        width = min(shutil.get_terminal_size().columns, WIDEST)
        told = textwrap.fill(text, width, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)
        click.secho(told, **style)  # type: ignore[arg-type]  # a style, by click's own names


def _who(who: str) -> str:
    return "" if who == "caller" else f"{who} hears: "
