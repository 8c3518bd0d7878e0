"""Support: wait in the queue for somebody to help."""

from __future__ import annotations

from ivrkit import HOME, Exit, Exits, MenuOption, State
from twilio.twiml.voice_response import Enqueue

from acme_states.company import SUPPORT_QUEUE

support = State(
    enter=["We are looking for somebody who can help you. Please stay on the line.", Enqueue(SUPPORT_QUEUE)],
    exit=Exits(
        {
            "bridged": Exit(None, say="Thank you for calling support. Goodbye."),
            "leave": Exit(HOME, say="You have left the queue."),
            "hangup": None,
            "queue-full": Exit(HOME, say="All our lines are taken at the moment. Please try again a little later."),
            "failed": Exit(HOME, say="We could not put you into the queue. Please choose again."),
        }
    ),
    options=MenuOption(key="2", label="support"),
)
