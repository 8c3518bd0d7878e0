"""A simulated caller of the counting tree: presses a key, hears the next number, and presses the key again."""

import time

from tests.calls.results import BAD, HUNG_UP, CallResult

from ivrkit.simulator import Simulator
from ivrkit.simulator.events import Responded, Warned


class CountingCaller:
    """A call that is played key by key; each response is judged.

    :param simulator: the phone number to call.
    :param key: the key to press: 1 counts at once, 2 counts after a slow handler.
    """

    def __init__(self, simulator: Simulator, key: str = "1") -> None:
        self._key = key
        self.result = CallResult()
        began = time.monotonic()
        self._call = simulator.call()
        self.result.sid = self._call.sid
        self._seen_events = 0
        self._judge(began, pressed=False)

    @property
    def is_over(self) -> bool:
        """Whether the call has ended or went wrong."""
        return bool(self.result.verdict)

    def press_key(self) -> None:
        """Press the key."""
        began = time.monotonic()
        self._call.press(self._key)
        self._judge(began, pressed=True)

    def hang_up(self) -> None:
        """Hang up, unless the call is over."""
        if not self.is_over:
            self._call.hangs_up()
            self.result.verdict = HUNG_UP

    def _judge(self, began: float, *, pressed: bool) -> None:
        """Judge the response to the last action, and record its events.

        :param began: the time of the action.
        """
        result, waited = self.result, time.monotonic() - began
        events = self._call.events[self._seen_events :]
        self._seen_events += len(events)
        result.longest_wait = max(result.longest_wait, waited)
        result.response_times += [each.took for each in events if isinstance(each, Responded)]
        result.failed_requests += sum(isinstance(each, Warned) and each.level == "error" for each in events)
        result.judge(self._call.heard_last, pressed=pressed, ended=self._call.ended is not None)
        if result.verdict in BAD:
            result.transcript = f"{self._call.transcript()}\nThe last words came after {waited:.2f} s."
