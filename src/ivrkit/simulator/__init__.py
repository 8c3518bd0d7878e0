"""Twilio's side of a call, without a phone, an account or the internet.

A :class:`Simulator` is a telephone number whose webhook is the app that is tried: any voice webhook, not only ivrkit's.
It asks as Twilio does, plays what is answered verb by verb, and lets a caller press, speak, stay silent and hang up.
It shares no code with the host: a misreading of Twilio must not hide in both.
"""

from __future__ import annotations

from ivrkit.simulator.actions import Action, ComeTo, HangUp, PickUp, Press, Refuse, Silence, SimulatorError, Speak
from ivrkit.simulator.assumptions import Assumptions
from ivrkit.simulator.call import Callee, SimulatedCall
from ivrkit.simulator.events import Event, event_from
from ivrkit.simulator.examine import examine
from ivrkit.simulator.explore import Explored, Finding, choices_of, explore
from ivrkit.simulator.line import Speeds
from ivrkit.simulator.queues import Queue
from ivrkit.simulator.simulator import Simulator
from ivrkit.simulator.waiting import Waiting
from ivrkit.simulator.wire.messages import Answer, Failure, Request
from ivrkit.simulator.wire.transports import FromTable, InProcess, OverHttp, Served, Transport

__all__ = [
    "Action",
    "Answer",
    "Assumptions",
    "Callee",
    "ComeTo",
    "Event",
    "Explored",
    "Failure",
    "Finding",
    "FromTable",
    "HangUp",
    "InProcess",
    "OverHttp",
    "PickUp",
    "Press",
    "Queue",
    "Refuse",
    "Request",
    "Served",
    "Silence",
    "SimulatedCall",
    "Simulator",
    "SimulatorError",
    "Speak",
    "Speeds",
    "Transport",
    "Waiting",
    "choices_of",
    "event_from",
    "examine",
    "explore",
]
