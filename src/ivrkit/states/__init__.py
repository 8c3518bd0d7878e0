"""Ready-made kinds of states: what most phone trees need, each in a line.

Each is a function that returns a :class:`~ivrkit.State`, for a plugin's entry points and hooks, and the ``kind`` of a
table ``[states.NAME]`` in a file.
"""

from ivrkit.flow.model.prompts import Prompt
from ivrkit.states.ready.common import Common
from ivrkit.states.ready.goodbye import goodbye
from ivrkit.states.ready.hours import hours
from ivrkit.states.ready.menu import menu
from ivrkit.states.ready.message import message
from ivrkit.states.ready.question import question
from ivrkit.states.ready.queue import queue
from ivrkit.states.ready.transfer import transfer
from ivrkit.states.ready.voicemail import voicemail
from ivrkit.states.ready.week import Week

__all__ = [
    "Common",
    "Prompt",
    "Week",
    "goodbye",
    "hours",
    "menu",
    "message",
    "question",
    "queue",
    "transfer",
    "voicemail",
]
