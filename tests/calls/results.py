"""Judges calls to the counting tree: each key must be counted once, and no caller may lose their count."""

import re
from dataclasses import dataclass, field

from tests.calls.trees.counting import LAST

from ivrkit import Texts

_NUMBER = re.compile(r"You are at (\d+)\.")
_END = f"You have reached {LAST}."
_APOLOGY = Texts().apology

#: The verdicts on a call. Only the first two are good.
REACHED_END, HUNG_UP = "reached the end", "hung up"
DROPPED, LOST_COUNT, COUNTED_TWICE = "dropped", "lost the count", "counted a key twice"
BAD = (DROPPED, LOST_COUNT, COUNTED_TWICE)


@dataclass(slots=True)
class CallResult:
    """The result of one call.

    :param sid: the CallSid.
    :param verdict: one of the constants above, ``""`` during the call.
    :param number: the number that the caller heard last.
    :param apologies: how many apologies the caller heard.
    :param repeated_keys: how many keys the caller had to press again, because they were not counted.
    :param failed_requests: how many requests got no response that Twilio can use.
    :param longest_wait: the longest time between a key and the next words, in seconds, with all retries.
    :param response_times: the seconds that each response took.
    :param transcript: the transcript of the call, if the verdict is bad.
    """

    sid: str = ""
    verdict: str = ""
    number: int = 0
    apologies: int = 0
    repeated_keys: int = 0
    failed_requests: int = 0
    longest_wait: float = 0.0
    response_times: list[float] = field(default_factory=list)
    transcript: str = ""

    def judge(self, heard: str, *, pressed: bool, ended: bool) -> None:
        """Compare the text that the caller hears with the keys pressed so far, and set the verdict.

        :param heard: everything that was heard since the last key.
        :param pressed: whether a key was pressed before it; false at the beginning of a call.
        :param ended: whether the call has ended.
        """
        apologies = heard.count(_APOLOGY)
        self.apologies += apologies
        numbers = _NUMBER.findall(heard)
        if ended:
            # If the last response was lost, the caller hears an apology in place of the end. The call is complete.
            is_complete = self.number + pressed == LAST and (_END in heard or apologies)
            self.verdict = REACHED_END if is_complete else DROPPED
        elif not numbers:
            self.verdict = LOST_COUNT
        else:
            self._compare(int(numbers[-1]), self.number + pressed, apologized=bool(apologies))

    def _compare(self, number: int, expected: int, *, apologized: bool) -> None:
        """Compare the number that was heard with the expected one. After an apology, the key may be uncounted."""
        if number > expected:
            self.verdict = COUNTED_TWICE
        elif number < expected - apologized or number < self.number:
            self.verdict = LOST_COUNT
        else:
            self.repeated_keys += number < expected
            self.number = number


def summary(results: list[CallResult]) -> str:
    """Return the figures of calls in one line."""
    verdicts = [each.verdict or "in progress" for each in results]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in sorted(set(verdicts)))
    times = sorted(seconds for each in results for seconds in each.response_times)
    return (
        f"{len(results)} calls ({counts}), {len(times)} responses"
        f" (p50 {percentile(times, 50):.0f} ms, p99 {percentile(times, 99):.0f} ms),"
        f" {sum(each.failed_requests for each in results)} failed requests,"
        f" {sum(each.apologies for each in results)} apologies,"
        f" {sum(each.repeated_keys for each in results)} repeated keys,"
        f" longest wait {max((each.longest_wait for each in results), default=0):.2f} s"
    )


def percentile(sorted_seconds: list[float], percent: int) -> float:
    """Return a percentile in milliseconds; 0 for an empty list."""
    if not sorted_seconds:
        return 0.0
    return 1000 * sorted_seconds[min(len(sorted_seconds) * percent // 100, len(sorted_seconds) - 1)]


def describe_failures(results: list[CallResult]) -> str:
    """Return the number of bad calls with the transcripts of three; ``""`` if every call was good."""
    bad = [each for each in results if each.verdict in BAD]
    shown = "\n\n".join(f"{each.verdict} at {each.number}:\n{each.transcript}" for each in bad[:3])
    return f"{len(bad)} of {len(results)} calls went wrong\n\n{shown}" if bad else ""
