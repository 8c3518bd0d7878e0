"""A caller for the engine alone: no web, no store but the session's own JSON, no clock but a fixed one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from ivrkit import CallFlow, Menu, Owner, Session, State, Turn, advance, compile_flow
from ivrkit.flow.compile.flow_config import EngineHooks, FlowConfig
from ivrkit.flow.model.call import make_call
from ivrkit.flow.run.engine import hang_up
from ivrkit.flow.run.turn import FallbackStep

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OWNER = Owner("test-states", "1.0")


def bound(states: dict[str, State]) -> list[State]:
    """Return states with the names and the owner that a loader would have bound."""
    return [replace(state, name=name, owner=OWNER) for name, state in states.items()]


class EngineCall:
    """One call through a flow. The session goes through JSON between webhooks, as it would through a store."""

    def __init__(self, flow: CallFlow, *, turn: int = 0) -> None:
        self.flow = flow
        self.session = Session("CA1", turn=turn, language=flow.config.language)
        self.turns: list[Turn] = []

    def webhook(
        self, fallback_step: FallbackStep = FallbackStep.NONE, status: str = "in-progress", **params: str
    ) -> EngineCall:
        """Bring a webhook with these parameters."""
        self._step(lambda call, session: advance(self.flow, call, session, fallback_step=fallback_step), status, params)
        return self

    def press(self, *keys: str) -> EngineCall:
        """Press keys, one webhook for each."""
        for each in keys:
            self.webhook(Digits=each)
        return self

    def stays_silent(self, times: int = 1) -> EngineCall:
        """Press nothing, and say nothing."""
        for _ in range(times):
            self.webhook(Digits="")
        return self

    def says(self, words: str) -> EngineCall:
        """Say something."""
        return self.webhook(SpeechResult=words)

    def dials(self, status: str, **params: str) -> EngineCall:
        """Let a Dial end with this status."""
        return self.webhook(DialCallStatus=status, **params)

    def is_over(self, status: str = "completed") -> EngineCall:
        """Let Twilio tell that the call is over."""
        self._step(lambda call, session: hang_up(self.flow, call, session), status, {})
        return self

    def _step(self, take: Callable[..., Turn], status: str, params: dict[str, str]) -> None:
        session = Session.from_json(self.session.to_json())
        call = make_call(
            {"CallSid": "CA1", "CallStatus": status, **params},
            now=NOW,
            language=session.language,
            turn=session.turn + 1,
            data=session.data,
        )
        self.turns.append(take(call, session))
        session.turn += 1
        self.session = session

    @property
    def last(self) -> Turn:
        """The last answer."""
        return self.turns[-1]

    @property
    def xml(self) -> str:
        """The last answer, without the XML declaration and the Response around it."""
        text = self.last.twiml.decode()
        assert text.startswith('<?xml version="1.0" encoding="UTF-8"?><Response')
        assert ElementTree.fromstring(text).tag == "Response"
        return text.partition("<Response>")[2].removesuffix("</Response>")

    @property
    def heard(self) -> list[str]:
        """What was said in the last answer."""
        return [each.text or "" for each in ElementTree.fromstring(self.last.twiml).iter("Say")]

    @property
    def state(self) -> str | None:
        """The state that the caller is in."""
        return self.session.state

    @property
    def events(self) -> list[tuple[Any, ...]]:
        """What happened at the last webhook: kind, state, and outcome or reason."""
        return [
            (each.name, each.state.name if each.state else None, each.outcome or each.reason)
            for each in self.last.events
        ]


@pytest.fixture
def tree():
    """Return a function that makes a flow of named states, ``rules`` and ``hooks`` set by name."""

    def make(states: dict[str, State] | None = None, *, hooks: EngineHooks | None = None, **named: Any) -> CallFlow:
        found = {name: each for name, each in named.items() if isinstance(each, State)}
        rules = {name: each for name, each in named.items() if name not in found}
        all_states = {**(states or {}), **found}
        rules.setdefault("start", next(iter(all_states)))
        return compile_flow(bound(all_states), FlowConfig(**rules), hooks)

    return make


@pytest.fixture
def call(tree):
    """Return a function that makes a flow like ``tree`` and brings its first webhook."""

    def make(states: dict[str, State] | None = None, **named: Any) -> EngineCall:
        return EngineCall(tree(states, **named)).webhook(status="ringing")

    return make


@pytest.fixture
def kept():
    """Return what a session keeps, as plain JSON."""
    return lambda caller: json.loads(caller.session.to_json())


@pytest.fixture
def menu():
    """A menu with nothing but its options."""
    return State(enter=Menu())
