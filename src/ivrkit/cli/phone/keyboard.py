"""The keyboard of ``ivrkit phone``: each line that is typed is an action in the call, or a command."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence

import click

from ivrkit.cli.phone.screen import Display
from ivrkit.simulator import Action, Event, HangUp, PickUp, Press, Refuse, Silence, SimulatedCall, SimulatorError, Speak
from ivrkit.simulator.actions import CALLER
from ivrkit.simulator.events import Responded
from ivrkit.simulator.exchanges import last_document_exchange

HELP = """\
  0-9 * #   press one or more keys       n  call again as a new caller
  "words"   say something                r  call again and repeat every line
  Enter, t  stay silent                  b  call again, without the last line
  h         hang up                      x  show the last request and its TwiML
  q         quit                         w  send the last request again
  ?         show this help
While a phone rings: a answers, u is busy, o does not answer, f fails.
In a queue: a takes the call. While two people talk: e ends the talk."""

#: Activity that a call waits for -> its name in the prompt.
_ACTIVITIES = {"gather": "keys", "record": "recording", "ring": "ringing", "talk": "talking", "queue": "in the queue"}
#: Command -> the result of a phone that rings.
_REFUSALS = {"u": "busy", "o": "no-answer", "f": "failed"}


class Keyboard:
    """Reads typed lines, performs the action of each line in the call, and shows the result.

    :param dial: a function that starts a call.
    :param display: shows the call on the screen or as JSON.
    :param hint: a function that returns a hint about an event, or ``""``.
    """

    def __init__(
        self,
        dial: Callable[[], SimulatedCall],
        display: Display,
        hint: Callable[[Event], str] | None = None,
    ) -> None:
        self._dial = dial
        self._display = display
        self._hint = hint
        self._call: SimulatedCall | None = None
        #: The number of events of the call that were shown already.
        self._shown = 0

    def run(self) -> bool:
        """Start a call, and read lines until ``q`` or the end of the input.

        :returns: ``False`` if Twilio would have ended the last call with an application error.
        """
        self._display.message("Type keys and press Enter, or ? for help.")
        self._start_call(())
        while (line := self._read()) is not None:
            if line == "q":
                break
            try:
                self._perform(line)
            except SimulatorError as error:
                self._display.message(error.message)
        if self._current.waiting is not None:
            self._current.hangs_up()
            self._show_new_events()
        return self._current.ended is not None and self._current.ended.reason != "application-error"

    @property
    def _current(self) -> SimulatedCall:
        assert self._call is not None  # noqa: S101  run() starts a call first
        return self._call

    def _read(self) -> str | None:
        """Return the next line, or ``None`` at the end of the input."""
        try:
            if sys.stdin.isatty():
                return input(self._prompt()).strip()
            line = sys.stdin.readline()
        except (EOFError, KeyboardInterrupt):
            click.echo(err=True)
            return None
        return line.strip() if line else None

    def _prompt(self) -> str:
        waiting = self._current.waiting
        if waiting is None:
            return "(call ended: n, r, b or q) "
        who = "" if waiting.who == "caller" else f"the {waiting.who}: "
        number = f" {', '.join(waiting.numbers)}" if waiting.activity == "ring" else ""
        return f"({who}{_ACTIVITIES[waiting.activity]}{number}) "

    def _perform(self, line: str) -> None:
        """Perform a typed line, which is a command or an action in the call.

        :raises SimulatorError: if the line is not a command or an action, or if the action is not possible now.
        """
        done = self._current.actions
        replayed = {"n": (), "r": _without_hangup(done), "b": tuple(done[:-1])}
        if line == "?":
            self._display.message(HELP)
        elif line in replayed:
            self._display.message("-- new call --")
            self._start_call(replayed[line])
        elif line == "x":
            self._display.message(_last_exchange(self._current))
        elif line == "w":
            self._send_again()
        elif self._current.waiting is None:
            self._display.message("The call has ended. n calls again, r repeats the call, b goes back one line.")
        else:
            self._current.do(self._parse_action(line))
            self._show_new_events()

    def _parse_action(self, line: str) -> Action:
        """Return the action of the caller, callee or agent that a typed line stands for.

        :raises SimulatorError: if the line is not an action.
        """
        waiting = self._current.waiting
        who, in_queue = (waiting.who, bool(waiting.queue)) if waiting else ("caller", False)
        if re.fullmatch(r"[0-9*#]+", line):
            return Press(line, who=who)
        if len(line) > 1 and line[0] == line[-1] and line[0] in "\"'":
            return Speak(line[1:-1], who=who)
        other = "agent" if in_queue else "callee"
        actions: dict[str, Action] = {
            "": Silence(who=who),
            "t": Silence(who=who),
            "h": HangUp(),
            "a": PickUp(who=other),
            "e": HangUp(who=other),
            **{key: Refuse(result) for key, result in _REFUSALS.items()},
        }
        if line not in actions:
            raise SimulatorError(f"{line!r} is neither keys nor a command. Type ? for help.")
        return actions[line]

    def _start_call(self, actions: Sequence[Action]) -> None:
        """Start a new call, and perform the actions until the call ends."""
        self._call = self._dial()
        self._shown = 0
        for action in actions:
            if self._call.waiting is None:
                break
            self._call.do(action)
        self._show_new_events()

    def _send_again(self) -> None:
        """Send the last request for a document again, and show whether the app gives the same answer."""
        _, first = last_document_exchange(self._current.events)
        second = self._current.retry_last_request()
        self._show_new_events()
        self._display.message(_compared(first, second))

    def _show_new_events(self) -> None:
        events = self._current.events[self._shown :]
        self._shown += len(events)
        self._display.show(events)
        for hint in filter(None, map(self._hint, events) if self._hint else ()):
            self._display.message(hint)


def _without_hangup(actions: Sequence[Action]) -> tuple[Action, ...]:
    """Return actions without a hang-up of the caller at their end, so that a repeated call goes on."""
    ends_with_hangup = bool(actions) and isinstance(actions[-1], HangUp) and actions[-1].who == CALLER
    return tuple(actions[:-1] if ends_with_hangup else actions)


def _compared(first: Responded | None, second: Responded | None) -> str:
    """Return as text whether a request that was sent twice had the same answer. ``None`` stands for no response."""
    if first is None or second is None:
        return "(sent again: there are no two answers to compare)"
    if (first.status, first.body) == (second.status, second.body):
        return "(sent again, as Twilio does after a lost response: the same answer)"
    return (
        "(sent again, as Twilio does after a lost response: a different answer)\n"
        f"first answer:  {first.status} {first.body}\nsecond answer: {second.status} {second.body}"
    )


def _last_exchange(call: SimulatedCall) -> str:
    """Return the last request for a document, and the document, as text for the screen.

    Callbacks such as the status callback after the end of the call are skipped, because their responses are not played.
    """
    request, response = last_document_exchange(call.events)
    params = "\n".join(f"  {name}={value}" for name, value in request.params.items())
    return f"{request.method} {request.url}\n{params}\n\n{response.body if response else '(no response)'}"
