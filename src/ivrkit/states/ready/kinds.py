"""The core's plugin that registers the ready-made state kinds for TOML files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ivrkit.flow.model.state import State
from ivrkit.hookspecs import hookimpl
from ivrkit.states.ready.goodbye import goodbye
from ivrkit.states.ready.hours import hours
from ivrkit.states.ready.menu import menu
from ivrkit.states.ready.message import message
from ivrkit.states.ready.question import question
from ivrkit.states.ready.queue import queue
from ivrkit.states.ready.transfer import transfer
from ivrkit.states.ready.voicemail import voicemail


@hookimpl
def ivrkit_register_kinds() -> Mapping[str, Callable[..., State]]:
    """Return name of a state kind -> function that makes a state, for all ready-made state kinds."""
    kinds = (message, menu, hours, voicemail, transfer, queue, question, goodbye)
    # The name of the function is the name of the state kind.
    return {kind.__name__: kind for kind in kinds}
