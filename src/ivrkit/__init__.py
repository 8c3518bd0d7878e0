"""ivrkit: phone trees for Twilio, every state of which comes from an installed package.

This is the public door. The Flask host is imported on its own, ``from ivrkit.web import create_app``, so that
importing a plugin never loads Flask.
"""

from ivrkit.errors import FlowError, IvrkitError, LoadError, Problem, SessionError, SettingsError, StoreUnavailable
from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.flow.compile.compiler import compile_flow
from ivrkit.flow.compile.graph import Edge, edges
from ivrkit.flow.model.call import Call
from ivrkit.flow.model.prompts import Menu, Whisper, ask
from ivrkit.flow.model.routes import BACK, HOME, SAME, Goto, Routes, Target, leads_to
from ivrkit.flow.model.state import MenuOption, Owner, State
from ivrkit.flow.model.text import Text, Texts
from ivrkit.flow.run.engine import advance
from ivrkit.flow.run.session import Session
from ivrkit.flow.run.turn import Event, Turn
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
    "FlowError",
    "Goto",
    "IvrkitError",
    "LoadError",
    "Menu",
    "MenuOption",
    "Owner",
    "Problem",
    "Routes",
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
