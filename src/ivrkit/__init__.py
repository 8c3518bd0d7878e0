"""ivrkit: phone trees for Twilio, every state of which comes from an installed package.

This is the public door. The Flask host is imported on its own, ``from ivrkit.web import create_app``, so that
importing a plugin never loads Flask.
"""

from ivrkit.errors import Fault, FlowError, IvrkitError, LoadError, SessionError, SettingsError, StoreUnavailable
from ivrkit.flow.call import Call
from ivrkit.flow.compile import compile_flow
from ivrkit.flow.engine import advance
from ivrkit.flow.exits import Exits, leads_to
from ivrkit.flow.flow import CallFlow
from ivrkit.flow.graph import Edge, edges
from ivrkit.flow.recipes import Menu, Whisper, ask
from ivrkit.flow.session import Session
from ivrkit.flow.state import MenuOption, Owner, State
from ivrkit.flow.targets import BACK, HOME, SAME, Exit, Target
from ivrkit.flow.text import Text, Texts
from ivrkit.flow.turn import Event, Turn
from ivrkit.hookspecs import hookimpl
from ivrkit.settings import Settings

__all__ = [
    "BACK",
    "HOME",
    "SAME",
    "Call",
    "CallFlow",
    "Edge",
    "Event",
    "Exit",
    "Exits",
    "Fault",
    "FlowError",
    "IvrkitError",
    "LoadError",
    "Menu",
    "MenuOption",
    "Owner",
    "Session",
    "SessionError",
    "Settings",
    "SettingsError",
    "State",
    "StoreUnavailable",
    "Target",
    "Text",
    "Texts",
    "Turn",
    "Whisper",
    "advance",
    "ask",
    "compile_flow",
    "edges",
    "hookimpl",
    "leads_to",
]
