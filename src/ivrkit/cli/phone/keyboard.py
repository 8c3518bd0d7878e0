"""The keyboard of ``ivrkit phone``: a line is what somebody in the call does, or a command."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence

import click

from ivrkit.cli.phone.screen import Display
from ivrkit.simulator import Action, HangUp, PickUp, Press, Refuse, Silence, SimulatedCall, SimulatorError, Speak
from ivrkit.simulator.events import Requested

HELP = """\
  0-9 * #    press keys, one or several       b  one step back: the call is made again, to there
  "words"    say something                    r  again: the same call from its beginning
  t          stay silent                      n  a new caller
  h          hang up                          x  the last request and its TwiML
  q          leave                            ?  this
While a telephone rings: a it is answered, u it is busy, o nobody answers, f it can't be reached.
In a queue: a somebody takes the call. While two talk: e the other one hangs up."""

#: What a call waits for -> how the prompt has it.
_DOING = {"gather": "keys", "record": "recording", "ring": "ringing", "talk": "talking", "queue": "in the queue"}
#: Command -> what comes of a telephone that rings.
_REFUSALS = {"u": "busy", "o": "no-answer", "f": "failed"}


class Keyboard:
    """Reads lines, lets the call go on, and shows what came of it.

    :param dial: makes a call.
    :param display: shows it.
    """

    def __init__(self, dial: Callable[[], SimulatedCall], display: Display) -> None:
        self._dial = dial
        self._display = display
        self._call: SimulatedCall | None = None
        self._shown = 0

    def run(self) -> bool:
        """Call, and read lines until one says that it is enough, or there are no more.

        :returns: whether the last call was one that Twilio would not have given up.
        """
        self._display.tell("Type keys and press Enter; ? shows what else there is.")
        self._again(())
        while (line := self._read()) is not None:
            if line == "q":
                break
            try:
                self._obey(line)
            except SimulatorError as error:
                self._display.tell(error.message)
        if self._open.waiting is not None:
            self._open.hangs_up()
            self._show()
        return self._open.ended is not None and self._open.ended.reason != "application-error"

    @property
    def _open(self) -> SimulatedCall:
        assert self._call is not None  # noqa: S101  run() calls before it does anything else
        return self._call

    def _read(self) -> str | None:
        """Return the next line, ``None`` when there is none."""
        try:
            if sys.stdin.isatty():
                return input(self._prompt()).strip()
            line = sys.stdin.readline()
        except (EOFError, KeyboardInterrupt):
            click.echo(err=True)
            return None
        return line.strip() if line else None

    def _prompt(self) -> str:
        waiting = self._open.waiting
        if waiting is None:
            return "(over; n, r or q) "
        who = "" if waiting.who == "caller" else f"the {waiting.who}: "
        number = f" {', '.join(waiting.numbers)}" if waiting.activity == "ring" else ""
        return f"({who}{_DOING[waiting.activity]}{number}) "

    def _obey(self, line: str) -> None:
        done = self._open.actions
        again = {"n": (), "r": tuple(done), "b": tuple(done[:-1])}
        if line in ("?", ""):
            self._display.tell(HELP)
        elif line in again:
            self._display.tell("-- another call --")
            self._again(again[line])
        elif line == "x":
            self._display.tell(_last(self._open))
        elif self._open.waiting is None:
            self._display.tell("The call is over: n for a new caller, r for the same call again, b for one step back.")
        else:
            self._open.do(self._action(line))
            self._show()

    def _action(self, line: str) -> Action:
        """Return what a line says that somebody does.

        :raises SimulatorError: for a line that says nothing.
        """
        waiting = self._open.waiting
        who, in_queue = (waiting.who, bool(waiting.queue)) if waiting else ("caller", False)
        if re.fullmatch(r"[0-9*#]+", line):
            return Press(line, who=who)
        if len(line) > 1 and line[0] == line[-1] and line[0] in "\"'":
            return Speak(line[1:-1], who=who)
        other = "agent" if in_queue else "callee"
        known: dict[str, Action] = {
            "t": Silence(who=who),
            "h": HangUp(),
            "a": PickUp(who=other),
            "e": HangUp(who=other),
            **{key: Refuse(result) for key, result in _REFUSALS.items()},
        }
        if line not in known:
            raise SimulatorError(f"{line!r} is neither keys nor a command; ? shows what there is.")
        return known[line]

    def _again(self, actions: Sequence[Action]) -> None:
        """Make a new call, and do in it what was done before."""
        self._call = self._dial()
        self._shown = 0
        for action in actions:
            if self._call.waiting is None:
                break
            self._call.do(action)
        self._show()

    def _show(self) -> None:
        self._display.show(self._open.events[self._shown :])
        self._shown = len(self._open.events)


def _last(call: SimulatedCall) -> str:
    """Return the last request and what it was answered."""
    asked = [each for each in call.events if isinstance(each, Requested) and each.purpose != "media"][-1]
    params = "\n".join(f"  {name}={value}" for name, value in asked.params.items())
    return f"{asked.method} {asked.url}\n{params}\n\n{call.responses[-1].body}"
