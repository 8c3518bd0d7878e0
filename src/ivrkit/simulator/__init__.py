"""Twilio's side of a call, without a phone, an account or the internet.

A :class:`Simulator` is a telephone number whose webhook is the app that is tried: any voice webhook, not only ivrkit's.
It asks as Twilio does, plays what is answered verb by verb, and lets a caller press, speak, stay silent and hang up.
It shares no code with the host: a misreading of Twilio must not hide in both.
"""

from __future__ import annotations

from ivrkit.simulator.actions import Action, EndVerb, HangUp, PickUp, Press, Refuse, Silence, SimulatorError, Speak
from ivrkit.simulator.assumptions import Assumptions
from ivrkit.simulator.call import OtherParty, SimulatedCall
from ivrkit.simulator.events import Event, event_from
from ivrkit.simulator.examine import examine
from ivrkit.simulator.explore import CallProblem, Exploration, explore, possible_actions
from ivrkit.simulator.line import Speeds
from ivrkit.simulator.queues import Queue
from ivrkit.simulator.simulator import Simulator
from ivrkit.simulator.waiting import Waiting
from ivrkit.simulator.wire.messages import Failure, Request, Response
from ivrkit.simulator.wire.transports import HttpTransport, TableEntry, TableTransport, Transport, WsgiTransport

__all__ = [
    "Action",
    "Assumptions",
    "CallProblem",
    "EndVerb",
    "Event",
    "Exploration",
    "Failure",
    "HangUp",
    "HttpTransport",
    "OtherParty",
    "PickUp",
    "Press",
    "Queue",
    "Refuse",
    "Request",
    "Response",
    "Silence",
    "SimulatedCall",
    "Simulator",
    "SimulatorError",
    "Speak",
    "Speeds",
    "TableEntry",
    "TableTransport",
    "Transport",
    "Waiting",
    "WsgiTransport",
    "event_from",
    "examine",
    "explore",
    "possible_actions",
]
