"""Attempts: wrong answers are counted over calls, and lock a key for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ivrkit import Attempts, FlowError, State, StoreUnavailable, ask, leads_to
from ivrkit.flow.model import attempts as attempts_module
from ivrkit.flow.model.attempts import MemoryCounters
from ivrkit.flow.model.call import make_call
from ivrkit.sessions.counters import CountersUnavailable

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Line:
    """A phone line on which calls come in one after the other, and each asks for a PIN."""

    def __init__(self, counters: MemoryCounters) -> None:
        self.counters = counters
        self.now = NOW
        self.calls = 0

    def attempts(self, key: str = "+15550100", name: str = "shop.pin", turn: int | None = None, **numbers) -> Attempts:
        """Return the attempts of a new call, or of an earlier webhook."""
        self.calls += 1
        params = {"CallSid": f"CA{turn or self.calls}"}
        call = make_call(params, now=self.now, language="en-US", turn=1, data={}, counters=self.counters)
        return call.attempts(name, key, **numbers)


@pytest.fixture
def counters():
    """Return counters that lock a key after three wrong answers within ten minutes."""
    return MemoryCounters(3, 10)


@pytest.fixture
def line(counters):
    """Return a line with these counters."""
    return Line(counters)


def fail(line, times, **key):
    """Give wrong answers, each in a call of its own."""
    for _ in range(times):
        assert line.attempts(**key).check(False) is False


def test_a_right_answer_is_accepted(line):
    """A right answer is accepted, first and after fewer wrong answers than are allowed."""
    assert line.attempts().check(True) is True
    fail(line, 2)
    assert line.attempts().locked is False
    assert line.attempts().check(True) is True


def test_too_many_wrong_answers_lock_the_key(line):
    """After the last attempt, a right answer is a wrong one, in this call and in every other call."""
    fail(line, 3)
    assert line.attempts().locked is True
    assert line.attempts().check(True) is False
    assert line.attempts().check(False) is False


def test_a_right_answer_forgets_the_wrong_ones(line):
    """After a right answer, all attempts are allowed again."""
    fail(line, 2)
    assert line.attempts().check(True)
    fail(line, 2)
    assert line.attempts().check(True)


def test_a_lock_ends_even_if_someone_goes_on(line):
    """Answers during the lock are not counted, right or wrong. So the lock ends after the minutes."""
    fail(line, 3)
    line.now += timedelta(minutes=9, seconds=59)
    fail(line, 20)
    assert line.attempts().check(True) is False
    line.now += timedelta(seconds=1)
    assert line.attempts().locked is False
    fail(line, 2)
    assert line.attempts().check(True) is True


def test_a_wrong_answer_counts_for_some_minutes(line):
    """Wrong answers that are further apart than the minutes do not lock the key."""
    for _ in range(10):
        fail(line, 1)
        line.now += timedelta(minutes=6)
    assert line.attempts().locked is False


def test_another_key_and_another_name_are_not_locked(line):
    """The attempts of one key and of one name do not affect others."""
    fail(line, 3)
    assert line.attempts(key="+15550101").check(True)
    assert line.attempts(name="shop.code").check(True)


def test_the_parts_of_a_key_are_not_joined():
    """``("ab", "c")`` and ``("a", "bc")`` are different keys."""
    call = make_call({}, now=NOW, language="", turn=1, data={}, counters=MemoryCounters(max_attempts=1))
    call.attempts("n", "ab", "c").failed()
    assert call.attempts("n", "ab", "c").locked
    assert not call.attempts("n", "a", "bc").locked


def test_a_webhook_counts_once(line):
    """If a handler runs twice for the same webhook, its wrong answer counts once."""
    for _ in range(5):
        assert line.attempts(turn=99).check(False) is False
    assert line.attempts().check(True) is True


def test_failed_counts_and_says_whether_the_key_was_locked_before(line):
    """``failed`` is for limits of other things than answers. The webhook that locks the key is still allowed."""
    assert [line.attempts().failed() for _ in range(5)] == [False, False, False, True, True]
    line.now += timedelta(minutes=10)
    assert [line.attempts(turn=7).failed() for _ in range(5)] == [False] * 5


def test_clear_ends_a_lock(line):
    """``clear`` forgets the wrong answers, for example if a person has checked who calls."""
    line.attempts().clear()
    fail(line, 3)
    line.attempts().clear()
    assert line.attempts().check(True) is True


def test_a_question_can_have_its_own_numbers(line):
    """The arguments override the settings."""
    fail(line, 1, max_attempts=1, minutes=1)
    assert line.attempts(max_attempts=1, minutes=1).locked
    assert not line.attempts().locked
    line.now += timedelta(minutes=1)
    assert not line.attempts(max_attempts=1, minutes=1).locked


@pytest.mark.parametrize(
    ("arguments", "numbers", "message", "hint"),
    [
        (
            ("pin", None),
            {},
            "the name and the key of attempts must be texts, not None",
            'write call.attempts("my-plugin.pin", call.from_)',
        ),
        (
            (5, "a"),
            {},
            "the name and the key of attempts must be texts, not 5",
            'write call.attempts("my-plugin.pin", call.from_)',
        ),
        (
            ("pin",),
            {},
            "attempts must have a name and a key, not only 'pin'",
            'write call.attempts("my-plugin.pin", call.from_)',
        ),
        (
            ("pin", "a"),
            {"max_attempts": 0},
            "attempts: max_attempts must be at least 1, not 0",
            "leave max_attempts out",
        ),
        (("pin", "a"), {"minutes": -1}, "attempts: minutes must be at least 1, not -1", "leave minutes out"),
    ],
)
def test_invalid_arguments_are_refused(arguments, numbers, message, hint):
    """A name or key that is missing or no text, and a number below 1, are errors with a hint."""
    call = make_call({}, now=NOW, language="", turn=1, data={})
    with pytest.raises(FlowError) as refused:
        call.attempts(*arguments, **numbers)
    assert (refused.value.message, refused.value.hint) == (message, hint)


def test_a_call_without_a_host_counts_for_itself():
    """A ``Call`` that a test makes has counters of its own, with the defaults of the settings."""
    calls = [make_call({}, now=NOW, language="", turn=turn, data={}) for turn in range(2)]
    assert calls[0].attempts("pin", "a", max_attempts=1).failed() is False
    assert calls[0].attempts("pin", "a", max_attempts=1).locked
    assert not calls[1].attempts("pin", "a", max_attempts=1).locked
    assert (MemoryCounters().max_attempts, MemoryCounters().minutes) == (6, 60)


def test_the_memory_of_a_process_is_limited(line, monkeypatch):
    """Keys whose wrong answers no longer count are dropped. If there are still too many keys, the oldest are."""
    monkeypatch.setattr(attempts_module, "MAX_KEYS_IN_MEMORY", 5)
    for key in range(9):
        fail(line, 3, key=str(key))
    assert [line.attempts(key=str(key)).locked for key in range(9)] == [False] * 4 + [True] * 5
    line.now += timedelta(minutes=10)
    fail(line, 1, key="new")
    assert list(line.counters._wrong) == [("shop.pin", "new")]


class BrokenCounters(MemoryCounters):
    """Counters whose store is unavailable."""

    def change(self, key, now, expires, change):
        """Fail."""
        raise CountersUnavailable("the store is away")


def test_while_the_store_is_away_every_member_raises_store_unavailable():
    """Nobody is let in uncounted: ``check``, ``failed``, ``locked`` and ``clear`` raise an error that can be caught."""
    attempts = Line(BrokenCounters()).attempts()
    for use in (lambda: attempts.check(True), attempts.failed, lambda: attempts.locked, attempts.clear):
        with pytest.raises(StoreUnavailable):
            use()


def test_handlers_use_attempts(tree, call):
    """An exit function can use the attempts of its call."""

    @leads_to(None, "ask")
    def check(call):
        return None if call.attempts("shop.pin", call.from_).check(call.digits == "1") else "ask"

    caller = call(ask=State(ask("PIN?"), check))
    assert caller.press("2").state == "ask"
    assert caller.press("1").last.ended
