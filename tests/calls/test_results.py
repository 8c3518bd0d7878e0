"""The verdicts on calls under load. The other tests in this folder depend on them."""

import pytest
from tests.calls.results import COUNTED_TWICE, DROPPED, LOST_COUNT, REACHED_END, CallResult, describe_failures
from tests.calls.trees.counting import LAST

APOLOGY = "We are sorry, something went wrong."


def counted_to(number: int) -> str:
    """Return the words of the tree after a key."""
    return f"One more.\nYou are at {number}."


@pytest.mark.parametrize(
    ("heard", "ended", "verdict", "number"),
    [
        (counted_to(5), False, "", 5),
        (f"{APOLOGY}\n{counted_to(5)}", False, "", 5),
        (f"{APOLOGY}\n{counted_to(4)}", False, "", 4),
        (counted_to(4), False, LOST_COUNT, 4),
        (f"{APOLOGY}\n{counted_to(3)}", False, LOST_COUNT, 4),
        (f"{APOLOGY}\n{counted_to(0)}", False, LOST_COUNT, 4),
        ("Welcome. For sales, press one.", False, LOST_COUNT, 4),
        (counted_to(6), False, COUNTED_TWICE, 4),
        (f"{APOLOGY}\n{counted_to(6)}", False, COUNTED_TWICE, 4),
        (f"{APOLOGY} Goodbye.", True, DROPPED, 4),
        (f"You have reached {LAST}.", True, DROPPED, 4),
    ],
)
def test_a_key_is_counted_once_or_not_at_all_after_an_apology(heard: str, ended: bool, verdict: str, number: int):
    """A caller at 4 who presses a key must hear 5, or 4 after an apology. Every other answer has a bad verdict."""
    result = CallResult(number=4)
    result.judge(heard, pressed=True, ended=ended)
    assert (result.verdict, result.number) == (verdict, number)
    assert bool(describe_failures([result])) == (verdict in (DROPPED, LOST_COUNT, COUNTED_TWICE))


@pytest.mark.parametrize("heard", [f"You have reached {LAST}.", f"{APOLOGY}"])
def test_a_call_is_complete_after_the_last_key(heard: str):
    """A caller who has pressed the last key has reached the end, also if an apology replaces the last words."""
    result = CallResult(number=LAST - 1)
    result.judge(heard, pressed=True, ended=True)
    assert result.verdict == REACHED_END
