"""What a caller makes of what they hear: the tests under load are worth as much as this."""

import pytest
from tests.calls.judge import DROPPED, MADE_TWICE, PLACE_LOST, REACHED, Outcome, is_well
from tests.calls.trees.counting import LAST

SORRY = "We are sorry, something went wrong."


def at(number: int) -> str:
    """Return what the tree says."""
    return f"One more.\nYou are at {number}."


@pytest.mark.parametrize(
    ("heard", "over", "verdict", "number"),
    [
        (at(5), False, "", 5),
        (f"{SORRY}\n{at(5)}", False, "", 5),
        (f"{SORRY}\n{at(4)}", False, "", 4),
        (at(4), False, PLACE_LOST, 4),
        (f"{SORRY}\n{at(3)}", False, PLACE_LOST, 4),
        (f"{SORRY}\n{at(0)}", False, PLACE_LOST, 4),
        ("Welcome. For sales, press one.", False, PLACE_LOST, 4),
        (at(6), False, MADE_TWICE, 4),
        (f"{SORRY}\n{at(6)}", False, MADE_TWICE, 4),
        (f"{SORRY} Goodbye.", True, DROPPED, 4),
        (f"You have reached {LAST}.", True, DROPPED, 4),
    ],
)
def test_a_key_is_counted_once_or_after_an_apology_not_at_all(heard: str, over: bool, verdict: str, number: int):
    """Anything else that a caller at four hears, who has pressed the key, is told as what it is."""
    outcome = Outcome(at=4)
    outcome.hears(heard, pressed=True, over=over)
    assert (outcome.verdict, outcome.at) == (verdict, number)
    assert bool(is_well([outcome])) == (verdict in (DROPPED, PLACE_LOST, MADE_TWICE))


@pytest.mark.parametrize("heard", [f"You have reached {LAST}.", f"{SORRY}"])
def test_the_end_is_the_end(heard: str):
    """Whoever hears an apology in place of the last words has pressed the last key all the same."""
    outcome = Outcome(at=LAST - 1)
    outcome.hears(heard, pressed=True, over=True)
    assert outcome.verdict == REACHED
