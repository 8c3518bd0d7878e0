"""A simulator of Twilio that calls a voice webhook without a phone, an account or the internet.

A :class:`Simulator` is a phone number whose voice webhook is the app under test. The app does not have to be built with
ivrkit. The simulator sends the requests that Twilio would send, plays the TwiML of the responses verb by verb, and lets
a caller press keys, speak, stay silent and hang up.

The simulator shares no code with ivrkit's web host. If the simulator and the web host shared a wrong assumption about
Twilio, no test would fail.
"""

from __future__ import annotations

from ivrkit.simulator.actions import Action, EndVerb, HangUp, PickUp, Press, Refuse, Silence, SimulatorError, Speak
from ivrkit.simulator.assumptions import Assumptions
from ivrkit.simulator.call import SimulatedCall
from ivrkit.simulator.events import Event, event_from
from ivrkit.simulator.examine import Examination, examine
from ivrkit.simulator.explore import Exploration, explore, possible_actions
from ivrkit.simulator.live_call import Speeds
from ivrkit.simulator.other_party import OtherParty
from ivrkit.simulator.problems import CallProblem
from ivrkit.simulator.queues import Queue
from ivrkit.simulator.simulator import Simulator
from ivrkit.simulator.waiting import Waiting
from ivrkit.simulator.wire.messages import Failure, Request, Response
from ivrkit.simulator.wire.signature import SharedKey
from ivrkit.simulator.wire.transports import HttpTransport, TableEntry, TableTransport, Transport, WsgiTransport

__all__ = [
    "Action",
    "Assumptions",
    "CallProblem",
    "EndVerb",
    "Event",
    "Examination",
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
    "SharedKey",
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
