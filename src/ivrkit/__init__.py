"""ivrkit: phone trees for Twilio, made of states from installed packages.

Everything that a plugin or a host needs is imported from here. The Flask host is the exception, because importing a
plugin must not load Flask: ``from ivrkit.web import create_app``.
"""

import typing as _typing

from ivrkit.errors import FlowError, IvrkitError, LoadError, Problem, SessionError, SettingsError, StoreUnavailable
from ivrkit.flow.compile.call_flow import CallFlow
from ivrkit.flow.compile.compiler import compile_flow
from ivrkit.flow.compile.graph import Edge, edges
from ivrkit.flow.model.attempts import Attempts
from ivrkit.flow.model.call import Call
from ivrkit.flow.model.prompts import Menu, Prompt, Whisper, ask
from ivrkit.flow.model.routes import BACK, HOME, SAME, Goto, Routes, Target, leads_to
from ivrkit.flow.model.state import MenuOption, Owner, State
from ivrkit.flow.model.text import Text, Texts
from ivrkit.flow.run.engine import advance
from ivrkit.flow.run.session import Session
from ivrkit.flow.run.turn import Event, Turn
from ivrkit.hookspecs import hookimpl

if _typing.TYPE_CHECKING:
    from ivrkit.settings import Settings

__all__ = [
    "BACK",
    "HOME",
    "SAME",
    "Attempts",
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
    "Prompt",
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


def __getattr__(name: str) -> _typing.Any:
    """Import and return ``Settings`` at its first use, so that ``import ivrkit`` is faster.

    :raises AttributeError: if ``name`` is not ``Settings``.
    """
    if name != "Settings":
        raise AttributeError(f"module 'ivrkit' has no attribute {name!r}")
    from ivrkit.settings import Settings

    globals()["Settings"] = Settings
    return Settings
