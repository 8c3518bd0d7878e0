"""The answering of a webhook in attempts, with a time limit."""

import threading

import pytest

from ivrkit import Owner, State
from ivrkit.flow.run.plugin_code import CodeRefused, PluginCode
from ivrkit.host.deadlines import answering, attempt
from ivrkit.host.deadlines.answering import Answering, NoAnswerError
from ivrkit.host.deadlines.attempt import Attempt, TurnAbandoned
from ivrkit.host.twiml_response import TwimlResponse

OWNER = Owner("shop", "1.0")
CORE = Owner("ivrkit", "1.0")


def code(name, owner=OWNER):
    """Return the enter function of a state."""
    return PluginCode("enter", owner, State("x", name=name, owner=owner))


@pytest.fixture
def short(monkeypatch):
    """Make the time limits short."""
    monkeypatch.setattr(answering, "LAST_RESORT_AFTER", 0.05)
    monkeypatch.setattr(answering, "ANSWER_WITHIN", 0.1)


def test_the_first_attempt_answers():
    """If no code misses its deadline, there is one attempt, in a thread of the pool."""
    threads = []

    def answer(attempt):
        threads.append(threading.current_thread().name)
        return "answer"

    assert Answering(4).wait(answer) == "answer"
    assert threads == ["ivrkit-turn-1"]


def test_an_error_of_the_attempt_is_raised_again():
    """An error in the thread of the pool is raised in the thread that waits."""
    with pytest.raises(ZeroDivisionError):
        Answering(4).wait(lambda attempt: 1 / 0)


def test_the_next_attempt_answers_without_the_code_that_missed(release):
    """After a miss, the next attempt refuses the code. The late answer of the first attempt is thrown away."""
    slow, late = code("slow"), threading.Event()
    refused = []

    def answer(attempt):
        if not attempt.refused:
            attempt.start(slow, "CA1", 5)
            attempt.code_missed()
            release.wait()
            late.set()
            return "late"
        with pytest.raises(CodeRefused, match="it missed its deadline earlier in this webhook") as error:
            attempt.start(slow, "CA1", 5)
        refused.append(error.value.message)
        attempt.start(code("other"), "CA1", 5)
        return "in time"

    assert Answering(4).wait(answer) == "in time"
    release.set()
    late.wait()
    assert len(refused) == 1


def test_code_that_misses_in_the_second_attempt_is_refused_as_well(release):
    """Each miss leads to another attempt, which refuses all code that missed before."""

    def answer(attempt):
        for name in ("a", "b"):
            if str(code(name)) not in attempt.refused:
                attempt.start(code(name), "CA1", 5)
                attempt.code_missed()
                release.wait()
        return sorted(attempt.refused)

    assert Answering(4).wait(answer) == ["state 'a' of shop 1.0", "state 'b' of shop 1.0"]


def test_a_saved_answer_is_sent(release):
    """If an observing hook hangs after the session was saved, the next attempt gets the saved answer."""
    saved = TwimlResponse(b"<Response/>", None, "")

    def answer(attempt):
        if attempt.saved is not None:
            return attempt.saved
        attempt.begin_save()
        attempt.saved = saved
        attempt.start(PluginCode("ivrkit_state_entered", OWNER, None), "CA1", 5)
        attempt.code_missed()
        release.wait()
        return None

    assert Answering(4).wait(answer) is saved


def test_the_last_attempt_is_made_if_there_is_no_time(release, short):
    """If the session store hangs, the last attempt answers without it, in a thread of its own."""

    def answer(attempt):
        if not attempt.is_last_resort:
            release.wait()
        return threading.current_thread().name

    assert Answering(1).wait(answer) == "ivrkit-last-resort-1"


def test_an_attempt_that_waited_for_too_long_does_not_run(release, short):
    """An attempt that was replaced before a thread was free for it does not run later."""
    host, ran = Answering(1), []
    host.pool.submit(release.wait)
    assert host.wait(lambda attempt: ran.append(attempt.is_last_resort)) is None
    release.set()
    done = threading.Event()
    host.pool.submit(done.set)
    done.wait()
    assert ran == [True]


def test_without_an_answer_an_error_is_raised(release, short):
    """If even the last attempt hangs, the thread that waits does not wait for ever."""
    with pytest.raises(NoAnswerError, match=r"the request was not answered within 0\.1 seconds"):
        Answering(1).wait(lambda attempt: release.wait())


def test_there_is_no_limit_in_a_debugger(release, short):
    """If the code was stopped in a debugger, the first attempt answers, however late."""

    def answer(attempt):
        attempt.in_debugger = True
        while not release.wait(0.3):
            release.set()
        return attempt.is_last_resort

    assert Answering(4).wait(answer) is False


def test_giving_up_after_the_answer_changes_nothing():
    """A time limit that passes just after the answer starts no other attempt."""
    outcomes, done, attempts = [], threading.Event(), []

    def finish(outcome):
        outcomes.append(outcome.get())
        done.set()

    pending = Answering(1).start(lambda attempt: attempts.append(attempt) or "answer", finish)
    done.wait()
    pending.give_up()
    attempts[0].code_missed()
    assert not pending.in_debugger
    assert outcomes == ["answer"]
    assert len(attempts) == 1


def test_an_abandoned_attempt_cannot_save():
    """An attempt can be abandoned until it saves the session."""
    abandoned, saving = Attempt(), Attempt()
    assert abandoned.abandon()
    with pytest.raises(TurnAbandoned):
        abandoned.begin_save()
    saving.begin_save()
    assert not saving.abandon()
    assert not saving.is_abandoned
    saving.end_save()
    assert saving.abandon(), "another request had saved the session first"


def test_an_abandoned_attempt_runs_no_more_code():
    """Code behind the code that missed its deadline is refused in the same attempt, too."""
    one = Attempt(received=attempt.clock())
    one.abandon()
    with pytest.raises(CodeRefused):
        one.start(code("other"), "CA1", 5)


def test_late_code_is_refused(monkeypatch):
    """When plugins have used the time of a webhook, only code of the core runs, so that there is an answer in time."""
    one = Attempt(received=attempt.clock())
    assert one.start(code("x"), "CA1", 60).due == one.received + attempt.CODE_SECONDS
    one.received -= attempt.CODE_SECONDS + 1
    with pytest.raises(CodeRefused, match="plugins have used 8 seconds of this webhook"):
        one.start(code("x"), "CA1", 5)
    assert one.start(code("menu", CORE), "CA1", 5).due > attempt.clock()


def test_code_is_not_refused_if_nobody_waits():
    """The only attempt of a test or of the simulator runs all code."""
    running = Attempt().start(code("x"), "CA1", 60)
    assert running.due == running.started + 60
