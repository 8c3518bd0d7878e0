"""What a caller makes of what they hear: a key counted once, not at all, or twice, and the place is theirs or lost."""

import re
from dataclasses import dataclass, field

from tests.calls.trees.counting import LAST

from ivrkit import Texts

_NUMBER = re.compile(r"You are at (\d+)\.")
_END = f"You have reached {LAST}."
_APOLOGY = Texts().apology

#: How a call may come out. Only the first two are good.
REACHED, LEFT, DROPPED, PLACE_LOST, MADE_TWICE = "reached the end", "left", "dropped", "place lost", "made twice"
BAD = (DROPPED, PLACE_LOST, MADE_TWICE)


@dataclass(slots=True)
class Outcome:
    """How one call came out.

    :param sid: its CallSid.
    :param verdict: one of the above, ``""`` while it goes on.
    :param at: the number that was heard last.
    :param apologies: how often the caller heard one.
    :param again: how often a key had to be pressed again, for it was not counted.
    :param failed: how many requests Twilio could not use the answer of.
    :param slowest: the longest that the caller waited for words, in seconds; all attempts and the fallback included.
    :param answers: how long each answer took, in seconds.
    :param told: the call's transcript, where the verdict is bad.
    """

    sid: str = ""
    verdict: str = ""
    at: int = 0
    apologies: int = 0
    again: int = 0
    failed: int = 0
    slowest: float = 0.0
    answers: list[float] = field(default_factory=list)
    told: str = ""

    def hears(self, heard: str, *, pressed: bool, over: bool) -> None:
        """Judge what was heard since the last key.

        :param pressed: whether a key was pressed before it; else the call just began.
        :param over: whether the call ended with it.
        """
        apologies = heard.count(_APOLOGY)
        self.apologies += apologies
        numbers = _NUMBER.findall(heard)
        if over:
            # Whose last answer was cut off hears an apology in place of the end: the call is over all the same.
            ended = self.at + pressed == LAST and (_END in heard or apologies)
            self.verdict = REACHED if ended else DROPPED
        elif not numbers:
            self.verdict = PLACE_LOST
        else:
            self._compare(int(numbers[-1]), self.at + pressed, excused=bool(apologies))

    def _compare(self, number: int, expected: int, *, excused: bool) -> None:
        if number > expected:
            self.verdict = MADE_TWICE
        elif number < expected - excused or number < self.at:
            self.verdict = PLACE_LOST
        else:
            self.again += number < expected
            self.at = number


def summary(outcomes: list[Outcome]) -> str:
    """Return how calls came out, in a line."""
    verdicts = [each.verdict for each in outcomes]
    counts = {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))}
    answers = sorted(took for each in outcomes for took in each.answers)
    return (
        f"{len(outcomes)} calls {counts}, {len(answers)} answers"
        f" (p50 {percentile(answers, 50):.0f} ms, p99 {percentile(answers, 99):.0f} ms),"
        f" {sum(each.failed for each in outcomes)} requests failed,"
        f" {sum(each.apologies for each in outcomes)} apologies,"
        f" {sum(each.again for each in outcomes)} keys pressed again,"
        f" longest wait {max((each.slowest for each in outcomes), default=0):.2f} s"
    )


def percentile(sorted_seconds: list[float], percent: int) -> float:
    """Return a percentile in milliseconds, 0 of nothing."""
    if not sorted_seconds:
        return 0.0
    return 1000 * sorted_seconds[min(len(sorted_seconds) * percent // 100, len(sorted_seconds) - 1)]


def is_well(outcomes: list[Outcome]) -> str:
    """Return ``""`` when nobody was dropped, lost the place, or had a key counted twice; else who, and how."""
    bad = [each for each in outcomes if each.verdict in BAD]
    shown = "\n\n".join(f"{each.verdict} at {each.at}:\n{each.told}" for each in bad[:3])
    return f"{len(bad)} of {len(outcomes)} calls went wrong\n\n{shown}" if bad else ""
