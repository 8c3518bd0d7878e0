"""Sales: take a message, and thank for it."""

from __future__ import annotations

from ivrkit import Exit, Exits, MenuOption, State
from twilio.twiml.voice_response import Record

from acme_states.company import LONGEST_MESSAGE

sales = State(
    enter=[
        "Everybody in sales is on the phone right now.",
        "After the tone, tell us your name, your number and what you are looking for. Press any key when you are done.",
        Record(max_length=LONGEST_MESSAGE),
    ],
    exit=Exits({"recorded": Exit(None, say="Thank you. Somebody from sales will call you back today. Goodbye.")}),
    options=MenuOption(key="1", label="sales"),
)
