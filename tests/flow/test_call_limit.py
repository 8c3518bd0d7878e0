"""The limit of calls from one number in an hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ivrkit import Goto, Session, State, Texts, advance, ask
from ivrkit.flow.compile.flow_config import EngineHooks
from ivrkit.flow.compile.languages import Language
from ivrkit.flow.model.attempts import MemoryCounters
from ivrkit.flow.model.call import make_call
from ivrkit.sessions.counters import CountersUnavailable

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WORDS = b"You have called too often. Please call again later. Goodbye."


class Line:
    """The incoming calls of a phone tree, each with a new CallSid."""

    def __init__(self, flow, counters=None) -> None:
        self.flow = flow
        self.counters = counters or MemoryCounters()
        self.now = NOW
        self.calls = 0

    def call(self, from_="+15550100", direction="inbound", sid=None):
        """Return the first turn of a call."""
        self.calls += 1
        params = {
            "CallSid": sid or f"CA{self.calls}", "From": from_, "To": "+15550199", "CallStatus": "ringing",
            "Direction": direction,
        }  # fmt: skip
        session = Session(params["CallSid"], language="en-US")
        call = make_call(
            params, now=self.now, language="en-US", turn=1, data=session.data, path=session.path, counters=self.counters
        )
        turn = advance(self.flow, call, session)
        return replace(turn, state=session.state)


@pytest.fixture
def flow(tree):
    """Return a phone tree that takes two calls from one number in an hour."""
    return tree(a=State(ask("A?")), max_calls_per_hour=2)


def test_the_calls_of_a_number_are_limited(flow):
    """The third call of a number in an hour hears the words and ends. Other numbers are not affected."""
    line = Line(flow)
    assert [line.call().state for _ in range(2)] == ["a", "a"]
    refused = line.call()
    assert WORDS in refused.twiml
    assert b"<Hangup />" in refused.twiml
    assert (refused.ended, refused.state) == (True, None)
    assert [event.name for event in refused.events] == ["started", "ended"]
    assert line.call(from_="+15550101").state == "a"


def test_the_calls_of_the_last_hour_count(flow):
    """An hour after the first call, one more call is taken."""
    line = Line(flow)
    line.call()
    line.now += timedelta(minutes=30)
    line.call()
    assert line.call().ended
    line.now += timedelta(minutes=30)
    assert line.call().state == "a"
    assert line.call().ended


def test_a_repeated_webhook_is_one_call(flow):
    """If the first webhook of a call is answered twice, the call counts once and is not refused."""
    line = Line(flow)
    assert [line.call(sid="CA1").state for _ in range(5)] == ["a"] * 5
    assert line.call(sid="CA2").state == "a"


@pytest.mark.parametrize(
    "caller",
    [
        {"from_": "anonymous"},
        {"from_": "+266696687"},
        {"from_": "client:ann"},
        {"from_": ""},
        {"direction": "outbound-api"},
    ],
)
def test_callers_without_a_number_and_calls_of_the_host_are_not_limited(flow, caller):
    """Callers who withhold the number would share one limit, and the number of an outgoing call is the host's own."""
    line = Line(flow)
    assert [line.call(**caller).state for _ in range(5)] == ["a"] * 5


def test_by_default_calls_are_not_limited(tree):
    """Without the setting, no call is counted."""
    line = Line(tree(a=State(ask("A?"))))
    assert [line.call().state for _ in range(50)] == ["a"] * 50


def test_while_the_store_is_away_nobody_is_refused(flow):
    """If calls cannot be counted, they are taken."""

    class BrokenCounters(MemoryCounters):
        def change(self, key, now, expires, change):
            raise CountersUnavailable("the store is away")

    line = Line(flow, BrokenCounters())
    assert [line.call().state for _ in range(5)] == ["a"] * 5


def test_the_words_are_in_the_language_of_the_called_number(tree):
    """The text ``too_many_calls`` is said in the language in which the call would have started. No hook is called."""

    def choose_start(call):
        raise AssertionError

    languages = (Language("en-US"), Language("es-ES", texts=Texts(too_many_calls="Demasiadas.")))
    flow = tree(
        a=State(ask("A?")),
        max_calls_per_hour=1,
        languages=languages,
        numbers={"+15550199": Goto("a", language="es-ES")},
    )
    line = Line(flow)
    line.call()
    line.flow = replace(flow, hooks=EngineHooks(choose_start=choose_start))
    assert b"Demasiadas." in line.call().twiml
