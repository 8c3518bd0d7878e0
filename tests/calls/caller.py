"""One caller who counts: presses a key, hears the next number, presses it again. Twilio's side is the simulator's."""

import time

from tests.calls.judge import BAD, LEFT, Outcome

from ivrkit.simulator import Simulator
from ivrkit.simulator.events import Responded, Warned


class CountingCaller:
    """A call that is played key by key, and judged at each.

    :param number: what is called.
    :param key: what is pressed: 1 counts at once, 2 after something was looked up.
    """

    def __init__(self, number: Simulator, key: str = "1") -> None:
        self._key = key
        self.outcome = Outcome()
        began = time.monotonic()
        self._call = number.call()
        self.outcome.sid = self._call.sid
        self._seen = 0
        self._look(began, pressed=False)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to do: the call ended, or went wrong."""
        return bool(self.outcome.verdict)

    def presses(self) -> None:
        """Press the key."""
        began = time.monotonic()
        self._call.press(self._key)
        self._look(began, pressed=True)

    def leaves(self) -> None:
        """Hang up, if there is anything to hang up."""
        if not self.is_over:
            self._call.hangs_up()
            self.outcome.verdict = LEFT

    def _look(self, began: float, *, pressed: bool) -> None:
        """Judge what came of the last thing that was done."""
        outcome, waited = self.outcome, time.monotonic() - began
        news = self._call.events[self._seen :]
        self._seen += len(news)
        outcome.slowest = max(outcome.slowest, waited)
        outcome.answers += [each.took for each in news if isinstance(each, Responded)]
        outcome.failed += sum(isinstance(each, Warned) and each.level == "error" for each in news)
        outcome.hears(self._call.heard_last, pressed=pressed, over=self._call.ended is not None)
        if outcome.verdict in BAD:
            outcome.told = f"{self._call.transcript()}\nThe last words came after {waited:.2f} s."
