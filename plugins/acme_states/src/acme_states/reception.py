"""Reception: ring somebody, and have an answer for each way in which that can go wrong."""

from __future__ import annotations

from ivrkit import HOME, Exit, Exits, MenuOption, State
from twilio.twiml.voice_response import Dial

from acme_states.company import RECEPTION_NUMBER, RECEPTION_RINGS

reception = State(
    enter=["One moment, we are ringing reception.", Dial(RECEPTION_NUMBER, timeout=RECEPTION_RINGS)],
    exit=Exits(
        {
            "busy": Exit(HOME, say="Reception is on another call."),
            "no-answer": Exit(HOME, say="Nobody at reception could get to the phone."),
            "failed": Exit(HOME, say="Reception can't be reached at the moment."),
            "declined": Exit(HOME, say="Reception can't take your call right now."),
            "canceled": HOME,
        }
    ),
    options=MenuOption(key="0", label="reception"),
)
