"""To be called back, so that somebody finds another time."""

from ivrkit import Call, Goto, MenuOption, State, Text, states

from appointment_reminders.appointments import Appointment, Appointments
from appointment_reminders.guard import MENU, sandboxed
from appointment_reminders.memory import CALLBACK, Done, remember

#: Asks for a number and reads it out: a part that has a part of its own.
callback = states.question(
    Text("Where can we call you, to find another time? Enter your number, then press pound."),
    digits="7-15",
    confirm=True,
    keep=CALLBACK,
    then=".called-back",
    options=MenuOption(key="4", label=Text("a call back, to move it"), menu=MENU),
)


def called_back(book: Appointments) -> State:
    """Note the wish for the audit log, and promise the call."""

    def answer(call: Call, appointment: Appointment) -> Goto:
        remember(call, Done(appointment=appointment.id, what="callback"))
        return Goto(MENU, say=Text("Thank you. We will call you back."))

    return sandboxed(book, answer, MENU)
