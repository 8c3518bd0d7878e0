"""Ready-made state kinds: functions that return the states that most phone trees need.

A plugin calls these functions to make the states that it offers. In a TOML file, the key ``kind`` of a table
``[states.NAME]`` is the name of a function, and the other keys of the table are the arguments of this function.
"""

from ivrkit.states.ready.common import StateArguments
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
    "StateArguments",
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
