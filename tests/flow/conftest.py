"""Fixtures for tests of the engine alone: no web, no store but the session's own JSON, and a fixed clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest

from ivrkit import CallFlow, Owner, Session, State, Turn, advance, compile_flow
from ivrkit.flow.compile.flow_config import EngineHooks, FlowConfig
from ivrkit.flow.model.call import make_call
from ivrkit.flow.run.engine import hang_up
from ivrkit.flow.run.turn import FallbackStep

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OWNER = Owner("test-states", "1.0")


def bind(states: dict[str, State]) -> list[State]:
    """Return states with names and an owner, as the loader binds them."""
    return [replace(state, name=name, owner=OWNER) for name, state in states.items()]


class EngineCall:
    """One call through a call flow. The session goes through JSON between webhooks, as through a store."""

    def __init__(self, flow: CallFlow, *, turn: int = 0) -> None:
        self.flow = flow
        #: The states that the call must not enter.
        self.closed: set[str] = set()
        self.session = Session("CA1", turn=turn, language=flow.config.language)
        self.turns: list[Turn] = []

    def webhook(
        self, fallback_step: FallbackStep = FallbackStep.NONE, status: str = "in-progress", **params: str
    ) -> EngineCall:
        """Send a webhook with these parameters."""
        self._take_turn(
            lambda call, session: advance(self.flow, call, session, fallback_step=fallback_step, closed=self.closed),
            status,
            params,
        )
        return self

    def press(self, *keys: str) -> EngineCall:
        """Press keys, with one webhook for each."""
        for each in keys:
            self.webhook(Digits=each)
        return self

    def stays_silent(self, times: int = 1) -> EngineCall:
        """Let Gathers end without input."""
        for _ in range(times):
            self.webhook(Digits="")
        return self

    def says(self, words: str) -> EngineCall:
        """Say words."""
        return self.webhook(SpeechResult=words)

    def dials(self, status: str, **params: str) -> EngineCall:
        """Let a Dial end with a status."""
        return self.webhook(DialCallStatus=status, **params)

    def status_callback(self, status: str = "completed") -> EngineCall:
        """Send a status callback: the call is over."""
        self._take_turn(lambda call, session: hang_up(self.flow, call, session), status, {})
        return self

    def _take_turn(self, run: Callable[..., Turn], status: str, params: dict[str, str]) -> None:
        session = Session.from_json(self.session.to_json())
        call = make_call(
            {"CallSid": "CA1", "CallStatus": status, **params},
            now=NOW,
            language=session.language,
            turn=session.turn + 1,
            data=session.data,
            path=session.path,
        )
        self.turns.append(run(call, session))
        session.turn += 1
        self.session = session

    @property
    def last(self) -> Turn:
        """The latest turn."""
        return self.turns[-1]

    @property
    def xml(self) -> str:
        """The latest response, without the XML declaration and the Response element."""
        text = self.last.twiml.decode()
        assert text.startswith('<?xml version="1.0" encoding="UTF-8"?><Response')
        assert ElementTree.fromstring(text).tag == "Response"
        return text.partition("<Response>")[2].removesuffix("</Response>")

    @property
    def heard(self) -> list[str]:
        """The texts of the latest response."""
        return [each.text or "" for each in ElementTree.fromstring(self.last.twiml).iter("Say")]

    @property
    def state(self) -> str | None:
        """The name of the state that the caller is in."""
        return self.session.state

    @property
    def events(self) -> list[tuple[Any, ...]]:
        """The events of the latest turn: name, state, and outcome or reason."""
        return [
            (each.name, each.state.name if each.state else None, each.outcome or each.reason)
            for each in self.last.events
        ]


@pytest.fixture
def tree():
    """Return a function that compiles states by name. Other named arguments are settings of the flow."""

    def make(states: dict[str, State] | None = None, *, hooks: EngineHooks | None = None, **named: Any) -> CallFlow:
        named_states = {name: value for name, value in named.items() if isinstance(value, State)}
        settings = {name: value for name, value in named.items() if name not in named_states}
        all_states = {**(states or {}), **named_states}
        settings.setdefault("start", next(iter(all_states)))
        return compile_flow(bind(all_states), FlowConfig(**settings), hooks)

    return make


@pytest.fixture
def call(tree):
    """Return a function that compiles states as ``tree`` does and sends the first webhook."""

    def make(states: dict[str, State] | None = None, **named: Any) -> EngineCall:
        return EngineCall(tree(states, **named)).webhook(status="ringing")

    return make
